#include "manager/plan/plan.hpp"

namespace countersign::manager {

std::string_view to_string(StepKind kind) {
    switch (kind) {
        case StepKind::apply_settings: return "apply_settings";
        case StepKind::restart: return "restart";
        case StepKind::prove_channel: return "prove_channel";
        case StepKind::set_password: return "set_password";
        case StepKind::install_trust: return "install_trust";
        case StepKind::install_certificate: return "install_certificate";
        case StepKind::prove_certificate: return "prove_certificate";
        case StepKind::track_by_host_name: return "track_by_host_name";
        case StepKind::prove_closed: return "prove_closed";
        case StepKind::await_contact: return "await_contact";
        case StepKind::begin_trial: return "begin_trial";
        case StepKind::confirm_trial: return "confirm_trial";
        case StepKind::request_certificate: return "request_certificate";
        case StepKind::install_client_certificate: return "install_client_certificate";
        case StepKind::prove_client_certificate: return "prove_client_certificate";
        case StepKind::remove_client_certificate: return "remove_client_certificate";
    }
    return "";
}

bool changes_the_system(StepKind kind) {
    return kind == StepKind::apply_settings || kind == StepKind::install_trust || kind == StepKind::install_certificate ||
           kind == StepKind::install_client_certificate || kind == StepKind::remove_client_certificate;
}

}  // namespace countersign::manager
