#include "manager/observe/observation.hpp"

#include <algorithm>

namespace countersign::manager {

std::string_view to_string(ChannelTrust trust) {
    switch (trust) {
        case ChannelTrust::none: return "none";
        case ChannelTrust::pinned: return "pinned";
        case ChannelTrust::factory_identity: return "factory_identity";
        case ChannelTrust::verified: return "verified";
    }
    return "none";
}

ServiceObservation const* Observation::find(std::string_view service) const {
    auto place = std::ranges::find(services, service, &ServiceObservation::service);
    return place == services.end() ? nullptr : &*place;
}

ServiceObservation const* Observation::find_elsewhere(std::string_view service) const {
    auto place = std::ranges::find(elsewhere, service, &ServiceObservation::service);
    return place == elsewhere.end() ? nullptr : &*place;
}

bool Observation::open(std::string_view service) const {
    auto const* found = find(service);
    return found && found->state == net::PortState::open;
}

}  // namespace countersign::manager
