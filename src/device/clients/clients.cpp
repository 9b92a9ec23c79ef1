#include "device/clients/clients.hpp"

#include "device/clients/external_manager_client.hpp"
#include "device/clients/feedback_sender.hpp"
#include "device/clients/phonebook_search.hpp"
#include "device/clients/sip_registration.hpp"
#include "device/clients/syslog_sender.hpp"
#include "device/clients/trap_sender.hpp"

namespace countersign::device {

void register_clients(Environment& environment) {
    environment.behaviours["phonebook_search"] = search_phonebook;
    environment.companions.emplace_back(make_external_manager_client);
    environment.companions.emplace_back(make_external_services_client);
    environment.companions.emplace_back(make_feedback_sender);
    environment.companions.emplace_back(make_trap_sender);
    environment.companions.emplace_back(make_syslog_sender);
    environment.companions.emplace_back(make_sip_registration);
}

}  // namespace countersign::device
