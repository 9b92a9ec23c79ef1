#pragma once

/// The driver "ssh": commands and files over SSH, as the [ssh] of the family file says (docs/driver-sdk.md).
///
/// Each action is a connection of its own, to the host key that was judged when the channel was opened and to no other. Values stand on
/// command lines quoted or not at all (family/generic.hpp); keys, passwords and certificates go to standard input or into files.

#include "manager/drivers/generic_driver.hpp"

namespace countersign::manager {

class SshDriver final : public GenericDriver {
public:
    using GenericDriver::GenericDriver;
    net::Task<Result<Account>> read_account() override;
    net::Task<Result<void>> apply(std::vector<SettingChange> changes) override;
    [[nodiscard]] bool opened_by_key() const override { return opened_by_key_; }

private:
    net::Task<Result<void>> act_now(family::Action action, Given given) override;
    /// A step with its values filled in.
    struct Ready {
        family::SshStep const* step;
        net::SshTask task;
    };
    enum class Way { any, password_only };
    /// MGR-103 for the first answer that is not as expected. The answers of all steps.
    net::Task<Result<std::vector<std::string>>> carry_out(std::vector<Ready> steps, bool secret, Way way);
    [[nodiscard]] family::Values common_values() const;
    Result<Ready> make_ready(family::SshStep const& step, family::Values const& values) const;

    bool opened_by_key_ = false;
};

/// Why the answer is not what the step expects; empty: it is. Pure.
std::string why_not_expected(family::SshStep const& step, net::SshAnswer const& answer);
/// What the readings of a step find in its answer. Pure.
void take_readings(family::SshStep const& step, std::string_view answer, Facts& facts, std::map<std::string, std::string>& settings);

}  // namespace countersign::manager
