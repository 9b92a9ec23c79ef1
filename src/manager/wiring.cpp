#include "manager/wiring.hpp"

#include "host/files.hpp"
#include "manager/store/place.hpp"
#include "manager/store/shared_store.hpp"
#include "net/ssh.hpp"

#include "countersign/errors/fil.hpp"

namespace countersign::manager {
namespace {

constexpr std::uint16_t k_dns_port = 53;
constexpr std::string_view k_ssh_key = "ssh key";
/// Hooks that run at the same time; others wait.
constexpr unsigned k_hooks_at_once = 16;

/// The key that the manager shows to systems which it manages over SSH. It is made once and stays.
net::Task<Result<SecretText>> own_ssh_key(Store& store) {
    CS_CO_TRY(auto known, co_await store.get_secret(std::string(k_ssh_key)));
    if (known) co_return std::move(*known);
    CS_CO_TRY(auto fresh, net::make_ssh_host_key());
    CS_CO_CHECK(co_await store.set_secret(std::string(k_ssh_key), fresh.duplicate()));
    co_return fresh;
}

}  // namespace

Result<std::shared_ptr<DirectWays const>> make_direct_ways(net::Runtime& runtime, Store& store, ManagerSettings const& settings) {
    auto ways = std::make_shared<DirectWays>();
    CS_TRY(auto key, net::run(runtime, own_ssh_key(store)));
    CS_TRY(ways->ssh_public_key, net::ssh_public_key(key, "countersign@" + settings.host_name));
    ways->ssh_key = std::make_shared<SecretText const>(std::move(key));
    ways->ssh = std::make_shared<net::SshCaller>();
    ways->hooks = settings.hooks;
    ways->programs = std::make_shared<net::BlockingPool>(k_hooks_at_once);
    return ways;
}

Wire make_wire(net::Runtime& runtime, ManagerSettings const& settings, std::shared_ptr<Clock const> clock,
               std::shared_ptr<DirectWays const> direct) {
    net::Resolver::Settings dns{.bind_address = settings.bind_address};
    for (auto const& server : settings.dns_servers)
        dns.servers.push_back({server, static_cast<std::uint16_t>(k_dns_port + settings.port_offset)});
    auto resolver = std::make_shared<net::Resolver>(std::move(dns));
    net::RevocationCache::Settings revocation;
    revocation.reach.resolver = resolver;
    revocation.reach.bind_address = settings.bind_address;
    revocation.reach.blocking = &runtime.blocking();
    revocation.clock = clock;
    return {.resolver = std::move(resolver),
            .bind_address = settings.bind_address,
            .port_offset = settings.port_offset,
            .clock = std::move(clock),
            .exchange = settings.answer_timeout,
            .revocation = std::make_shared<net::RevocationCache>(runtime.executor(0), std::move(revocation)),
            .direct = std::move(direct)};
}

std::shared_ptr<DeliveryWays const> make_ways(net::Runtime& runtime, Wire const& wire, ManagerSettings const& settings,
                                              InternalCa const& authority) {
    return std::make_shared<DeliveryWays>(DeliveryWays{.resolver = wire.resolver,
                                                       .bind_address = settings.bind_address,
                                                       .clock = wire.clock,
                                                       .manager_host = settings.host_name,
                                                       .estate_roots = [&authority] { return authority.roots(); },
                                                       .blocking = &runtime.blocking()});
}

StorePlace place_of(ManagerSettings const& settings) {
    return {settings.data, {settings.database, settings.database_password_file, settings.database_ca_file}};
}

/// The same name in every life of a data directory, so that a new life knows the leases of the one before. Managers that share a database
/// have one each.
net::Task<Result<std::string>> owner_name(Store& store, std::filesystem::path data) {
    if (store.shared().is_shared()) {
        auto const file = data / k_name_file;
        auto fresh = host::create_file(file, "manager-" + to_hex(host::random_bytes(8)), host::Privacy::owner_only);
        if (!fresh && fresh.error().id() != errors::fil::exists) co_return fail(std::move(fresh).error());
        co_return host::read_file(file);
    }
    CS_CO_TRY(auto known, co_await store.get_value(std::string("engine.owner")));
    if (known) co_return std::move(*known);
    auto name = "engine-" + to_hex(host::random_bytes(8));
    CS_CO_CHECK(co_await store.set_value(std::string("engine.owner"), name));
    co_return name;
}

}  // namespace countersign::manager
