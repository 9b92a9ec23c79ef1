#include "device/services/behaviours.hpp"

#include "base/text.hpp"

#include "countersign/errors/dev.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace countersign::device {
namespace {

using Nodes = Result<std::vector<Node>>;

/// XML-RPC answers say so in words; xAPI results are empty when all is well.
std::vector<Node> done(CommandContext const& context) {
    if (context.command->dialect != "xml_rpc") return {};
    return {Node::text("status", "operation successful")};
}

std::string_view first_of(CommandContext const& context, std::initializer_list<std::string_view> names) {
    for (auto name : names)
        if (auto value = context.argument(name); !value.empty()) return value;
    return {};
}

net::Task<Nodes> restart(CommandContext context) {
    context.unit->request_restart(context.actor);
    co_return done(context);
}

net::Task<Nodes> set_password(CommandContext context) {
    SecretText password{std::string(context.argument("Password"))};
    CS_CO_CHECK(context.unit->set_password(std::move(password), context.actor));
    co_return done(context);
}

/// The range of the command's own slot parameter.
family::Parameter const* slot_parameter(family::Command const& command) {
    for (std::string_view name : {"FeedbackSlot", "receiverIndex"})
        if (auto const* found = command.find_parameter(name)) return found;
    return nullptr;
}

/// -1 asks for any free one (MCU API 2.9, feedbackReceiver.configure).
Result<int> choose_slot(CommandContext const& context) {
    auto asked = parse_number<int>(first_of(context, {"FeedbackSlot", "receiverIndex"})).value_or(1);
    if (asked > 0) return asked;
    auto const* parameter = slot_parameter(*context.command);
    auto last = parameter == nullptr ? 1 : static_cast<int>(parameter->space.maximum);
    for (int slot = 1; slot <= last; ++slot)
        if (std::ranges::find(context.unit->feedback(), slot, &FeedbackSlot::slot) == context.unit->feedback().end()) return slot;
    return fail(errors::dev::missing_parameter, {{"parameter", "slot (none is free)"}, {"path", context.command->path}});
}

net::Task<Nodes> feedback_register(CommandContext context) {
    CS_CO_TRY(auto number, choose_slot(context));
    FeedbackSlot slot{.slot = number,
                      .url = std::string(first_of(context, {"ServerUrl", "receiverURI"})),
                      .expressions = {},
                      .source = std::string(context.argument("sourceIdentifier"))};
    for (std::string_view name : {"Expression", "events"})
        for (auto expression : context.all(name)) slot.expressions.emplace_back(expression);
    CS_CO_CHECK(context.unit->set_feedback(std::move(slot), context.actor));
    auto answer = done(context);
    answer.push_back(Node::number(context.command->dialect == "xml_rpc" ? "receiverIndex" : "FeedbackSlot", number));
    co_return answer;
}

net::Task<Nodes> feedback_deregister(CommandContext context) {
    FeedbackSlot slot;
    slot.slot = parse_number<int>(first_of(context, {"FeedbackSlot", "receiverIndex"})).value_or(0);
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
        services.push_back(Node::record("service", {Node::boolean("enabled", !iequals(mode, "off")), Node::text("type", service.transport),
                                                    Node::text("name", service.id), Node::number("port", number)}));
    }
    return Node::record("port", {Node::text("port", port), Node::text("protocol", "IPv4"), Node::list("services", std::move(services))});
}

net::Task<Nodes> list_services(CommandContext context) {
    std::vector<Node> answer;
    answer.push_back(Node::list("ports", {port_record(*context.unit, "A", ""), port_record(*context.unit, "B", ".b")}));
    co_return answer;
}

}  // namespace

void register_behaviours(Environment& environment) {
    environment.behaviours["restart"] = restart;
    environment.behaviours["set_password"] = set_password;
    environment.behaviours["feedback_register"] = feedback_register;
    environment.behaviours["feedback_deregister"] = feedback_deregister;
    environment.behaviours["report_status"] = report_status;
    environment.behaviours["list_services"] = list_services;
}

}  // namespace countersign::device
