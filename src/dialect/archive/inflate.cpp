#include "dialect/archive/inflate.hpp"

#include <array>
#include <cstdint>
#include <span>

namespace countersign::dialect::archive {
namespace {

constexpr int k_longest_code = 15;
constexpr std::size_t k_literals = 288, k_distances = 30, k_lengths = 19;
constexpr int k_end_of_block = 256;

/// Bits of a stream, lowest first (RFC 1951 section 3.1.1).
class Bits {
public:
    explicit Bits(std::string_view bytes) : bytes_(bytes) {}

    std::optional<int> take(int count) {
        while (held_ < count) {
            if (at_ == bytes_.size()) return std::nullopt;
            buffer_ |= static_cast<std::uint32_t>(static_cast<std::uint8_t>(bytes_[at_++])) << held_;
            held_ += 8;
        }
        auto const value = static_cast<int>(buffer_ & ((1U << count) - 1U));
        buffer_ >>= count;
        held_ -= count;
        return value;
    }
    /// Whole bytes follow: the rest of a byte that was begun does not count.
    std::optional<std::string_view> bytes(std::size_t count) {
        buffer_ = 0;
        held_ = 0;
        if (bytes_.size() - at_ < count) return std::nullopt;
        auto const taken = bytes_.substr(at_, count);
        at_ += count;
        return taken;
    }

private:
    std::string_view bytes_;
    std::size_t at_ = 0;
    std::uint32_t buffer_ = 0;
    int held_ = 0;
};

/// A canonical Huffman code (RFC 1951 section 3.2.2): how many codes there are of each length, and their symbols in order.
class Code {
public:
    /// False when the lengths say more codes than there is room for.
    bool build(std::span<std::uint8_t const> lengths) {
        counts_.fill(0);
        for (auto length : lengths) ++counts_.at(length);
        counts_[0] = 0;
        int left = 1;
        for (int length = 1; length <= k_longest_code; ++length) {
            left = left * 2 - counts_.at(static_cast<std::size_t>(length));
            if (left < 0) return false;
        }
        std::array<int, k_longest_code + 2> next{};
        for (std::size_t length = 1; length <= k_longest_code; ++length) next.at(length + 1) = next.at(length) + counts_.at(length);
        for (std::size_t symbol = 0; symbol < lengths.size(); ++symbol)
            if (lengths[symbol] != 0) symbols_.at(static_cast<std::size_t>(next.at(lengths[symbol])++)) = static_cast<int>(symbol);
        return true;
    }
    [[nodiscard]] std::optional<int> read(Bits& bits) const {
        int code = 0, first = 0, index = 0;
        for (std::size_t length = 1; length <= k_longest_code; ++length) {
            auto const bit = bits.take(1);
            if (!bit) return std::nullopt;
            code |= *bit;
            auto const count = counts_.at(length);
            if (code - count < first) return symbols_.at(static_cast<std::size_t>(index + (code - first)));
            index += count;
            first = (first + count) * 2;
            code *= 2;
        }
        return std::nullopt;
    }

private:
    std::array<int, k_longest_code + 1> counts_{};
    std::array<int, k_literals> symbols_{};
};

struct Codes {
    Code literals, distances;
};

/// RFC 1951 section 3.2.5.
constexpr std::array<int, 29> k_length_base{3,  4,  5,  6,  7,  8,  9,  10, 11,  13,  15,  17,  19,  23, 27,
                                            31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258};
constexpr std::array<int, 29> k_length_bits{0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0};
constexpr std::array<int, 30> k_distance_base{1,   2,   3,   4,   5,   7,    9,    13,   17,   25,   33,   49,   65,    97,    129,
                                              193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577};
constexpr std::array<int, 30> k_distance_bits{0, 0, 0, 0, 1, 1, 2, 2,  3,  3,  4,  4,  5,  5,  6,
                                              6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13};

class Inflater {
public:
    Inflater(std::string_view packed, std::size_t most) : bits_(packed), most_(most) {}

    std::optional<std::string> all() {
        while (true) {
            auto const last = bits_.take(1);
            auto const kind = bits_.take(2);
            if (!last || !kind || !block(*kind)) return std::nullopt;
            if (*last == 1) return std::move(out_);
        }
    }

private:
    bool block(int kind) {
        Codes codes;
        switch (kind) {
            case 0: return stored();
            case 1: return fixed(codes) && coded(codes);
            case 2: return described(codes) && coded(codes);
            default: return false;
        }
    }

    bool stored() {
        constexpr int all_bits = 0xffff;
        auto const head = bits_.bytes(4);
        if (!head) return false;
        auto const number = [&head](std::size_t at) {
            return static_cast<std::uint8_t>((*head)[at]) | (static_cast<std::uint8_t>((*head)[at + 1]) << 8);
        };
        if (number(0) != (number(2) ^ all_bits)) return false;
        auto const bytes = bits_.bytes(static_cast<std::size_t>(number(0)));
        if (!bytes || most_ - out_.size() < bytes->size()) return false;
        out_ += *bytes;
        return true;
    }

    static bool fixed(Codes& codes) {
        std::array<std::uint8_t, k_literals> literals{};
        for (std::size_t i = 0; i < literals.size(); ++i) literals.at(i) = i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8;
        std::array<std::uint8_t, k_distances> distances{};
        distances.fill(5);
        return codes.literals.build(literals) && codes.distances.build(distances);
    }

    /// RFC 1951 section 3.2.7.
    bool described(Codes& codes) {
        constexpr std::array<std::size_t, k_lengths> order{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15};
        auto const literals = bits_.take(5), distances = bits_.take(5), given = bits_.take(4);
        if (!literals || !distances || !given) return false;
        auto const most = static_cast<std::size_t>(*literals) + 257;
        auto const all = most + static_cast<std::size_t>(*distances) + 1;
        if (most > 286 || all - most > k_distances) return false;
        std::array<std::uint8_t, k_lengths> of_lengths{};
        for (std::size_t i = 0; i < static_cast<std::size_t>(*given) + 4; ++i) {
            auto const length = bits_.take(3);
            if (!length) return false;
            of_lengths.at(order.at(i)) = static_cast<std::uint8_t>(*length);
        }
        Code code;
        if (!code.build(of_lengths)) return false;
        std::array<std::uint8_t, 286 + k_distances> lengths{};
        for (std::size_t at = 0; at < all;) {
            auto const symbol = code.read(bits_);
            if (!symbol) return false;
            if (*symbol < 16) {
                lengths.at(at++) = static_cast<std::uint8_t>(*symbol);
                continue;
            }
            if (*symbol == 16 && at == 0) return false;
            auto const extra = bits_.take(*symbol == 16 ? 2 : *symbol == 17 ? 3 : 7);
            if (!extra) return false;
            auto const times = static_cast<std::size_t>(*extra) + (*symbol == 18 ? 11 : 3);
            if (at + times > all) return false;
            auto const repeated = *symbol == 16 ? lengths.at(at - 1) : std::uint8_t{0};
            for (std::size_t i = 0; i < times; ++i) lengths.at(at++) = repeated;
        }
        // A block that cannot end is broken.
        if (lengths.at(k_end_of_block) == 0) return false;
        auto const whole = std::span<std::uint8_t const>(lengths);
        return codes.literals.build(whole.first(most)) && codes.distances.build(whole.subspan(most, all - most));
    }

    bool coded(Codes const& codes) {
        while (true) {
            auto const symbol = codes.literals.read(bits_);
            if (!symbol) return false;
            if (*symbol == k_end_of_block) return true;
            if (*symbol < k_end_of_block) {
                if (out_.size() == most_) return false;
                out_ += static_cast<char>(*symbol);
            } else if (!copy(codes.distances, static_cast<std::size_t>(*symbol - k_end_of_block - 1))) {
                return false;
            }
        }
    }

    bool copy(Code const& distances, std::size_t length_symbol) {
        if (length_symbol >= k_length_base.size()) return false;
        auto const more = bits_.take(k_length_bits.at(length_symbol));
        auto const symbol = more ? distances.read(bits_) : std::nullopt;
        if (!symbol || static_cast<std::size_t>(*symbol) >= k_distance_base.size()) return false;
        auto const further = bits_.take(k_distance_bits.at(static_cast<std::size_t>(*symbol)));
        if (!further) return false;
        auto const length = static_cast<std::size_t>(k_length_base.at(length_symbol) + *more);
        auto const distance = static_cast<std::size_t>(k_distance_base.at(static_cast<std::size_t>(*symbol)) + *further);
        if (distance > out_.size() || most_ - out_.size() < length) return false;
        // What is copied may be what was just written.
        for (std::size_t i = 0; i < length; ++i) out_ += out_[out_.size() - distance];
        return true;
    }

    Bits bits_;
    std::size_t most_;
    std::string out_;
};

}  // namespace

std::optional<std::string> inflate(std::string_view packed, std::size_t most) { return Inflater(packed, most).all(); }

}  // namespace countersign::dialect::archive
