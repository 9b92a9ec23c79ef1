#pragma once

/// Address ranges as people write them: "10.0.0.0/24", "10.0.0.5-10.0.0.20", "10.0.0.5-20", "10.0.0.7". IPv4. Overlapping ranges are
/// joined, so that no address comes twice. Network and broadcast addresses of a prefix up to /30 are left out.

#include "base/result.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace countersign::manager {

class AddressRanges {
public:
    /// All problems at once. MGR-087 for a text that is no range or names addresses that no system can have (0.0.0.0/8, multicast and
    /// above); MGR-088 for more than `most` addresses together.
    static Result<AddressRanges> parse(std::vector<std::string> const& texts, std::uint64_t most);

    [[nodiscard]] std::uint64_t size() const { return size_; }
    /// The n-th address, n below size().
    [[nodiscard]] std::string at(std::uint64_t n) const;

private:
    struct Range {
        std::uint32_t first = 0;
        std::uint32_t last = 0;
    };
    std::vector<Range> ranges_;
    std::uint64_t size_ = 0;
};

}  // namespace countersign::manager
