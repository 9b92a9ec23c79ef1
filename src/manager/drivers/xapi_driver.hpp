#pragma once

/// The driver "xapi": settings, status and commands as XML over HTTP(S), uploads through the system's pages (protocols 1.1 and 1.2).

#include "dialect/xapi.hpp"
#include "manager/drivers/web_driver.hpp"

namespace countersign::manager {

class XapiDriver final : public WebDriver {
public:
    using WebDriver::WebDriver;
    net::Task<Result<Account>> read_account() override;
    net::Task<Result<void>> apply(std::vector<SettingChange> changes) override;
    net::Task<Result<void>> register_feedback(std::string url) override;
    [[nodiscard]] bool makes_keys() const override;
    net::Task<Result<pki::CertificateRequest>> make_request(RequestWish wish) override;
    net::Task<Result<void>> install_answer(std::vector<pki::Certificate> chain) override;
    net::Task<Result<bool>> holds_answer(pki::Certificate leaf) override;
    net::Task<Result<void>> forget_certificate(pki::Certificate leaf) override;
    net::Task<Result<void>> install_client_certificate(std::vector<pki::Certificate> chain, pki::PrivateKey key) override;
    net::Task<Result<void>> remove_client_certificate(std::string fingerprint) override;
    net::Task<Result<void>> forget_client_certificate(std::string fingerprint) override;

private:
    /// The certificate command with that behaviour. With a certificate's fingerprint, and with the purpose of the client identity where it
    /// takes one; `body`: what stands behind its line.
    net::Task<Result<void>> certificate_command(std::string_view behaviour, std::string fingerprint, SecretText body);
    net::Task<Result<void>> call(dialect::xapi::CommandCall wanted);
    /// The result of a command that was carried out.
    net::Task<Result<dialect::xapi::CommandResult>> ask(dialect::xapi::CommandCall wanted);
    /// The server's pair from the system's list is in use from now on.
    net::Task<Result<void>> activate(std::string fingerprint);
    net::Task<Result<void>> send_password(std::string password) override;
    net::Task<Result<void>> run(family::Command const& command, std::vector<family::Argument> arguments) override;
};

}  // namespace countersign::manager
