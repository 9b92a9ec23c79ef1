#include "manager/estate/system_change.hpp"

#include "base/text.hpp"
#include "manager/estate/new_system.hpp"
#include "manager/store/folder_store.hpp"

#include "countersign/errors/gen.hpp"

namespace countersign::manager {
namespace {

/// As it would be added now, so that it is checked in the same way.
NewSystem merged(System const& system, ConnectionSettings const& connection, ConnectionChange const& change) {
    NewSystem out{.name = change.name.value_or(system.name),
                  .host_name = change.host_name.value_or(system.host_name),
                  .address = change.address.value_or(system.address),
                  .family = system.family,
                  .user = change.user.value_or(system.user),
                  .password = std::nullopt,
                  .pins = change.pins.value_or(system.pins),
                  .folder = change.folder.value_or(system.folder),
                  .track_by = change.track_by,
                  .serial_number = {},
                  .mac_address = {},
                  .https_port = change.https_port.value_or(system.https_port),
                  .connection = {}};
    // What was kept persistent was checked when it was said; which unit it is may have been learnt from it.
    out.connection.connectivity = connection.connectivity;
    if (connection.connectivity == Connectivity::behind_firewall) {
        out.serial_number = system.serial_number;
        out.mac_address = system.mac_address;
    }
    if (change.password) out.password = change.password->duplicate();
    return out;
}

/// What is kept, on the store's thread and perhaps twice.
struct Kept {
    SystemId id = 0;
    NewSystem wanted;
    ConnectionChange change;
    std::string actor;
    System after;
    bool another_way = false;
};

bool is_another_way(System const& before, System const& after) {
    return before.host_name != after.host_name || before.address != after.address || before.track_by != after.track_by ||
           before.https_port != after.https_port || before.user != after.user || before.pins != after.pins;
}

std::string apply(Kept& kept, System& stored) {
    auto const before = stored;
    auto const& change = kept.change;
    auto const& wanted = kept.wanted;
    if (change.host_name) stored.host_name = wanted.host_name;
    if (change.address) stored.address = wanted.address;
    if (change.track_by) stored.track_by = *change.track_by;
    if (!can_track(stored, stored.track_by)) stored.track_by = stored.address.empty() ? TrackBy::host_name : TrackBy::address;
    if (change.https_port) stored.https_port = wanted.https_port;
    if (change.user) stored.user = wanted.user;
    if (change.pins) stored.pins = wanted.pins;
    if (change.folder) stored.folder = *change.folder;
    if (change.name) stored.name = wanted.name;
    if (stored.name.empty()) stored.name = stored.host_name.empty() ? stored.address : std::string(split(stored.host_name, '.').front());
    if (stored.name.empty()) stored.name = stored.serial_number.empty() ? stored.mac_address : stored.serial_number;
    kept.another_way = change.password.has_value() || is_another_way(before, stored);
    return "connection settings changed";
}

net::Task<Result<void>> keep(Store& store, std::shared_ptr<Kept> kept) {
    CS_CO_TRY(kept->after, co_await store.update_system(kept->id, [kept](System& stored) { return apply(*kept, stored); }, kept->actor));
    if (kept->change.password) {
        CS_CO_CHECK(co_await store.set_password(kept->id, kept->change.password->duplicate(), PasswordOrigin::given, kept->actor));
        CS_CO_TRY(kept->after, co_await store.get_system(kept->id));
    }
    if (!kept->another_way) co_return Result<void>();
    auto const queued = co_await store.queue_job(JobKind::observe, kept->id, kept->actor);
    if (!queued) co_return fail(queued.error());
    co_return Result<void>();
}

}  // namespace

net::Task<Result<System>> change_system(std::shared_ptr<Manager> manager, SystemId id, ConnectionChange change, std::string actor) {
    auto& store = manager->store();
    CS_CO_TRY(auto const system, co_await store.get_system(id));
    CS_CO_TRY(auto const connection, co_await store.network().get_connection(id));
    CS_CO_TRY(auto wanted, check_new_system(merged(system, connection, change), manager->families()));
    if (change.folder)
        if (auto const there = co_await store.folders().get(*change.folder); !there)
            co_return fail(errors::gen::invalid_input, {{"field", "folder"}, {"detail", "there is no such folder"}});
    auto const kept = std::make_shared<Kept>(
        Kept{.id = id, .wanted = std::move(wanted), .change = std::move(change), .actor = std::move(actor), .after = {}});
    CS_CO_CHECK(co_await store.write_together([kept_store = &store, kept] { return keep(*kept_store, kept); }));
    if (kept->another_way)
        manager->take_up({kept->after});
    else
        manager->publish({"system", id});
    co_return kept->after;
}

}  // namespace countersign::manager
