#pragma once

/// A Unix socket for commands of the same machine: one line there, text back, closed.

#include "net/task.hpp"

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

namespace countersign::net {

inline constexpr std::size_t k_local_line = 1024;                ///< bytes, without the line's end
inline constexpr std::size_t k_local_answer = 64 * 1024 * 1024;  ///< bytes that a client takes
inline constexpr Milliseconds k_local_deadline{10000};           ///< for the line, and for the answer to be taken

class LocalListener {
public:
    virtual ~LocalListener() = default;
};
/// Mode 0600. A socket that a dead process left is replaced; one that is in use is NET-014. The file goes with the listener.
Result<std::unique_ptr<LocalListener>> listen_local(Executor executor, std::filesystem::path file,
                                                    std::function<Task<std::string>(std::string line)> answer);
/// Blocks. NET-001 when nobody listens there, NET-002, NET-003.
Result<std::string> ask_local(std::filesystem::path const& file, std::string const& line);

}  // namespace countersign::net
