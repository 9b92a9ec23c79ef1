#pragma once

/// The certificates of one identity of a unit on disk, each pair in one file (device/repository/pair_file.hpp).
///
///     factory.pem               the pair of the first boot; never changed
///     certificate.pem           the custom pair, when there is one
///     certificate.previous.pem  what was there before that, for one step back: a pair, or the word that it was the factory's
///     request.pem               the key of a pending request, and the request
///
/// A step is always: first the previous one is written, then the current one replaced. Killed between, the previous one equals the
/// current one, which stands for "none".

#include "base/utc_time.hpp"
#include "device/repository/pair_file.hpp"

#include <optional>

namespace countersign::device {

/// A request whose answer has not come, with its key.
struct PendingKey {
    pki::PrivateKey key;
    pki::CertificateRequest request;
    UtcTime made;
};

class CertificateRepository {
public:
    /// `owner` as of PairFiles. The folder must be there.
    CertificateRepository(std::filesystem::path folder, std::string owner, std::shared_ptr<host::Sealer const> sealer,
                          host::Durability durability);

    [[nodiscard]] bool has_factory() const;
    [[nodiscard]] bool has_custom() const;
    /// FIL-*, CRT-*: a file that was damaged from outside.
    [[nodiscard]] Result<CertificatePair> load_factory() const;
    [[nodiscard]] Result<CertificatePair> load_custom() const;
    Result<void> store_factory(CertificatePair const& pair);
    /// What was in use becomes the previous one.
    Result<void> install(CertificatePair const& pair);
    /// Back to the factory pair; the custom one becomes the previous one. Nothing to do without a custom one.
    Result<void> remove_custom();

    /// What one step back leads to.
    struct Previous {
        std::optional<CertificatePair> pair;  ///< nothing: the factory pair
    };
    [[nodiscard]] Result<std::optional<Previous>> load_previous() const;
    /// Cheap: does not decode it.
    [[nodiscard]] bool has_previous() const;
    /// GEN-003 without a previous pair. There is none afterwards.
    Result<void> roll_back();

    [[nodiscard]] Result<std::optional<PendingKey>> load_request() const;
    Result<void> store_request(PendingKey const& pending);
    Result<void> remove_request();

private:
    std::filesystem::path folder_;
    PairFiles files_;
};

}  // namespace countersign::device
