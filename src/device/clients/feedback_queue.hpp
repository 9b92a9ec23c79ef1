#pragma once

/// Events that wait to be posted to one feedback address. Pure. It holds the newest 100: a server that was away for long has to look
/// at the system anyway.

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

namespace countersign::device {

struct FeedbackItem {
    std::string event;  ///< "restart", "configureAck" ...; empty for a changed setting
    std::string path;   ///< of a changed setting
    std::string value;
    bool operator==(FeedbackItem const&) const = default;
};

class FeedbackQueue {
public:
    static constexpr std::size_t k_longest = 100;

    /// The same setting changed again takes the place of what waits; an event that waits already is not repeated.
    void push(FeedbackItem item) {
        std::erase_if(waiting_, [&item](Entry const& entry) { return entry.item.event == item.event && entry.item.path == item.path; });
        waiting_.push_back({++last_, std::move(item)});
        if (waiting_.size() <= k_longest) return;
        waiting_.pop_front();
        ++lost_;
    }
    /// Everything that waits, oldest first, and a mark for `delivered`.
    struct Batch {
        std::vector<FeedbackItem> items;
        std::uint64_t mark = 0;
    };
    [[nodiscard]] Batch batch() const {
        Batch out;
        for (auto const& entry : waiting_) out.items.push_back(entry.item);
        out.mark = last_;
        return out;
    }
    /// Removes what was in the batch; what came since stays.
    void delivered(std::uint64_t mark) {
        while (!waiting_.empty() && waiting_.front().number <= mark) waiting_.pop_front();
    }
    void clear() { waiting_.clear(); }
    [[nodiscard]] bool empty() const { return waiting_.empty(); }
    [[nodiscard]] std::uint64_t lost() const { return lost_; }

private:
    struct Entry {
        std::uint64_t number;
        FeedbackItem item;
    };
    std::deque<Entry> waiting_;
    std::uint64_t last_ = 0;
    std::uint64_t lost_ = 0;
};

}  // namespace countersign::device
