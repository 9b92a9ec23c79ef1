// Calls to an external manager, its answers, and feedback.

#include "dialect/soap_external_manager.hpp"
#include "fuzz/family.hpp"
#include "fuzz/target.hpp"

using namespace countersign;
using namespace countersign::dialect;
using fuzz::must_hold;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    auto const text = fuzz::text_of(data, size);
    if (auto const event = external_manager::parse_post_event(text)) {
        auto const again = external_manager::parse_post_event(external_manager::write_post_event(*event));
        // Not the same one: control characters become '?'.
        must_hold(again.has_value(), "an event that was read can be written");
    }
    if (auto const answer = external_manager::parse_answer(text, fuzz::xapi_family())) {
        must_hold(answer->heartbeat >= std::chrono::seconds(0) && answer->heartbeat <= std::chrono::days(1),
                  "a heartbeat is a day at most");
        // Need not be read again: a command may have a name that XML cannot write.
        (void)external_manager::parse_answer(external_manager::write_answer(*answer, "urn:x"), fuzz::xapi_family());
    }
    (void)external_manager::parse_feedback(text);
    return 0;
}
