#pragma once

/// A client of LDAP directories (RFC 4511): over TLS that is verified, or not at all. Built on OpenLDAP's library, which has a TLS of its
/// own: the roots are those of one file, the name is that of the server's certificate, and neither the machine's settings (ldap.conf) nor
/// the environment can loosen that.
///
/// Everything blocks, for as long as the timeout says: call it on the blocking pool.

#include "base/result.hpp"
#include "base/secret.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace countersign::net {

struct LdapServer {
    enum class Security {
        ldaps,     ///< TLS from the first byte
        start_tls  ///< RFC 4511 section 4.14, before anything else is said
    };
    Security security = Security::ldaps;
    std::string host;     ///< the name that its certificate must have
    std::string address;  ///< of that name, resolved by the caller
    std::uint16_t port = 636;
    std::filesystem::path roots;              ///< PEM; never empty
    std::chrono::milliseconds timeout{5000};  ///< of each step: connection, handshake, question
};

struct LdapEntry {
    std::string dn;
    std::map<std::string, std::vector<std::string>> attributes;  ///< names in lower case
    [[nodiscard]] std::string first(std::string_view name) const;
};

class LdapConnection {
public:
    /// Connects and verifies. ACC-025: not reached, or its certificate is not good.
    static Result<std::unique_ptr<LdapConnection>> open(LdapServer const& server);
    ~LdapConnection();
    LdapConnection(LdapConnection const&) = delete;
    LdapConnection& operator=(LdapConnection const&) = delete;

    /// True: the directory let this name in with this password. False: it did not. An empty password is never sent: directories take it
    /// for a log-in as nobody and say yes (RFC 4513 section 5.1.2). ACC-025.
    Result<bool> bind(std::string const& dn, SecretText const& password);
    enum class Scope { entry, below };
    /// `base` itself, or all below it; at most `most` entries, referrals are not followed. More than that: ACC-026. ACC-025.
    Result<std::vector<LdapEntry>> search(std::string const& base, std::string const& filter, std::vector<std::string> const& attributes,
                                          int most, Scope scope = Scope::below);

private:
    struct State;
    explicit LdapConnection(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

/// A value within a filter: "*", "(", ")", "\", NUL and every byte outside ASCII as "\xx" (RFC 4515 section 3).
std::string escape_ldap_filter(std::string_view value);
/// A value within a distinguished name (RFC 4514 section 2.4).
std::string escape_ldap_dn(std::string_view value);

}  // namespace countersign::net
