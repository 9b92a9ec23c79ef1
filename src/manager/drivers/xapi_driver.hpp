#pragma once

/// The driver "xapi": settings, status and commands as XML over HTTP(S), uploads through the system's pages (protocols 1.1 and 1.2).

#include "manager/drivers/web_driver.hpp"

namespace countersign::manager {

class XapiDriver final : public WebDriver {
public:
    using WebDriver::WebDriver;
    net::Task<Result<Account>> read_account() override;
    net::Task<Result<void>> apply(std::vector<SettingChange> changes) override;
    net::Task<Result<void>> register_feedback(std::string url) override;

private:
    net::Task<Result<void>> send_password(std::string password) override;
    net::Task<Result<void>> run(family::Command const& command, std::vector<family::Argument> arguments) override;
};

}  // namespace countersign::manager
