/// The words beside the three big ones: what belongs to the session (xFeedback, xPreferences, echo, syslog) and the old words of the
/// dataport (certificate, services, ippassword, and those of a serial console), where the family has them.

#include "base/text.hpp"
#include "dialect/xapi_text_parts.hpp"
#include "dialect/xapi_writer.hpp"

#include "countersign/errors/dev.hpp"

#include <algorithm>
#include <array>

namespace countersign::dialect::xapi {
namespace {

using namespace std::string_view_literals;

constexpr std::array k_modern_verbs{"xConfiguration"sv, "xCommand"sv, "xStatus"sv, "xFeedback"sv, "xPreferences"sv,
                                    "xGetxml"sv,        "xEvent"sv,   "help"sv,    "echo"sv};
constexpr std::array k_classic_verbs{"xConfiguration"sv, "xCommand"sv, "xStatus"sv, "xFeedback"sv,
                                     "xPreferences"sv,   "xGetxml"sv,  "help"sv,    "echo"sv};
/// Those of the family's documents that have a word of their own.
constexpr std::array k_document_verbs{"xHistory"sv, "xDirectory"sv};
constexpr std::array k_last_verbs{"bye"sv, "exit"sv, "quit"sv};
constexpr std::array k_on_off{"on"sv, "off"sv};
constexpr std::array k_feedback{"register"sv, "deregister"sv, "deregisterall"sv, "list"sv};
constexpr std::array k_certificate{"list"sv, "del"sv};
constexpr std::array k_certificates{"cert"sv, "root"sv};
constexpr std::array k_switch{"enable"sv, "disable"sv, "read-only"sv};
constexpr std::string_view k_read_only = "snmp";  // the one service that can be that

struct Split {
    std::string_view first;
    std::string_view rest;
};
Split split_first(std::string_view text) {
    auto const end = std::min(text.find_first_of(" \t"), text.size());
    return {text.substr(0, end), trim(text.substr(end))};
}

Failure usage_error(std::string_view verb, family::Family const& family) {
    return malformed_line("usage: " + join(usage_of(verb, family), " or: "));
}

Result<What> parse_feedback(std::string_view rest, family::Family const& family) {
    auto const [word, expression] = split_first(rest);
    CS_TRY(auto const what, complete_word(word, k_feedback));
    if (what == "list" && expression.empty()) return Feedback{Feedback::Kind::list, {}};
    if (what == "deregisterall" && expression.empty()) return Feedback{Feedback::Kind::deregister_all, {}};
    if ((what != "register" && what != "deregister") || expression.empty()) return usage_error("xFeedback", family);
    auto const kind = what == "register" ? Feedback::Kind::register_expression : Feedback::Kind::deregister_expression;
    return Feedback{kind, std::string(expression)};
}

Result<What> parse_certificate(std::string_view rest, family::Family const& family) {
    auto const [word, which] = split_first(rest);
    CS_TRY(auto const action, complete_word(word, k_certificate));
    CS_TRY(auto const what, complete_word(which, k_certificates));
    if (action.empty() || (what.empty() && !which.empty())) return usage_error("certificate", family);
    CertificateWord certificate;
    certificate.remove = action == "del";
    if (!what.empty()) certificate.what = what == "cert" ? CertificateWord::What::server : CertificateWord::What::root;
    return certificate;
}

/// Ids of services, as people write them: "telnetchallenge" is telnet_challenge.
std::string typed_id(std::string_view id) {
    std::string out(id);
    std::erase_if(out, [](char c) { return c == '_' || c == '-'; });
    return out;
}

/// Listed beside the service whose switch it has: traps beside SNMP, files beside SSH.
bool is_listed_beside(family::Family const& family, family::Service const& service) {
    return service.door == "none" && std::ranges::any_of(family.services, [&service](auto const& other) {
               return other.door != "none" && other.mode_setting == service.mode_setting;
           });
}

std::vector<std::string> switchable(family::Family const& family) {
    std::vector<std::string> out;
    for (auto const& service : family.services)
        if (!service.mode_setting.empty() && service.transport != "none" && !is_listed_beside(family, service))
            out.push_back(typed_id(service.id));
    return out;
}

Result<What> parse_services(std::string_view rest, family::Family const& family) {
    auto const parts = words(rest);
    if (parts.size() < 2 || parts.size() > 3) return usage_error("services", family);
    auto const names = switchable(family);
    std::vector<std::string_view> const choices(names.begin(), names.end());
    CS_TRY(auto const name, complete_word(typed_id(parts[0]), choices));
    CS_TRY(auto const value, complete_word(parts[1], k_switch));
    if (name.empty() || value.empty()) return usage_error("services", family);
    SwitchService wanted;
    for (auto const& service : family.services)
        if (typed_id(service.id) == name) wanted.service = service.id;
    if (value == "read-only" && wanted.service != k_read_only) return usage_error("services", family);
    // Nothing can be written over SNMP here: what is on is read-only.
    wanted.value = value == "disable" ? "off" : "on";
    if (parts.size() == 3) {
        if (!parse_number<std::uint16_t>(parts[2])) return usage_error("services", family);
        wanted.port = parts[2];
    }
    return wanted;
}

bool is_ipv4(std::string_view text) {
    auto const parts = split(text, '.');
    return parts.size() == 4 && std::ranges::all_of(parts, [](std::string_view part) {
               return part.size() <= 3 && parse_number<std::uint8_t>(part).has_value();
           });
}

bool is_console_word(std::string_view verb) { return verb == "status" || verb == "static" || verb == "dhcp" || verb == "reset_config"; }

/// The systems that have these words name their first port so.
constexpr std::string_view k_first_port = "A";

Result<What> parse_console(std::string_view verb, std::string_view rest, family::Family const& family) {
    using What = ConsoleWord::What;
    auto const parts = words(rest);
    if (verb == "status" && parts.empty()) return ConsoleWord{.what = What::status, .address = {}, .mask = {}, .gateway = {}};
    if (verb == "reset_config" && parts.empty()) return ConsoleWord{.what = What::reset, .address = {}, .mask = {}, .gateway = {}};
    bool const port = !parts.empty() && iequals(parts[0], k_first_port);
    if (verb == "dhcp" && port && parts.size() == 1) return ConsoleWord{.what = What::dhcp, .address = {}, .mask = {}, .gateway = {}};
    bool const numbers = std::ranges::all_of(parts.begin() + (parts.empty() ? 0 : 1), parts.end(), is_ipv4);
    if (verb != "static" || !port || !numbers || parts.size() < 3 || parts.size() > 4) return usage_error(verb, family);
    return ConsoleWord{.what = What::fixed_address,
                       .address = std::string(parts[1]),
                       .mask = std::string(parts[2]),
                       .gateway = parts.size() == 4 ? std::string(parts[3]) : std::string()};
}

Result<bool> on_or_off(std::string_view verb, std::string_view rest, family::Family const& family) {
    CS_TRY(auto const word, complete_word(rest, k_on_off));
    if (word.empty()) return usage_error(verb, family);
    return word == "on";
}

bool has_document(family::Family const& family, std::string_view verb) {
    auto const location = "/" + std::string(verb.substr(1));
    return std::ranges::any_of(family.documents, [&location](auto const& document) { return iequals(document.location, location); });
}

bool is_document_verb(std::string_view verb) { return std::ranges::find(k_document_verbs, verb) != k_document_verbs.end(); }

std::string choices_of(std::vector<std::string> const& names) { return "<" + join(names, "/") + ">"; }

}  // namespace

std::vector<std::string_view> verbs_of(family::Family const& family) {
    std::vector<std::string_view> verbs;
    if (is_classic(family))
        verbs.assign(k_classic_verbs.begin(), k_classic_verbs.end());
    else
        verbs.assign(k_modern_verbs.begin(), k_modern_verbs.end());
    for (auto const verb : k_document_verbs)
        if (is_classic(family) && has_document(family, verb)) verbs.push_back(verb);
    verbs.insert(verbs.end(), family.dataport_words.begin(), family.dataport_words.end());
    verbs.insert(verbs.end(), k_last_verbs.begin(), k_last_verbs.end());
    return verbs;
}

std::vector<std::string> usage_of(std::string_view verb, family::Family const& family) {
    if (verb == "xFeedback") {
        if (is_classic(family))
            return {"xfeedback register <XPathExpression>", "xfeedback deregister <index>", "xfeedback list", "xfeedback deregisterall"};
        return {"xFeedback register <expression>", "xFeedback deregister <expression>", "xFeedback deregisterall", "xFeedback list"};
    }
    if (verb == "xPreferences") return preference_usage(family);
    if (verb == "xGetxml") return {std::string(is_classic(family) ? "xgetxml" : "xGetxml") + " <XPathExpression>"};
    if (verb == "xEvent") return {"xEvent", "xEvent <path>"};
    if (is_document_verb(verb)) return {to_lower(verb), to_lower(verb) + " <path>"};
    if (verb == "echo") return {"echo <on/off>"};
    if (verb == "syslog") return {"syslog <on/off>"};
    if (verb == "certificate") return {"certificate <list>/<del> [<cert/root>]"};
    if (verb == "services")
        return {"services " + choices_of(switchable(family)) + " <enable/disable> [port]", "services snmp <read-only/enable/disable>"};
    if (verb == "ippassword") return {"ippassword <password>"};
    if (verb == "static") return {"static A <address> <mask> [gateway]"};
    if (verb == "dhcp") return {"dhcp A"};
    if (verb == "status" || verb == "reset_config") return {std::string(verb)};
    if (verb == "bye" || verb == "exit" || verb == "quit") return {std::string(verb)};
    return {};
}

Result<What> parse_special(std::string_view verb, std::string_view rest, family::Family const& family) {
    // What is a password may end with a question mark.
    bool const secret = verb == "ippassword" && rest != "?";
    if (bool const asked = !secret && take_question(rest); asked || (rest.empty() && verb == "xPreferences")) {
        Help help;
        for (auto const& form : usage_of(verb, family)) help.lines.push_back((help.lines.empty() ? "usage: " : "or:    ") + form);
        if (verb == "xFeedback" && is_classic(family)) {
            help.lines.emplace_back("-");
            help.lines.emplace_back("(note: deregistration with index=0 will deregister all registered expressions)");
        }
        return help;
    }
    if (verb == "xFeedback") return parse_feedback(rest, family);
    if (verb == "xGetxml") return GetXml{std::string(rest)};
    if (is_document_verb(verb)) return GetDocument{std::string(verb.substr(1)), join(path_words(rest), " ")};
    if (verb == "xEvent") return ListEvents{join(path_words(rest), " ")};
    if (verb == "xPreferences") {
        auto const parts = words(rest);
        if (parts.size() != 2) return usage_error(verb, family);
        return Preference{std::string(parts[0]), std::string(parts[1])};
    }
    if (verb == "echo") {
        CS_TRY(auto const on, on_or_off(verb, rest, family));
        return Echo{on};
    }
    if (verb == "syslog") {
        CS_TRY(auto const on, on_or_off(verb, rest, family));
        return Syslog{on};
    }
    if (verb == "certificate") return parse_certificate(rest, family);
    if (verb == "services") return parse_services(rest, family);
    if (verb == "ippassword") {
        // Alone it would leave the system without a password, and who wanted to see it has made a mistake.
        if (rest.empty()) return usage_error(verb, family);
        return ChangePassword{std::string(rest)};
    }
    if (is_console_word(verb)) return parse_console(verb, rest, family);
    if (!rest.empty()) return usage_error(verb, family);
    return Bye{};
}

std::vector<std::string> complete_special(std::string_view verb, std::span<std::string const> typed, std::string_view begun,
                                          family::Family const& family) {
    std::vector<std::string> words;
    auto const add = [&](auto const& list) {
        for (auto const& one : list) words.emplace_back(one);
    };
    if (verb == "xFeedback" && typed.empty()) add(k_feedback);
    if (verb == "xPreferences") add(preference_words(typed.empty() ? std::string_view{} : std::string_view(typed.front()), family));
    if ((verb == "echo" || verb == "syslog") && typed.empty()) add(k_on_off);
    if (verb == "certificate") add(typed.empty() ? k_certificate : k_certificates);
    if (verb == "services" && typed.empty()) add(switchable(family));
    if (verb == "services" && typed.size() == 1) add(k_switch);
    if (verb == "help" && typed.empty()) add(verbs_of(family));
    std::erase_if(words, [begun](std::string const& word) { return !istarts_with(word, begun); });
    return words;
}

}  // namespace countersign::dialect::xapi
