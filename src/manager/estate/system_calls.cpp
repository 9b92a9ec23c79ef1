#include "manager/estate/system_calls.hpp"

#include "base/log.hpp"
#include "base/text.hpp"
#include "manager/api/api.hpp"
#include "manager/plan/goal.hpp"
#include "manager/store/network_store.hpp"

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

net::Task<Result<void>> SystemCalls::called(Manager::SystemCall call) {
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
    auto const before = co_await links_.store.get_contact(*id);
    if (!before) {
        links_.directory.forget(*id);  // it was removed meanwhile
        co_return Result<void>();
    }
    // Anybody who knows a serial number can call in its name. From elsewhere than the system's own address that makes us look, and
    // does not change what is known of its calls: its level and the next plan would follow.
    bool believed = !before->at || before->https == call.https || links_.directory.is_at(*id, call.source_address);
    if (!believed) {
        CS_CO_TRY(believed, co_await calls_as_told(*id, call.https));
    }
    if (shown) {
        believed = true;
    } else if (!before->certificate.empty()) {
        // One that shows its certificate would have shown it. Under Verify nothing less counts, wherever it comes from.
        CS_CO_TRY(auto const policy, co_await links_.store.get_policy());
        if (policy.secure_only == SecureOnly::verify) believed = false;
    }
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
        CS_CO_TRY(auto const link, co_await links_.store.network().get_link(*id));
        // After a boot it may have lost what it is meant to keep: enforcement looks, too, and puts that back.
        bool const put_back = iequals(call.event, "Boot") && !link.connection.persistent.empty();
        CS_CO_CHECK(co_await links_.store.queue_job(put_back ? JobKind::enforce : JobKind::observe, *id, "manager"));
        links_.wake_jobs();
    }
    co_return Result<void>();
}

/// Behind a firewall no address tells a system from others. That it calls in the way that it was told to is believed.
net::Task<Result<bool>> SystemCalls::calls_as_told(SystemId id, bool https) {
    CS_CO_TRY(auto const link, co_await links_.store.network().get_link(id));
    if (link.connection.connectivity != Connectivity::behind_firewall) co_return false;
    CS_CO_TRY(auto const policy, co_await links_.store.get_policy());
    co_return https == (policy.secure_only != SecureOnly::off);
}

net::Task<Result<Manager::Given>> SystemCalls::settings_for(Manager::SystemCall call) {
    Manager::Given given;
    auto const id = links_.directory.find(call.serial_number, call.mac_address, {});
    if (!id) co_return given;
    CS_CO_TRY(auto const link, co_await links_.store.network().get_link(*id));
    if (link.connection.connectivity != Connectivity::behind_firewall) co_return given;
    CS_CO_TRY(auto const question, co_await links_.surveyor.question(*id));
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
