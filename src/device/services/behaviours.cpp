#include "device/services/behaviours.hpp"

#include "base/text.hpp"

#include "countersign/errors/dev.hpp"
#include "countersign/errors/gen.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

namespace countersign::device {
namespace {

using Nodes = Result<std::vector<Node>>;

/// XML-RPC answers say so in words; xAPI results are empty when all is well.
std::vector<Node> done(CommandContext const& context) {
    if (context.command->dialect != "xml_rpc") return {};
    return {Node::text("status", "operation successful")};
}

/// What families call the number of a registration, and the address that it posts to.
constexpr std::array<std::string_view, 3> k_slot_names{"FeedbackSlot", "receiverIndex", "ID"};
constexpr std::array<std::string_view, 3> k_address_names{"ServerUrl", "receiverURI", "URL"};

std::string_view first_of(CommandContext const& context, std::span<std::string_view const> names) {
    for (auto name : names)
        if (auto value = context.argument(name); !value.empty()) return value;
    return {};
}

net::Task<Nodes> restart(CommandContext context) {
    context.unit->request_restart(context.actor);
    co_return done(context);
}

net::Task<Nodes> set_password(CommandContext context) {
    // Where the command asks for the old one, it must be right, also when it is left out.
    if (context.command->find_parameter("YourPassphrase") != nullptr) {
        auto const held = context.unit->password_for(context.actor.user);
        if (!held || !constant_time_equal(held->reveal(), context.argument("YourPassphrase"))) co_return fail(errors::dev::login_wrong);
    }
    static constexpr std::string_view k_names[] = {"Password", "NewPassphrase"};
    SecretText password{std::string(first_of(context, k_names))};
    CS_CO_CHECK(context.unit->set_password(std::move(password), context.actor, context.argument("UserName")));
    co_return done(context);
}

/// The range of the command's own slot parameter.
family::Parameter const* slot_parameter(family::Command const& command) {
    for (auto name : k_slot_names)
        if (auto const* found = command.find_parameter(name)) return found;
    return nullptr;
}

/// None given, or -1, asks for the first free one (MCU API 2.9, feedbackReceiver.configure; MPS API, FeedbackRegister).
Result<int> choose_slot(CommandContext const& context) {
    auto asked = parse_number<int>(first_of(context, k_slot_names)).value_or(0);
    if (asked > 0) return asked;
    auto const* parameter = slot_parameter(*context.command);
    auto last = parameter == nullptr ? 1 : static_cast<int>(parameter->space.maximum);
    for (int slot = 1; slot <= last; ++slot)
        if (std::ranges::find(context.unit->feedback(), slot, &FeedbackSlot::slot) == context.unit->feedback().end()) return slot;
    return fail(errors::dev::missing_parameter, {{"parameter", "slot (none is free)"}, {"path", context.command->path}});
}

/// An XML-RPC receiver listens at one place of its server (MCU API 2.9, feedbackReceiver.configure). DEV-002.
Result<void> check_receiver(CommandContext const& context) {
    auto const address = context.argument("receiverURI");
    if (address.empty() || address.substr(0, address.find_first_of("?#")).ends_with("/RPC2")) return {};
    return fail(
        errors::dev::illegal_value,
        {{"path", context.command->path + " receiverURI"}, {"value", address}, {"allowed", "an http or https URL that ends in /RPC2"}});
}

net::Task<Nodes> feedback_register(CommandContext context) {
    CS_CO_CHECK(check_receiver(context));
    CS_CO_TRY(auto number, choose_slot(context));
    FeedbackSlot slot{.slot = number,
                      .url = std::string(first_of(context, k_address_names)),
                      .expressions = {},
                      .source = std::string(context.argument("sourceIdentifier")),
                      .format = std::string(context.argument("Format"))};
    for (std::string_view name : {"Expression", "events"})
        for (auto expression : context.all(name)) slot.expressions.emplace_back(expression);
    CS_CO_CHECK(context.unit->set_feedback(std::move(slot), context.actor));
    auto answer = done(context);
    auto const* parameter = slot_parameter(*context.command);
    answer.push_back(Node::number(parameter == nullptr ? k_slot_names.front() : std::string_view(parameter->name), number));
    co_return answer;
}

/// Changes what is given of a registration that is there; the rest stays.
net::Task<Nodes> feedback_change(CommandContext context) {
    auto const number = parse_number<int>(first_of(context, k_slot_names)).value_or(0);
    auto const& slots = context.unit->feedback();
    auto const found = std::ranges::find(slots, number, &FeedbackSlot::slot);
    if (found == slots.end()) co_return fail(errors::gen::not_found, {{"what", "receiver"}, {"name", std::to_string(number)}});
    CS_CO_CHECK(check_receiver(context));
    auto slot = *found;
    if (auto url = first_of(context, k_address_names); !url.empty()) slot.url = url;
    if (auto source = context.argument("sourceIdentifier"); !source.empty()) slot.source = source;
    if (auto events = context.all("events"); !events.empty()) slot.expressions.assign(events.begin(), events.end());
    CS_CO_CHECK(context.unit->set_feedback(std::move(slot), context.actor));
    co_return done(context);
}

/// Takes up again at once what failed (HttpFeedback Enable).
net::Task<Nodes> feedback_enable(CommandContext context) {
    auto const number = parse_number<int>(first_of(context, k_slot_names)).value_or(0);
    auto const& slots = context.unit->feedback();
    if (std::ranges::find(slots, number, &FeedbackSlot::slot) == slots.end())
        co_return fail(errors::gen::not_found, {{"what", "receiver"}, {"name", std::to_string(number)}});
    context.unit->report("feedback.enabled",
                         {{"slot", std::to_string(number)}, {"door", context.actor.door}, {"peer", context.actor.peer}});
    co_return done(context);
}

net::Task<Nodes> feedback_deregister(CommandContext context) {
    FeedbackSlot slot;
    slot.slot = parse_number<int>(first_of(context, k_slot_names)).value_or(0);
    CS_CO_CHECK(context.unit->set_feedback(std::move(slot), context.actor));
    co_return done(context);
}

net::Task<Nodes> report_status(CommandContext context) { co_return context.unit->status_nodes(context.command->path); }

/// Ports of one network interface: `suffix` is "" for the first and ".b" for the second (REQ SVC-5).
Node port_record(Unit const& unit, std::string_view port, std::string_view suffix) {
    std::vector<Node> services;
    for (auto const& service : unit.family().services) {
        if (service.mode_setting.empty() || service.port_setting.empty()) continue;
        auto mode = unit.effective_canonical(service.mode_setting + std::string(suffix));
        if (mode.empty()) continue;
        auto number = parse_number<int>(unit.effective_canonical(service.port_setting + std::string(suffix))).value_or(service.port);
        services.push_back(Node::record("service", {Node::boolean("enabled", service.is_on(mode)), Node::text("type", service.transport),
                                                    Node::text("name", service.id), Node::number("port", number)}));
    }
    return Node::record("port", {Node::text("port", port), Node::text("protocol", "IPv4"), Node::list("services", std::move(services))});
}

net::Task<Nodes> list_services(CommandContext context) {
    std::vector<Node> answer;
    answer.push_back(Node::list("ports", {port_record(*context.unit, "A", ""), port_record(*context.unit, "B", ".b")}));
    co_return answer;
}

net::Task<Nodes> list_settings(CommandContext context) {
    std::vector<Node> settings;
    for (auto const& [path, value] : context.unit->configuration())
        settings.push_back(Node::record("Setting", {Node::text("Name", path), Node::text("Value", value)}));
    std::vector<Node> answer;
    answer.push_back(Node::list("Settings", std::move(settings)));
    co_return answer;
}

Result<std::vector<Node>> apply_one(CommandContext const& context, std::string_view path, std::string_view value) {
    CS_TRY(auto outcome, context.unit->apply({{std::string(path), std::string(value)}}, context.actor));
    std::vector<Node> answer;
    answer.push_back(Node::boolean("RestartNeeded", outcome.restart_needed));
    for (auto const& warning : outcome.warnings) answer.push_back(Node::text("Warning", warning.message()));
    return answer;
}

net::Task<Nodes> set_setting(CommandContext context) { co_return apply_one(context, context.argument("Name"), context.argument("Value")); }

/// REQ RMX-7.
net::Task<Nodes> set_secured_communication(CommandContext context) {
    co_return apply_one(context, "service.https.mode", context.argument("On") == "true" ? "on" : "off");
}

/// The name of the parameter is the family's ("key").
net::Task<Nodes> add_feature_key(CommandContext context) {
    CS_CO_CHECK(context.unit->install_feature_key(context.arguments.front().value, context.actor));
    co_return std::vector<Node>{Node::text("status", "operation successful")};
}

net::Task<Nodes> remove_feature_key(CommandContext context) {
    CS_CO_CHECK(context.unit->remove_feature_key(context.arguments.front().value, context.actor));
    co_return std::vector<Node>{Node::text("status", "operation successful")};
}

}  // namespace

void register_behaviours(Environment& environment) {
    environment.behaviours["restart"] = restart;
    environment.behaviours["set_password"] = set_password;
    environment.behaviours["feature_key_add"] = add_feature_key;
    environment.behaviours["feature_key_remove"] = remove_feature_key;
    environment.behaviours["feedback_register"] = feedback_register;
    environment.behaviours["feedback_change"] = feedback_change;
    environment.behaviours["feedback_deregister"] = feedback_deregister;
    environment.behaviours["feedback_enable"] = feedback_enable;
    environment.behaviours["report_status"] = report_status;
    environment.behaviours["list_services"] = list_services;
    environment.behaviours["list_settings"] = list_settings;
    environment.behaviours["set_setting"] = set_setting;
    environment.behaviours["set_secured_communication"] = set_secured_communication;
}

}  // namespace countersign::device
