/// POSIX ustar (IEEE 1003.1-1988 and later): blocks of 512 bytes, numbers in octal digits.

#include "base/text.hpp"
#include "dialect/archive/forms.hpp"

#include <array>
#include <charconv>

namespace countersign::dialect::archive {
namespace {

constexpr std::size_t k_block = 512;

struct Field {
    std::size_t at, size;
};
constexpr Field k_name{0, 100}, k_mode{100, 8}, k_owner{108, 8}, k_group{116, 8}, k_size{124, 12}, k_time{136, 12}, k_sum{148, 8},
    k_type{156, 1}, k_magic{257, 6}, k_version{263, 2}, k_prefix{345, 155};

std::string_view field(std::string_view header, Field which) { return header.substr(which.at, which.size); }
/// Up to its NUL.
std::string_view text(std::string_view header, Field which) {
    auto const all = field(header, which);
    return all.substr(0, all.find('\0'));
}

std::optional<std::size_t> number(std::string_view digits) {
    digits = trim(digits.substr(0, digits.find('\0')));
    std::size_t out = 0;
    auto const [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), out, 8);
    if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
    return out;
}

/// Of all bytes, the sum's own counted as blanks.
std::size_t sum_of(std::string_view header) {
    std::size_t sum = 0;
    for (std::size_t i = 0; i < k_block; ++i)
        sum += i >= k_sum.at && i < k_sum.at + k_sum.size ? std::size_t{' '} : static_cast<std::uint8_t>(header[i]);
    return sum;
}

void put(std::string& header, Field which, std::string_view text) { header.replace(which.at, text.size(), text); }
void put(std::string& header, Field which, std::size_t value) {
    std::string digits(which.size - 1, '0');
    for (auto at = digits.size(); at-- > 0 && value > 0; value /= 8) digits[at] = static_cast<char>('0' + value % 8);
    put(header, which, digits);
}

std::string name_of(std::string_view header) {
    auto const prefix = text(header, k_prefix);
    return (prefix.empty() ? "" : std::string(prefix) + "/") + std::string(text(header, k_name));
}

std::size_t in_blocks(std::size_t size) { return (size + k_block - 1) / k_block * k_block; }

}  // namespace

bool is_tar(std::string_view bytes) { return bytes.size() >= k_block && field(bytes, k_magic).starts_with("ustar"); }

Result<void> read_tar(std::string_view bytes, Unpacked& out) {
    std::string long_name;
    while (bytes.size() >= k_block && bytes.front() != '\0') {
        auto const header = bytes.substr(0, k_block);
        auto const size = number(field(header, k_size));
        auto const sum = number(field(header, k_sum));
        if (!is_tar(header) || !size || sum != sum_of(header)) return unreadable("an entry has a broken header");
        bytes.remove_prefix(k_block);
        if (bytes.size() < *size) return unreadable("it is cut off");
        auto const content = bytes.substr(0, *size);
        bytes.remove_prefix(std::min(bytes.size(), in_blocks(*size)));
        auto const type = header[k_type.at];
        if (type == '0' || type == '\0') {
            CS_CHECK(out.add(long_name.empty() ? name_of(header) : long_name, std::string(content.substr(0, out.left() + 1))));
        }
        // GNU tar puts names of more than 100 bytes before their file.
        long_name = type == 'L' ? std::string(content.substr(0, content.find('\0'))) : std::string();
    }
    return {};
}

std::string write_tar(std::vector<File> const& files, UtcTime at) {
    std::string out;
    for (auto const& file : files) {
        std::string header(k_block, '\0');
        put(header, k_name, std::string_view(file.name).substr(0, k_name.size));
        put(header, k_mode, std::size_t{0644});
        put(header, k_owner, std::size_t{0});
        put(header, k_group, std::size_t{0});
        put(header, k_size, file.content.size());
        put(header, k_time, static_cast<std::size_t>(at.time_since_epoch().count()));
        put(header, k_type, "0");
        put(header, k_magic, "ustar");
        put(header, k_version, "00");
        std::string sum(k_sum.size, ' ');
        auto value = sum_of(header);
        for (std::size_t digit = 6; digit-- > 0; value /= 8) sum[digit] = static_cast<char>('0' + value % 8);
        sum[6] = '\0';
        put(header, k_sum, sum);
        out += header + file.content;
        out.resize(in_blocks(out.size()), '\0');
    }
    out.resize(out.size() + 2 * k_block, '\0');
    return out;
}

}  // namespace countersign::dialect::archive
