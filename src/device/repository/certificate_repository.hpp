#pragma once

/// The certificates of one unit on disk. A certificate and its key are ONE file, so a pair can never be half; each file is
/// replaced whole (host::write_file), so a kill at any moment leaves the old or the new one (design section 6). Keys are
/// sealed at rest.
///
///     factory.pem               the pair of the first boot; never changed
///     certificate.pem           the custom pair, when there is one
///     certificate.previous.pem  the custom pair before that, to go back by hand
///     trust.pem                 the trusted roots

#include "base/result.hpp"
#include "host/crypto.hpp"
#include "host/files.hpp"
#include "pki/certificate.hpp"

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace countersign::device {

/// A chain, leaf first, and the key of its leaf.
struct CertificatePair {
    std::vector<pki::Certificate> chain;
    pki::PrivateKey key;
};

class CertificateRepository {
public:
    /// `owner` (the serial number) is sealed into the keys, so that files of two units cannot be swapped unnoticed.
    CertificateRepository(std::filesystem::path folder, std::string owner, std::shared_ptr<host::Sealer const> sealer,
                          host::Durability durability);

    [[nodiscard]] bool has_factory() const;
    [[nodiscard]] bool has_custom() const;
    /// FIL-*, CRT-*: a file that was damaged from outside.
    [[nodiscard]] Result<CertificatePair> load_factory() const;
    [[nodiscard]] Result<CertificatePair> load_custom() const;
    Result<void> store_factory(CertificatePair const& pair);
    /// The pair that was installed becomes the previous one.
    Result<void> install(CertificatePair const& pair);
    Result<void> remove_custom();

    /// Empty when there is none.
    [[nodiscard]] Result<std::vector<pki::Certificate>> load_trust() const;
    Result<void> store_trust(std::vector<pki::Certificate> const& roots);
    Result<void> remove_trust();

private:
    [[nodiscard]] std::string to_text(CertificatePair const& pair) const;
    [[nodiscard]] Result<CertificatePair> load(std::filesystem::path const& file) const;
    std::filesystem::path folder_;
    std::string owner_;
    std::shared_ptr<host::Sealer const> sealer_;
    host::Durability durability_;
};

}  // namespace countersign::device
