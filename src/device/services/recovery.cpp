#include "device/services/recovery.hpp"

#include "base/text.hpp"
#include "device/safety.hpp"

#include "countersign/errors/dev.hpp"

#include <utility>

namespace countersign::device {
namespace {

constexpr std::string_view k_choices =
    "password  sets the administrator's password back to the factory's\n"
    "reset     deletes settings, passwords, certificates and keys: all is as it left the factory\n"
    "bye       changes nothing\n";

std::string told(Error const& error) { return error.message() + "\n" + std::string(error.entry().remedy) + "\n"; }

}  // namespace

Recovery::Recovery(std::shared_ptr<Unit> unit, Actor actor) : unit_(std::move(unit)), actor_(std::move(actor)) {}

std::string Recovery::welcome() {
    ended_ = !unit_->in_recovery_window();
    unit_->report(ended_ ? "recovery.refused" : "recovery.begun", {{"door", actor_.door}, {"user", actor_.user}, {"peer", actor_.peer}});
    if (!ended_) return std::string(k_choices);
    auto const seconds = std::to_string(unit_->environment().recovery_window.count());
    return told(Error(errors::dev::recovery_over, {{"user", actor_.user}, {"seconds", seconds}}));
}

std::string Recovery::answer(std::string_view line) {
    auto const word = to_lower(trim(line));
    if (std::exchange(sure_, false)) return word == "yes" ? set_all_back() : "Nothing was changed.\n";
    if (word == "password") return set_password_back();
    if (word == "bye" || word == "exit" || word == "quit") {
        ended_ = true;
        return "Nothing was changed.\n";
    }
    if (word != "reset") return std::string(k_choices);
    sure_ = true;
    return "All that was set up here will be gone. Type yes to go on.\n";
}

std::string Recovery::set_password_back() {
    if (auto done = unit_->reset_password(actor_); !done) return told(done.error());
    ended_ = true;
    return "The factory password is in use again. Log in as " + unit_->family().login.user +
           " and set one of your own: until then the system is not secure.\n";
}

std::string Recovery::set_all_back() {
    if (auto done = unit_->restore_factory(Restore::comprehensive, actor_); !done) return told(done.error());
    ended_ = true;
    return "The system restarts with everything as it left the factory.\n";
}

}  // namespace countersign::device
