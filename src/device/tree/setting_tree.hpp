#pragma once

/// The settings of one unit. Only what differs from the factory value is kept, so that a thousand units cost little, and
/// stored and effective values share one map while they are equal (REQ SVC-3: some changes wait for a restart).

#include "family/family.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace countersign::device {

/// Facts of the unit that stand in default values as "{serial}" and its like.
struct UnitWords {
    std::string serial;
    std::string name;
    std::string address;
    std::string product_id;
};
/// Replaces {serial}, {name}, {address} and {product_id}.
std::string expand(std::string_view text, UnitWords const& words);

class SettingTree {
public:
    /// Index of the setting in the family -> value in the family's spelling.
    using Values = std::map<std::uint16_t, std::string>;

    /// `factory` holds factory values of this unit that differ from the family's.
    SettingTree(family::FamilyPtr family, UnitWords words, Values factory, std::vector<std::string> feature_keys = {});

    [[nodiscard]] std::uint16_t index_of(family::Setting const& setting) const;
    [[nodiscard]] std::string value(Values const& values, family::Setting const& setting) const;
    [[nodiscard]] std::string stored(family::Setting const& setting) const { return value(*stored_, setting); }
    [[nodiscard]] std::string effective(family::Setting const& setting) const { return value(*effective_, setting); }
    [[nodiscard]] Values const& stored_values() const { return *stored_; }
    [[nodiscard]] Values const& effective_values() const { return *effective_; }
    /// Writes a value into `values`; one that equals the factory value is taken out.
    void set(Values& values, family::Setting const& setting, std::string_view value) const;
    void commit(Values stored, Values effective);
    /// Some defaults hold with a feature key only.
    void set_feature_keys(std::vector<std::string> keys) { feature_keys_ = std::move(keys); }
    /// At boot: what was stored becomes effective.
    void make_effective() { effective_ = stored_; }
    [[nodiscard]] bool pending() const { return stored_ != effective_ && *stored_ != *effective_; }

private:
    /// Some defaults follow another setting, so `values` are asked.
    [[nodiscard]] std::string factory_value(Values const& values, family::Setting const& setting) const;
    [[nodiscard]] bool holds(Values const& values, family::Setting::DefaultWhen const& when) const;
    family::FamilyPtr family_;
    UnitWords words_;
    Values factory_;
    std::vector<std::string> feature_keys_;
    std::shared_ptr<Values const> stored_;
    std::shared_ptr<Values const> effective_;
};

}  // namespace countersign::device
