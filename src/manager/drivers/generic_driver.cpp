#include "manager/drivers/generic_driver.hpp"

#include "manager/drivers/web_driver.hpp"

#include "countersign/errors/dev.hpp"
#include "countersign/errors/mgr.hpp"

namespace countersign::manager {

using family::Action;

std::vector<std::string> ssh_pins(System const& system) {
    std::vector<std::string> found;
    for (auto const& pin : system.pins)
        if (net::is_ssh_fingerprint(pin)) found.push_back(pin);
    return found;
}

Result<void> GenericDriver::check_described(Action action) const {
    if (family_->can(action)) return {};
    return fail(errors::mgr::action_not_described,
                {{"system", channel_.peer}, {"family", family_->name}, {"action", family::name_of(action)}});
}

Result<void> GenericDriver::check_trust(std::string_view what) const {
    if (may_have_secrets()) return {};
    return fail(errors::mgr::no_secure_channel, {{"system", channel_.peer}, {"detail", what}});
}

net::Task<Result<void>> GenericDriver::act(Action action, Given given) {
    CS_CO_CHECK(check_described(action));
    co_return co_await act_now(action, std::move(given));
}

net::Task<Result<void>> GenericDriver::set_password(SecretText password) {
    CS_CO_CHECK(check_trust("a password would be sent"));
    Given given;
    given.emplace("old_password", credentials_.password.duplicate());
    given.emplace("password", std::move(password));
    co_return co_await act(Action::set_password, std::move(given));
}

net::Task<Result<void>> GenericDriver::install_trust(std::vector<pki::Certificate> roots) {
    Given given;
    given.emplace("trust_list", SecretText(pki::to_pem(roots)));
    co_return co_await act(Action::install_trust, std::move(given));
}

/// Its uploads replace the list (docs/driver-sdk.md), so there is never anything to take out.
net::Task<Result<void>> GenericDriver::withdraw_trust(std::vector<std::string>) {
    co_return fail(errors::dev::unknown_command, {{"path", "withdraw_trust"}});
}

net::Task<Result<void>> GenericDriver::install_certificate(std::vector<pki::Certificate> chain, pki::PrivateKey key) {
    CS_CO_CHECK(check_trust("a private key would be sent"));
    Given given;
    given.emplace("certificate", SecretText(pki::to_pem(chain)));
    given.emplace("key", key.to_pem());
    co_return co_await act(Action::install_certificate, std::move(given));
}

net::Task<Result<void>> GenericDriver::begin_trial(std::chrono::seconds within) {
    Given given;
    given.emplace("seconds", SecretText(std::to_string(within.count())));
    co_return co_await act(Action::begin_trial, std::move(given));
}

net::Task<Result<void>> GenericDriver::confirm_trial(std::string id) {
    Given given;
    given.emplace("trial", SecretText(std::move(id)));
    co_return co_await act(Action::confirm_trial, std::move(given));
}

net::Task<Result<void>> GenericDriver::cancel_trial() {
    Given given;
    given.emplace("trial", SecretText(trial_));
    co_return co_await act(Action::cancel_trial, std::move(given));
}

net::Task<Result<void>> GenericDriver::register_feedback(std::string url) {
    Given given;
    given.emplace("url", SecretText(std::move(url)));
    co_return co_await act(Action::register_feedback, std::move(given));
}

Result<std::vector<GenericDriver::Change>> GenericDriver::in_family_words(std::vector<SettingChange> const& changes,
                                                                          std::optional<std::string>& feedback) const {
    std::vector<Change> found;
    std::vector<Error> problems;
    for (auto const& change : changes) {
        auto const* setting = family_->find_canonical(change.canonical);
        if (setting == nullptr && change.canonical == "client.feedback.url") {
            feedback = change.value;
        } else if (setting == nullptr) {
            problems.push_back(Error(errors::dev::unknown_setting, {{"path", change.canonical}}));
        } else if (!family_->can_write(change.canonical)) {
            problems.push_back(Error(errors::mgr::action_not_described,
                                     {{"system", channel_.peer}, {"family", family_->name}, {"action", "apply of " + change.canonical}}));
        } else if (auto value = setting->from_canonical(change.value); !value) {
            problems.push_back(std::move(value).error());
        } else {
            found.push_back({setting, change.value, *std::move(value)});
        }
    }
    if (!problems.empty()) return fail(gather(std::move(problems)));
    return found;
}

Account GenericDriver::account_of(Facts const& facts, std::map<std::string, std::string> const& settings) const {
    Account account;
    fill_account(facts, now(), account);
    for (auto const& [canonical, value] : settings) {
        auto const* setting = family_->find_canonical(canonical);
        if (setting == nullptr || setting->space.kind == family::ValueKind::password) continue;
        account.settings[canonical] = setting->to_canonical(value);
    }
    return account;
}

}  // namespace countersign::manager
