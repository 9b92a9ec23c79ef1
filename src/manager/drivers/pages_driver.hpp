#pragma once

/// The driver "pages": facts and commands by XML-RPC, settings and uploads through the forms of the system's pages (protocols 3).
///
/// XML-RPC carries the password in the message itself. Over plain HTTP it is therefore used only with the factory password, which
/// everybody knows; with any other password the account is what the pages show, read with digest authentication.

#include "dialect/xml_rpc.hpp"
#include "manager/drivers/web_driver.hpp"

namespace countersign::manager {

class PagesDriver final : public WebDriver {
public:
    using WebDriver::WebDriver;
    net::Task<Result<Account>> read_account() override;
    net::Task<Result<void>> apply(std::vector<SettingChange> changes) override;
    net::Task<Result<void>> restart() override;
    net::Task<Result<void>> register_feedback(std::string url) override;

private:
    [[nodiscard]] bool may_call() const { return (secure() && trust() >= ChannelTrust::pinned) || factory_password(); }
    /// NET-012 when the password would be sent in clear.
    net::Task<Result<dialect::xml_rpc::Value>> call(std::string method, dialect::xml_rpc::Struct members);
    net::Task<Result<void>> read_pages(Account& account);
};

}  // namespace countersign::manager
