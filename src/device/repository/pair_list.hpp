#pragma once

/// Pairs that are kept before they are used for something: pairs/<fingerprint>.pem, one file each.

#include "device/repository/pair_file.hpp"

#include <string>
#include <vector>

namespace countersign::device {

inline constexpr std::size_t k_stored_pairs = 32;

class PairList {
public:
    PairList(std::filesystem::path folder, PairFiles files);

    /// Those that can be read; damaged ones are logged and left out.
    [[nodiscard]] std::vector<CertificatePair> load() const;
    /// FIL-002.
    Result<void> store(CertificatePair const& pair) const;
    Result<void> remove(CertificatePair const& pair) const;

private:
    [[nodiscard]] std::filesystem::path file_of(CertificatePair const& pair) const;
    std::filesystem::path folder_;
    PairFiles files_;
};

}  // namespace countersign::device
