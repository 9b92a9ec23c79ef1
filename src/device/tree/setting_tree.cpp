#include "device/tree/setting_tree.hpp"

#include "base/text.hpp"

#include <utility>

namespace countersign::device {

std::string expand(std::string_view text, UnitWords const& words) {
    std::string out(text);
    if (!out.contains('{')) return out;
    out = replace_all(std::move(out), "{serial}", words.serial);
    out = replace_all(std::move(out), "{name}", words.name);
    out = replace_all(std::move(out), "{address}", words.address);
    return replace_all(std::move(out), "{product_id}", words.product_id);
}

SettingTree::SettingTree(family::FamilyPtr family, UnitWords words, Values factory, std::vector<std::string> feature_keys)
    : family_(std::move(family)),
      words_(std::move(words)),
      factory_(std::move(factory)),
      feature_keys_(std::move(feature_keys)),
      stored_(std::make_shared<Values const>()),
      effective_(stored_) {}

std::uint16_t SettingTree::index_of(family::Setting const& setting) const {
    return static_cast<std::uint16_t>(&setting - family_->settings.data());
}

bool SettingTree::holds(Values const& values, family::Setting::DefaultWhen const& when) const {
    if (!when.feature_key.empty()) return family::has_feature_key(std::vector{when.feature_key}, feature_keys_);
    auto const* other = family_->find_canonical(when.setting);
    if (other == nullptr) return false;
    // Of the other one the plain default, so that two cannot wait for each other.
    auto found = values.find(index_of(*other));
    auto factory = factory_.find(index_of(*other));
    auto const& held = found != values.end() ? found->second : factory != factory_.end() ? factory->second : other->default_value;
    return iequals(other->to_canonical(held), when.equals);
}

std::string SettingTree::factory_value(Values const& values, family::Setting const& setting) const {
    if (auto found = factory_.find(index_of(setting)); found != factory_.end()) return found->second;
    for (auto const& when : setting.default_when)
        if (holds(values, when)) return when.value;
    if (!setting.default_value.contains('{')) return setting.default_value;
    // A system that listens on 0.0.0.0 or on IPv6 has no IPv4 address to show, and whoever saves a page as it is must not be refused.
    auto value = expand(setting.default_value, words_);
    bool const fits = setting.space.format == family::ValueFormat::text || setting.space.check(setting.path, value).has_value();
    return fits ? value : std::string();
}

std::string SettingTree::value(Values const& values, family::Setting const& setting) const {
    if (auto found = values.find(index_of(setting)); found != values.end()) return found->second;
    return factory_value(values, setting);
}

void SettingTree::set(Values& values, family::Setting const& setting, std::string_view value) const {
    // A default that follows another setting: what was set by hand stays as it was set.
    if (setting.default_when.empty() && value == factory_value(values, setting))
        values.erase(index_of(setting));
    else
        values.insert_or_assign(index_of(setting), std::string(value));
}

void SettingTree::commit(Values stored, Values effective) {
    bool same = stored == effective;
    stored_ = std::make_shared<Values const>(std::move(stored));
    effective_ = same ? stored_ : std::make_shared<Values const>(std::move(effective));
}

}  // namespace countersign::device
