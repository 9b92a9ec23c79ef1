#include "manager/drivers/driver.hpp"

#include "manager/drivers/direct.hpp"
#include "manager/drivers/hook_driver.hpp"
#include "manager/drivers/ssh_driver.hpp"
#include "manager/drivers/transactions_driver.hpp"
#include "manager/drivers/xapi_driver.hpp"
#include "manager/drivers/xml_rpc_driver.hpp"

#include "countersign/errors/dev.hpp"
#include "countersign/errors/mgr.hpp"

#include <algorithm>
#include <array>

namespace countersign::manager {

namespace {

using Make = std::unique_ptr<Driver> (*)(family::FamilyPtr, Channel);

template <class Kind>
std::unique_ptr<Driver> make(family::FamilyPtr family, Channel channel) {
    return std::make_unique<Kind>(std::move(family), std::move(channel));
}

struct Registered {
    std::string_view name;  ///< that family files may use for `driver`
    Make make;
    bool direct = false;  ///< it does not talk over the channel's client
};
// A driver is made nowhere else, so that whatever a test asks of every driver is asked of each line here.
constexpr std::array k_drivers{Registered{"xapi", make<XapiDriver>}, Registered{"pages", make<XmlRpcDriver>},
                               Registered{"transactions", make<TransactionsDriver>}, Registered{"ssh", make<SshDriver>, true},
                               Registered{"hook", make<HookDriver>, true}};

}  // namespace

net::Task<Result<pki::CertificateRequest>> Driver::make_request(RequestWish) {
    co_return fail(errors::dev::unknown_command, {{"path", "make_request"}});
}
net::Task<Result<std::string>> Driver::pending_key() { co_return fail(errors::dev::unknown_command, {{"path", "pending_key"}}); }
net::Task<Result<void>> Driver::install_answer(std::vector<pki::Certificate>) {
    co_return fail(errors::dev::unknown_command, {{"path", "install_answer"}});
}
net::Task<Result<bool>> Driver::holds_answer(pki::Certificate) { co_return false; }
net::Task<Result<void>> Driver::forget_certificate(pki::Certificate) { co_return Result<void>(); }
net::Task<Result<void>> Driver::install_client_certificate(std::vector<pki::Certificate>, pki::PrivateKey) {
    co_return fail(errors::dev::unknown_command, {{"path", "install_client_certificate"}});
}
net::Task<Result<void>> Driver::remove_client_certificate(std::string) {
    co_return fail(errors::dev::unknown_command, {{"path", "remove_client_certificate"}});
}
net::Task<Result<void>> Driver::forget_client_certificate(std::string) {
    co_return fail(errors::dev::unknown_command, {{"path", "forget_client_certificate"}});
}

std::vector<std::string_view> driver_names() {
    std::vector<std::string_view> names;
    for (auto const& one : k_drivers) names.push_back(one.name);
    return names;
}

std::vector<std::string_view> direct_driver_names() {
    std::vector<std::string_view> names;
    for (auto const& one : k_drivers)
        if (one.direct) names.push_back(one.name);
    return names;
}

Result<std::unique_ptr<Driver>> make_driver(family::FamilyPtr family, Channel channel) {
    auto const* place = std::ranges::find(k_drivers, std::string_view(family->driver), &Registered::name);
    if (place != k_drivers.end() && place->direct && !channel.direct)
        return fail(errors::mgr::no_secure_channel, {{"system", channel.peer}, {"detail", "the driver does not speak HTTP"}});
    if (place != k_drivers.end()) return place->make(std::move(family), std::move(channel));
    return fail(errors::mgr::family_not_recognised, {{"peer", channel.peer}, {"driver", family->driver}});
}

}  // namespace countersign::manager
