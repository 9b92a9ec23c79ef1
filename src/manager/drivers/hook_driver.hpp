#pragma once

/// The driver "hook": each action is a run of the program that the family file names, with one JSON document there and one back
/// (docs/driver-sdk.md). The program is run without a shell, with a clean environment and a time limit, and only from the manager's folder
/// of hooks (MGR-106). It is told whom the manager found at the system; passwords and keys only when that is somebody.

#include "manager/drivers/generic_driver.hpp"
#include "manager/drivers/hook_answer.hpp"

namespace countersign::manager {

class HookDriver final : public GenericDriver {
public:
    using GenericDriver::GenericDriver;
    net::Task<Result<Account>> read_account() override;
    net::Task<Result<void>> apply(std::vector<SettingChange> changes) override;
    [[nodiscard]] bool opened_by_key() const override { return opened_by_key_; }

private:
    net::Task<Result<void>> act_now(family::Action action, Given given) override;
    /// MGR-106, MGR-107, MGR-009 with what the system refused, NET-010.
    net::Task<Result<HookAnswer>> run(family::Action action, std::vector<Change> changes, Given given);
    [[nodiscard]] SecretText document(family::Action action, std::vector<Change> const& changes, Given const& given) const;

    bool opened_by_key_ = false;
};

}  // namespace countersign::manager
