#include "manager/access/restore.hpp"

#include "manager/access/access.hpp"

namespace countersign::manager {

Result<Restored> restore_administrator(StorePlace const& place, std::string account) {
    // Nothing is made when it is not there: somebody mistyped the folder.
    CS_CHECK(check_present(place));
    net::Runtime runtime(1);
    runtime.start();
    auto const clock = std::make_shared<SystemClock>();
    CS_TRY(auto store, open_store(place, clock));
    Access access(*store, runtime.blocking(), clock);
    CS_TRY(bool const pending, net::run(runtime, access.setup_pending()));
    if (pending) {
        CS_TRY(auto password, net::run(runtime, access.new_setup_password()));
        return Restored{true, std::move(password)};
    }
    CS_TRY(auto password, net::run(runtime, access.restore_administrator(std::move(account))));
    return Restored{false, std::move(password)};
}

}  // namespace countersign::manager
