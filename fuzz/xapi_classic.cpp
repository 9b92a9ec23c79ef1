// Lines of the classic dataport, and the answers to them in every form that a session may choose.

#include "dialect/xapi_text.hpp"
#include "dialect/xapi_writer.hpp"
#include "fuzz/target.hpp"

#include <cstdlib>
#include <memory>
#include <string>

using namespace countersign;
using namespace countersign::dialect;
using fuzz::must_hold;

namespace {

family::FamilyPtr classic_family() {
    static auto const families = family::Families::load_embedded();
    for (auto const& one : families.value().all())
        if (one->dataport == family::DataportStyle::classic) return one;
    std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    static auto const held = classic_family();
    auto const& family = *held;
    auto const text = fuzz::text_of(data, size);
    for (auto const& word : xapi::complete_line(text, family)) must_hold(!word.empty(), "a completion is a word");
    auto const request = xapi::parse_line(text, family);
    if (!request) {
        auto const said = xapi::make_writer(family, {})->error(request.error(), xapi::verb_of(text, family), {});
        must_hold(said.ends_with('\n'), "an answer ends with its line");
        must_hold(said.starts_with("ERROR") || said.ends_with("\nERROR\n"), "an error says so at the beginning of its last line");
        return 0;
    }
    if (auto const* call = std::get_if<xapi::CallCommand>(&request->what)) {
        auto const written = xapi::write_call(call->call);
        if (written.size() > xapi::k_max_line) return 0;  // escapes made it longer
        auto const again = xapi::parse_line(written, family);
        must_hold(again.has_value(), "a call that was read can be written");
        auto const* same = std::get_if<xapi::CallCommand>(&again->what);
        must_hold(same != nullptr && same->call.arguments == call->call.arguments, "and is the same then");
    }
    if (auto const* preference = std::get_if<xapi::Preference>(&request->what)) {
        xapi::Preferences preferences;
        if (!xapi::set_preference(preferences, preference->name, preference->value, family))
            must_hold(preferences == xapi::Preferences{}, "what is refused changes nothing");
    }
    if (auto const* set = std::get_if<xapi::SetSetting>(&request->what)) {
        auto const shown = xapi::make_writer(family, {.complete_path = true})->status({{set->path, set->value}}, {});
        must_hold(shown.ends_with("\nOK\n"), "status ends with OK");
    }
    return 0;
}
