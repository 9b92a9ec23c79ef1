// Lines of the dataport as a system reads them, and its answers as a manager reads them.

#include "dialect/xapi_text.hpp"

#include "fuzz/family.hpp"
#include "fuzz/target.hpp"

using namespace countersign;
using namespace countersign::dialect;
using fuzz::must_hold;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    auto const text = fuzz::text_of(data, size);
    auto const& family = fuzz::xapi_family();
    if (auto const request = xapi::parse_line(text, family)) {
        if (auto const* set = std::get_if<xapi::SetSetting>(&request->what)) {
            auto const again = xapi::parse_line(xapi::write_set({set->path, set->value}), family);
            must_hold(again.has_value(), "what is written is read back");
            auto const* same = std::get_if<xapi::SetSetting>(&again->what);
            must_hold(same != nullptr && same->path == set->path && same->value == set->value, "a setting is written as it was read");
        }
        if (auto const* call = std::get_if<xapi::CallCommand>(&request->what)) {
            must_hold(xapi::parse_line(xapi::write_call(call->call), family).has_value(), "a call that was read can be written");
        }
    } else {
        (void)xapi::format_error(request.error(), xapi::verb_of(text, family));
    }
    (void)xapi::parse_answer(text);
    if (auto const location = xapi::parse_location(text)) (void)xapi::touches(*location, "Status SystemUnit Uptime");
    return 0;
}
