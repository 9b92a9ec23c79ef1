#include "manager/drivers/xapi_driver.hpp"

#include "base/text.hpp"
#include "manager/drivers/facts.hpp"
#include "manager/drivers/request_arguments.hpp"

#include "countersign/errors/dev.hpp"
#include "countersign/errors/mgr.hpp"

#include <algorithm>

namespace countersign::manager {

namespace http = net::http;
namespace xapi = dialect::xapi;

namespace {

/// What a feedback registration of the manager listens to: changes of settings, which make it look again.
constexpr std::string_view k_feedback_expression = "/Configuration";

http::Request put(std::string body) {
    http::Request request{.method = "POST", .target = "/putxml", .body = std::move(body)};
    request.fields.set("Content-Type", "text/xml");
    return request;
}

Result<std::vector<xapi::PathValue>> in_family_words(family::Family const& family, std::vector<SettingChange> const& changes) {
    std::vector<xapi::PathValue> settings;
    std::vector<Error> problems;
    for (auto const& change : changes) {
        auto const* setting = family.find_canonical(change.canonical);
        if (!setting) {
            problems.push_back(Error(errors::dev::unknown_setting, {{"path", change.canonical}}));
            continue;
        }
        auto value = setting->from_canonical(change.value);
        if (value)
            settings.push_back({setting->path, *value});
        else
            problems.push_back(std::move(value).error());
    }
    if (!problems.empty()) return fail(gather(std::move(problems)));
    return settings;
}

/// The manager's own registration, shown as if it were a setting.
void add_feedback(family::Family const& family, xapi::Document const& status, Account& account) {
    auto const* client = family.find_client("feedback");
    if (!client || client->slot == 0) return;
    auto const* item = family.find_fact("client.feedback.url");
    if (!item) return;
    auto const path = replace_all(item->path, "{n}", std::to_string(client->slot));
    account.settings["client.feedback.url"] = std::string(status.find(path).value_or(std::string_view()));
}

}  // namespace

net::Task<Result<Account>> XapiDriver::read_account() {
    CS_CO_TRY(auto status_answer, co_await exchange({.method = "GET", .target = "/status.xml"}));
    auto status = xapi::parse_document(status_answer.body, family());
    if (!status) co_return fail(std::move(status.error().at(peer() + " /status.xml")));
    CS_CO_TRY(auto settings_answer, co_await exchange({.method = "GET", .target = "/configuration.xml"}));
    auto settings = xapi::parse_document(settings_answer.body, family());
    if (!settings) co_return fail(std::move(settings.error().at(peer() + " /configuration.xml")));

    Account account;
    fill_account(facts_of(family(), *status), now(), account);
    for (auto const& leaf : settings->leaves) {
        auto const* setting = family().find_setting(leaf.path);
        if (!setting || setting->space.kind == family::ValueKind::password) continue;
        if (setting->canonical.empty())
            account.own_settings[setting->path] = leaf.value;
        else
            account.settings[setting->canonical] = setting->to_canonical(leaf.value);
    }
    add_feedback(family(), *status, account);
    know_software(account.software);
    co_return account;
}

net::Task<Result<void>> XapiDriver::apply(std::vector<SettingChange> changes) {
    std::optional<std::string> feedback;
    std::erase_if(changes, [&feedback, this](SettingChange const& change) {
        if (change.canonical != "client.feedback.url" || family().find_canonical(change.canonical)) return false;
        feedback = change.value;
        return true;
    });
    if (!changes.empty()) {
        CS_CO_TRY(auto settings, in_family_words(family(), changes));
        CS_CO_TRY(auto response, co_await exchange(put(xapi::write_configuration_request(settings))));
        auto problems = xapi::parse_configuration_answer(response.body);
        if (!problems) co_return fail(std::move(problems.error().at(peer() + " /putxml")));
        std::vector<Error> errors;
        for (auto const& problem : *problems)
            errors.push_back(
                Error(errors::mgr::refused_by_system, {{"system", peer()}, {"request", problem.path}, {"detail", problem.reason}}));
        if (!errors.empty()) co_return fail(gather(std::move(errors)));
    }
    if (feedback) co_return co_await register_feedback(*feedback);
    co_return Result<void>();
}

net::Task<Result<void>> XapiDriver::run(family::Command const& command, std::vector<family::Argument> arguments) {
    co_return co_await call({.path = command.path, .known = true, .arguments = std::move(arguments)});
}

net::Task<Result<void>> XapiDriver::call(xapi::CommandCall wanted) {
    auto done = co_await ask(std::move(wanted));
    if (!done) co_return fail(std::move(done).error());
    co_return Result<void>();
}

net::Task<Result<xapi::CommandResult>> XapiDriver::ask(xapi::CommandCall wanted) {
    CS_CO_TRY(auto response, co_await exchange(put(xapi::write_command_request({wanted}))));
    auto results = xapi::parse_command_answer(response.body);
    if (!results) co_return fail(std::move(results.error().at(peer() + " " + wanted.path)));
    for (auto const& result : *results)
        if (result.outcome != xapi::Outcome::ok)
            co_return fail(errors::mgr::refused_by_system, {{"system", peer()}, {"request", wanted.path}, {"detail", result.reason}});
    co_return results->empty() ? xapi::CommandResult() : std::move(results->front());
}

// --- keys that the system makes: the answer joins the list of pairs, and is put to use from there ---

namespace {

constexpr std::string_view k_create = "request_create";
constexpr std::string_view k_link = "request_link";
constexpr std::string_view k_activate = "certificate_activate";
constexpr std::string_view k_delete = "certificate_delete";
constexpr std::string_view k_show = "certificate_show";

/// Anywhere below; in the result of Show each certificate of a pair has one.
bool names_fingerprint(std::vector<dialect::XmlElement> const& elements, std::string_view sha1) {
    return std::ranges::any_of(elements, [sha1](dialect::XmlElement const& one) {
        return (one.name == "Fingerprint" && iequals(replace_all(one.text, ":", ""), sha1)) || names_fingerprint(one.children, sha1);
    });
}

}  // namespace

bool XapiDriver::makes_keys() const {
    return find_command_of_software(k_create) != nullptr && find_command_of_software(k_link) != nullptr &&
           find_command_of_software(k_activate) != nullptr && !https_identity(family()).purposes.empty();
}

net::Task<Result<pki::CertificateRequest>> XapiDriver::make_request(RequestWish wish) {
    CS_CO_CHECK(check_trust("a request would be taken from nobody"));
    auto const* command = find_command_of_software(k_create);
    if (command == nullptr) co_return fail(errors::dev::unknown_command, {{"path", k_create}});
    CS_CO_TRY(auto arguments, request_arguments(family(), *command, wish));
    CS_CO_TRY(auto const result, co_await ask({.path = command->path, .known = true, .arguments = std::move(arguments), .body = {}}));
    for (auto const& value : result.values)
        if (value.name == "CSR") co_return pki::CertificateRequest::parse_pem(value.text);
    co_return pki::CertificateRequest::parse_pem({});
}

net::Task<Result<void>> XapiDriver::activate(std::string fingerprint) {
    auto const* command = find_command_of_software(k_activate);
    auto const& identity = https_identity(family());
    if (command == nullptr || identity.purposes.empty()) co_return fail(errors::dev::unknown_command, {{"path", k_activate}});
    std::vector<family::Argument> arguments{{"Fingerprint", std::move(fingerprint)}, {"Purpose", identity.purposes.front()}};
    co_return co_await run(*command, std::move(arguments));
}

net::Task<Result<void>> XapiDriver::install_answer(std::vector<pki::Certificate> chain) {
    CS_CO_CHECK(check_trust("a certificate would be given to nobody"));
    auto const* command = find_command_of_software(k_link);
    if (command == nullptr) co_return fail(errors::dev::unknown_command, {{"path", k_link}});
    CS_CO_TRY(bool const listed, co_await holds_answer(chain.front()));
    if (!listed) CS_CO_CHECK(co_await call({.path = command->path, .known = true, .arguments = {}, .body = pki::to_pem(chain)}));
    // As these systems list their pairs, unless they are asked for another digest.
    co_return co_await activate(chain.front().fingerprint_sha1());
}

net::Task<Result<bool>> XapiDriver::holds_answer(pki::Certificate leaf) {
    auto const* command = find_command_of_software(k_show);
    if (command == nullptr) co_return false;
    CS_CO_TRY(auto const result, co_await ask({.path = command->path, .known = true, .arguments = {}, .body = {}}));
    co_return names_fingerprint(result.values, leaf.fingerprint_sha1());
}

net::Task<Result<void>> XapiDriver::forget_certificate(pki::Certificate leaf) {
    auto const* command = find_command_of_software(k_delete);
    if (command == nullptr) co_return Result<void>();
    co_return co_await run(*command, {family::Argument{"Fingerprint", leaf.fingerprint_sha1()}});
}

net::Task<Result<void>> XapiDriver::certificate_command(std::string_view behaviour, std::string fingerprint, SecretText body) {
    auto const* command = family().find_behaviour(behaviour);
    auto const* identity = family().find_identity(family().certificate.client_identity);
    if (command == nullptr || family().certificate.client_identity.empty() || identity == nullptr || identity->purposes.empty())
        co_return fail(errors::dev::unknown_command, {{"path", behaviour}});
    xapi::CommandCall wanted{.path = command->path, .known = true, .body = body.reveal()};
    for (auto const& parameter : command->parameters) {
        if (parameter.name == "Fingerprint" && !fingerprint.empty()) wanted.arguments.push_back({parameter.name, fingerprint});
        if (parameter.name == "Purpose") wanted.arguments.push_back({parameter.name, identity->purposes.front()});
    }
    co_return co_await call(std::move(wanted));
}

net::Task<Result<void>> XapiDriver::install_client_certificate(std::vector<pki::Certificate> chain, pki::PrivateKey key) {
    CS_CO_CHECK(check_trust("a private key would be sent"));
    SecretText pair(pki::to_pem(chain) + key.to_pem().reveal());
    CS_CO_CHECK(co_await certificate_command("certificate_add", {}, std::move(pair)));
    // As these systems list their pairs, unless they are asked for another digest.
    co_return co_await certificate_command("certificate_activate", chain.front().fingerprint_sha1(), {});
}

net::Task<Result<void>> XapiDriver::remove_client_certificate(std::string fingerprint) {
    co_return co_await certificate_command("certificate_deactivate", std::move(fingerprint), {});
}

net::Task<Result<void>> XapiDriver::forget_client_certificate(std::string fingerprint) {
    co_return co_await certificate_command("certificate_delete", std::move(fingerprint), {});
}

net::Task<Result<void>> XapiDriver::send_password(std::string password) {
    auto const* command = family().find_behaviour("set_password");
    if (!command) co_return co_await WebDriver::send_password(std::move(password));
    for (auto const& parameter : command->parameters)
        if (parameter.space.kind == family::ValueKind::password)
            co_return co_await run(*command, {family::Argument{parameter.name, std::move(password)}});
    co_return fail(errors::dev::missing_parameter, {{"parameter", "password"}, {"path", command->path}});
}

net::Task<Result<void>> XapiDriver::register_feedback(std::string url) {
    auto const* client = family().find_client("feedback");
    auto const* command = client ? family().find_command(url.empty() ? client->deregister_command : client->register_command) : nullptr;
    if (!command) co_return fail(errors::dev::unknown_command, {{"path", "feedback"}});
    std::vector<family::Argument> arguments;
    for (auto const& parameter : command->parameters) {
        if (parameter.name == "FeedbackSlot" || parameter.name == "ID") arguments.push_back({parameter.name, std::to_string(client->slot)});
        if (parameter.name == "ServerUrl" || parameter.name == "URL") arguments.push_back({parameter.name, url});
        if (parameter.name == "Expression") arguments.push_back({parameter.name, std::string(k_feedback_expression)});
    }
    co_return co_await run(*command, std::move(arguments));
}

}  // namespace countersign::manager
