#include "device/certificates/behaviours.hpp"
#include "device/clients/clients.hpp"
#include "device/services/behaviours.hpp"
#include "device/services/http_door.hpp"
#include "device/services/repository_actions.hpp"
#include "device/services/safety_actions.hpp"
#include "device/services/text_doors.hpp"

namespace countersign::device {

void register_everything(Environment& environment) {
    register_http_doors(environment);
    register_text_doors(environment);
    register_behaviours(environment);
    register_safety_behaviours(environment);
    register_certificate_behaviours(environment);
    register_repository_behaviours(environment);
    register_clients(environment);
}

}  // namespace countersign::device
