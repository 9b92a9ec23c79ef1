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

SettingTree::SettingTree(family::FamilyPtr family, UnitWords words, Values factory)
    : family_(std::move(family)),
      words_(std::move(words)),
      factory_(std::move(factory)),
      stored_(std::make_shared<Values const>()),
      effective_(stored_) {}

std::uint16_t SettingTree::index_of(family::Setting const& setting) const {
    return static_cast<std::uint16_t>(&setting - family_->settings.data());
}

std::string SettingTree::factory_value(family::Setting const& setting) const {
    if (auto found = factory_.find(index_of(setting)); found != factory_.end()) return found->second;
    return expand(setting.default_value, words_);
}

std::string SettingTree::value(Values const& values, family::Setting const& setting) const {
    if (auto found = values.find(index_of(setting)); found != values.end()) return found->second;
    return factory_value(setting);
}

void SettingTree::set(Values& values, family::Setting const& setting, std::string_view value) const {
    if (value == factory_value(setting))
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
