#include "device/services/safety_actions.hpp"

#include "base/text.hpp"
#include "device/safety.hpp"

#include "countersign/errors/acc.hpp"
#include "countersign/errors/dev.hpp"

#include <algorithm>
#include <utility>

namespace countersign::device {
namespace {

using Nodes = Result<std::vector<Node>>;

constexpr std::chrono::seconds k_trial_time{300};

std::vector<Node> done(CommandContext const& context) {
    if (context.command->dialect != "xml_rpc") return {};
    return {Node::text("status", "operation successful")};
}

Result<std::chrono::seconds> trial_time(std::string_view text) {
    if (trim(text).empty()) return k_trial_time;
    auto const number = parse_number<std::uint16_t>(trim(text));
    if (!number)
        return fail(errors::dev::illegal_value,
                    {{"path", "time of the trial"}, {"value", text.substr(0, 20)}, {"allowed", "10 to 3600 seconds"}});
    return std::chrono::seconds(*number);
}

/// Parameters are named as the family has it; these are the names that it may use.
std::string_view first_of(CommandContext const& context, std::initializer_list<std::string_view> names) {
    for (auto name : names)
        if (auto value = context.argument(name); !value.empty()) return value;
    return {};
}

net::Task<Nodes> trial_begin(CommandContext context) {
    CS_CO_TRY(auto within, trial_time(first_of(context, {"Within", "seconds"})));
    CS_CO_TRY(auto state, context.unit->trial().begin(within, context.actor));
    bool const rpc = context.command->dialect == "xml_rpc";
    std::vector<Node> answer;
    answer.push_back(Node::text(rpc ? "id" : "Id", state.id));
    answer.push_back(Node::time(rpc ? "deadline" : "Deadline", state.deadline));
    co_return answer;
}

net::Task<Nodes> trial_confirm(CommandContext context) {
    CS_CO_CHECK(context.unit->trial().confirm(context.argument("Id"), context.actor));
    co_return done(context);
}

net::Task<Nodes> trial_cancel(CommandContext context) {
    CS_CO_CHECK(context.unit->trial().cancel(context.actor));
    co_return done(context);
}

net::Task<Nodes> restore_factory(CommandContext context) {
    auto const kind = iequals(first_of(context, {"Kind", "Restore"}), "comprehensive") ? Restore::comprehensive : Restore::standard;
    CS_CO_CHECK(context.unit->restore_factory(kind, context.actor));
    co_return done(context);
}

Result<void> check_presence(CommandContext const& context) {
    if (context.actor.door == k_serial_door) return {};
    context.unit->report(
        "recovery.refused",
        {{"command", context.command->path}, {"door", context.actor.door}, {"user", context.actor.user}, {"peer", context.actor.peer}});
    return fail(errors::acc::presence_needed, {{"what", context.command->path}});
}

net::Task<Nodes> recover_password(CommandContext context) {
    CS_CO_CHECK(check_presence(context));
    CS_CO_CHECK(context.unit->reset_password(context.actor));
    co_return done(context);
}

net::Task<Nodes> recover_access_here(CommandContext context) {
    CS_CO_CHECK(check_presence(context));
    CS_CO_TRY(auto outcome, recover_access(*context.unit, context.actor));
    if (outcome.restart_needed) context.unit->request_restart(context.actor);
    co_return done(context);
}

Node flag_node(FlagState const& flag) {
    return Node::record("Flag",
                        {Node::text("Section", flag.section), Node::text("Name", flag.name), Node::text("Value", flag.value),
                         Node::text("Effective", flag.effective), Node::boolean("Created", flag.created), Node::text("Note", flag.note)});
}

net::Task<Nodes> list_flags(CommandContext context) {
    std::vector<Node> flags;
    for (auto const& flag : context.unit->flags().list()) flags.push_back(flag_node(flag));
    std::vector<Node> answer;
    answer.push_back(Node::list("Flags", std::move(flags)));
    co_return answer;
}

net::Task<Nodes> set_flag(CommandContext context) {
    CS_CO_TRY(auto flag,
              context.unit->flags().set(context.argument("Section"), context.argument("Name"), context.argument("Value"), context.actor));
    co_return std::vector<Node>{flag_node(flag)};
}

net::Task<Nodes> delete_flag(CommandContext context) {
    CS_CO_CHECK(context.unit->flags().remove(context.argument("Section"), context.argument("Name"), context.actor));
    co_return done(context);
}

std::string say(Unit const& unit, std::string_view message, std::string otherwise) {
    auto const words = unit.family().message(message);
    return words.empty() ? std::move(otherwise) : std::string(words);
}

std::string_view role(dialect::web::Submission const& submission, std::string_view name) {
    auto const found = submission.roles.find(name);
    return found == submission.roles.end() ? std::string_view() : trim(found->second.reveal());
}

Result<std::string> begin_from_page(Unit& unit, dialect::web::Submission const& submission, Actor const& actor) {
    CS_TRY(auto within, trial_time(role(submission, "trial_seconds")));
    CS_TRY(auto state, unit.trial().begin(within, actor));
    return "Trial " + state.id + " has begun: what you change from now on is undone unless you confirm it until " +
           countersign::to_string(state.deadline) + ".";
}

Result<std::string> restore_from_page(Unit& unit, dialect::web::Submission const& submission, Actor const& actor) {
    auto const kind = role(submission, "comprehensive").empty() ? Restore::standard : Restore::comprehensive;
    CS_CHECK(unit.restore_factory(kind, actor));
    return say(unit, "factory.restored", "The system restarts with factory defaults.");
}

Result<std::string> set_flag_from_page(Unit& unit, dialect::web::Submission const& submission, Actor const& actor) {
    CS_TRY(auto flag,
           unit.flags().set(role(submission, "flag_section"), role(submission, "flag_name"), role(submission, "flag_value"), actor));
    auto said = say(unit, "flag.changed", "The flag was stored. Restart the system for it to take effect.");
    return flag.note.empty() ? said : said + " " + flag.note;
}

}  // namespace

Result<Outcome> recover_access(Unit& unit, Actor actor) {
    unit.end_lockouts();
    std::vector<Change> changes;
    auto const& services = unit.family().services;
    for (auto const& service : services) {
        // A root of the callers that expired, or a responder that is gone, must keep nobody out.
        if (service.management && !service.verify_clients.empty()) changes.push_back({service.verify_clients, "off"});
        bool const web = service.management && !service.dialects.empty() && (service.door == "http" || service.door == "https");
        if (!web || !family::has_feature_key(service.needs_feature_key, unit.feature_keys())) continue;
        // HTTPS only where HTTP does nothing but send people there.
        bool const target = std::ranges::any_of(
            services, [&service](auto const& other) { return other.redirect_to == service.id && other.redirect_setting.empty(); });
        if (service.secure && !target) continue;
        if (!service.redirect_setting.empty()) changes.push_back({service.redirect_setting, "off"});
        if (!service.mode_setting.empty()) changes.push_back({service.mode_setting, std::string(service.opened_by())});
        if (!service.port_setting.empty()) changes.push_back({service.port_setting, std::to_string(service.port)});
    }
    CS_TRY(auto outcome, unit.apply(std::move(changes), actor));
    outcome.restart_needed = outcome.restart_needed || unit.restart_pending();
    unit.report("recovery.access", {{"door", actor.door}, {"user", actor.user}});
    return outcome;
}

void register_safety_behaviours(Environment& environment) {
    environment.behaviours["trial_begin"] = trial_begin;
    environment.behaviours["trial_confirm"] = trial_confirm;
    environment.behaviours["trial_cancel"] = trial_cancel;
    environment.behaviours["restore_factory"] = restore_factory;
    environment.behaviours["recover_password"] = recover_password;
    environment.behaviours["recover_access"] = recover_access_here;
    environment.behaviours["list_flags"] = list_flags;
    environment.behaviours["set_flag"] = set_flag;
    environment.behaviours["delete_flag"] = delete_flag;
}

std::optional<Result<std::string>> carry_out_safety(Unit& unit, family::Form const& form, dialect::web::Submission const& submission,
                                                    Actor const& actor) {
    auto saying = [](Result<void> result, std::string text) -> Result<std::string> {
        if (!result) return fail(std::move(result).error());
        return text;
    };
    if (form.action == "trial_begin") return begin_from_page(unit, submission, actor);
    if (form.action == "trial_confirm")
        return saying(unit.trial().confirm(role(submission, "trial_id"), actor), "The change was confirmed.");
    if (form.action == "trial_cancel") return saying(unit.trial().cancel(actor), "The change was undone.");
    if (form.action == "restore_factory") return restore_from_page(unit, submission, actor);
    if (form.action == "set_flag") return set_flag_from_page(unit, submission, actor);
    if (form.action == "delete_flag")
        return saying(unit.flags().remove(role(submission, "flag_section"), role(submission, "flag_name"), actor),
                      say(unit, "flag.deleted", "The flag was deleted. Restart the system for it to take effect."));
    return std::nullopt;
}

}  // namespace countersign::device
