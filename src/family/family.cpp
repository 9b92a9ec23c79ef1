#include "family/family.hpp"

#include "base/text.hpp"
#include "family/generic.hpp"
#include "family/problems.hpp"

#include "countersign/errors/dev.hpp"
#include "countersign/errors/fam.hpp"

#include <algorithm>
#include <cctype>

namespace countersign::family {
namespace {

template <class Container, class Predicate>
auto const* find_in(Container const& container, Predicate predicate) {
    auto found = std::ranges::find_if(container, predicate);
    return found == container.end() ? nullptr : &*found;
}

/// Bytes that no dataport line and no XML document can carry.
bool has_control_characters(std::string_view text) {
    return std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

/// Values of passwords never stand in an error.
std::string shown(ValueKind kind, std::string_view value) {
    if (kind == ValueKind::password) return "the value";
    constexpr std::size_t longest = 80;
    return std::string(value.substr(0, longest)) + (value.size() > longest ? "..." : "");
}

}  // namespace

Result<std::string> ValueSpace::check(std::string_view path, std::string_view value) const {
    auto const refuse = [&] {
        return fail(errors::dev::illegal_value, {{"path", path}, {"value", shown(kind, value)}, {"allowed", describe()}});
    };
    switch (kind) {
        case ValueKind::literal: {
            auto const* choice = find_in(choices, [&](Choice const& c) { return iequals(c.text, value); });
            if (choice == nullptr) return refuse();
            return choice->text;
        }
        case ValueKind::integer: {
            auto const number = parse_number<std::int64_t>(value);
            if (!number || *number < minimum || *number > maximum) return refuse();
            return std::to_string(*number);
        }
        case ValueKind::string:
        case ValueKind::password:
            if (format != ValueFormat::text) value = trim(value);
            if (value.size() < minimum_length || value.size() > maximum_length || !is_utf8(value) || has_control_characters(value))
                return refuse();
            if (!value.empty() && !has_format(format, value) && std::ranges::find(or_else, value) == or_else.end()) return refuse();
            return std::string(value);
    }
    return refuse();
}

std::string ValueSpace::describe() const {
    switch (kind) {
        case ValueKind::literal: {
            std::vector<std::string> texts;
            for (auto const& choice : choices) texts.push_back(choice.text);
            return join(texts, "/");
        }
        case ValueKind::integer: return std::to_string(minimum) + ".." + std::to_string(maximum);
        case ValueKind::string:
        case ValueKind::password: break;
    }
    if (format != ValueFormat::text) {
        auto text = std::string(family::describe(format));
        if (minimum_length == 0) text += ", or nothing";
        return text + " (at most " + std::to_string(maximum_length) + " bytes)";
    }
    return "text of " + std::to_string(minimum_length) + " to " + std::to_string(maximum_length) + " bytes";
}

std::string ValueSpace::notation() const {
    if (kind == ValueKind::literal || kind == ValueKind::integer) return "<" + describe() + ">";
    return "<S: " + std::to_string(minimum_length) + ", " + std::to_string(maximum_length) + ">";
}

std::string Setting::to_canonical(std::string_view value) const {
    auto const* choice = find_in(space.choices, [&](Choice const& c) { return iequals(c.text, value); });
    return choice != nullptr ? choice->canonical : std::string(value);
}

Result<std::string> Setting::from_canonical(std::string_view value) const {
    if (space.kind != ValueKind::literal) return space.check(path, value);
    auto const* choice = find_in(space.choices, [&](Choice const& c) {
        return iequals(c.canonical, value) || std::ranges::any_of(c.aliases, [&](auto const& alias) { return iequals(alias, value); });
    });
    if (choice == nullptr) return space.check(path, value);
    return choice->text;
}

Parameter const* Command::find_parameter(std::string_view name) const {
    return find_in(parameters, [&](Parameter const& p) { return iequals(p.name, name); });
}

Result<std::vector<Argument>> Command::check(std::vector<Argument> arguments) const {
    std::vector<Error> problems;
    std::vector<Argument> checked;
    auto const refuse = [&](std::string_view name) {
        problems.emplace_back(errors::dev::missing_parameter,
                              std::initializer_list<std::pair<std::string_view, std::string_view>>{{"parameter", name}, {"path", path}});
    };
    for (auto& argument : arguments) {
        auto const* parameter = find_parameter(argument.name);
        if (parameter == nullptr) {
            refuse(argument.name);
            continue;
        }
        auto value = parameter->space.check(path + " " + parameter->name, argument.value);
        if (!value)
            problems.push_back(std::move(value).error());
        else
            checked.push_back({parameter->name, *std::move(value)});
    }
    for (auto const& parameter : parameters) {
        auto const given = std::ranges::count_if(arguments, [&](auto const& a) { return iequals(a.name, parameter.name); });
        if ((given == 0 && parameter.required) || given > parameter.repeat) refuse(parameter.name);
        if (given == 0 && !parameter.default_value.empty()) checked.push_back({parameter.name, parameter.default_value});
    }
    if (problems.empty()) return checked;
    return fail(all_of(std::move(problems)));
}

bool SoftwareRange::holds(std::string_view software) const {
    if (software.empty()) return true;
    return (from.empty() || compare_versions(software, from) >= 0) && (before.empty() || compare_versions(software, before) < 0);
}

CertificateEffect Identity::effect_in(std::string_view software, CertificateEffect otherwise) const {
    return SoftwareRange{effect_from, {}}.holds(software) ? effect.value_or(otherwise) : otherwise;
}

CertificateRules CertificateRules::for_software(std::string_view software) const {
    auto rules = *this;
    std::erase_if(rules.formats, [&](std::string const& format) {
        auto const known = formats_from.find(format);
        return known != formats_from.end() && !SoftwareRange{known->second, {}}.holds(software);
    });
    rules.nameless_issuers = SoftwareRange{nameless_issuer_from, {}}.holds(software);
    return rules;
}

Field const* Form::find_field(std::string_view name) const {
    return find_in(fields, [&](Field const& f) { return f.name == name; });
}

Field const* Form::find_role(std::string_view role) const {
    return find_in(fields, [&](Field const& f) { return !role.empty() && f.role == role; });
}

Field const* Form::find_setting(std::string_view canonical) const {
    return find_in(fields, [&](Field const& f) { return !canonical.empty() && f.setting == canonical; });
}

Form const* Page::find_form(std::string_view form_id) const {
    return find_in(forms, [&](Form const& f) { return f.id == form_id; });
}

bool Service::is_on(std::string_view mode) const {
    if (on_when.empty()) return !mode.empty() && !iequals(mode, "off");
    return std::ranges::any_of(on_when, [mode](std::string const& value) { return iequals(value, mode); });
}

std::string_view Service::opened_by() const { return on_when.empty() ? std::string_view("on") : std::string_view(on_when.front()); }

std::string_view Service::closed_by() const { return is_on("off") ? "on" : "off"; }

std::string Family::switched(Service const& service, std::string_view mode, std::string_view current, bool on) const {
    if (service.is_on(current) == on) return std::string(current);
    std::string best(on ? service.opened_by() : service.closed_by());
    auto changed_others = [&](std::string_view value) {
        return std::ranges::count_if(services, [&](Service const& other) {
            return &other != &service && other.mode_setting == mode && other.is_on(value) != other.is_on(current);
        });
    };
    auto least = changed_others(best);
    auto const* setting = find_canonical(mode);
    for (auto const& choice : setting != nullptr ? setting->space.choices : std::vector<Choice>()) {
        auto const value = setting->to_canonical(choice.text);
        if (service.is_on(value) != on || changed_others(value) >= least) continue;
        best = value;
        least = changed_others(value);
    }
    return best;
}

Service const* Family::find_service(std::string_view service_id) const {
    return find_in(services, [&](Service const& s) { return s.id == service_id; });
}

Identity const* Family::find_identity(std::string_view identity_id) const {
    if (identity_id.empty()) return &identities.front();
    auto const found = std::ranges::find(identities, identity_id, &Identity::id);
    return found == identities.end() ? nullptr : &*found;
}

Identity const* Family::client_identity(std::string_view installed) const {
    auto const& rules = certificate;
    bool const has_it = !rules.client_identity.empty() && SoftwareRange{rules.client_identity_from, {}}.holds(installed);
    return has_it ? find_identity(rules.client_identity) : nullptr;
}

std::string Family::why_one_certificate(std::string_view installed) const {
    if (client_identity(installed) != nullptr) return {};
    auto const& rules = certificate;
    if (!rules.client_identity.empty())
        return "software " + std::string(installed) + " is older than " + rules.client_identity_from +
               ", the first to keep a certificate for its calls";
    return rules.one_certificate_because.empty() ? "its family file does not say how it is given a certificate for its calls"
                                                 : rules.one_certificate_because;
}

Account const* Family::find_account(std::string_view user) const {
    return find_in(accounts, [&](Account const& account) { return account.user == user; });
}

Client const* Family::find_client(std::string_view client_id) const {
    return find_in(clients, [&](Client const& c) { return c.id == client_id; });
}

Setting const* Family::find_setting(std::string_view path) const {
    auto const is_path = [path](std::string const& spelling) { return iequals(spelling, path); };
    return find_in(settings, [&](Setting const& s) { return is_path(s.path) || std::ranges::any_of(s.also, is_path); });
}

Setting const* Family::find_canonical(std::string_view canonical) const {
    if (canonical.empty()) return nullptr;
    return find_in(settings, [&](Setting const& s) { return s.canonical == canonical; });
}

StatusItem const* Family::find_fact(std::string_view fact) const {
    return find_in(status, [&](StatusItem const& s) { return s.fact == fact; });
}

Command const* Family::find_command(std::string_view path) const {
    return find_in(commands, [&](Command const& c) { return iequals(c.path, path); });
}

Command const* Family::find_behaviour(std::string_view behaviour) const {
    return find_in(commands, [&](Command const& c) { return c.behaviour == behaviour; });
}

Page const* Family::find_page(std::string_view path) const {
    return find_in(pages, [&](Page const& p) { return p.path == path; });
}

Family::FormPlace Family::find_form(std::string_view action, std::string_view canonical) const {
    for (auto const& page : pages)
        for (auto const& form : page.forms)
            if (form.action == action && (canonical.empty() || form.find_setting(canonical) != nullptr)) return {&page, &form};
    return {};
}

Family::FormPlace Family::find_target(std::string_view target) const {
    for (auto const& page : pages)
        for (auto const& form : page.forms)
            if (form.target == target) return {&page, &form};
    return {};
}

std::string_view Family::message(std::string_view message_id) const {
    auto const found = messages.find(message_id);
    return found == messages.end() ? std::string_view{} : std::string_view(found->second);
}

bool Family::supports_secure_only(std::string_view version, std::span<std::string const> feature_keys) const {
    return compare_versions(version, minimum_secure_only) >= 0 && has_feature_key(secure_only_feature_keys, feature_keys);
}

bool has_feature_key(std::span<std::string const> needs, std::span<std::string const> keys) {
    if (needs.empty()) return true;
    return std::ranges::any_of(
        needs, [&](auto const& need) { return std::ranges::any_of(keys, [&](auto const& key) { return iequals(key, need); }); });
}

std::weak_ordering compare_versions(std::string_view a, std::string_view b) {
    // A run of digits as text without leading zeros: as long as needed, never an overflow.
    auto const next_number = [](std::string_view& text) {
        while (!text.empty() && std::isdigit(static_cast<unsigned char>(text.front())) == 0) text.remove_prefix(1);
        std::size_t length = 0;
        while (length < text.size() && std::isdigit(static_cast<unsigned char>(text[length])) != 0) ++length;
        auto number = text.substr(0, length);
        text.remove_prefix(length);
        while (!number.empty() && number.front() == '0') number.remove_prefix(1);
        return number;
    };
    auto const has_digit = [](std::string_view text) {
        return std::ranges::any_of(text, [](char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; });
    };
    while (has_digit(a) || has_digit(b)) {
        auto const x = next_number(a);
        auto const y = next_number(b);
        if (x.size() != y.size()) return x.size() <=> y.size();
        if (x != y) return x < y ? std::weak_ordering::less : std::weak_ordering::greater;
    }
    return std::weak_ordering::equivalent;
}

Result<FamilyPtr> Families::get(std::string_view id) const {
    for (auto const& family : families_)
        if (family->id == id) return family;
    return fail(errors::fam::unknown_family, {{"name", id}});
}

bool Family::can(Action action) const {
    if (ssh) return ssh->steps.contains(action);
    return !hook || hook->actions.contains(action);
}

bool Family::can_write(std::string_view canonical) const {
    if (find_canonical(canonical) == nullptr) return false;
    if (hook) return hook->actions.contains(Action::apply) && !hook->read_only.contains(canonical);
    if (!ssh) return true;
    auto const steps = ssh->steps.find(Action::apply);
    return steps != ssh->steps.end() && std::ranges::find(steps->second, canonical, &SshStep::setting) != steps->second.end();
}

Service const* Family::management_service() const {
    if (ssh) return find_service(ssh->service);
    if (hook) return find_service(hook->service);
    auto const https = std::ranges::find(services, "https", &Service::door);
    return https == services.end() ? nullptr : &*https;
}

FamilyPtr Families::recognise(std::map<std::string, std::string> const& facts) const {
    FamilyPtr match;
    for (auto const& family : families_) {
        bool const fits = !family->recognition.empty() && std::ranges::all_of(family->recognition, [&](Recognition const& wanted) {
            auto const fact = facts.find(wanted.fact);
            return fact != facts.end() && fact->second == wanted.equals;
        });
        if (!fits) continue;
        if (match) return nullptr;
        match = family;
    }
    return match;
}

}  // namespace countersign::family
