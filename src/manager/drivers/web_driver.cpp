#include "manager/drivers/web_driver.hpp"

#include "countersign/errors/dev.hpp"
#include "countersign/errors/gen.hpp"
#include "countersign/errors/mgr.hpp"
#include "countersign/errors/net.hpp"

#include <algorithm>
#include <array>

namespace countersign::manager {

namespace http = net::http;
namespace web = dialect::web;

WebDriver::WebDriver(family::FamilyPtr family, Channel channel) : family_(std::move(family)), channel_(std::move(channel)) {}

void WebDriver::use_credentials(http::Credentials credentials) {
    credentials_ = std::move(credentials);
    // Inside of TLS a challenge may ask for the password itself; who asks must be somebody.
    bool const nobody = channel_.secure && channel_.trust == ChannelTrust::none && !factory_password();
    channel_.client.set_credentials(nobody ? std::nullopt : std::optional(credentials_.duplicate()));
}

UtcTime WebDriver::now() const { return channel_.clock ? channel_.clock->now() : SystemClock().now(); }

bool WebDriver::factory_password() const { return credentials_.password.reveal() == family_->login.factory_password; }

Result<void> WebDriver::check_trust(std::string_view what) const {
    if (channel_.secure && channel_.trust >= ChannelTrust::pinned) return {};
    return fail(errors::mgr::no_secure_channel, {{"system", channel_.peer}, {"detail", what}});
}

namespace {

/// A system that had too many failed log-ins looks at no password for a while: that is no other trouble than a refused one.
bool refuses_login(int status) { return status == 401 || status == 403 || status == 429; }

}  // namespace

net::Task<Result<http::Response>> WebDriver::exchange(http::Request request) {
    auto const name = request.method + " " + request.target;
    auto response = co_await channel_.client.send(std::move(request));
    if (!response) co_return fail(std::move(response).error());
    if (refuses_login(response->status)) co_return fail(errors::net::login_refused, {{"peer", channel_.peer}});
    if (response->status != 200)
        co_return fail(errors::net::unexpected_status,
                       {{"peer", channel_.peer}, {"status", std::to_string(response->status)}, {"request", name}});
    co_return std::move(*response);
}

net::Task<Result<web::HtmlPage>> WebDriver::load_page(std::string path) {
    CS_CO_TRY(auto response, co_await exchange({.method = "GET", .target = path}));
    auto page = web::parse_page(response.body);
    if (!page) co_return fail(std::move(page.error().at(channel_.peer + " page " + path)));
    co_return std::move(*page);
}

namespace {

/// What the system says is wrong, as one error; nothing when it took everything.
std::optional<Error> problem_of(web::HtmlPage const& page, std::string const& peer, family::Page const& where) {
    if (page.problems.empty()) return std::nullopt;
    std::vector<Error> problems;
    for (auto const& text : page.problems)
        problems.push_back(Error(errors::mgr::refused_by_system, {{"system", peer}, {"request", "page " + where.path}, {"detail", text}}));
    return gather(std::move(problems));
}

http::Request form_request(web::HtmlForm const& form, std::string const& target, std::vector<std::pair<std::string, std::string>> fields,
                           std::vector<http::Part> files) {
    http::Request request{.method = "POST", .target = target};
    if (!form.multipart) {
        request.fields.set("Content-Type", "application/x-www-form-urlencoded");
        request.body = http::encode_form(fields);
        return request;
    }
    std::vector<http::Part> parts;
    for (auto& [name, value] : fields) parts.push_back({.name = std::move(name), .content = std::move(value)});
    for (auto& file : files) parts.push_back(std::move(file));
    std::string content_type;
    request.body = http::encode_multipart(parts, content_type);
    request.fields.set("Content-Type", content_type);
    return request;
}

}  // namespace

net::Task<Result<void>> WebDriver::submit(family::Family::FormPlace place, Entries entries) {
    CS_CO_TRY(auto page, co_await load_page(place.page->path));
    auto const* form = page.find_form(place.form->id);
    if (!form)
        co_return fail(errors::dev::unknown_setting, {{"path", place.page->path + " form " + place.form->id}, {"peer", channel_.peer}});
    // The address to post to must stay on this system: only a path is followed, never another origin.
    auto target = form->action.starts_with('/') && !form->action.starts_with("//") ? form->action : place.page->path;
    auto response = co_await channel_.client.send(form_request(*form, target, form->submission(entries.values), std::move(entries.files)));
    if (!response) co_return fail(std::move(response).error());
    if (refuses_login(response->status)) co_return fail(errors::net::login_refused, {{"peer", channel_.peer}});
    if (response->status == 302 || response->status == 303) co_return Result<void>();
    auto answer = web::parse_page(response->body);
    if (answer)
        if (auto problem = problem_of(*answer, channel_.peer, *place.page)) co_return fail(std::move(*problem));
    if (response->status != 200)
        co_return fail(errors::net::unexpected_status,
                       {{"peer", channel_.peer}, {"status", std::to_string(response->status)}, {"request", "POST " + target}});
    co_return Result<void>();
}

net::Task<Result<void>> WebDriver::set_password(SecretText password) {
    CS_CO_CHECK(check_trust("a password would be sent"));
    co_return co_await send_password(password.reveal());
}

net::Task<Result<void>> WebDriver::send_password(std::string password) {
    auto place = family_->find_form("set_password");
    if (!place) co_return fail(errors::dev::unknown_command, {{"path", "set_password"}});
    Entries entries;
    for (auto const& field : place.form->fields) {
        if (field.role == "new_password" || field.role == "confirm_password") entries.values[field.name] = password;
        if (field.role == "old_password") entries.values[field.name] = credentials_.password.reveal();
    }
    co_return co_await submit(place, std::move(entries));
}

net::Task<Result<void>> WebDriver::install_trust(std::vector<pki::Certificate> roots) {
    auto place = find_form_with_role(*family_, software_, "trust_store");
    if (!place) co_return fail(errors::dev::unknown_command, {{"path", "upload_trust_store"}});
    Entries entries;
    entries.files.push_back({.name = place.form->find_role("trust_store")->name,
                             .file_name = "roots.pem",
                             .content_type = "application/x-pem-file",
                             .content = pki::to_pem(roots)});
    co_return co_await submit(place, std::move(entries));
}

net::Task<Result<void>> WebDriver::install_certificate(std::vector<pki::Certificate> chain, pki::PrivateKey key) {
    CS_CO_CHECK(check_trust("a private key would be sent"));
    auto place = find_form_with_role(*family_, software_, "certificate");
    auto const* key_field = place ? place.form->find_role("private_key") : nullptr;
    if (!key_field) co_return fail(errors::dev::unknown_command, {{"path", "upload_certificate"}});
    Entries entries;
    entries.files.push_back({.name = place.form->find_role("certificate")->name,
                             .file_name = "certificate.pem",
                             .content_type = "application/x-pem-file",
                             .content = pki::to_pem(chain)});
    entries.files.push_back(
        {.name = key_field->name, .file_name = "key.pem", .content_type = "application/x-pem-file", .content = key.to_pem().reveal()});
    co_return co_await submit(place, std::move(entries));
}

family::Command const* WebDriver::find_command_of_software(std::string_view behaviour) const {
    auto const* command = family_->find_behaviour(behaviour);
    return command != nullptr && command->software.holds(software_) ? command : nullptr;
}

net::Task<Result<void>> WebDriver::run_behaviour(std::string_view behaviour, std::vector<family::Argument> arguments) {
    auto const* command = family_->find_behaviour(behaviour);
    if (!command) co_return fail(errors::dev::unknown_command, {{"path", behaviour}});
    co_return co_await run(*command, std::move(arguments));
}

namespace {

/// Families spell the parameter of a command as their protocol does; the wanted one is the first.
std::vector<family::Argument> only_argument(family::Family const& family, std::string_view behaviour, std::string value) {
    auto const* command = family.find_behaviour(behaviour);
    if (command == nullptr || command->parameters.empty()) return {};
    return {family::Argument{command->parameters.front().name, std::move(value)}};
}

/// Commands that take one root out of the trust list.
constexpr std::array<std::string_view, 2> k_withdraw{"trust_delete", "repository_remove_trusted"};

}  // namespace

net::Task<Result<void>> WebDriver::withdraw_trust(std::vector<std::string> fingerprints) {
    auto const known = std::ranges::find_if(k_withdraw, [this](std::string_view name) { return family_->find_behaviour(name) != nullptr; });
    if (known == k_withdraw.end()) co_return fail(errors::dev::unknown_command, {{"path", "withdraw_trust"}});
    for (auto& one : fingerprints) CS_CO_CHECK(co_await run_behaviour(*known, only_argument(*family_, *known, std::move(one))));
    co_return Result<void>();
}

net::Task<Result<void>> WebDriver::begin_trial(std::chrono::seconds within) {
    co_return co_await run_behaviour("trial_begin", only_argument(*family_, "trial_begin", std::to_string(within.count())));
}

net::Task<Result<void>> WebDriver::confirm_trial(std::string id) {
    co_return co_await run_behaviour("trial_confirm", only_argument(*family_, "trial_confirm", std::move(id)));
}

net::Task<Result<void>> WebDriver::cancel_trial() { co_return co_await run_behaviour("trial_cancel", {}); }

net::Task<Result<void>> WebDriver::restart() { co_return co_await run_behaviour("restart", {}); }

family::Family::FormPlace find_form_with_role(family::Family const& family, std::string_view software, std::string_view role) {
    constexpr std::array<std::string_view, 3> actions{"upload_certificate", "upload_trust_store", "add_trust"};
    for (auto const& page : family.pages)
        for (auto const& form : page.forms) {
            auto const* field = form.find_role(role);
            bool const ours = form.identity.empty() || form.identity == family.identities.front().id;
            if (field != nullptr && field->kind == family::FieldKind::file && ours && page.software.holds(software) &&
                form.software.holds(software) && std::ranges::find(actions, form.action) != actions.end())
                return {&page, &form};
        }
    return {};
}

}  // namespace countersign::manager
