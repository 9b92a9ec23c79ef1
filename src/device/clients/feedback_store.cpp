#include "device/clients/feedback_store.hpp"

#include "base/log.hpp"

#include <fcntl.h>
#include <unistd.h>
#include <utility>

namespace countersign::device {
namespace {

/// Records of a full queue, and as much again of those that were delivered.
constexpr std::size_t k_read_limit = 4 * FeedbackQueue::k_largest;
constexpr std::size_t k_rewrite_after = FeedbackQueue::k_largest;

}  // namespace

FeedbackQueue FeedbackStore::load() {
    std::error_code ignored;
    if (!std::filesystem::exists(file_, ignored)) return {};
    auto const text = host::read_file(file_, k_read_limit);
    if (text) {
        auto queue = FeedbackQueue::parse(*text);
        // Else each start would let it grow.
        if (text->size() > k_rewrite_after && !host::write_file(file_, queue.to_text(), host::Privacy::owner_only, durability_)) complain();
        return queue;
    }
    log::warning("feedback.not_read", {{"file", file_.string()}, {"error", text.error().message()}});
    return {};
}

void FeedbackStore::append(std::string_view record, FeedbackQueue const& queue) {
    if (record.empty()) return;
    appended_ += record.size();
    if (appended_ > k_rewrite_after) {
        appended_ = 0;
        if (!host::write_file(file_, queue.to_text(), host::Privacy::owner_only, durability_)) complain();
        return;
    }
    int const handle = ::open(file_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    bool written = handle >= 0 && ::write(handle, record.data(), record.size()) == static_cast<ssize_t>(record.size());
    if (written && durability_ == host::Durability::fsync) written = ::fdatasync(handle) == 0;
    if (handle >= 0) ::close(handle);
    if (!written) complain();
}

void FeedbackStore::remove() {
    appended_ = 0;
    std::error_code ignored;
    std::filesystem::remove(file_, ignored);
}

void FeedbackStore::complain() {
    if (!std::exchange(complained_, true)) log::warning("feedback.not_written", {{"file", file_.string()}});
}

}  // namespace countersign::device
