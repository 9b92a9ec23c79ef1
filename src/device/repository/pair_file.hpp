#pragma once

/// A certificate with its chain and its key as ONE file, so that a pair can never be half; the key is sealed. Each file is
/// replaced whole (host::write_file), so a kill at any moment leaves the old or the new one (design section 6).

#include "base/result.hpp"
#include "host/crypto.hpp"
#include "host/files.hpp"
#include "pki/certificate.hpp"

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace countersign::device {

/// A chain, leaf first, and the key of its leaf.
struct CertificatePair {
    std::vector<pki::Certificate> chain;
    pki::PrivateKey key;
};

inline constexpr std::size_t k_pair_file_limit = 1024 * 1024;

/// Reads and writes such files of one owner.
class PairFiles {
public:
    /// `owner` (the serial number) is sealed into the keys, so that files of two units cannot be swapped unnoticed.
    PairFiles(std::string owner, std::shared_ptr<host::Sealer const> sealer, host::Durability durability);

    /// FIL-002.
    Result<void> write(std::filesystem::path const& file, CertificatePair const& pair) const;
    /// FIL-*, CRT-*: damaged from outside, or another owner's.
    [[nodiscard]] Result<CertificatePair> read(std::filesystem::path const& file) const;

    /// A key and text after it; `kind` ("key", "request key") is sealed in too.
    Result<void> write_key(std::filesystem::path const& file, std::string_view kind, pki::PrivateKey const& key,
                           std::string_view text) const;
    struct KeyAndText {
        pki::PrivateKey key;
        std::string text;
    };
    [[nodiscard]] Result<KeyAndText> read_key(std::filesystem::path const& file, std::string_view kind) const;

    /// Any text, whole.
    Result<void> write_text(std::filesystem::path const& file, std::string_view text) const;

private:
    std::string owner_;
    std::shared_ptr<host::Sealer const> sealer_;
    host::Durability durability_;
};

[[nodiscard]] bool file_exists(std::filesystem::path const& file);

}  // namespace countersign::device
