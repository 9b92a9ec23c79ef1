#include "family/family.hpp"

#include <array>

/// The names that family files may use for what is code: one list each, so that a misspelt name is an error of the file
/// and not a behaviour that never happens.

namespace countersign::family {

std::span<std::string_view const> known_behaviours() {
    static constexpr std::array<std::string_view, 6> names{"restart",       "set_password", "feedback_register", "feedback_deregister",
                                                           "report_status", "list_services"};
    return names;
}

std::span<std::string_view const> known_form_actions() {
    static constexpr std::array<std::string_view, 8> names{
        "apply_settings", "upload_certificate", "upload_trust_store", "delete_certificate", "delete_trust_store", "shutdown",
        "restart",        "set_password"};
    return names;
}

std::span<std::string_view const> known_checks() {
    static constexpr std::array<std::string_view, 4> names{"host_name_when_verifying", "verification_preconditions", "way_in_left",
                                                           "certificate_needed"};
    return names;
}

std::span<std::string_view const> known_facts() {
    static constexpr std::array<std::string_view, 33> names{"system.product_type",
                                                            "system.product_id",
                                                            "system.software",
                                                            "system.api_version",
                                                            "system.serial",
                                                            "system.mac",
                                                            "system.address",
                                                            "system.uptime",
                                                            "system.time",
                                                            "system.restart_pending",
                                                            "system.feature_key",
                                                            "time.ntp.address",
                                                            "time.ntp.status",
                                                            "certificate.fingerprint",
                                                            "certificate.factory",
                                                            "trust.fingerprint",
                                                            "trust.subject",
                                                            "client.verify.active",
                                                            "service.ssh.host_key",
                                                            "client.verify.missing",
                                                            "client.external_manager.status",
                                                            "client.external_manager.diagnosis",
                                                            "client.feedback.url",
                                                            "client.feedback.status",
                                                            "client.feedback.slot",
                                                            "client.feedback.expression",
                                                            "system.name",
                                                            "system.operational_status",
                                                            "system.cpu_load",
                                                            "certificate.served",
                                                            "network.ipv4.mask",
                                                            "network.ipv4.gateway",
                                                            "name.dns.server"};
    return names;
}

}  // namespace countersign::family
