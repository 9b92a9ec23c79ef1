/// ZIP as its maker describes it (APPNOTE 6.3): local headers with the files, and a directory at the end, which is what is read.

#include "dialect/archive/forms.hpp"
#include "dialect/archive/inflate.hpp"

#include <array>
#include <chrono>

namespace countersign::dialect::archive {
namespace {

constexpr std::string_view k_local("PK\3\4", 4), k_entry("PK\1\2", 4), k_end("PK\5\6", 4);
constexpr std::size_t k_local_size = 30, k_entry_size = 46, k_end_size = 22;
constexpr std::size_t k_longest_comment = 65535;
constexpr std::uint32_t k_stored = 0, k_deflated = 8;
constexpr std::uint32_t k_encrypted = 1;
/// Stands for a number in the extension for large archives, which nothing here needs.
constexpr std::uint32_t k_elsewhere = 0xffffffff;

constexpr std::array<std::uint32_t, 256> make_table() {
    std::array<std::uint32_t, 256> table{};
    for (std::uint32_t i = 0; i < table.size(); ++i) {
        auto value = i;
        for (int bit = 0; bit < 8; ++bit) value = (value & 1U) != 0 ? 0xedb88320U ^ (value >> 1U) : value >> 1U;
        table.at(i) = value;
    }
    return table;
}

std::uint32_t crc_of(std::string_view bytes) {
    static constexpr auto table = make_table();
    std::uint32_t crc = 0xffffffff;
    for (auto byte : bytes) crc = table.at((crc ^ static_cast<std::uint8_t>(byte)) & 0xffU) ^ (crc >> 8U);
    return crc ^ 0xffffffff;
}

/// Little-endian; the caller has looked that it is there.
std::uint32_t number(std::string_view bytes, std::size_t at, std::size_t size) {
    std::uint32_t out = 0;
    for (auto i = size; i-- > 0;) out = out << 8U | static_cast<std::uint8_t>(bytes[at + i]);
    return out;
}
std::uint32_t half(std::string_view bytes, std::size_t at) { return number(bytes, at, 2); }
std::uint32_t whole(std::string_view bytes, std::size_t at) { return number(bytes, at, 4); }

void put(std::string& out, std::uint32_t value, int size) {
    for (int i = 0; i < size; ++i, value >>= 8U) out += static_cast<char>(value & 0xffU);
}

struct DosTime {
    std::uint32_t time, date;
};

/// MS-DOS counts years from 1980 and seconds in pairs.
DosTime dos_time(UtcTime at) {
    auto const day = std::chrono::floor<std::chrono::days>(at);
    std::chrono::year_month_day const date{day};
    std::chrono::hh_mm_ss const clock{at - day};
    auto const year = static_cast<std::uint32_t>(std::max(0, static_cast<int>(date.year()) - 1980));
    return {static_cast<std::uint32_t>(clock.hours().count() << 11 | clock.minutes().count() << 5 | clock.seconds().count() / 2),
            year << 9U | static_cast<unsigned>(date.month()) << 5U | static_cast<unsigned>(date.day())};
}

/// One entry of the directory, and the file that it names.
Result<void> read_entry(std::string_view bytes, std::string_view entry, std::string_view name, Unpacked& out) {
    if (name.ends_with('/')) return {};
    auto const flags = half(entry, 8), method = half(entry, 10), crc = whole(entry, 16), packed = whole(entry, 20), size = whole(entry, 24);
    std::size_t const place = whole(entry, 42);
    if ((flags & k_encrypted) != 0) return unreadable("it is encrypted");
    if (packed == k_elsewhere || size == k_elsewhere || place == k_elsewhere) return unreadable("it is of the form for large archives");
    if (place > bytes.size() || bytes.size() - place < k_local_size || !bytes.substr(place).starts_with(k_local))
        return unreadable("its directory names a file that is not there");
    auto const begin = place + k_local_size + half(bytes, place + 26) + half(bytes, place + 28);
    if (begin > bytes.size() || bytes.size() - begin < packed) return unreadable("it is cut off");
    if (size > out.left()) return unreadable("unpacked it is larger than " + std::to_string(out.limits.bytes) + " bytes");
    auto const content = bytes.substr(begin, packed);
    if (method == k_stored) {
        if (packed != size || crc_of(content) != crc) return unreadable("a file in it is damaged");
        return out.add(name, std::string(content));
    }
    if (method != k_deflated) return unreadable("a file in it is packed in a way that is not known here; use stored or deflate");
    auto unpacked = inflate(content, size);
    if (!unpacked || unpacked->size() != size || crc_of(*unpacked) != crc) return unreadable("a file in it is damaged");
    return out.add(name, std::move(*unpacked));
}

}  // namespace

bool is_zip(std::string_view bytes) { return bytes.starts_with(k_local) || bytes.starts_with(k_end); }

Result<void> read_zip(std::string_view bytes, Unpacked& out) {
    auto const end = bytes.rfind(k_end);
    if (end == std::string_view::npos || bytes.size() - end < k_end_size || bytes.size() - end > k_end_size + k_longest_comment)
        return unreadable("it is cut off");
    auto const count = half(bytes, end + 10);
    std::size_t at = whole(bytes, end + 16);
    for (std::uint32_t i = 0; i < count; ++i) {
        if (at > end || end - at < k_entry_size || !bytes.substr(at).starts_with(k_entry)) return unreadable("its directory is broken");
        auto const entry = bytes.substr(at, k_entry_size);
        auto const name = half(entry, 28);
        auto const more = name + half(entry, 30) + half(entry, 32);
        if (end - at - k_entry_size < more) return unreadable("its directory is broken");
        CS_CHECK(read_entry(bytes, entry, bytes.substr(at + k_entry_size, name), out));
        at += k_entry_size + more;
    }
    return {};
}

std::string write_zip(std::vector<File> const& files, UtcTime at) {
    constexpr std::uint32_t version = 20, utf8 = 0x0800;
    auto const [time, date] = dos_time(at);
    std::string out, directory;
    for (auto const& file : files) {
        auto const place = static_cast<std::uint32_t>(out.size());
        std::string shared;  // what both headers say
        put(shared, version, 2);
        put(shared, utf8, 2);
        put(shared, k_stored, 2);
        put(shared, time, 2);
        put(shared, date, 2);
        put(shared, crc_of(file.content), 4);
        put(shared, static_cast<std::uint32_t>(file.content.size()), 4);
        put(shared, static_cast<std::uint32_t>(file.content.size()), 4);
        put(shared, static_cast<std::uint32_t>(file.name.size()), 2);
        put(shared, 0, 2);
        out += std::string(k_local) + shared + file.name + file.content;
        directory += k_entry;
        put(directory, version, 2);
        directory += shared;
        put(directory, 0, 2 + 2 + 2);
        put(directory, 0, 4);
        put(directory, place, 4);
        directory += file.name;
    }
    auto const place = static_cast<std::uint32_t>(out.size());
    out += directory;
    out += k_end;
    put(out, 0, 4);
    put(out, static_cast<std::uint32_t>(files.size()), 2);
    put(out, static_cast<std::uint32_t>(files.size()), 2);
    put(out, static_cast<std::uint32_t>(directory.size()), 4);
    put(out, place, 4);
    put(out, 0, 2);
    return out;
}

}  // namespace countersign::dialect::archive
