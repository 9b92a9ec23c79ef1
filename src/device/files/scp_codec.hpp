#pragma once

/// The words of scp's old protocol (OpenSSH's `scp -O`) without a socket: the command line that a client asks for, and the records in
/// front of files. There is no standard; OpenSSH's scp.c shows what is spoken.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace countersign::device::scp {

inline constexpr std::size_t k_line_limit = 2048;  ///< of a record, bytes

struct Command {
    bool sink = false;  ///< -t: we take files; else -f: we give them
    bool recursive = false;
    bool times = false;   ///< -p: times go along
    bool folder = false;  ///< -d: the target has to be a folder
    std::vector<std::string> paths;
};
/// "scp -r -t -- '/certificates'". Words are parted and unquoted as a shell would; nothing is expanded. Nothing for what is no such
/// command, without a path, with both or none of -t and -f, or with several targets.
std::optional<Command> parse_command(std::string_view line);

/// "C0644 1234 name", "D0755 0 name", "E", "T1700000000 0 1700000000 0".
struct Record {
    enum class Kind { file, folder, end_of_folder, times } kind = Kind::file;
    std::uint64_t size = 0;  ///< bytes
    std::string name;        ///< one step of a path: never empty, ".", "..", with a slash or with control characters
};
/// `line` without its end. Nothing for what is none of the above.
std::optional<Record> parse_record(std::string_view line);

std::string write_file(std::size_t size, std::string_view name);
std::string write_folder(std::string_view name);
/// Seconds since 1970.
std::string write_times(std::int64_t changed);
/// A refusal: the transfer goes on with the next file.
std::string write_refusal(std::string_view text);

}  // namespace countersign::device::scp
