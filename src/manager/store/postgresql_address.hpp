#pragma once

/// Where a PostgreSQL database is, and how it is proven to be the one that is meant (REQ MGR-13).

#include "base/result.hpp"
#include "base/secret.hpp"

#include <filesystem>
#include <string>

namespace countersign::manager::store {

struct PostgresqlAddress {
    std::string url;                      ///< postgresql://user@host:port/name?option=value, as libpq reads it; no password in it
    std::filesystem::path password_file;  ///< one line; empty: none is sent
    std::filesystem::path ca_file;        ///< PEM; the roots that the server's certificate must end at

    /// Without what might be secret: for messages.
    [[nodiscard]] std::string name() const { return url; }
};

/// What the connection is opened with. Over the network it is always encrypted, and the server's certificate is verified for its name
/// (`sslmode=verify-full`); there is no setting for less. A socket of this machine (a host that begins with "/") needs none of it.
/// All problems at once (GEN-006): STO-004 (the text cannot be used, or asks for less), STO-005 (the password file), FIL-001.
Result<SecretText> connection_text(PostgresqlAddress const& address);

}  // namespace countersign::manager::store
