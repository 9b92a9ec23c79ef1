#pragma once

/// The file that keeps a feedback queue over a restart or a kill: records are appended as things happen, and the file is written anew
/// when it has grown. A file that cannot be written is logged once and done without: feedback goes on from memory.

#include "device/clients/feedback_queue.hpp"
#include "host/files.hpp"

#include <filesystem>
#include <string_view>

namespace countersign::device {

class FeedbackStore {
public:
    FeedbackStore(std::filesystem::path file, host::Durability durability) : file_(std::move(file)), durability_(durability) {}
    /// What waited when the unit went down; an empty one when there is no file or it cannot be read.
    [[nodiscard]] FeedbackQueue load();
    /// Adds a record. `queue` is what the file should say after it.
    void append(std::string_view record, FeedbackQueue const& queue);
    void remove();

private:
    void complain();
    std::filesystem::path file_;
    host::Durability durability_;
    std::size_t appended_ = 0;
    bool complained_ = false;
};

}  // namespace countersign::device
