#include "manager/access/restore.hpp"

#include "manager/access/access.hpp"

#include "countersign/errors/fil.hpp"

namespace countersign::manager {

Result<Restored> restore_administrator(std::filesystem::path const& data, std::string account) {
    // Neither is made when it is not there: somebody mistyped the folder.
    for (auto const& file : {data / "manager.db", data / "sealing.key"}) {
        std::error_code error;
        if (!std::filesystem::is_regular_file(file, error))
            return fail(errors::fil::cannot_read, {{"file", file.string()}, {"detail", "there is no such file"}});
    }
    CS_TRY(auto sealer, host::Sealer::load_or_create(data / "sealing.key"));
    net::Runtime runtime(1);
    runtime.start();
    auto const clock = std::make_shared<SystemClock>();
    CS_TRY(auto store, Store::open(data / "manager.db", std::move(sealer), clock));
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
