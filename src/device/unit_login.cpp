#include "base/text.hpp"
#include "device/unit_state.hpp"

#include "countersign/errors/dev.hpp"

#include <algorithm>

namespace countersign::device {
namespace {

constexpr std::size_t k_longest_password = 255;

}  // namespace

namespace {

bool is_terminal(family::Family const& family, std::string_view door) {
    auto const* service = family.find_service(door);
    return service != nullptr && std::ranges::find(service->dialects, "xapi_text") != service->dialects.end();
}

}  // namespace

std::optional<SecretText> Unit::password_for(std::string_view user) const {
    auto const& login = state_->family->login;
    if (!login.any_user && user != login.user) return std::nullopt;
    if (state_->password) return state_->password->duplicate();
    return SecretText(state_->spec.password.value_or(login.factory_password));
}

bool Unit::has_factory_password() const {
    auto held = password_for(state_->family->login.user);
    return held && held->reveal() == state_->family->login.factory_password;
}

Result<void> Unit::check_not_locked(std::string const& peer) { return state_->guard.check(peer, state_->environment->clock->now()); }

void Unit::note_login(Actor const& actor, bool success) {
    bool locked = state_->guard.note(actor.peer, success, state_->environment->clock->now());
    if (!success) report("login.failed", {{"door", actor.door}, {"peer", actor.peer}});
    if (locked) report("login.locked", {{"peer", actor.peer}});
}

Result<void> Unit::authenticate(std::string const& user, SecretText const& password, Actor const& actor) {
    CS_CHECK(check_not_locked(actor.peer));
    auto expected = password_for(user);
    auto const& login = state_->family->login;
    if (login.terminal_user && user != login.user && is_terminal(*state_->family, actor.door)) expected.reset();
    bool right = expected && constant_time_equal(expected->reveal(), password.reveal());
    note_login(actor, right);
    if (!right) return fail(errors::dev::login_wrong);
    return {};
}

Result<void> Unit::set_password(SecretText password, Actor const& actor) {
    auto const& text = password.reveal();
    bool printable = std::ranges::none_of(text, [](unsigned char c) { return c < 0x20 || c == 0x7f; });
    if (text.size() > k_longest_password || !printable || !is_utf8(text))
        return fail(errors::dev::illegal_value, {{"path", "password"}, {"value", "(not shown)"}, {"allowed", "text of 0 to 255 bytes"}});
    auto before = std::move(state_->password);
    state_->password = std::move(password);
    if (auto saved = state_->save(); !saved) {
        state_->password = std::move(before);
        return saved;
    }
    report("password.changed", {{"door", actor.door}, {"peer", actor.peer}});
    return {};
}

}  // namespace countersign::device
