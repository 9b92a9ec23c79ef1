#pragma once

/// One peer of scp's old protocol. ScpSink takes files, each into memory and then whole into the tree (file_tree.hpp); whoever goes
/// away before leaves nothing behind. ScpSource gives them.

#include "device/files/file_tree.hpp"
#include "device/files/scp_codec.hpp"
#include "net/ssh.hpp"

#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace countersign::device {

inline constexpr std::size_t k_scp_depth = 8;  ///< folders in folders

class ScpSink final : public net::SshProgram {
public:
    ScpSink(std::shared_ptr<FileTree> files, scp::Command command);
    ~ScpSink() override;
    Reply handle(std::string_view bytes) override;
    Reply finish() override;

private:
    enum class State { record, contents, verdict, message };
    std::string take_line();
    std::string take_record(scp::Record const& record);
    std::string take_file(scp::Record const& record);
    std::string take_folder(scp::Record const& record);
    std::string store();
    std::string refuse(std::string_view text);
    std::string give_up(std::string_view text);
    void forget();

    std::shared_ptr<FileTree> files_;
    scp::Command command_;
    std::string target_;
    bool target_is_folder_ = false;
    std::vector<std::string> folders_;  ///< those that were entered
    State state_ = State::record;
    bool begun_ = false;
    bool over_ = false;
    int status_ = 0;
    std::string line_;
    std::string path_;  ///< of the file that comes
    std::size_t missing_ = 0;
    std::string contents_;
};

class ScpSource final : public net::SshProgram {
public:
    ScpSource(std::shared_ptr<FileTree> files, scp::Command const& command);
    Reply handle(std::string_view bytes) override;
    Reply finish() override;

private:
    struct Step {
        std::string bytes;
        bool contents = false;  ///< left out when the record before was refused
        bool waits = true;      ///< for the peer's word
    };
    void add(std::string const& path, std::size_t depth);
    void add_file(FileEntry const& entry);
    std::string next();

    std::shared_ptr<FileTree> files_;
    bool recursive_;
    bool times_;
    std::deque<Step> steps_;
    std::string line_;
    bool in_message_ = false;
    bool over_ = false;
    int status_ = 0;
};

/// For a command line of exec; null when it is none of scp's.
std::shared_ptr<net::SshProgram> make_scp(std::shared_ptr<FileTree> files, std::string_view line);

}  // namespace countersign::device
