#include "manager/estate/system_calls.hpp"

#include "base/log.hpp"
#include "base/text.hpp"
#include "manager/api/api.hpp"
#include "manager/observe/policy_of.hpp"
#include "manager/plan/goal.hpp"
#include "manager/store/network_store.hpp"

#include <algorithm>

namespace countersign::manager {

namespace {

/// An anonymous call makes us look at a system no more often than this (REQ MGR-9).
constexpr std::chrono::seconds k_look_again{10};

}  // namespace

bool SystemCalls::may_look_again(SystemId id) {
    auto const now = std::chrono::steady_clock::now();
    std::scoped_lock lock(mutex_);
    auto [place, fresh] = looked_.try_emplace(id, now);
    if (!fresh && now - place->second < k_look_again) return false;
    place->second = now;
    return true;
}

/// Of the caller, as it is when the call comes.
struct SystemCalls::Known {
    System system;
    ContactEvidence contact;
    ConnectionSettings connection;
    Policy policy;  ///< as it counts for the system; read where the call is judged by it

    [[nodiscard]] bool behind_firewall() const { return connection.connectivity == Connectivity::behind_firewall; }
};

net::Task<Result<SystemCalls::Known>> SystemCalls::known_of(SystemId id) {
    auto const known = std::make_shared<Known>();
    CS_CO_CHECK(co_await links_.store.read_together([store = &links_.store, id, known] {
        *known = {};
        return read_known(*store, id, known);
    }));
    co_return std::move(*known);
}

/// On the store's thread.
net::Task<Result<void>> SystemCalls::read_known(Store& store, SystemId id, std::shared_ptr<Known> known) {
    CS_CO_TRY(known->system, co_await store.get_system(id));
    CS_CO_TRY(known->contact, co_await store.get_contact(id));
    CS_CO_TRY(known->connection, co_await store.network().get_connection(id));
    if (known->behind_firewall() || !known->contact.certificate.empty()) {
        CS_CO_TRY(known->policy, co_await policy_of(store, known->system));
    }
    co_return Result<void>();
}

/// A system behind a firewall has no account that we could read: what its call says of its software is all there is. Feature keys are in
/// no call; that it calls over HTTPS shows them.
System SystemCalls::as_called(System system, Manager::SystemCall const& call, bool called_over_https) const {
    constexpr std::size_t k_longest_software = 64;
    bool const printable = std::ranges::all_of(call.software, [](char c) { return c >= 0x20 && c < 0x7F; });
    if (call.software.empty() || call.software.size() > k_longest_software || !printable || system.family.empty()) return system;
    auto const family = links_.families.get(system.family);
    if (!family) return system;
    auto const needs_key = !(*family)->secure_only_feature_keys.empty();
    bool const has_key = !needs_key || system.secure_only_capable || called_over_https;
    system.software = call.software;
    system.secure_only_capable = family::compare_versions(system.software, (*family)->minimum_secure_only) >= 0 && has_key;
    return system;
}

/// For what is kept, and what it is believed by: one that called over HTTPS is not made an old one by whoever calls in its name.
System SystemCalls::as_believed(Known const& known, Manager::SystemCall const& call) const {
    auto const claimed = as_called(known.system, call, call.https);
    return known.contact.https && !claimed.secure_only_capable ? known.system : claimed;
}

/// What is only seen has no record in the trail: whoever calls could fill it.
net::Task<Result<void>> SystemCalls::keep_software(Known const& known, Manager::SystemCall const& call) {
    auto const seen = as_believed(known, call);
    if (seen.software == known.system.software && seen.secure_only_capable == known.system.secure_only_capable) co_return Result<void>();
    auto const take = [software = seen.software, capable = seen.secure_only_capable](System& stored) {
        stored.software = software;
        stored.secure_only_capable = capable;
        return std::string();
    };
    auto const kept = co_await links_.store.update_system(known.system.id, take, "manager");
    if (!kept) co_return fail(kept.error());
    co_return Result<void>();
}

net::Task<Result<void>> SystemCalls::called(Manager::SystemCall call, std::shared_ptr<void const> owner) {
    auto const shown = call.certificate ? links_.directory.of_certificate(*call.certificate, call.certificate_verified) : std::nullopt;
    auto const id = shown ? shown : links_.directory.find(call.serial_number, call.mac_address, call.source_address);
    // One that was announced, and whose unit nobody has seen yet, may be somewhere else.
    if (!id || (!shown && links_.arrivals.is_unconfirmed(*id) && !links_.directory.is_at(*id, call.source_address))) {
        log::debug("system.unknown_caller", {{"source", call.source_address}, {"serial", call.serial_number}, {"event", call.event}});
        CS_CO_CHECK(co_await links_.arrivals.called({.serial_number = call.serial_number,
                                                     .mac_address = call.mac_address,
                                                     .system_name = call.system_name,
                                                     .product = call.product,
                                                     .software = call.software,
                                                     .source_address = call.source_address,
                                                     .reported_address = call.reported_address,
                                                     .https = call.https},
                                                    call.event));
        links_.wake_jobs();
        co_return Result<void>();
    }
    ContactEvidence evidence{.at = links_.clock->now(), .https = call.https};
    if (shown) evidence.certificate = call.certificate->fingerprint();
    auto const known = co_await known_of(*id);
    if (!known) {
        links_.directory.forget(*id);  // it was removed meanwhile
        co_return Result<void>();
    }
    auto const* before = &known->contact;
    if (known->system.track_by == TrackBy::mac && !known->behind_firewall() && known->system.address != call.source_address)
        links_.moves.called_from(*id, call.source_address, owner);
    // Anybody who knows a serial number can call in its name. From elsewhere than the system's own address that makes us look, and
    // does not change what is known of its calls: its level and the next plan would follow.
    bool believed = !before->at || before->https == call.https || links_.directory.is_at(*id, call.source_address);
    // Behind a firewall no address tells a system from others. That it calls in the way that it was told to is believed.
    if (known->behind_firewall()) {
        auto const told = effective_mode(as_believed(*known, call), known->policy);
        believed = believed || call.https == (told != SecureOnly::off);
    }
    // One that shows its certificate would have shown it. Under Verify nothing less counts, wherever it comes from.
    if (shown)
        believed = true;
    else if (!before->certificate.empty() && effective_mode(known->system, known->policy) == SecureOnly::verify)
        believed = false;
    if (believed && known->behind_firewall()) CS_CO_CHECK(co_await keep_software(*known, call));
    auto const effective = links_.surveyor.verification_effective(*id);
    if (effective) {
        evidence.verified_us = call.https && *effective;
    } else if (call.https && believed) {
        // Not looked at since the program started: what was proven before still holds until somebody looks.
        evidence.verified_us = before->https && before->verified_us;
        links_.surveyor.note_unjudged_call(*id);
    }
    if (!shown && links_.directory.is_at(*id, call.source_address)) links_.surveyor.note_claim(*id, call.serial_number, call.mac_address);
    if (believed) CS_CO_CHECK(co_await links_.store.record_contact(*id, evidence, call.event.substr(0, 40)));
    if (shown) CS_CO_CHECK(co_await links_.sighted.shown(*id, *call.certificate));
    links_.contacts.note(*id, call.https);
    CS_CO_CHECK(co_await links_.tell_others(*id, call.https));
    links_.announce("system", *id);
    // Who works on the system at this moment looks at it anyway.
    if (!links_.locks.held(*id) && may_look_again(*id)) {
        // After a boot it may have lost what it is meant to keep: enforcement looks, too, and puts that back.
        bool const put_back = iequals(call.event, "Boot") && !known->connection.persistent.empty();
        CS_CO_CHECK(co_await links_.store.queue_job(put_back ? JobKind::enforce : JobKind::observe, *id, "manager"));
        links_.wake_jobs();
    }
    co_return Result<void>();
}

net::Task<Result<Manager::Given>> SystemCalls::settings_for(Manager::SystemCall call) {
    Manager::Given given;
    auto const id = links_.directory.find(call.serial_number, call.mac_address, {});
    if (!id) co_return given;
    CS_CO_TRY(auto const link, co_await links_.store.network().get_link(*id));
    if (link.connection.connectivity != Connectivity::behind_firewall) co_return given;
    CS_CO_TRY(auto question, co_await links_.surveyor.question(*id));
    // One that is too old, or lacks the key, is not told to call in a way that it cannot (REQ MGR-3).
    question.system = as_called(std::move(question.system), call, question.contact.https || call.https);
    question.policy.secure_only = effective_mode(question.system, question.policy);
    Observation const nothing_seen;
    Assessment const nothing_known;
    PlanInput const input{.family = *question.family,
                          .system = question.system,
                          .observation = nothing_seen,
                          .assessment = nothing_known,
                          .policy = question.policy,
                          .estate_roots = {},
                          .external_manager_path = std::string(api::k_external_manager_path),
                          .now = links_.clock->now(),
                          .persistent = question.connection.persistent,
                          .phonebook = question.phonebook};
    for (auto const& wanted : wanted_when_calling(input)) {
        auto const* setting = question.family->find_canonical(wanted.canonical);
        auto value = setting->from_canonical(wanted.value);
        if (value) given.settings.emplace_back(setting->path, *std::move(value));
    }
    given.name_space = question.family->external_manager.name_space;
    co_return given;
}

}  // namespace countersign::manager
