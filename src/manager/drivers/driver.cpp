#include "manager/drivers/driver.hpp"

#include "manager/drivers/pages_driver.hpp"
#include "manager/drivers/xapi_driver.hpp"

#include "countersign/errors/mgr.hpp"

namespace countersign::manager {

Result<std::unique_ptr<Driver>> make_driver(family::FamilyPtr family, Channel channel) {
    // The names that family files may use for `driver`.
    if (family->driver == "xapi") return std::unique_ptr<Driver>(std::make_unique<XapiDriver>(std::move(family), std::move(channel)));
    if (family->driver == "pages") return std::unique_ptr<Driver>(std::make_unique<PagesDriver>(std::move(family), std::move(channel)));
    return fail(errors::mgr::family_not_recognised, {{"peer", channel.peer}, {"driver", family->driver}});
}

}  // namespace countersign::manager
