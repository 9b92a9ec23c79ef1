#pragma once

/// The driver "pages": facts and commands by XML-RPC, settings and uploads through the forms of the system's pages (protocols 3).
///
/// XML-RPC carries the password in the message itself. Over plain HTTP it is therefore put in only when it is the factory
/// password, which everybody knows; any other password answers the digest challenge of the web server instead.

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
    net::Task<Result<dialect::xml_rpc::Value>> call(std::string method, dialect::xml_rpc::Struct members);
    net::Task<Result<void>> read_pages(Account& account);
};

}  // namespace countersign::manager
