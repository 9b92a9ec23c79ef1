#pragma once

/// What the drivers share that read facts and run commands by calls, and write settings and uploads through the forms of the
/// system's pages. A call carries the password in the message itself. Over plain HTTP it is therefore used only with the factory
/// password, which everybody knows; with any other password the account is what the pages show, read with digest authentication.

#include "manager/drivers/facts.hpp"
#include "manager/drivers/web_driver.hpp"

namespace countersign::manager {

class PagesDriver : public WebDriver {
public:
    using WebDriver::WebDriver;
    net::Task<Result<Account>> read_account() override;
    net::Task<Result<void>> apply(std::vector<SettingChange> changes) override;
    net::Task<Result<void>> register_feedback(std::string url) override;

protected:
    [[nodiscard]] bool may_call() const { return (secure() && trust() >= ChannelTrust::pinned) || factory_password(); }
    /// Adds the facts that the answer to `method`, the first word of status paths, carries.
    virtual net::Task<Result<void>> add_facts(std::string method, Facts& facts) = 0;

private:
    net::Task<Result<void>> read_pages(Account& account);
};

}  // namespace countersign::manager
