#include "family/family.hpp"

#include <array>

/// The names that family files may use for what is code: one list each, so that a misspelt name is an error of the file
/// and not a behaviour that never happens.

namespace countersign::family {

using namespace std::string_view_literals;

// clang-format off

std::span<std::string_view const> known_behaviours() {
    static constexpr std::array names{
        // One line each, in order.
        "delete_flag"sv,
        "feedback_change"sv,
        "feedback_deregister"sv,
        "feedback_enable"sv,
        "feedback_register"sv,
        "list_flags"sv,
        "list_services"sv,
        "list_settings"sv,
        "phonebook_search"sv,
        "recover_access"sv,
        "recover_password"sv,
        "report_status"sv,
        "restart"sv,
        "restore_factory"sv,
        "set_flag"sv,
        "set_password"sv,
        "trial_begin"sv,
        "trial_cancel"sv,
        "trial_confirm"sv,
        "set_secured_communication"sv,
        "set_setting"sv,
    };
    return names;
}

std::span<std::string_view const> known_form_actions() {
    static constexpr std::array names{
        // One line each, in order.
        "apply_settings"sv,
        "delete_certificate"sv,
        "delete_flag"sv,
        "delete_trust_store"sv,
        "restart"sv,
        "restore_factory"sv,
        "set_flag"sv,
        "set_password"sv,
        "shutdown"sv,
        "trial_begin"sv,
        "trial_cancel"sv,
        "trial_confirm"sv,
        "upload_certificate"sv,
        "upload_trust_store"sv,
    };
    return names;
}

std::span<std::string_view const> known_checks() {
    static constexpr std::array names{
        // One line each, in order.
        "certificate_needed"sv,
        "host_name_when_verifying"sv,
        "verification_preconditions"sv,
        "way_in_left"sv,
    };
    return names;
}

std::span<std::string_view const> known_facts() {
    static constexpr std::array names{
        // One line each, in order.
        "alarm.days_left"sv,
        "alarm.id"sv,
        "alarm.level"sv,
        "alarm.since"sv,
        "alarm.subject"sv,
        "alarm.text"sv,
        "certificate.factory"sv,
        "certificate.fingerprint"sv,
        "certificate.served"sv,
        "client.external_manager.diagnosis"sv,
        "client.external_manager.status"sv,
        "client.feedback.expression"sv,
        "client.feedback.slot"sv,
        "client.feedback.status"sv,
        "client.feedback.url"sv,
        "client.verify.active"sv,
        "client.verify.missing"sv,
        "flag.effective"sv,
        "flag.name"sv,
        "flag.note"sv,
        "flag.section"sv,
        "flag.value"sv,
        "login.factory_password"sv,
        "name.dns.server"sv,
        "network.ipv4.gateway"sv,
        "network.ipv4.mask"sv,
        "service.ssh.host_key"sv,
        "system.address"sv,
        "system.api_version"sv,
        "system.cpu_load"sv,
        "system.feature_key"sv,
        "system.mac"sv,
        "system.name"sv,
        "system.operational_status"sv,
        "system.product_id"sv,
        "system.product_type"sv,
        "system.restart_pending"sv,
        "system.serial"sv,
        "system.software"sv,
        "system.time"sv,
        "system.uptime"sv,
        "time.ntp.address"sv,
        "time.ntp.status"sv,
        "trial.deadline"sv,
        "trial.door"sv,
        "trial.id"sv,
        "trial.seconds_left"sv,
        "trust.fingerprint"sv,
        "trust.subject"sv,
    };
    return names;
}

// clang-format on

}  // namespace countersign::family
