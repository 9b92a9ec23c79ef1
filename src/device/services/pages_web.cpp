#include "base/text.hpp"
#include "device/services/certificate_forms.hpp"
#include "device/services/form_check.hpp"
#include "device/services/http_door.hpp"
#include "device/services/log_in_pages.hpp"
#include "device/services/safety_actions.hpp"
#include "device/services/words.hpp"
#include "dialect/web_form.hpp"

#include "countersign/errors/dev.hpp"
#include "countersign/errors/gen.hpp"

#include <algorithm>
#include <utility>

namespace countersign::device {

namespace http = net::http;
namespace web = dialect::web;

namespace {

using Done = FormResult;
using Roles = std::map<std::string, SecretText, std::less<>>;

SecretText const* role(Roles const& roles, std::string_view name) {
    auto found = roles.find(name);
    return found == roles.end() ? nullptr : &found->second;
}

Done failed(Error error) { return FormResult::failed(std::move(error)); }

Done apply_settings(Unit& unit, web::Submission const& submission, Actor const& actor) {
    std::vector<Change> changes;
    for (auto const& change : submission.changes) changes.push_back({change.path, change.value});
    auto outcome = unit.apply(std::move(changes), actor);
    if (!outcome) return failed(std::move(outcome).error());
    auto notice = outcome->restart_needed
                      ? say(unit, "settings.restart_needed", "Settings saved. Restart the system for the changes to take effect.")
                      : say(unit, "settings.applied", "Settings saved.");
    return {.notice = std::move(notice), .error = {}, .warnings = std::move(outcome->warnings)};
}

Done shut_down(Unit& unit, Actor const& actor) {
    unit.request_shutdown(actor);
    if (unit.running() == Running::shutdown_asked)
        return {.notice = say(unit, "shutdown.ask", "Press Shutdown again to confirm."), .error = {}, .warnings = {}};
    return {.notice = say(unit, "shutdown.done", "The system has been shut down."), .error = {}, .warnings = {}};
}

Done restart(Unit& unit, Actor const& actor) {
    unit.request_restart(actor);
    return {.notice = say(unit, "restart.started", "The system restarts."), .error = {}, .warnings = {}};
}

Done set_password(Unit& unit, family::Form const& form, web::Submission const& submission, Actor const& actor) {
    auto text = [&submission](std::string_view name) {
        auto const* held = role(submission.roles, name);
        return held == nullptr ? std::string_view() : std::string_view(held->reveal());
    };
    // A log-in that somebody left open is no way to guess the password: this is counted and locked as every log-in is. A field that was
    // not sent is an empty password.
    if (form.find_role("old_password") != nullptr)
        if (auto right = unit.authenticate(actor.user, SecretText(std::string(text("old_password"))), actor); !right)
            return failed(std::move(right).error());
    if (!constant_time_equal(text("new_password"), text("confirm_password")))
        return failed(Error(errors::gen::invalid_input, {{"field", "confirm password"}, {"detail", "the two passwords differ"}}));
    auto done = unit.set_password(SecretText(std::string(text("new_password"))), actor);
    if (!done) return failed(std::move(done).error());
    return {.notice = say(unit, "password.changed", "The password was changed."), .error = {}, .warnings = {}};
}

Done change_features(Unit& unit, web::Submission const& submission, bool add, Actor const& actor) {
    auto const* code = role(submission.roles, "activation_code");
    auto const given = code == nullptr ? std::string_view() : trim(code->reveal());
    auto done = add ? unit.install_feature_key(given, actor) : unit.remove_feature_key(given, actor);
    if (!done) return failed(std::move(done).error());
    auto notice =
        add ? say(unit, "feature.activated", "The feature was activated: ") : say(unit, "feature.removed", "The feature was removed: ");
    return {.notice = std::move(notice) + *done + ".", .error = {}, .warnings = {}};
}

/// The form actions that family files may name (family::known_form_actions).
Done carry_out(Unit& unit, family::Form const& form, web::Submission const& submission, Actor const& actor) {
    if (form.action == "apply_settings") return apply_settings(unit, submission, actor);
    if (form.action == "shutdown") return shut_down(unit, actor);
    if (form.action == "restart") return restart(unit, actor);
    if (form.action == "set_password") return set_password(unit, form, submission, actor);
    if (form.action == "activate_feature") return change_features(unit, submission, true, actor);
    if (form.action == "deactivate_feature") return change_features(unit, submission, false, actor);
    if (auto said = carry_out_safety(unit, form, submission, actor)) {
        if (!*said) return failed(std::move(*said).error());
        return {.notice = std::move(**said), .error = {}, .warnings = {}};
    }
    return failed(Error(errors::gen::not_found, {{"what", "action"}, {"name", form.action}}));
}

http::Response draw(Unit& unit, family::Page const& page, PageView const& view, Done const& done) {
    auto values = unit.page_values(page);
    fill_frame(unit, page, view, values);
    values.notice = done.notice;
    for (auto const& warning : done.warnings) values.notice += " " + warning.message();
    int status = 200;
    if (done.error) {
        status = done.error->entry().http_status;
        if (done.error->id() == errors::gen::several_problems)
            for (auto const& cause : done.error->causes()) values.problems.push_back(say(unit, cause));
        else
            values.problems.push_back(say(unit, *done.error));
    }
    return http::Response::html(status, web::render_page(unit.family(), page, values));
}

net::Task<http::Response> submit(std::shared_ptr<Unit> held, family::Page const& page, family::Form const& form, http::Request request,
                                 Actor actor, PageView view) {
    auto& unit = *held;
    if (!form.needs_state.empty() && std::ranges::find(form.needs_state, to_string(unit.running())) == form.needs_state.end())
        co_return draw(unit, page, view,
                       failed(Error(errors::gen::invalid_input, {{"field", form.title}, {"detail", "not possible in this state"}})));
    // Everybody may change the own password.
    if (auto allowed = unit.check_may_change(actor); !allowed && form.action != "set_password")
        co_return draw(unit, page, view, failed(std::move(allowed).error()));
    auto parts = http::parse_any_form(request);
    if (!parts) co_return draw(unit, page, view, failed(std::move(parts).error()));
    std::map<std::string, std::string> fields;
    for (auto& [name, part] : *parts) fields.emplace(name, std::move(part.content));
    auto submission = web::decode_submission(unit.family(), form, std::move(fields));
    if (!submission) co_return draw(unit, page, view, failed(std::move(submission).error()));
    if (is_certificate_action(form.action)) {
        auto done = co_await carry_out_certificate_form(held, form, *submission, std::move(actor));
        co_return draw(unit, page, view, done);
    }
    co_return draw(unit, page, view, carry_out(unit, form, *submission, actor));
}

}  // namespace

std::string say(Unit const& unit, std::string_view message, std::string_view otherwise) {
    auto words = unit.family().message(message);
    return std::string(words.empty() ? otherwise : words);
}

std::string say(Unit const& unit, Error const& error) {
    auto const words = words_for(unit.family(), error);
    return words.empty() ? error.message() : words + " " + error.message();
}

http::Response page_of(Unit& unit, PageView const& view, Error const& error) {
    family::Page empty;
    empty.menu = {std::string(error.entry().title)};
    empty.title = error.entry().title;
    auto values = unit.page_values(empty);
    fill_frame(unit, empty, view, values);
    values.problems.push_back(say(unit, error));
    return http::Response::html(error.entry().http_status, web::render_page(unit.family(), empty, values));
}

net::Task<std::optional<http::Response>> handle_pages(WebRequest request) {
    auto& unit = *request.unit;
    auto const& family = unit.family();
    auto const& path = request.request.path;
    if (request.request.method == "POST" && path == k_check_path) co_return check_form(unit, request.request, request.view, request.actor);
    if (request.request.method == "GET") {
        if (path == "/") {
            auto first = std::ranges::find_if(family.pages, [&unit](auto const& page) { return unit.page_exists(page); });
            if (first != family.pages.end()) co_return http::Response::redirect(302, first->path);
        }
        auto const* page = family.find_page(path);
        if (page != nullptr && unit.page_exists(*page)) co_return draw(unit, *page, request.view, {});
        co_return std::nullopt;
    }
    if (request.request.method != "POST") co_return std::nullopt;
    auto place = family.find_target(path);
    if (!place || !unit.page_exists(*place.page) || !place.form->software.holds(unit.spec().software)) co_return std::nullopt;
    co_return co_await submit(request.unit, *place.page, *place.form, std::move(request.request), std::move(request.actor),
                              std::move(request.view));
}

}  // namespace countersign::device
