#include "device/services/ftp_codec.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <vector>

namespace countersign::device::ftp {

std::optional<Command> parse_command(std::string_view line) {
    auto const end = std::min(line.find(' '), line.size());
    auto const verb = line.substr(0, end);
    auto const is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
    if (verb.empty() || verb.size() > 4 || !std::ranges::all_of(verb, is_letter)) return std::nullopt;
    // One blank parts them: a password may begin with another.
    return Command{to_upper(verb), std::string(end < line.size() ? line.substr(end + 1) : std::string_view())};
}

std::string reply(int code, std::string_view text) { return std::to_string(code) + " " + std::string(text) + "\r\n"; }

std::string features_reply() { return "211-Features:\r\n EPSV\r\n PASV\r\n SIZE\r\n UTF8\r\n211 End\r\n"; }

std::optional<std::string> passive_reply(std::string_view address, std::uint16_t port) {
    if (!is_ip_address(address) || address.contains(':')) return std::nullopt;
    return reply(227, "Entering Passive Mode (" + replace_all(std::string(address), ".", ",") + "," + std::to_string(port >> 8) + "," +
                          std::to_string(port & 0xff) + ")");
}

std::string extended_passive_reply(std::uint16_t port) {
    return reply(229, "Entering Extended Passive Mode (|||" + std::to_string(port) + "|)");
}

std::string to_ascii(std::string_view text) {
    std::string out;
    out.reserve(text.size() + text.size() / 16);
    for (char const c : text) {
        if (c == '\n' && !out.ends_with('\r')) out += '\r';
        out += c;
    }
    return out;
}

}  // namespace countersign::device::ftp
