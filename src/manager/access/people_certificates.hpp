#pragma once

/// Log-in by client certificate: which roots vouch for people, and which account a certificate belongs to. These roots are chosen for
/// people alone; that a certificate is good for a system of the estate says nothing here.

#include "base/result.hpp"
#include "base/utc_time.hpp"
#include "net/revocation.hpp"
#include "net/task.hpp"
#include "pki/certificate.hpp"
#include "pki/verify.hpp"

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace countersign::manager {

struct PeopleCertificates {
    std::filesystem::path roots_file;   ///< PEM; empty: nobody logs in by a certificate
    std::uint16_t port = 8444;          ///< of its own; the offset is added
    std::vector<std::string> accounts;  ///< rules, see parse_account_rule
    std::string revocation = "hard";
    bool operator==(PeopleCertificates const&) const = default;
};

struct AccountRule {
    struct Condition {
        enum class Field { email, name, subject, issuer };
        Field field = Field::email;
        std::string before;  ///< of the one "*"; without one: the whole text
        std::optional<std::string> after;
    };
    std::vector<Condition> conditions;
    std::string account;  ///< a "*" in it is what the one of the first condition stood for
};
/// "email:*@company.com and issuer:/O=Company/CN=People CA -> *". GEN-001 of the field log_in_certificate.accounts.
Result<AccountRule> parse_account_rule(std::string_view text);
/// The account that the first fitting rule gives; nothing when none fits. Mail addresses are compared without regard to case, and what "*"
/// stands for in one holds no "@".
std::optional<std::string> account_of(std::vector<AccountRule> const& rules, pki::Certificate const& leaf);

class CertificateLogIn {
public:
    /// CRT-* when the file holds no certificates, FIL-001. `revocation` may be null: then it is not looked up, and "hard" lets nobody in.
    static Result<std::shared_ptr<CertificateLogIn const>> make(PeopleCertificates const& settings,
                                                                std::shared_ptr<net::RevocationCache> revocation,
                                                                std::shared_ptr<Clock const> clock);

    [[nodiscard]] std::vector<pki::Certificate> const& roots() const { return roots_; }
    /// The account of whoever showed `chain` (leaf first) in a handshake, in which he proved that the key is his. ACC-020 an empty chain,
    /// ACC-021, ACC-022.
    [[nodiscard]] net::Task<Result<std::string>> account_for(std::vector<pki::Certificate> chain) const;

private:
    std::vector<pki::Certificate> roots_;
    pki::Anchors anchors_;
    std::vector<AccountRule> rules_;
    pki::RevocationPolicy policy_ = pki::RevocationPolicy::hard_fail;
    std::shared_ptr<net::RevocationCache> revocation_;
    std::shared_ptr<Clock const> clock_;
};

}  // namespace countersign::manager
