#include "pki/format/der_reader.hpp"

namespace countersign::pki {

std::optional<DerElement> DerReader::next() {
    constexpr std::uint8_t long_tag = 0x1f;
    constexpr std::size_t long_form = 0x80;
    if (rest_.size() < 2 || (rest_[0] & long_tag) == long_tag) return std::nullopt;
    std::size_t length = rest_[1];
    std::size_t header = 2;
    if (length >= long_form) {
        std::size_t const octets = length - long_form;
        if (octets == 0 || octets > 4 || rest_.size() < header + octets || rest_[header] == 0) return std::nullopt;
        length = 0;
        for (std::size_t i = 0; i < octets; ++i) length = length << 8U | rest_[header + i];
        if (length < long_form) return std::nullopt;
        header += octets;
    }
    if (length > rest_.size() - header) return std::nullopt;
    DerElement const out{.tag = rest_[0], .content = rest_.subspan(header, length), .whole = rest_.first(header + length)};
    rest_ = rest_.subspan(header + length);
    return out;
}

std::optional<DerElement> DerReader::next(std::uint8_t tag) {
    if (rest_.empty() || rest_[0] != tag) return std::nullopt;
    return next();
}

}  // namespace countersign::pki
