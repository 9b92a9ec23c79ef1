#include "manager/estate/own_readiness.hpp"

#include "base/text.hpp"

#include "countersign/errors/gen.hpp"
#include "countersign/errors/mgr.hpp"

namespace countersign::manager {

namespace {

constexpr std::uint16_t k_dns_port = 53;
constexpr std::uint16_t k_ntp_port = 123;
/// Certificates begin five minutes before they are made; a clock that is further off would make bad ones.
constexpr std::chrono::seconds k_largest_offset{120};
constexpr net::Milliseconds k_ntp_timeout{3000};

Error missing(std::string_view field, std::string_view detail) {
    return Error(errors::gen::invalid_input, {{"field", field}, {"detail", detail}});
}

void check_name(ManagerSettings const& settings, Policy const& policy, std::vector<Error>& problems) {
    auto const& name = policy.manager_host_name;
    if (name.empty() || is_ip_address(name))
        problems.push_back(missing("manager_host_name", "systems that verify must call the manager by a host name"));
    else if (!iequals(name, settings.host_name))
        problems.push_back(missing("manager_host_name", "the manager's own certificate is made for " + settings.host_name));
}

/// As the manager sees it, and as the systems will see it through the name servers that they are given.
net::Task<> check_dns(Wire wire, Policy policy, std::vector<Error>& problems) {
    if (policy.manager_host_name.empty() || is_ip_address(policy.manager_host_name)) co_return;
    if (auto known = co_await wire.resolver->resolve(policy.manager_host_name); !known)
        problems.push_back(std::move(known.error().at("the manager's DNS")));
    if (policy.dns_servers.empty()) co_return;
    net::Resolver::Settings settings{.domain = policy.dns_domain, .bind_address = wire.bind_address};
    for (auto const& server : policy.dns_servers)
        settings.servers.push_back({server, static_cast<std::uint16_t>(k_dns_port + wire.port_offset)});
    net::Resolver theirs(std::move(settings));
    if (auto known = co_await theirs.resolve(policy.manager_host_name); !known)
        problems.push_back(std::move(known.error().at("the systems' DNS")));
}

net::Task<> check_time(Wire wire, Policy policy, std::vector<Error>& problems) {
    if (policy.ntp_server.empty()) co_return;
    auto addresses = co_await wire.resolver->resolve(policy.ntp_server);
    if (!addresses) {
        problems.push_back(std::move(addresses.error().at("ntp_server")));
        co_return;
    }
    net::Endpoint const server{addresses->front(), static_cast<std::uint16_t>(k_ntp_port + wire.port_offset)};
    auto answer = co_await net::query_ntp(server, wire.bind_address, k_ntp_timeout);
    if (!answer)
        problems.push_back(std::move(answer.error().at("ntp_server")));
    else if (std::chrono::abs(answer->offset) > k_largest_offset)
        problems.push_back(
            missing("ntp_server", "the manager's clock is " + std::to_string(answer->offset.count() / 1000) + " s off its time"));
}

}  // namespace

net::Task<Result<void>> check_own_readiness(Wire wire, ManagerSettings settings, Policy policy) {
    std::vector<Error> problems;
    check_name(settings, policy, problems);
    co_await check_dns(wire, policy, problems);
    co_await check_time(wire, policy, problems);
    if (problems.empty()) co_return Result<void>();
    std::string detail;
    for (auto const& problem : problems) detail += (detail.empty() ? "" : "; ") + problem.message();
    Error error(errors::mgr::manager_not_ready, {{"detail", detail}});
    for (auto& problem : problems) error.because(std::move(problem));
    co_return fail(std::move(error));
}

}  // namespace countersign::manager
