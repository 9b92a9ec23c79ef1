#pragma once

/// The driver "transactions": facts and commands by XML transactions, settings and uploads through the forms of the system's
/// pages (protocols 4). It logs in with the first call and again when the system has forgotten the session.

#include "dialect/transactions.hpp"
#include "manager/drivers/pages_driver.hpp"

namespace countersign::manager {

class TransactionsDriver final : public PagesDriver {
public:
    using PagesDriver::PagesDriver;
    void use_credentials(net::http::Credentials credentials) override;
    [[nodiscard]] bool makes_keys() const override;
    net::Task<Result<pki::CertificateRequest>> make_request(RequestWish wish) override;
    net::Task<Result<std::string>> pending_key() override;
    net::Task<Result<void>> install_answer(std::vector<pki::Certificate> chain) override;

private:
    using Item = dialect::transactions::Item;
    using Response = dialect::transactions::Response;

    net::Task<Result<void>> add_facts(std::string method, Facts& facts) override;
    net::Task<Result<void>> run(family::Command const& command, std::vector<family::Argument> arguments) override;
    /// The action of the answer. `path` is "TRANS_MCU/GET_STATE". NET-010 when the password is wrong, NET-012 when it would be sent in
    /// clear, MGR-009 with the system's words.
    net::Task<Result<Item>> call(std::string path, std::vector<Item> parameters);
    net::Task<Result<Item>> call(family::Command const& command, std::vector<family::Argument> arguments, std::string file = {});
    net::Task<Result<void>> log_in();
    net::Task<Result<Response>> send(std::string path, std::vector<Item> parameters);

    std::int64_t token_ = dialect::transactions::k_no_token;
    Item login_;  ///< what the answer to the log-in said: facts of the system, too
};

}  // namespace countersign::manager
