#pragma once

/// The messages of SFTP version 3 (draft-ietf-secsh-filexfer-02), which is what all clients speak, without a socket. Any bytes may come:
/// what is not a request, or longer than k_packet_limit, is nothing.

#include "base/utc_time.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace countersign::device::sftp {

/// Of a packet behind its length, in bytes. Clients send 32 KiB of a file at a time; the draft wants 34,000 at least.
inline constexpr std::size_t k_packet_limit = 68 * 1024;
inline constexpr std::uint32_t k_version = 3;

enum class Type : std::uint8_t {
    init = 1,
    version = 2,
    open = 3,
    close = 4,
    read = 5,
    write = 6,
    lstat = 7,
    fstat = 8,
    setstat = 9,
    fsetstat = 10,
    opendir = 11,
    readdir = 12,
    remove = 13,
    mkdir = 14,
    rmdir = 15,
    realpath = 16,
    stat = 17,
    rename = 18,
    readlink = 19,
    symlink = 20,
    status = 101,
    handle = 102,
    data = 103,
    name = 104,
    attributes = 105,
    extended = 200
};

enum class Status : std::uint32_t { ok = 0, end = 1, no_such_file = 2, denied = 3, failure = 4, bad_message = 5, unsupported = 8 };

inline constexpr std::uint32_t k_open_read = 1;
inline constexpr std::uint32_t k_open_write = 2;
inline constexpr std::uint32_t k_open_append = 4;
inline constexpr std::uint32_t k_open_exclusive = 32;

/// What is said of a file. Only what we look at is kept of what comes.
struct Attributes {
    std::optional<std::uint64_t> size;
    std::optional<std::uint32_t> permissions;  ///< with the kind of file, as st_mode
    std::optional<UtcTime> changed;            ///< from 1970 to 2106
};

/// The texts are views of the packet.
struct Request {
    Type type = Type::init;
    std::uint32_t id = 0;
    std::string_view path;
    std::string_view handle;
    std::string_view data;     ///< of write
    std::uint64_t offset = 0;  ///< of read and write
    std::uint32_t number = 0;  ///< of open the flags, of read the length, of init the version
    Attributes attributes;
};

/// The first whole packet of `bytes`, without its length. `too_long`: it never will be one.
struct Packet {
    std::optional<std::string_view> content;
    bool too_long = false;
};
Packet first_packet(std::string_view bytes);
/// `id` is known also of a request that is not (for the answer), except when not even that could be read.
struct Parsed {
    std::optional<std::uint32_t> id;
    std::optional<Request> request;
};
/// What stands behind the fields that we know is ignored. A type that there is not is a request with that number.
Parsed parse_request(std::string_view packet);

// --- answers, with their length ---

struct Name {
    std::string name;
    std::string line;  ///< as `ls -l` shows it
    Attributes attributes;
};
std::string write_version();
std::string write_status(std::uint32_t id, Status status, std::string_view text);
std::string write_handle(std::uint32_t id, std::string_view handle);
std::string write_data(std::uint32_t id, std::string_view data);
std::string write_names(std::uint32_t id, std::vector<Name> const& names);
std::string write_attributes(std::uint32_t id, Attributes const& attributes);

}  // namespace countersign::device::sftp
