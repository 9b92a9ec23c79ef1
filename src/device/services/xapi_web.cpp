#include "base/text.hpp"
#include "device/services/http_door.hpp"
#include "device/services/node_xml.hpp"
#include "dialect/xapi_xml.hpp"

#include "countersign/errors/acc.hpp"
#include "countersign/errors/dev.hpp"
#include "countersign/errors/gen.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace countersign::device {

namespace http = net::http;
namespace xapi = dialect::xapi;
using dialect::XmlElement;

namespace {

xapi::DocumentHeader header_of(Unit const& unit) {
    auto header = xapi::header_of(unit.family());
    header.version = unit.spec().software;
    return header;
}

std::string type_name(family::ValueKind kind) {
    switch (kind) {
        case family::ValueKind::literal: return "Literal";
        case family::ValueKind::integer: return "Integer";
        case family::ValueKind::string:
        case family::ValueKind::password: return "String";
    }
    return "String";
}

XmlElement parameter_element(family::Parameter const& parameter) {
    XmlElement element(parameter.name);
    element.set("item", "1").set("required", parameter.required ? "True" : "False").set("type", type_name(parameter.space.kind));
    if (parameter.repeat > 1) element.set("maxOccurrence", std::to_string(parameter.repeat));
    element.text = parameter.space.describe();
    return element;
}

/// /command.xml: every command with its parameters.
XmlElement command_document(family::Family const& family) {
    XmlElement root("Command");
    for (auto const& command : family.commands) {
        auto* level = &root;
        for (auto const& word : command.words) {
            auto same = std::ranges::find(level->children, word, &XmlElement::name);
            level = same == level->children.end() ? &level->add(word) : &*same;
        }
        level->set("command", "True");
        if (command.multiline) level->set("multiline", "True");
        for (auto const& parameter : command.parameters) level->add(parameter_element(parameter));
    }
    return root;
}

std::string_view trim_slashes(std::string_view text) {
    while (text.starts_with('/')) text.remove_prefix(1);
    while (text.ends_with('/')) text.remove_suffix(1);
    return text;
}

XmlElement document(Unit const& unit, std::string_view root) {
    if (iequals(root, "Configuration")) return xapi::configuration_document(unit.family(), unit.configuration());
    if (iequals(root, "Command")) return command_document(unit.family());
    if (iequals(root, "Valuespace")) return xapi::valuespace_document(unit.family());
    if (!iequals(root, "Status")) return XmlElement(root);
    return xapi::build_tree("Status", unit.status());
}

http::Response whole_document(Unit const& unit, std::string_view root) {
    return http::Response::xml(200, xapi::write_document(document(unit, root), header_of(unit)));
}

/// A bad XPath gives a Fault (protocols 1.1).
http::Response fault(int status, Error const& error) {
    XmlElement root("Fault");
    root.add("XPathError", error.message());
    return http::Response::xml(status, dialect::write_xml(root));
}

http::Response malformed(Error const& error) {
    XmlElement root("Error");
    root.add("Reason", error.message());
    return http::Response::xml(error.entry().http_status, dialect::write_xml(root));
}

/// The roots of all documents: those that every system has, and those of the family's own documents ("History").
std::vector<std::string> roots_of(family::Family const& family) {
    std::vector<std::string> roots{"Status", "Configuration", "Command", "Valuespace"};
    for (auto const& own : family.documents) {
        auto const root = trim_slashes(own.location);
        auto const known = [&root](std::string const& other) { return iequals(other, root); };
        if (!root.contains('/') && std::ranges::none_of(roots, known)) roots.emplace_back(root);
    }
    return roots;
}

/// Nothing at that place: newer systems answer with a document that lacks it, older ones with a Fault (protocols 1.1).
http::Response selected(Unit const& unit, XmlElement found, std::string const& text, bool whole) {
    bool const faults = unit.family().dataport == family::DataportStyle::classic;
    if (faults && found.children.empty() && !whole) return fault(400, Error(errors::dev::unknown_setting, {{"path", text}}));
    return http::Response::xml(200, xapi::write_document(std::move(found), header_of(unit)));
}

http::Response get_xml(Unit const& unit, std::string const& text) {
    auto location = xapi::parse_location(text);
    if (!location) return fault(400, location.error());
    auto const& first = location->steps.front();
    if (!first.any_depth && first.name != "*") {
        for (auto const& root : roots_of(unit.family()))
            if (iequals(first.name, root))
                return selected(unit, xapi::select(document(unit, root), *location), text, location->steps.size() == 1);
        return fault(400, Error(errors::dev::unknown_setting, {{"path", text}}));
    }
    auto found = xapi::select(document(unit, "Status"), *location);
    if (found.children.empty()) found = xapi::select(document(unit, "Configuration"), *location);
    return selected(unit, std::move(found), text, false);
}

std::vector<xapi::SettingProblem> problems_of(Error const& error) {
    if (error.id() != errors::gen::several_problems) {
        auto path = error.parameter("path");
        return {{std::string(path.empty() ? std::string_view(error.where()) : path), xapi::reason_for(error)}};
    }
    std::vector<xapi::SettingProblem> problems;
    for (auto const& cause : error.causes())
        for (auto& problem : problems_of(cause)) problems.push_back(std::move(problem));
    return problems;
}

/// Taken, but something that it needs is missing: said at the time of the change (REQ TRU-4). `Warning` is ours; clients look
/// for `Error` only.
std::string answer_with_warnings(std::vector<Error> const& warnings) {
    if (warnings.empty()) return xapi::write_configuration_answer({});
    XmlElement root("Configuration");
    root.add("Success");
    for (auto const& warning : warnings) root.add("Warning").add("Reason", warning.message());
    return dialect::write_xml(root);
}

http::Response put_configuration(Unit& unit, xapi::ConfigurationRequest const& request, Actor const& actor) {
    std::vector<Change> changes;
    for (auto const& setting : request.settings) changes.push_back({setting.path, setting.value});
    auto outcome = unit.apply(std::move(changes), actor);
    if (!outcome) return http::Response::xml(200, xapi::write_configuration_answer(problems_of(outcome.error())));
    return http::Response::xml(200, answer_with_warnings(outcome->warnings));
}

net::Task<http::Response> run_commands(std::shared_ptr<Unit> unit, std::vector<xapi::CommandCall> calls, Actor actor) {
    std::vector<xapi::CommandResult> results;
    for (auto& call : calls) {
        auto const* command = unit->family().find_command(call.path);
        auto answer = co_await unit->run_command(call.path, std::move(call.arguments), std::move(call.body), actor);
        if (!answer) {
            results.push_back(xapi::result_for(answer.error(), command == nullptr ? "Result" : command->result));
            continue;
        }
        results.push_back(
            {.name = answer->command->result, .outcome = xapi::Outcome::ok, .reason = {}, .xpath = {}, .values = to_xml(answer->values)});
    }
    co_return http::Response::xml(200, xapi::write_command_answer(results));
}

net::Task<http::Response> put_xml(WebRequest web, std::string xml) {
    auto parsed = xapi::parse_put(xml, web.unit->family());
    if (!parsed) co_return malformed(parsed.error());
    if (auto const* configuration = std::get_if<xapi::ConfigurationRequest>(&*parsed))
        co_return put_configuration(*web.unit, *configuration, web.actor);
    co_return co_await run_commands(web.unit, std::move(std::get<xapi::CommandRequest>(*parsed).calls), web.actor);
}

/// A parameter of the query or, with POST, of the form in the body.
Result<std::string> parameter(http::Request const& request, std::string const& name) {
    if (auto found = request.query.find(name); found != request.query.end()) return found->second;
    if (request.method == "POST") {
        CS_TRY(auto form, http::parse_form(request.body));
        if (auto found = form.find(name); found != form.end()) return found->second;
    }
    return fail(errors::gen::missing_field, {{"field", name}});
}

}  // namespace

bool is_xapi_place(family::Family const& family, std::string_view path) {
    static constexpr std::array<std::string_view, 7> k_places{
        "/status.xml", "/configuration.xml", "/command.xml", "/valuespace.xml", "/getxml", "/putxml", "/formputxml"};
    return std::ranges::find(k_places, path) != k_places.end() ||
           std::ranges::any_of(family.documents, [path](auto const& own) { return own.path == path; });
}

net::Task<std::optional<http::Response>> handle_xapi(WebRequest web) {
    auto const& path = web.request.path;
    if (!is_xapi_place(web.unit->family(), path)) co_return std::nullopt;
    bool get = web.request.method == "GET";
    bool post = web.request.method == "POST";
    auto& unit = *web.unit;
    if (get && path == "/status.xml") co_return whole_document(unit, "Status");
    if (get && path == "/configuration.xml") co_return whole_document(unit, "Configuration");
    if (get && path == "/command.xml") co_return whole_document(unit, "Command");
    if (get && path == "/valuespace.xml") co_return whole_document(unit, "Valuespace");
    if (auto const own = std::ranges::find(unit.family().documents, path, &family::Document::path);
        get && own != unit.family().documents.end())
        co_return get_xml(unit, own->location);
    if (path == "/getxml" && (get || post)) {
        auto location = parameter(web.request, "location");
        if (!location) co_return fault(400, location.error());
        co_return get_xml(unit, *location);
    }
    if (path == "/putxml" && post) {
        auto body = std::move(web.request.body);
        co_return co_await put_xml(std::move(web), std::move(body));
    }
    // GET changes something here, as these systems have it: a page of another site could make a browser send it.
    if (path == "/formputxml" && get && forged_from(web.request)) co_return http::problem(Error(errors::acc::forbidden));
    if (path == "/formputxml" && (get || post)) {
        auto document = parameter(web.request, "xmldoc");
        if (!document) co_return malformed(document.error());
        co_return co_await put_xml(std::move(web), *std::move(document));
    }
    co_return std::nullopt;
}

}  // namespace countersign::device
