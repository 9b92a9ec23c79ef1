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
        "certificate_activate"sv,
        "certificate_add"sv,
        "certificate_deactivate"sv,
        "certificate_delete"sv,
        "certificate_show"sv,
        "feature_key_add"sv,
        "feature_key_remove"sv,
        "feedback_change"sv,
        "feedback_deregister"sv,
        "feedback_enable"sv,
        "feedback_register"sv,
        "list_certificates"sv,
        "list_flags"sv,
        "list_revocation"sv,
        "list_services"sv,
        "list_settings"sv,
        "phonebook_search"sv,
        "recover_access"sv,
        "recover_password"sv,
        "report_status"sv,
        "repository_activate"sv,
        "repository_add_crl"sv,
        "repository_add_trusted"sv,
        "repository_create_request"sv,
        "repository_discard_request"sv,
        "repository_remove_certificate"sv,
        "repository_remove_crl"sv,
        "repository_remove_trusted"sv,
        "repository_roll_back"sv,
        "repository_send_certificate"sv,
        "repository_send_package"sv,
        "repository_set_revocation"sv,
        "request_create"sv,
        "request_discard"sv,
        "request_link"sv,
        "request_show"sv,
        "restart"sv,
        "restore_factory"sv,
        "set_flag"sv,
        "set_password"sv,
        "trial_begin"sv,
        "trial_cancel"sv,
        "trial_confirm"sv,
        "set_secured_communication"sv,
        "set_setting"sv,
        "trust_add"sv,
        "trust_delete"sv,
        "trust_show"sv,
    };
    return names;
}

std::span<std::string_view const> known_form_actions() {
    static constexpr std::array names{
        // One line each, in order.
        "add_trust"sv,
        "activate_feature"sv,
        "apply_settings"sv,
        "create_request"sv,
        "delete_certificate"sv,
        "delete_flag"sv,
        "delete_crl"sv,
        "delete_trust"sv,
        "delete_trust_store"sv,
        "deactivate_feature"sv,
        "discard_request"sv,
        "restart"sv,
        "restore_factory"sv,
        "set_flag"sv,
        "roll_back_certificate"sv,
        "send_certificate"sv,
        "set_password"sv,
        "set_revocation"sv,
        "shutdown"sv,
        "trial_begin"sv,
        "trial_cancel"sv,
        "trial_confirm"sv,
        "upload_certificate"sv,
        "upload_crl"sv,
        "upload_package"sv,
        "upload_trust_store"sv,
    };
    return names;
}

std::span<std::string_view const> known_roles() {
    static constexpr std::array names{
        // One line each, in order.
        "activation_code"sv,
        "allow_unreachable"sv,
        "alternative_names"sv,
        "answer"sv,
        "certificate"sv,
        "common_name"sv,
        "comprehensive"sv,
        "confirm_password"sv,
        "country"sv,
        "crl"sv,
        "digest"sv,
        "fingerprint"sv,
        "flag_name"sv,
        "flag_section"sv,
        "flag_value"sv,
        "identity"sv,
        "issuer"sv,
        "key_type"sv,
        "legacy"sv,
        "locality"sv,
        "named_responder"sv,
        "new_password"sv,
        "old_password"sv,
        "organization"sv,
        "organizational_unit"sv,
        "package"sv,
        "passphrase"sv,
        "private_key"sv,
        "replace"sv,
        "responder"sv,
        "revocation_method"sv,
        "state"sv,
        "trial_id"sv,
        "trial_seconds"sv,
        "trust_store"sv,
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
        "alarm.severity"sv,
        "alarm.since"sv,
        "alarm.subject"sv,
        "alarm.text"sv,
        "certificate.days_left"sv,
        "certificate.expires"sv,
        "certificate.factory"sv,
        "certificate.fingerprint"sv,
        "certificate.issued"sv,
        "certificate.issuer"sv,
        "certificate.pending"sv,
        "certificate.served"sv,
        "certificate.shared_key"sv,
        "certificate.subject"sv,
        "client.external_manager.diagnosis"sv,
        "client.external_manager.status"sv,
        "client.external_services.diagnosis"sv,
        "client.external_services.status"sv,
        "client.feedback.expression"sv,
        "client.feedback.format"sv,
        "client.feedback.slot"sv,
        "client.feedback.source"sv,
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
        "identity.can_roll_back"sv,
        "identity.days_left"sv,
        "identity.expires"sv,
        "identity.factory"sv,
        "identity.fingerprint"sv,
        "identity.id"sv,
        "identity.issued"sv,
        "identity.issuer"sv,
        "identity.pending"sv,
        "identity.revocation"sv,
        "identity.served"sv,
        "identity.shared_key"sv,
        "identity.subject"sv,
        "identity.title"sv,
        "name.dns.server"sv,
        "network.ipv4.dhcp"sv,
        "network.ipv4.enabled"sv,
        "network.ipv4.enabled.b"sv,
        "network.ipv4.gateway"sv,
        "network.ipv4.mask"sv,
        "revocation_list.issuer"sv,
        "revocation_list.next_update"sv,
        "service.ssh.host_key"sv,
        "sip.registration.diagnosis"sv,
        "sip.registration.refused_by"sv,
        "sip.registration.status"sv,
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
        "trust.expires"sv,
        "trust.fingerprint"sv,
        "trust.subject"sv,
    };
    return names;
}

// clang-format on

}  // namespace countersign::family
