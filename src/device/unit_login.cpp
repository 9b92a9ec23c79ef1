#include "base/text.hpp"
#include "device/safety.hpp"
#include "device/unit_state.hpp"

#include "countersign/errors/acc.hpp"
#include "countersign/errors/dev.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace countersign::device {
namespace {

constexpr std::size_t k_longest_password = 255;
constexpr std::size_t k_strict_length = 12;
constexpr std::size_t k_strict_different = 5;
/// A web door logs in with every request: one line in the journal for this long.
constexpr std::chrono::seconds k_same_visit{600};
constexpr std::size_t k_visits = 256;

bool is_web(family::Family const& family, std::string_view door) {
    auto const* service = family.find_service(door);
    return service != nullptr && (service->door == "http" || service->door == "https");
}

bool is_terminal(family::Family const& family, std::string_view door) {
    auto const* service = family.find_service(door);
    return service != nullptr && std::ranges::find(service->dialects, "xapi_text") != service->dialects.end();
}

}  // namespace

/// The one that a name stands for: where any name is taken there is one, and names that there are not are one.
std::string Unit::State::account_of(std::string_view user) const {
    if (family->find_account(user) != nullptr) return std::string(user);
    return family->login.any_user || user.empty() || user == family->login.user ? std::string() : "?";
}

std::optional<SecretText> Unit::password_for(std::string_view user) const {
    auto const& login = state_->family->login;
    if (auto const* account = state_->family->find_account(user)) {
        auto held = state_->account_passwords.find(user);
        return held != state_->account_passwords.end() ? held->second.duplicate() : SecretText(account->factory_password);
    }
    if (!login.any_user && user != login.user) return std::nullopt;
    if (state_->password) return state_->password->duplicate();
    return SecretText(state_->spec.password.value_or(login.factory_password));
}

bool Unit::has_factory_password() const {
    auto const& family = *state_->family;
    auto held = password_for(family.login.user);
    if (held && (held->reveal().empty() || held->reveal() == family.login.factory_password)) return true;
    return std::ranges::any_of(family.accounts, [this](auto const& account) {
        auto password = password_for(account.user);
        return password && (password->reveal().empty() || password->reveal() == account.factory_password);
    });
}

bool Unit::has_empty_password() const {
    auto const emptied = [this](std::string const& user, std::string const& of_the_factory) {
        auto const held = password_for(user);
        return held && held->reveal().empty() && !of_the_factory.empty();
    };
    auto const& family = *state_->family;
    return emptied(family.login.user, family.login.factory_password) ||
           std::ranges::any_of(family.accounts, [&](auto const& account) { return emptied(account.user, account.factory_password); });
}

Result<void> Unit::check_may_change(Actor const& actor) const {
    auto const* account = state_->family->find_account(actor.user);
    if (account != nullptr && account->read_only) return fail(errors::acc::read_only, {{"user", actor.user}});
    return {};
}

Result<void> Unit::check_not_locked(std::string const& peer, std::optional<std::string_view> user) {
    // An account that nobody asks for has no delay.
    auto account = user ? state_->account_of(*user) : std::string("(none)");
    return state_->guard.check(peer, account, state_->environment->clock->now());
}

void Unit::note_login(Actor const& actor, bool success) {
    auto const now = state_->environment->clock->now();
    if (actor.door == k_serial_door) {
        report(success ? "login" : "login.failed", {{"door", actor.door}, {"user", actor.user}, {"peer", actor.peer}});
        return;
    }
    bool locked = state_->guard.note(actor.peer, state_->account_of(actor.user), success, now);
    if (success) {
        auto& visits = state_->visits;
        std::erase_if(visits, [now](auto const& visit) { return now - visit.second > k_same_visit; });
        auto key = actor.door + " " + actor.peer + " " + actor.user;
        bool const fresh = !visits.contains(key);
        if (visits.size() < k_visits || !fresh) visits[key] = now;
        if (!fresh && is_web(*state_->family, actor.door)) return;
        report("login", {{"door", actor.door}, {"user", actor.user}, {"peer", actor.peer}});
        return;
    }
    report("login.failed", {{"door", actor.door}, {"user", actor.user}, {"peer", actor.peer}});
    if (locked) report("login.locked", {{"door", actor.door}, {"peer", actor.peer}});
}

Result<void> Unit::authenticate(std::string const& user, SecretText const& password, Actor const& actor) {
    if (actor.door != k_serial_door) CS_CHECK(check_not_locked(actor.peer, user));
    auto expected = password_for(user);
    auto const& login = state_->family->login;
    bool const named = user == login.user || state_->family->find_account(user) != nullptr;
    if (login.terminal_user && !named && is_terminal(*state_->family, actor.door)) expected.reset();
    bool right = expected && constant_time_equal(expected->reveal(), password.reveal());
    auto who = actor;
    who.user = user;
    note_login(who, right);
    if (!right) return fail(errors::dev::login_wrong);
    return {};
}

/// What every password must be, and what it must be besides while strict ones are asked for.
Result<void> Unit::State::check_password(std::string_view text, std::string_view user) const {
    bool printable = std::ranges::none_of(text, [](unsigned char c) { return c < 0x20 || c == 0x7f; });
    if (text.size() > k_longest_password || !printable || !is_utf8(text))
        return fail(errors::dev::illegal_value, {{"path", "password"}, {"value", "(not shown)"}, {"allowed", "text of 0 to 255 bytes"}});
    if (prospect(tree.stored_values()).canonical("login.strict_password") != "on") return {};
    auto refuse = [](std::string_view detail) { return fail(errors::acc::password_not_allowed, {{"detail", detail}}); };
    // Bytes that begin a character (RFC 3629).
    auto const length = std::ranges::count_if(text, [](unsigned char c) { return (c & 0xc0) != 0x80; });
    if (static_cast<std::size_t>(length) < k_strict_length) return refuse("it must have at least 12 characters");
    if (std::set<char>(text.begin(), text.end()).size() < k_strict_different) return refuse("it must have at least 5 different characters");
    if (iequals(text, user)) return refuse("it must not be the user's name");
    bool factory = iequals(text, family->login.factory_password) ||
                   std::ranges::any_of(family->accounts, [text](auto const& one) { return iequals(text, one.factory_password); });
    if (factory) return refuse("it must not be a factory password");
    return {};
}

Result<void> Unit::set_password(SecretText password, Actor const& actor, std::string_view user) {
    auto const* own = state_->family->find_account(actor.user);
    auto const* account = user.empty() ? own : state_->family->find_account(user);
    if (account == nullptr && !user.empty() && user != state_->family->login.user)
        return fail(errors::dev::illegal_value,
                    {{"path", "user"}, {"value", user.substr(0, 64)}, {"allowed", "an account of this system"}});
    // One's own password may be changed by everybody.
    if (account != own) CS_CHECK(check_may_change(actor));
    auto const name = account != nullptr ? account->user : state_->family->login.user;
    CS_CHECK(state_->check_password(password.reveal(), name));
    auto before = state_->password ? std::optional(state_->password->duplicate()) : std::nullopt;
    auto before_of_accounts = std::exchange(state_->account_passwords, {});
    for (auto const& [held, text] : before_of_accounts) state_->account_passwords.emplace(held, text.duplicate());
    if (account != nullptr)
        state_->account_passwords.insert_or_assign(account->user, std::move(password));
    else
        state_->password = std::move(password);
    if (auto saved = state_->save(); !saved) {
        state_->password = std::move(before);
        state_->account_passwords = std::move(before_of_accounts);
        return saved;
    }
    report("password.changed", {{"account", name}, {"door", actor.door}, {"user", actor.user}, {"peer", actor.peer}});
    return {};
}

Result<void> Unit::reset_password(Actor const& actor) {
    auto before = std::exchange(state_->password, std::nullopt);
    auto before_of_accounts = std::exchange(state_->account_passwords, {});
    if (auto saved = state_->save(); !saved) {
        state_->password = std::move(before);
        state_->account_passwords = std::move(before_of_accounts);
        return saved;
    }
    end_lockouts();
    report("password.reset", {{"door", actor.door}, {"user", actor.user}, {"peer", actor.peer}});
    return {};
}

void Unit::end_lockouts() { state_->guard = LoginGuard(); }

}  // namespace countersign::device
