#include "pki/format/der_writer.hpp"

#include <algorithm>
#include <array>

namespace countersign::pki {

namespace {

constexpr std::size_t k_long_form = 0x80;

/// The octets of a length in its long form, the first says how many follow.
struct LongLength {
    std::array<std::uint8_t, 1 + sizeof(std::size_t)> octets{};
    std::size_t size = 0;
    [[nodiscard]] std::span<std::uint8_t const> view() const { return std::span(octets).first(size); }
};

LongLength long_length(std::size_t length) {
    std::size_t count = 0;
    for (auto rest = length; rest != 0; rest >>= 8U) ++count;
    LongLength out{.octets = {static_cast<std::uint8_t>(k_long_form | count)}, .size = 1 + count};
    for (std::size_t i = 0; i < count; ++i) out.octets[count - i] = static_cast<std::uint8_t>(length >> 8U * i);
    return out;
}

/// Decimal digits, the highest first.
void digits(Bytes& out, unsigned value, std::size_t count) {
    auto const start = out.size();
    out.resize(start + count);
    for (auto i = count; i-- > 0; value /= 10) out[start + i] = static_cast<std::uint8_t>('0' + value % 10);
}

}  // namespace

void DerWriter::header(std::uint8_t tag, std::size_t length) {
    out_.push_back(tag);
    if (length < k_long_form) {
        out_.push_back(static_cast<std::uint8_t>(length));
    } else {
        raw(long_length(length).view());
    }
}

void DerWriter::element(std::uint8_t tag, View content) {
    header(tag, content.size());
    raw(content);
}

void DerWriter::integer(std::int64_t value) {
    std::array<std::uint8_t, sizeof value> octets{};
    for (std::size_t i = 0; i < octets.size(); ++i) octets[octets.size() - 1 - i] = static_cast<std::uint8_t>(value >> 8U * i);
    View content(octets);
    // The first nine bits are never alike (X.690 section 8.3.2).
    auto is_spare = [&content] {
        bool const negative = (content[1] & 0x80) != 0;
        return content[0] == (negative ? 0xff : 0x00);
    };
    while (content.size() > 1 && is_spare()) content = content.subspan(1);
    element(der::k_integer, content);
}

void DerWriter::positive_integer(View magnitude) {
    while (!magnitude.empty() && magnitude[0] == 0) magnitude = magnitude.subspan(1);
    bool const padded = magnitude.empty() || (magnitude[0] & 0x80) != 0;
    header(der::k_integer, magnitude.size() + (padded ? 1 : 0));
    if (padded) out_.push_back(0);
    raw(magnitude);
}

void DerWriter::boolean(bool value) {
    std::uint8_t const content = value ? 0xff : 0x00;
    element(der::k_boolean, {&content, 1});
}

void DerWriter::bit_string(View bits) {
    header(der::k_bit_string, bits.size() + 1);
    out_.push_back(0);
    raw(bits);
}

bool DerWriter::time(UtcTime time) {
    using namespace std::chrono;
    auto const day = floor<days>(time);
    if (day < sys_days(0y / January / 1) || day > sys_days(9999y / December / 31)) return false;
    year_month_day const date(day);
    auto const year = static_cast<int>(date.year());
    bool const in_two_digits = year >= 1950 && year < 2050;
    auto const content = open(in_two_digits ? der::k_utc_time : der::k_generalized_time);
    digits(out_, static_cast<unsigned>(in_two_digits ? year % 100 : year), in_two_digits ? 2 : 4);
    digits(out_, static_cast<unsigned>(date.month()), 2);
    digits(out_, static_cast<unsigned>(date.day()), 2);
    auto const seconds = static_cast<unsigned>((time - day).count());
    digits(out_, seconds / 3600, 2);
    digits(out_, seconds / 60 % 60, 2);
    digits(out_, seconds % 60, 2);
    out_.push_back('Z');
    close(content);
    return true;
}

std::size_t DerWriter::open(std::uint8_t tag) {
    out_.push_back(tag);
    out_.push_back(0);
    return out_.size();
}

void DerWriter::close(std::size_t content) {
    auto const length = out_.size() - content;
    if (length < k_long_form) {
        out_[content - 1] = static_cast<std::uint8_t>(length);
        return;
    }
    auto const octets = long_length(length);
    out_[content - 1] = octets.octets[0];
    auto const more = octets.view().subspan(1);
    out_.insert(out_.begin() + static_cast<std::ptrdiff_t>(content), more.begin(), more.end());
}

}  // namespace countersign::pki
