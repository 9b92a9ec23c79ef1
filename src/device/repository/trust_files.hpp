#pragma once

/// The trusted roots and the revocation lists of a unit on disk: trust.pem, and crl-<hash of the issuer>.pem each.

#include "base/result.hpp"
#include "host/files.hpp"
#include "pki/certificate.hpp"
#include "pki/crl.hpp"

#include <filesystem>
#include <vector>

namespace countersign::device {

/// Of an uploaded list, and of all lists together. Lists of large public authorities are fetched when they are needed, not stored.
inline constexpr std::size_t k_list_limit = 2 * 1024 * 1024;
inline constexpr std::size_t k_lists = 32;

class TrustFiles {
public:
    TrustFiles(std::filesystem::path folder, host::Durability durability);

    /// Empty when there are none. FIL-*, CRT-*: damaged from outside.
    [[nodiscard]] Result<std::vector<pki::Certificate>> load_roots() const;
    Result<void> store_roots(std::vector<pki::Certificate> const& roots);
    Result<void> remove_roots();

    /// Those that can be read; damaged ones are logged and left out.
    [[nodiscard]] std::vector<pki::Crl> load_lists() const;
    /// Replaces that of the same issuer and kind (complete, delta).
    Result<void> store_list(pki::Crl const& list);
    Result<void> remove_list(pki::Crl const& list);

private:
    [[nodiscard]] std::filesystem::path file_of(pki::Crl const& list) const;
    std::filesystem::path folder_;
    host::Durability durability_;
};

/// Same issuer, and both complete or both delta lists: one takes the place of the other.
[[nodiscard]] bool same_place(pki::Crl const& a, pki::Crl const& b);

}  // namespace countersign::device
