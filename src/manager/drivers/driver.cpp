#include "manager/drivers/driver.hpp"

#include "manager/drivers/transactions_driver.hpp"
#include "manager/drivers/xapi_driver.hpp"
#include "manager/drivers/xml_rpc_driver.hpp"

#include "countersign/errors/mgr.hpp"

namespace countersign::manager {

Result<std::unique_ptr<Driver>> make_driver(family::FamilyPtr family, Channel channel) {
    // The names that family files may use for `driver`.
    if (family->driver == "xapi") return std::unique_ptr<Driver>(std::make_unique<XapiDriver>(std::move(family), std::move(channel)));
    if (family->driver == "pages") return std::unique_ptr<Driver>(std::make_unique<XmlRpcDriver>(std::move(family), std::move(channel)));
    if (family->driver == "transactions")
        return std::unique_ptr<Driver>(std::make_unique<TransactionsDriver>(std::move(family), std::move(channel)));
    return fail(errors::mgr::family_not_recognised, {{"peer", channel.peer}, {"driver", family->driver}});
}

}  // namespace countersign::manager
