#pragma once

/// One peer of SFTP. Read a file: it is as it was at the moment of opening. Write one: it is kept here until it is closed and then taken
/// whole (file_tree.hpp); whoever goes away before leaves nothing behind. Names cannot be made, removed or changed.

#include "device/files/file_tree.hpp"
#include "device/files/sftp_codec.hpp"
#include "net/ssh.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace countersign::device {

inline constexpr std::size_t k_sftp_handles = 16;               ///< open at a time
inline constexpr std::size_t k_sftp_answer_limit = 128 * 1024;  ///< bytes of one reply, and one packet more

class SftpSession final : public net::SshProgram {
public:
    explicit SftpSession(std::shared_ptr<FileTree> files) : files_(std::move(files)) {}
    ~SftpSession() override;
    Reply handle(std::string_view bytes) override;
    Reply finish() override { return {.bytes = {}, .more = false, .ended = true, .exit_status = 0}; }

private:
    struct Handle {
        enum class Kind { reading, writing, folder } kind = Kind::reading;
        std::string path;
        std::string content;             ///< read or written
        std::vector<FileEntry> entries;  ///< of a folder, those that are still to be told
        bool broken = false;             ///< a write was refused: so will the file be
    };

    std::string answer(std::string_view packet);
    std::string answer(sftp::Request const& request);
    std::string open(sftp::Request const& request);
    std::string open_folder(sftp::Request const& request);
    std::string keep(std::uint32_t id, Handle handle);
    std::string close(sftp::Request const& request);
    std::string read(sftp::Request const& request);
    std::string write(sftp::Request const& request);
    std::string read_folder(sftp::Request const& request);
    std::string tell(sftp::Request const& request);
    std::string pretend(sftp::Request const& request);
    std::string real_path(sftp::Request const& request);
    Handle* find(std::string_view handle);

    std::shared_ptr<FileTree> files_;
    std::string input_;
    bool greeted_ = false;
    std::uint32_t next_ = 0;
    std::map<std::string, Handle, std::less<>> handles_;
};

}  // namespace countersign::device
