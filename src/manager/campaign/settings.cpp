#include "manager/campaign/settings.hpp"

#include "countersign/errors/sto.hpp"

#include <boost/json.hpp>

namespace countersign::manager {

namespace json = boost::json;

json::object to_json(CampaignSettings const& settings) {
    json::array waves, windows;
    for (auto const& wave : settings.waves) waves.emplace_back(to_string(wave));
    for (auto const& window : settings.windows) windows.emplace_back(window.text);
    return {{"name", settings.name},
            {"selection", settings.selection},
            {"mode", to_string(settings.mode)},
            {"canaries", json::array(settings.canaries.begin(), settings.canaries.end())},
            {"canary_count", settings.canary_count},
            {"waves", std::move(waves)},
            {"stop_on", to_string(settings.stop_on)},
            {"at_once", settings.at_once},
            {"attempts", settings.attempts},
            {"confirm", to_string(settings.confirm)},
            {"trial_seconds", settings.trial_seconds},
            {"windows", std::move(windows)},
            {"start_at", settings.start_at ? json::value(to_string(*settings.start_at)) : json::value(nullptr)}};
}

namespace {

std::string text_of(json::object const& object, std::string_view field) {
    auto const* found = object.if_contains(field);
    return found && found->is_string() ? std::string(found->get_string()) : std::string();
}

int number_of(json::object const& object, std::string_view field, int otherwise) {
    auto const* found = object.if_contains(field);
    return found && found->is_int64() ? static_cast<int>(found->get_int64()) : otherwise;
}

json::array list_of(json::object const& object, std::string_view field) {
    auto const* found = object.if_contains(field);
    return found && found->is_array() ? found->get_array() : json::array();
}

}  // namespace

Result<CampaignSettings> parse_campaign_settings(std::string_view document, ZoneSource const& zones) {
    boost::system::error_code code;
    auto const parsed = json::parse(document, code);
    if (code || !parsed.is_object()) return fail(errors::sto::query_failed, {{"detail", "the settings of a campaign cannot be read"}});
    auto const& object = parsed.get_object();
    CampaignSettings settings{.name = text_of(object, "name"), .selection = text_of(object, "selection")};
    settings.mode = parse_secure_only(text_of(object, "mode")).value_or(SecureOnly::off);
    for (auto const& id : list_of(object, "canaries"))
        if (id.is_int64()) settings.canaries.push_back(id.get_int64());
    settings.canary_count = number_of(object, "canary_count", 0);
    for (auto const& wave : list_of(object, "waves"))
        if (auto amount = wave.is_string() ? parse_amount(wave.get_string()) : std::nullopt) settings.waves.push_back(*amount);
    settings.stop_on = parse_amount(text_of(object, "stop_on")).value_or(settings.stop_on);
    settings.at_once = number_of(object, "at_once", settings.at_once);
    settings.attempts = number_of(object, "attempts", settings.attempts);
    settings.confirm = parse_confirm(text_of(object, "confirm")).value_or(settings.confirm);
    settings.trial_seconds = number_of(object, "trial_seconds", settings.trial_seconds);
    for (auto const& window : list_of(object, "windows")) {
        if (!window.is_string()) continue;
        CS_TRY(auto read, parse_window(window.get_string(), zones));
        settings.windows.push_back(std::move(read));
    }
    settings.start_at = parse_utc_time(text_of(object, "start_at"));
    return settings;
}

}  // namespace countersign::manager
