#include "manager/estate/address_ranges.hpp"

#include "base/text.hpp"
#include "manager/drivers/web_driver.hpp"

#include "countersign/errors/gen.hpp"
#include "countersign/errors/mgr.hpp"

#include <algorithm>
#include <optional>

namespace countersign::manager {
namespace {

constexpr std::uint32_t k_first_usable = 0x01000000;  // 1.0.0.0
constexpr std::uint32_t k_last_usable = 0xDFFFFFFF;   // 223.255.255.255; multicast begins behind it

std::optional<std::uint32_t> parse_address(std::string_view text) {
    auto const parts = split(text, '.');
    if (parts.size() != 4) return std::nullopt;
    std::uint32_t address = 0;
    for (auto part : parts) {
        auto const number = parse_number<std::uint32_t>(part);
        // "010" is 8 for some and 10 for others.
        if (!number || *number > 255 || (part.size() > 1 && part.front() == '0')) return std::nullopt;
        address = (address << 8U) | *number;
    }
    return address;
}

Error bad(std::string_view text, std::string_view detail) { return Error(errors::mgr::bad_range, {{"range", text}, {"detail", detail}}); }

}  // namespace

Result<AddressRanges> AddressRanges::parse(std::vector<std::string> const& texts, std::uint64_t most) {
    std::vector<Error> problems;
    std::vector<Range> found;
    for (auto const& one : texts) {
        auto const text = trim(one);
        std::optional<Range> range;
        if (auto slash = text.find('/'); slash != std::string_view::npos) {
            auto const address = parse_address(text.substr(0, slash));
            auto const bits = parse_number<std::uint32_t>(text.substr(slash + 1));
            if (address && bits && *bits >= 1 && *bits <= 32) {
                auto const mask = *bits == 32 ? 0U : 0xFFFFFFFFU >> *bits;
                range = Range{*address & ~mask, *address | mask};
                if (*bits <= 30) ++range->first, --range->last;
            }
        } else if (auto dash = text.find('-'); dash != std::string_view::npos) {
            auto const first = parse_address(trim(text.substr(0, dash)));
            auto const rest = trim(text.substr(dash + 1));
            auto last = parse_address(rest);
            if (auto number = parse_number<std::uint32_t>(rest); first && number && *number <= 255) last = (*first & 0xFFFFFF00U) | *number;
            if (first && last) range = Range{*first, *last};
        } else if (auto const address = parse_address(text)) {
            range = Range{*address, *address};
        }
        if (!range)
            problems.push_back(bad(text, "write it as 10.0.0.0/24, 10.0.0.5-10.0.0.20 or 10.0.0.7"));
        else if (range->first > range->last)
            problems.push_back(bad(text, "its end lies before its beginning"));
        else if (range->first < k_first_usable || range->last > k_last_usable)
            problems.push_back(bad(text, "no system can have such an address"));
        else
            found.push_back(*range);
    }
    if (texts.empty()) problems.push_back(Error(errors::gen::missing_field, {{"field", "ranges"}}));
    if (!problems.empty()) return fail(gather(std::move(problems)));

    AddressRanges out;
    std::ranges::sort(found, {}, &Range::first);
    for (auto const& range : found) {
        if (!out.ranges_.empty() && range.first <= out.ranges_.back().last)
            out.ranges_.back().last = std::max(out.ranges_.back().last, range.last);
        else
            out.ranges_.push_back(range);
    }
    for (auto const& range : out.ranges_) out.size_ += std::uint64_t{range.last} - range.first + 1;
    if (out.size_ > most)
        return fail(errors::mgr::too_many_addresses, {{"count", std::to_string(out.size_)}, {"limit", std::to_string(most)}});
    return out;
}

std::string AddressRanges::at(std::uint64_t n) const {
    for (auto const& range : ranges_) {
        auto const here = std::uint64_t{range.last} - range.first + 1;
        if (n >= here) {
            n -= here;
            continue;
        }
        auto const address = range.first + static_cast<std::uint32_t>(n);
        return std::to_string(address >> 24U) + "." + std::to_string((address >> 16U) & 255U) + "." +
               std::to_string((address >> 8U) & 255U) + "." + std::to_string(address & 255U);
    }
    return {};
}

}  // namespace countersign::manager
