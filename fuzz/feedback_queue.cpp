// The file that keeps feedback over a restart: whatever a kill or a full disk has left of it.

#include "device/clients/feedback_queue.hpp"

#include "fuzz/target.hpp"

using namespace countersign;
using fuzz::must_hold;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    auto const text = fuzz::text_of(data, size);
    auto queue = device::FeedbackQueue::parse(text);
    must_hold(queue.size() <= device::FeedbackQueue::k_longest, "a queue has a limit");
    auto const again = device::FeedbackQueue::parse(queue.to_text());
    must_hold(again.size() == queue.size() && again.to_text() == queue.to_text(), "what was read is written so that it is read again");
    must_hold(again.batch().items == queue.batch().items && again.batch().mark == queue.batch().mark, "in the same order");
    while (!queue.empty()) {
        auto const batch = queue.batch();
        auto const before = queue.size();
        must_hold(!batch.items.empty() && batch.items.size() <= device::FeedbackQueue::k_batch, "a batch has a limit");
        (void)queue.delivered(batch.mark);
        must_hold(before - queue.size() == batch.items.size(), "what was delivered goes and nothing else");
    }
    return 0;
}
