#pragma once

/// What the user for recovery (family::Login::recovery_user) may do at the serial console, without a password, for as long as
/// Unit::in_recovery_window says: set the password back to the factory's, or the whole system (docs/recovery.md). Both are journalled.
/// The credential is that somebody stands before the system and has switched it on.

#include "device/unit.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace countersign::device {

class Recovery {
public:
    static constexpr std::string_view k_prompt = "recovery> ";

    Recovery(std::shared_ptr<Unit> unit, Actor actor);
    /// What there is to choose, or that it is too late (DEV-092): then it has ended.
    [[nodiscard]] std::string welcome();
    /// To one line that was typed.
    [[nodiscard]] std::string answer(std::string_view line);
    [[nodiscard]] bool ended() const { return ended_; }

private:
    std::string set_password_back();
    std::string set_all_back();
    std::shared_ptr<Unit> unit_;
    Actor actor_;
    bool sure_ = false;  ///< it was asked whether everything is to be deleted
    bool ended_ = false;
};

}  // namespace countersign::device
