#include "pki/verify/der.hpp"

namespace countersign::pki::der {

std::optional<Value> Reader::refuse() {
    ok_ = false;
    rest_ = {};
    return std::nullopt;
}

std::optional<Value> Reader::next() {
    if (!more()) return std::nullopt;
    constexpr std::uint8_t long_tag = 0x1f;
    constexpr std::uint8_t long_form = 0x80;
    auto const tag = rest_[0];
    if ((tag & long_tag) == long_tag || rest_.size() < 2) return refuse();
    std::size_t length = rest_[1];
    std::size_t header = 2;
    if (length >= long_form) {
        std::size_t const octets = length & 0x7f;
        if (octets == 0 || octets > 4 || rest_.size() < 2 + octets || rest_[2] == 0) return refuse();
        length = 0;
        for (std::size_t i = 0; i < octets; ++i) length = (length << 8) | rest_[2 + i];
        if (length < long_form) return refuse();
        header += octets;
    }
    if (rest_.size() - header < length) return refuse();
    Value const value{tag, rest_.subspan(header, length), rest_.first(header + length)};
    rest_ = rest_.subspan(header + length);
    return value;
}

std::optional<Value> Reader::take(std::uint8_t tag) {
    if (peek() != tag) return std::nullopt;
    return next();
}

std::optional<Value> Reader::expect(std::uint8_t tag) {
    if (peek() != tag) return refuse();
    return next();
}

std::optional<View> only(View bytes, std::uint8_t tag) {
    Reader reader(bytes);
    auto const value = reader.expect(tag);
    if (!value || !reader.done()) return std::nullopt;
    return value->content;
}

bool is_integer(View content) {
    if (content.empty()) return false;
    if (content.size() == 1) return true;
    bool const padded = (content[0] == 0x00 && (content[1] & 0x80) == 0) || (content[0] == 0xff && (content[1] & 0x80) != 0);
    return !padded;
}

bool is_oid(View content) {
    if (content.empty() || (content.back() & 0x80) != 0) return false;
    bool begins = true;
    for (auto const octet : content) {
        if (begins && octet == 0x80) return false;
        begins = (octet & 0x80) == 0;
    }
    return true;
}

bool is_boolean(View content) { return content.size() == 1 && (content[0] == 0x00 || content[0] == 0xff); }

}  // namespace countersign::pki::der
