#pragma once

/// Events that wait to be posted to one feedback address, and the records of a file that keeps them over a restart or a kill (REQ CLI-5).
/// Pure, without files: feedback_store.hpp has those.
///
/// Limits: 1,000 events and 256 KiB of records; beyond them the oldest is dropped and counted. Order is kept. What was posted when the
/// process was killed, but not yet recorded, is posted again: at least once, never lost.

#include "base/text.hpp"

#include <algorithm>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace countersign::device {

/// One thing that happened: leaves below "Configuration" or "Event"; with an empty root the name of an XML-RPC event.
struct FeedbackItem {
    struct Leaf {
        std::string path;
        std::string value;
        bool operator==(Leaf const&) const = default;
    };
    std::string root;
    std::vector<Leaf> leaves;
    bool operator==(FeedbackItem const&) const = default;
};

class FeedbackQueue {
public:
    static constexpr std::size_t k_longest = 1'000;
    static constexpr std::size_t k_largest = 256 * 1024;  ///< bytes of records
    static constexpr std::size_t k_batch = 50;            ///< items in one post

    /// The record to write down; empty for an XML-RPC event that waits already, which is not repeated, and for what is too large.
    std::string push(FeedbackItem item) {
        auto const same = [&item](Entry const& entry) { return item.root.empty() && entry.item == item; };
        if (std::ranges::any_of(waiting_, same)) return {};
        auto record = record_of(last_ + 1, item);
        if (record.size() > k_largest / 4) {
            ++lost_;
            return {};
        }
        ++last_;
        size_ += record.size();
        waiting_.push_back({last_, std::move(item), record.size()});
        while (waiting_.size() > k_longest || size_ > k_largest) {
            drop_first();
            ++lost_;
        }
        return record;
    }
    /// The oldest ones that fit one body, and a mark for `delivered`: settings together, XML-RPC events together, other events alone.
    struct Batch {
        std::vector<FeedbackItem> items;
        std::uint64_t mark = 0;
    };
    [[nodiscard]] Batch batch() const {
        Batch out;
        for (auto const& entry : waiting_) {
            bool const fits = out.items.empty() || (entry.item.root == out.items.front().root && entry.item.root != "Event");
            if (!fits || out.items.size() == k_batch) break;
            out.items.push_back(entry.item);
            out.mark = entry.number;
        }
        return out;
    }
    /// Removes what was in the batch; what came since stays. The record to write down.
    std::string delivered(std::uint64_t mark) {
        while (!waiting_.empty() && waiting_.front().number <= mark) drop_first();
        return "-\t" + std::to_string(mark) + "\n";
    }
    void clear() {
        waiting_.clear();
        size_ = 0;
    }
    [[nodiscard]] bool empty() const { return waiting_.empty(); }
    [[nodiscard]] std::size_t size() const { return waiting_.size(); }
    [[nodiscard]] std::uint64_t lost() const { return lost_; }

    /// All that waits, as records.
    [[nodiscard]] std::string to_text() const {
        std::string out;
        for (auto const& entry : waiting_) out += record_of(entry.number, entry.item);
        return out;
    }
    /// What records say. A line that cannot be read, such as the last one of a process that was killed, is left out.
    static FeedbackQueue parse(std::string_view text) {
        FeedbackQueue queue;
        for (std::size_t end = text.find('\n'); end != std::string_view::npos; end = text.find('\n')) {
            queue.take(text.substr(0, end));
            text.remove_prefix(end + 1);
        }
        return queue;
    }

private:
    struct Entry {
        std::uint64_t number;
        FeedbackItem item;
        std::size_t size;
    };

    void drop_first() {
        size_ -= waiting_.front().size;
        waiting_.pop_front();
    }

    /// Tabs part fields and line ends records: in a field they stand as %09 and %0A.
    static std::string escaped(std::string_view field) {
        std::string out;
        for (unsigned char const c : field) {
            if (c >= 0x20 && c != '%' && c != 0x7f)
                out += static_cast<char>(c);
            else
                out += '%' + to_hex(std::span(&c, 1));
        }
        return out;
    }
    static std::optional<std::string> unescaped(std::string_view field) {
        std::string out;
        while (!field.empty()) {
            if (field.front() != '%') {
                out += field.front();
                field.remove_prefix(1);
                continue;
            }
            auto const byte = field.size() < 3 ? std::nullopt : from_hex(field.substr(1, 2));
            if (!byte || byte->size() != 1) return std::nullopt;
            out += static_cast<char>(byte->front());
            field.remove_prefix(3);
        }
        return out;
    }
    static std::string record_of(std::uint64_t number, FeedbackItem const& item) {
        auto out = "+\t" + std::to_string(number) + "\t" + escaped(item.root);
        for (auto const& leaf : item.leaves) out += "\t" + escaped(leaf.path) + "\t" + escaped(leaf.value);
        return out + "\n";
    }
    void take(std::string_view line) {
        auto const fields = split(line, '\t');
        auto const number = fields.size() < 2 ? std::nullopt : parse_number<std::uint64_t>(fields[1]);
        if (!number) return;
        if (fields[0] == "-") {
            while (!waiting_.empty() && waiting_.front().number <= *number) drop_first();
            return;
        }
        // Numbers rise: what does not is not ours.
        constexpr std::uint64_t k_last = UINT64_MAX / 2;
        if (fields[0] != "+" || fields.size() < 5 || fields.size() % 2 == 0 || *number <= last_ || *number > k_last) return;
        FeedbackItem item;
        std::vector<std::string> plain;
        for (auto const field : std::span(fields).subspan(2)) {
            auto text = unescaped(field);
            if (!text) return;
            plain.push_back(*std::move(text));
        }
        item.root = std::move(plain[0]);
        for (std::size_t i = 1; i + 1 < plain.size(); i += 2) item.leaves.push_back({std::move(plain[i]), std::move(plain[i + 1])});
        last_ = *number - 1;
        (void)push(std::move(item));
        last_ = *number;
    }

    std::deque<Entry> waiting_;
    std::uint64_t last_ = 0;
    std::uint64_t lost_ = 0;
    std::size_t size_ = 0;
};

}  // namespace countersign::device
