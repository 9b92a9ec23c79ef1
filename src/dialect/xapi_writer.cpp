#include "dialect/xapi_writer.hpp"

#include "base/text.hpp"
#include "dialect/xapi_words.hpp"
#include "dialect/xapi_writers.hpp"

#include "countersign/errors/dev.hpp"

#include <array>
#include <span>

namespace countersign::dialect::xapi {
namespace {

using namespace std::string_view_literals;

constexpr std::array k_modes{"terminal"sv, "xml"sv, "json"sv};
constexpr std::array k_on_off{"on"sv, "off"sv};
constexpr std::array k_levels{"1"sv, "2"sv};

struct Entry {
    std::string_view name;
    std::span<std::string_view const> values;
    std::string_view notation;
    void (*set)(Preferences&, std::string_view value);
};

constexpr std::array k_modern{
    Entry{"outputmode", k_modes, "<terminal/xml/json>", [](Preferences& to, std::string_view value) {
              to.mode = value == "xml" ? OutputMode::xml : value == "json" ? OutputMode::json : OutputMode::terminal;
          }}};

// In the order of the vendor's usage text (protocols 2.2).
constexpr std::array k_classic{
    Entry{"xpathwrite", k_on_off, "<on/off>", [](Preferences& to, std::string_view value) { to.xpath_write = value == "on"; }},
    Entry{"detaillevel", k_levels, "<1..2>", [](Preferences& to, std::string_view value) { to.detail_level = value == "1" ? 1 : 2; }},
    Entry{"xmlconfigfeedback", k_on_off, "<on/off>",
          [](Preferences& to, std::string_view value) { to.xml_configuration_feedback = value == "on"; }},
    Entry{"xmlstatusfeedback", k_on_off, "<on/off>",
          [](Preferences& to, std::string_view value) { to.xml_status_feedback = value == "on"; }},
    Entry{"xmlcommandresult", k_on_off, "<on/off>", [](Preferences& to, std::string_view value) { to.xml_command_result = value == "on"; }},
    Entry{"itemnumber", k_on_off, "<on/off>", [](Preferences& to, std::string_view value) { to.item_numbers = value == "on"; }},
    Entry{"completepath", k_on_off, "<on/off>", [](Preferences& to, std::string_view value) { to.complete_path = value == "on"; }}};

std::span<Entry const> entries_of(family::Family const& family) {
    if (family.dataport == family::DataportStyle::classic) return k_classic;
    return k_modern;
}

Result<Entry const*> find_entry(std::string_view name, family::Family const& family) {
    std::vector<std::string_view> names;
    for (auto const& entry : entries_of(family)) names.push_back(entry.name);
    CS_TRY(auto const whole, complete_word(name, names));
    for (auto const& entry : entries_of(family))
        if (entry.name == whole) return &entry;
    return nullptr;
}

}  // namespace

Result<void> set_preference(Preferences& preferences, std::string_view name, std::string_view value, family::Family const& family) {
    CS_TRY(auto const* entry, find_entry(name, family));
    if (entry == nullptr) return fail(errors::dev::malformed_command, {{"detail", "usage: " + join(preference_usage(family), " or: ")}});
    CS_TRY(auto const whole, complete_word(value, entry->values));
    if (whole.empty()) return fail(errors::dev::illegal_value, {{"path", entry->name}, {"value", value}, {"allowed", entry->notation}});
    entry->set(preferences, whole);
    return {};
}

std::vector<std::string> preference_usage(family::Family const& family) {
    std::vector<std::string> out;
    auto const verb = family.dataport == family::DataportStyle::classic ? "xpreferences "sv : "xPreferences "sv;
    for (auto const& entry : entries_of(family))
        out.push_back(std::string(verb) + std::string(entry.name) + " " + std::string(entry.notation));
    return out;
}

std::vector<std::string> preference_words(std::string_view name, family::Family const& family) {
    std::vector<std::string> out;
    if (name.empty()) {
        for (auto const& entry : entries_of(family)) out.emplace_back(entry.name);
        return out;
    }
    auto const entry = find_entry(name, family);
    if (entry && *entry != nullptr) out.assign((*entry)->values.begin(), (*entry)->values.end());
    return out;
}

bool is_out_of_range(family::Family const& family, Error const& error) {
    if (error.id() != errors::dev::illegal_value) return false;
    auto const* setting = family.find_setting(error.parameter("path"));
    return setting != nullptr && setting->space.kind == family::ValueKind::integer &&
           parse_number<std::int64_t>(error.parameter("value")).has_value();
}

std::string_view to_string(Root root) {
    switch (root) {
        case Root::configuration: return "Configuration";
        case Root::status: return "Status";
        case Root::event: return "Event";
    }
    return "";
}

std::unique_ptr<Writer const> make_writer(family::Family const& family, Preferences const& preferences) {
    if (family.dataport == family::DataportStyle::classic) return make_classic_writer(family, preferences);
    if (preferences.mode == OutputMode::xml) return make_xml_writer(family);
    if (preferences.mode == OutputMode::json) return make_json_writer(family);
    return make_modern_writer(family);
}

}  // namespace countersign::dialect::xapi
