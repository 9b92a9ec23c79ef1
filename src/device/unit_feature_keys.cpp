/// Feature keys that are installed and removed while the unit runs (REQ MCU-1).

#include "base/text.hpp"
#include "device/tree/feature_codes.hpp"
#include "device/unit_state.hpp"

#include "countersign/errors/dev.hpp"
#include "countersign/errors/gen.hpp"

#include <algorithm>
#include <utility>

namespace countersign::device {

Result<void> Unit::State::take_feature_keys(Unit& unit, std::vector<std::string> keys) {
    auto const before = prospect(tree.effective_values());
    auto after = before;
    after.feature_keys = keys;
    auto stored_after = prospect(tree.stored_values());
    auto const stored_before = stored_after;
    stored_after.feature_keys = keys;
    for (auto const& [from, to] : {std::pair(&before, &after), std::pair(&stored_before, &stored_after)})
        if (auto problems = judge(*from, *to, {}); !problems.empty()) return fail(std::move(problems.front()));
    auto old = std::exchange(feature_keys, std::move(keys));
    auto const were_installed = std::exchange(keys_installed, true);
    tree.set_feature_keys(feature_keys);
    if (auto saved = save(); !saved) {
        feature_keys = std::move(old);
        keys_installed = were_installed;
        tree.set_feature_keys(feature_keys);
        return saved;
    }
    if (running == Running::off || running == Running::restarting) return {};
    // What lost its key closes. What has one opens when it is on already, or at the next change.
    adopt_each(unit, open_each(unit, wanted_doors(prospect(tree.effective_values()))));
    settings_took_effect(unit);
    return {};
}

Result<std::string> Unit::install_feature_key(std::string_view code, Actor actor) {
    CS_CHECK(check_may_change(actor));
    auto feature = feature_of_code(family(), spec().serial, code);
    if (!feature) return fail(errors::dev::wrong_activation_code, {{"serial", spec().serial}});
    auto keys = feature_keys();
    if (std::ranges::find(keys, *feature) != keys.end()) return fail(errors::dev::feature_activated_already, {{"feature", *feature}});
    keys.push_back(*feature);
    CS_CHECK(state_->take_feature_keys(*this, std::move(keys)));
    report("feature_key.installed", {{"feature", *feature}, {"door", actor.door}, {"user", actor.user}, {"peer", actor.peer}});
    return *feature;
}

Result<std::string> Unit::remove_feature_key(std::string_view code_or_name, Actor actor) {
    CS_CHECK(check_may_change(actor));
    auto const feature = feature_of_code(family(), spec().serial, code_or_name).value_or(std::string(code_or_name));
    auto keys = feature_keys();
    auto const held = std::ranges::find_if(keys, [&feature](auto const& key) { return iequals(key, feature); });
    if (held == keys.end()) return fail(errors::gen::not_found, {{"what", "activated feature"}, {"name", feature}});
    auto gone = std::move(*held);
    keys.erase(held);
    CS_CHECK(state_->take_feature_keys(*this, std::move(keys)));
    report("feature_key.removed", {{"feature", gone}, {"door", actor.door}, {"user", actor.user}, {"peer", actor.peer}});
    return gone;
}

}  // namespace countersign::device
