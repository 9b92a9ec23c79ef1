#include "base/text.hpp"
#include "device/services/http_door.hpp"
#include "dialect/xml_rpc.hpp"

#include "countersign/errors/acc.hpp"
#include "countersign/errors/dev.hpp"
#include "countersign/errors/gen.hpp"

#include <utility>

namespace countersign::device {

namespace http = net::http;
namespace rpc = dialect::xml_rpc;

namespace {

/// Fault codes of the vendor's remote management guides (protocols section 3).
enum class FaultCode {
    unknown_method = 1,
    wrong_login = 15,
    missing_parameter = 101,
    invalid_parameter = 102,
    malformed = 103,
    failed = 201,
    key_needed = 202
};

FaultCode code_for(Error const& error) {
    if (error.id() == errors::gen::several_problems && !error.causes().empty()) return code_for(error.causes().front());
    if (error.id() == errors::dev::unknown_command) return FaultCode::unknown_method;
    if (error.id() == errors::dev::login_wrong || error.id() == errors::acc::locked_out) return FaultCode::wrong_login;
    if (error.id() == errors::dev::missing_parameter) return FaultCode::missing_parameter;
    if (error.id() == errors::dev::illegal_value) return FaultCode::invalid_parameter;
    if (error.id() == errors::dev::malformed_xml) return FaultCode::malformed;
    if (error.id() == errors::dev::feature_key_needed) return FaultCode::key_needed;
    return FaultCode::failed;
}

/// The vendor's words where there are any: clients compare them.
std::string text_for(FaultCode code, Error const& error) {
    if (code == FaultCode::unknown_method) return "method not supported";
    if (error.id() == errors::dev::login_wrong) return "authorization failed";
    return error.message();
}

http::Response fault(Error const& error) {
    auto code = code_for(error);
    return http::Response::xml(200, rpc::write_fault({static_cast<int>(code), text_for(code, error)}));
}

rpc::Value to_value(Node const& node);

rpc::Struct to_struct(std::vector<Node> const& nodes) {
    rpc::Struct out;
    for (auto const& node : nodes) out.emplace(node.name, to_value(node));
    return out;
}

/// "2026-11-21T21:18:51Z" as "20261121T21:18:51": the format has no dashes and no zone.
std::string iso8601(std::string_view text) {
    auto out = replace_all(std::string(text), "-", "");
    if (out.ends_with('Z')) out.pop_back();
    return out;
}

rpc::Value to_value(Node const& node) {
    switch (node.kind) {
        case Node::Kind::text: return node.value;
        case Node::Kind::boolean: return node.value == "true";
        case Node::Kind::time: return rpc::DateTime{iso8601(node.value)};
        case Node::Kind::record: return to_struct(node.children);
        case Node::Kind::number: {
            auto number = parse_number<int>(node.value);
            return number ? rpc::Value(*number) : rpc::Value(node.value);
        }
        case Node::Kind::list: {
            rpc::Array items;
            for (auto const& child : node.children) items.push_back(to_value(child));
            return items;
        }
    }
    return {};
}

/// Members of the one struct as arguments. A struct of flags (`events`) gives one argument for each flag that is set, an array
/// one for each item.
std::vector<family::Argument> arguments_of(rpc::Struct const& members) {
    std::vector<family::Argument> out;
    for (auto const& [name, value] : members) {
        if (name == "authenticationUser" || name == "authenticationPassword") continue;
        if (auto const* flags = value.as<rpc::Struct>()) {
            for (auto const& [flag, set] : *flags)
                if (auto const* on = set.as<bool>(); on != nullptr && *on) out.push_back({name, flag});
        } else if (auto const* items = value.as<rpc::Array>()) {
            for (auto const& item : *items) out.push_back({name, item.to_text()});
        } else {
            out.push_back({name, value.to_text()});
        }
    }
    return out;
}

}  // namespace

net::Task<http::Response> handle_xml_rpc(WebRequest web) {
    if (web.request.method != "POST") {
        auto response = http::problem(Error(errors::gen::method_not_allowed));
        response.fields.set("Allow", "POST");
        co_return response;
    }
    auto call = rpc::parse_call(web.request.body);
    if (!call) co_return fault(call.error());
    rpc::Struct members;
    if (!call->parameters.empty()) {
        auto const* given = call->parameters.front().as<rpc::Struct>();
        if (given == nullptr) co_return fault(Error(errors::dev::malformed_xml, {{"detail", "the parameter must be one struct"}}));
        members = *given;
    }
    rpc::Value parameters(members);
    web.actor.user = std::string(parameters.text("authenticationUser"));
    SecretText password{std::string(parameters.text("authenticationPassword"))};
    if (auto right = web.unit->authenticate(web.actor.user, password, web.actor); !right) co_return fault(right.error());
    auto answer = co_await web.unit->run_command(call->method, arguments_of(members), {}, web.actor);
    if (!answer) co_return fault(answer.error());
    auto result = to_struct(answer->values);
    if (result.empty()) result.emplace("status", rpc::Value("operation successful"));
    co_return http::Response::xml(200, rpc::write_response(result));
}

}  // namespace countersign::device
