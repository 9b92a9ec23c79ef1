#pragma once

/// The flags of a family's configuration file (REQ RMX-6). Those that the family knows are settings with a section: setting one is
/// a change like any other, with the rules of changes. Those that were made by hand mean nothing to this software; they are kept,
/// shown and given back, in flags.toml. All of them work after the next restart, and until then an alarm asks for it.

#include "device/safety.hpp"

#include <string>
#include <vector>

namespace countersign::device {

class FlagFile final : public Flags {
public:
    static constexpr std::size_t k_created = 200;
    static constexpr std::size_t k_longest_name = 64;
    static constexpr std::size_t k_longest_value = 200;

    FlagFile(Unit& unit, fs::path file);

    [[nodiscard]] std::vector<FlagState> list() const override;
    Result<FlagState> set(std::string_view section, std::string_view name, std::string_view value, Actor actor) override;
    Result<void> remove(std::string_view section, std::string_view name, Actor actor) override;

    /// From the file; nothing there: none.
    Result<void> load();
    /// At boot: what is stored works.
    void make_effective();
    /// Raises or clears the alarm that asks for a restart.
    void check_alarm();
    [[nodiscard]] bool pending() const { return stored_ != effective_; }

private:
    struct Created {
        std::string section;
        std::string name;
        std::string value;
        bool operator==(Created const&) const = default;
    };
    using List = std::vector<Created>;
    [[nodiscard]] family::Setting const* known(std::string_view name) const;
    [[nodiscard]] FlagState state_of(family::Setting const& setting) const;
    [[nodiscard]] FlagState state_of(Created const& flag) const;
    Result<void> take(List next);

    Unit& unit_;
    fs::path file_;
    List stored_;
    List effective_;
};

}  // namespace countersign::device
