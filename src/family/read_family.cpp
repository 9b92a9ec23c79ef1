/// First pass over a family file: each section into its value. docs/families.md describes the keys.

#include "base/text.hpp"
#include "family/toml_reader.hpp"

#include <algorithm>
#include <array>

namespace countersign::family {
namespace {

using namespace std::string_view_literals;

constexpr std::array k_kinds{"literal"sv, "string"sv, "integer"sv, "password"sv};
constexpr std::array k_effects{"now"sv, "restart"sv};
constexpr std::array k_doors{"http"sv, "https"sv, "telnet"sv, "ftp"sv, "snmp"sv, "ssh"sv, "telnet_challenge"sv, "serial"sv, "none"sv};
constexpr std::array k_transports{"tcp"sv, "udp"sv, "none"sv};
constexpr std::array k_schemes{"digest"sv, "basic"sv};
constexpr std::array k_dialects{"xapi"sv, "xml_rpc"sv, "transactions"sv};
constexpr std::array k_field_kinds{"checkbox"sv, "text"sv, "file"sv, "select"sv, "password"sv, "textarea"sv};
constexpr std::array k_account_roles{"admin"sv, "user"sv};
constexpr std::array k_formats{"pem"sv, "der"sv, "pfx"sv, "pkcs7"sv};
constexpr std::array k_roots{"replace"sv, "append"sv};
constexpr std::array k_certificate_effects{"now"sv, "restart"sv, "restart_banner"sv};
constexpr std::array k_certificate_alarms{"certificate.factory"sv, "certificate.not_yet_valid"sv};
constexpr std::array k_dataports{"modern"sv, "classic"sv};
constexpr std::array k_dataport_words{"syslog"sv, "certificate"sv, "services"sv, "ippassword"sv,
                                      "status"sv, "static"sv,      "dhcp"sv,     "reset_config"sv};
constexpr std::array k_recognised{"realm"sv, "product_type"sv, "page_title"sv};

std::vector<std::string> split_words(std::string_view path) {
    std::vector<std::string> result;
    for (auto word : words(path)) result.emplace_back(word);
    return result;
}

template <std::size_t N>
std::size_t index_of(std::array<std::string_view, N> const& names, std::string_view name) {
    auto const found = std::ranges::find(names, name);
    return found == names.end() ? 0 : static_cast<std::size_t>(found - names.begin());
}

/// "On", or { text = "...", canonical = "...", also = [...] }.
std::vector<Choice> read_choices(TableReader& reader, std::string_view key, std::string_view what, Problems& problems) {
    std::vector<Choice> choices;
    auto const* node = reader.node(key, Need::required);
    if (node == nullptr) return choices;
    auto const* array = node->as_array();
    if (array == nullptr || array->empty()) {
        reader.problem(key, "must be a list of values");
        return choices;
    }
    for (auto const& element : *array) {
        if (auto const text = element.value_exact<std::string>()) {
            choices.push_back({*text, to_lower(*text), {}, {}});
        } else if (auto const* table = element.as_table()) {
            TableReader inner(*table, std::string(what) + "." + std::string(key), problems);
            Choice choice;
            choice.text = inner.text("text");
            choice.canonical = inner.text("canonical");
            choice.aliases = inner.texts("also");
            choice.note = inner.text("note", Need::optional);
            inner.finish();
            choices.push_back(std::move(choice));
        } else {
            reader.problem(key, "must hold texts or tables");
        }
    }
    return choices;
}

ValueSpace read_space(TableReader& reader, std::string_view what, Problems& problems) {
    ValueSpace space;
    auto const kind = reader.one_of("kind", k_kinds);
    space.kind = static_cast<ValueKind>(index_of(k_kinds, kind));
    switch (space.kind) {
        case ValueKind::literal: space.choices = read_choices(reader, "values", what, problems); break;
        case ValueKind::integer: std::tie(space.minimum, space.maximum) = reader.range("range", Need::required); break;
        case ValueKind::string:
        case ValueKind::password: {
            auto const [low, high] = reader.range("length", Need::required);
            if (low < 0) reader.problem("length", "must not be negative");
            space.minimum_length = static_cast<std::size_t>(std::max<std::int64_t>(low, 0));
            space.maximum_length = static_cast<std::size_t>(std::max<std::int64_t>(high, 0));
            space.format = static_cast<ValueFormat>(index_of(k_value_formats, reader.one_of("format", k_value_formats, Need::optional)));
            space.or_else = reader.texts("or_else");
            if (space.kind == ValueKind::password && space.format != ValueFormat::text) reader.problem("format", "is not for passwords");
            if (!space.or_else.empty() && space.format == ValueFormat::text) reader.problem("or_else", "needs a format");
            break;
        }
    }
    return space;
}

SoftwareRange read_software(TableReader& reader) {
    SoftwareRange range;
    range.from = reader.text("software_from", Need::optional);
    range.before = reader.text("software_before", Need::optional);
    if (!range.from.empty() && !range.before.empty() && compare_versions(range.from, range.before) >= 0)
        reader.problem("software_before", "is not later than software_from: no software would have it");
    return range;
}

Service read_service(TableReader reader) {
    Service service;
    service.id = reader.text("id");
    service.title = reader.text("title");
    service.transport = reader.one_of("transport", k_transports);
    service.port = static_cast<std::uint16_t>(reader.integer("port", 0, 1, 65535));
    service.port_setting = reader.text("port_setting", Need::optional);
    service.door = reader.one_of("door", k_doors);
    service.dialects = reader.texts("dialects");
    service.mode_setting = reader.text("mode", Need::optional);
    service.on_when = reader.texts("on_when");
    service.redirect_paths = reader.texts("redirect_paths");
    service.level = reader.level("level", Level::password_only, Need::required);
    service.level_unverified = reader.level("level_unverified", service.level);
    service.level_note = reader.text("level_note", Need::optional);
    service.management = reader.flag("management", true);
    service.secure = reader.flag("secure", false);
    service.counts_for_level = reader.flag("counts_for_level", true);
    service.needs_feature_key = reader.texts("needs_feature_key");
    service.needs_certificate = reader.flag("needs_certificate", false);
    if (!reader.has("port") && service.transport != "none") reader.problem("port", "is missing");
    if (service.level_unverified > service.level) reader.problem("level_unverified", "is higher than level");
    service.identity = reader.text("identity", Need::optional);
    service.transaction_paths = reader.texts("transaction_paths");
    service.verify_clients = reader.text("verify_clients", Need::optional);
    service.redirect_to = reader.text("redirect_to", Need::optional);
    service.redirect_setting = reader.text("redirect_setting", Need::optional);
    service.tls_profile = reader.text("tls_profile", Need::optional);
    service.files = reader.texts("files");
    for (auto const& way : service.files)
        if (way != "sftp" && way != "scp") reader.problem("files", "unknown way: " + way + " (known: scp, sftp)");
    if (!service.files.empty() && service.door != "ssh") reader.problem("files", "is for services with the door ssh only");
    reader.finish();
    return service;
}

Client read_client(TableReader reader) {
    Client client;
    client.id = reader.text("id");
    client.title = reader.text("title");
    client.mode = reader.text("mode", Need::optional);
    client.address = reader.text("address", Need::optional);
    client.alternate = reader.text("alternate", Need::optional);
    client.path = reader.text("path", Need::optional);
    client.protocol = reader.text("protocol", Need::optional);
    client.url = reader.text("url", Need::optional);
    client.register_command = reader.text("register_command", Need::optional);
    client.deregister_command = reader.text("deregister_command", Need::optional);
    client.slot = static_cast<int>(reader.integer("slot", 0, 1, 100));
    client.disabled_value = reader.text("disabled_value", Need::optional);
    client.identity = reader.text("identity", Need::optional);
    client.verify = reader.text("verify", Need::optional);
    client.most_expressions = static_cast<int>(reader.integer("most_expressions", 0, 1, 1000));
    client.default_path = reader.text("default_path", Need::optional);
    client.level_http = reader.level("level_http", Level::protected_password);
    client.level_https = reader.level("level_https", Level::encrypted);
    client.level_verified = reader.level("level_verified", Level::verified);
    reader.finish();
    return client;
}

Identity read_identity_of(TableReader reader) {
    Identity identity;
    identity.id = reader.text("id");
    identity.title = reader.text("title");
    identity.purposes = reader.texts("purposes");
    identity.host_name = reader.text("host_name", Need::optional);
    identity.client_too = reader.flag("client_too", false);
    identity.client_only = reader.flag("client_only", false);
    identity.falls_back_to = reader.text("falls_back_to", Need::optional);
    if (identity.client_too && identity.client_only) reader.problem("client_only", "and client_too say two different things");
    if (reader.has("effect"))
        identity.effect = static_cast<CertificateEffect>(index_of(k_certificate_effects, reader.one_of("effect", k_certificate_effects)));
    identity.effect_from = reader.text("effect_from", Need::optional);
    if (!identity.effect_from.empty() && !identity.effect) reader.problem("effect_from", "needs effect");
    reader.finish();
    return identity;
}

Setting read_setting(TableReader reader, Need by_agent, Problems& problems) {
    Setting setting;
    setting.path = reader.text("path");
    setting.words = split_words(setting.path);
    setting.also = reader.texts("also");
    setting.canonical = reader.text("canonical", Need::optional);
    setting.space = read_space(reader, "setting", problems);
    setting.default_value = reader.text("default", by_agent);
    setting.effect = static_cast<Effect>(index_of(k_effects, reader.one_of("effect", k_effects, Need::optional)));
    setting.check = reader.one_of("check", known_checks(), Need::optional);
    setting.needs_feature_key = reader.texts("needs_feature_key");
    setting.section = reader.text("section", Need::optional);
    for (auto const* table : reader.tables("default_when")) {
        TableReader inner(*table, "setting.default_when", problems);
        Setting::DefaultWhen when{.feature_key = inner.text("feature_key", Need::optional),
                                  .setting = inner.text("setting", Need::optional),
                                  .equals = inner.text("equals", Need::optional),
                                  .value = inner.text("value")};
        if (when.feature_key.empty() == when.setting.empty()) inner.problem("value", "needs either a feature_key or a setting");
        inner.finish();
        setting.default_when.push_back(std::move(when));
    }
    reader.finish();
    return setting;
}

/// The last two words and "Result": "SystemUnit AdminPassword Set" gives "AdminPasswordSetResult".
std::string default_result_name(std::vector<std::string> const& path_words) {
    std::string name;
    for (std::size_t i = path_words.size() > 2 ? path_words.size() - 2 : 0; i < path_words.size(); ++i) name += path_words[i];
    return name + "Result";
}

Command read_command(TableReader reader, Problems& problems) {
    Command command;
    command.path = reader.text("path");
    command.words = split_words(command.path);
    command.dialect = reader.one_of("dialect", k_dialects);
    command.behaviour = reader.one_of("behaviour", known_behaviours());
    command.result = reader.text("result", Need::optional);
    if (command.result.empty()) command.result = default_result_name(command.words);
    command.multiline = reader.flag("multiline", false);
    command.software = read_software(reader);
    if (command.dialect != "transactions" && !(command.software.from.empty() && command.software.before.empty()))
        reader.problem("dialect", "only transactions depend on the software");
    for (auto const* table : reader.tables("parameter")) {
        TableReader inner(*table, "command.parameter", problems);
        Parameter parameter;
        parameter.name = inner.text("name");
        parameter.required = inner.flag("required", false);
        parameter.repeat = static_cast<int>(inner.integer("repeat", 1, 1, 100));
        parameter.space = read_space(inner, "command.parameter", problems);
        parameter.default_value = inner.text("default", Need::optional);
        inner.finish();
        command.parameters.push_back(std::move(parameter));
    }
    reader.finish();
    return command;
}

Field read_field(TableReader reader) {
    Field field;
    field.name = reader.text("name");
    field.label = reader.text("label");
    field.kind = static_cast<FieldKind>(index_of(k_field_kinds, reader.one_of("kind", k_field_kinds)));
    field.setting = reader.text("setting", Need::optional);
    field.role = reader.one_of("role", known_roles(), Need::optional);
    field.options = reader.texts("options");
    field.row = reader.text("row", Need::optional);
    field.column = static_cast<int>(reader.integer("column", 0, 0, 20));
    if (field.setting.empty() == field.role.empty()) reader.problem("name", "needs either a setting or a role");
    reader.finish();
    return field;
}

Form read_form(TableReader reader, Page const& page, bool alone, Problems& problems) {
    Form form;
    form.id = reader.text("id");
    form.title = reader.text("title");
    form.action = reader.one_of("action", known_form_actions());
    form.target = reader.text("target", Need::optional);
    if (form.target.empty()) form.target = alone ? page.path : page.path + "/" + form.id;
    form.multipart = reader.flag("multipart", false);
    form.submit_name = reader.text("submit_name", Need::optional);
    form.submit_label = reader.text("submit_label");
    form.identity = reader.text("identity", Need::optional);
    form.columns = reader.texts("columns");
    form.needs_state = reader.texts("needs_state");
    form.software = read_software(reader);
    for (auto const* table : reader.tables("fields")) form.fields.push_back(read_field({*table, "page.form.fields", problems}));
    reader.finish();
    return form;
}

PageTable read_table(TableReader reader, Problems& problems) {
    PageTable result;
    result.id = reader.text("id");
    result.title = reader.text("title");
    result.identity = reader.text("identity", Need::optional);
    for (auto const* table : reader.tables("columns")) {
        TableReader inner(*table, "page.table.columns", problems);
        result.columns.push_back({inner.text("title"), inner.text("fact")});
        inner.finish();
    }
    reader.finish();
    return result;
}

Page read_page(TableReader reader, Problems& problems) {
    Page page;
    page.path = reader.text("path");
    page.menu = reader.texts("menu", Need::required);
    page.title = reader.text("title");
    page.needs_feature_key = reader.texts("needs_feature_key");
    page.software = read_software(reader);
    for (auto const* table : reader.tables("table")) page.tables.push_back(read_table({*table, "page.table", problems}, problems));
    auto const forms = reader.tables("form");
    for (auto const* table : forms) page.forms.push_back(read_form({*table, "page.form", problems}, page, forms.size() == 1, problems));
    if (!page.path.starts_with('/')) reader.problem("path", "must begin with /");
    reader.finish();
    return page;
}

void read_identity(Family& family, TableReader reader) {
    family.id = reader.text("id");
    family.name = reader.text("name");
    family.vendor = reader.text("vendor");
    family.driver = reader.text("driver");
    // What only the agent needs may be missing where no agent plays the system.
    auto const by_agent = is_generic_driver(family.driver) ? Need::optional : Need::required;
    family.product_type = reader.text("product_type", by_agent);
    family.product_id = reader.text("product_id", by_agent);
    family.software = reader.text("software", by_agent);
    family.api_version = reader.text("api_version", Need::optional);
    family.snmp_object_id = reader.text("snmp_object_id", Need::optional);
    family.dataport = static_cast<DataportStyle>(index_of(k_dataports, reader.one_of("dataport", k_dataports, Need::optional)));
    family.dataport_words = reader.texts("dataport_words");
    for (auto const& word : family.dataport_words)
        if (std::ranges::find(k_dataport_words, word) == k_dataport_words.end())
            reader.problem("dataport_words", "unknown word: " + word +
                                                 " (known: syslog, certificate, services, ippassword, status, static, dhcp, reset_config)");
    family.minimum_secure_only = reader.text("minimum_secure_only");
    family.secure_only_feature_keys = reader.texts("secure_only_feature_keys");
    family.factory_feature_keys = reader.texts("factory_feature_keys");
    reader.finish();
}

Login read_login(TableReader reader, Need by_agent) {
    Login login;
    login.user = reader.text("user");
    login.any_user = reader.flag("any_user", false);
    login.terminal_user = reader.flag("terminal_user", false);
    login.factory_password = reader.text("factory_password", by_agent);
    login.realm = reader.text("realm", by_agent);
    login.scheme = reader.one_of("scheme", k_schemes, by_agent);
    login.recovery_user = reader.text("recovery_user", Need::optional);
    reader.finish();
    return login;
}

FlagRules read_flags(TableReader reader) {
    FlagRules flags;
    flags.sections = reader.texts("sections", Need::required);
    flags.may_create = reader.flag("may_create", false);
    reader.finish();
    return flags;
}

Account read_account(TableReader reader) {
    Account account;
    account.user = reader.text("user");
    account.read_only = reader.one_of("role", k_account_roles) == "user";
    account.factory_password = reader.text("factory_password");
    reader.finish();
    return account;
}

/// { der = "8.1", pkcs7 = "8.1" }
void read_formats_from(TableReader& reader, CertificateRules& rules, Problems& problems) {
    auto const* table = reader.table("formats_from", Need::optional);
    if (table == nullptr) return;
    TableReader inner(*table, "certificate.formats_from", problems);
    for (auto const& [key, value] : *table) {
        auto format = std::string(key.str());
        if (std::ranges::find(rules.formats, format) == rules.formats.end()) inner.problem(format, "is not among formats");
        rules.formats_from.emplace(format, inner.text(format));
    }
    inner.finish();
}

CertificateRules read_certificate(TableReader reader, Need by_agent, Problems& problems) {
    CertificateRules rules;
    rules.factory_subject = reader.text("factory_subject", by_agent);
    rules.factory_issuer = reader.text("factory_issuer", by_agent);
    rules.factory_life = std::chrono::years(reader.integer("factory_years", 25, 1, 50));
    rules.formats = reader.texts("formats", by_agent);
    for (auto const& format : rules.formats)
        if (std::ranges::find(k_formats, format) == k_formats.end()) reader.problem("formats", format + " is none of pem, der, pfx, pkcs7");
    read_formats_from(reader, rules, problems);
    rules.key_types = reader.texts("key_types", Need::required);
    rules.passphrase_allowed = reader.flag("passphrase_allowed", true);
    rules.name_must_match = reader.flag("name_must_match", false);
    rules.shared_keys = reader.texts("shared_keys");
    rules.append_roots = reader.one_of("roots", k_roots, by_agent) == "append";
    rules.effect = static_cast<CertificateEffect>(index_of(k_certificate_effects, reader.one_of("effect", k_certificate_effects)));
    rules.banner = reader.text("banner", rules.effect == CertificateEffect::restart_banner ? Need::required : Need::optional);
    rules.default_marker = reader.text("default_marker", Need::optional);
    rules.nameless_issuer_from = reader.text("nameless_issuer_from", Need::optional);
    rules.client_identity = reader.text("client_identity", Need::optional);
    rules.client_identity_from = reader.text("client_identity_from", Need::optional);
    rules.one_certificate_because = reader.text("one_certificate_because", Need::optional);
    if (!rules.client_identity_from.empty() && rules.client_identity.empty())
        reader.problem("client_identity_from", "needs client_identity");
    if (!rules.client_identity.empty() && !rules.one_certificate_because.empty())
        reader.problem("one_certificate_because", "and client_identity say two different things");
    rules.alarms = reader.texts("alarms");
    for (auto const& alarm : rules.alarms)
        if (std::ranges::find(k_certificate_alarms, alarm) == k_certificate_alarms.end())
            reader.problem("alarms", alarm + " is none of certificate.factory, certificate.not_yet_valid");
    reader.finish();
    return rules;
}

ExternalManager read_external_manager(TableReader reader) {
    ExternalManager manager;
    manager.default_path = reader.text("default_path");
    manager.heartbeat = std::chrono::seconds(reader.integer("heartbeat", 0, 1, 86'400));
    manager.events = reader.texts("events", Need::required);
    manager.name_space = reader.text("name_space");
    reader.finish();
    return manager;
}

void read_messages(Family& family, toml::table const& table, Problems& problems) {
    TableReader reader(table, "messages", problems);
    for (auto const& [key, value] : table) family.messages.emplace(key.str(), reader.text(key.str()));
}

}  // namespace

Family read_family(toml::table const& root, Problems& problems, Lines& lines) {
    Family family;
    TableReader reader(root, "file", problems);
    auto const remember = [&](std::string_view kind, std::string_view name, toml::table const& table) {
        auto const [place, fresh] = lines.of.emplace(std::string(kind) + " " + to_lower(name), table.source().begin.line);
        if (!fresh)
            problems.add(table.source().begin.line,
                         std::string(kind) + " " + std::string(name) + " stands in line " + std::to_string(place->second) + " already");
    };
    if (auto const* table = reader.table("family", Need::required)) read_identity(family, {*table, "family", problems});
    auto const by_agent = is_generic_driver(family.driver) ? Need::optional : Need::required;
    if (auto const* table = reader.table("login", Need::required)) family.login = read_login({*table, "login", problems}, by_agent);
    if (by_agent == Need::optional) family.certificate = {.key_types = {"rsa", "ecdsa", "ed25519"}, .effect = CertificateEffect::now};
    if (auto const* table = reader.table("certificate", by_agent))
        family.certificate = read_certificate({*table, "certificate", problems}, by_agent, problems);
    if (auto const* table = reader.table("flags", Need::optional)) family.flags = read_flags({*table, "flags", problems});
    if (auto const* table = reader.table("external_manager", Need::optional))
        family.external_manager = read_external_manager({*table, "external_manager", problems});
    if (auto const* table = reader.table("messages", Need::optional)) read_messages(family, *table, problems);
    for (auto const* table : reader.tables("recognition")) {
        TableReader inner(*table, "recognition", problems);
        family.recognition.push_back({inner.one_of("fact", k_recognised), inner.text("equals")});
        inner.finish();
    }
    for (auto const* table : reader.tables("account")) {
        family.accounts.push_back(read_account({*table, "account", problems}));
        remember("account", family.accounts.back().user, *table);
    }
    for (auto const* table : reader.tables("identity")) {
        family.identities.push_back(read_identity_of({*table, "identity", problems}));
        remember("identity", family.identities.back().id, *table);
    }
    if (family.identities.empty()) family.identities.push_back({.id = "management", .title = "Management", .purposes = {"HTTPS"}});
    for (auto const* table : reader.tables("service")) {
        family.services.push_back(read_service({*table, "service", problems}));
        remember("service", family.services.back().id, *table);
    }
    for (auto const* table : reader.tables("client")) {
        family.clients.push_back(read_client({*table, "client", problems}));
        remember("client", family.clients.back().id, *table);
    }
    for (auto const* table : reader.tables("setting")) {
        family.settings.push_back(read_setting({*table, "setting", problems}, by_agent, problems));
        remember("setting", family.settings.back().path, *table);
        for (auto const& spelling : family.settings.back().also) remember("setting", spelling, *table);
        if (auto const& canonical = family.settings.back().canonical; !canonical.empty()) remember("canonical", canonical, *table);
    }
    for (auto const* table : reader.tables("status")) {
        TableReader inner(*table, "status", problems);
        auto path = inner.text("path");
        auto path_words = split_words(path);
        remember("status", path, *table);
        family.status.push_back({std::move(path), std::move(path_words), inner.one_of("fact", known_facts())});
        inner.finish();
    }
    for (auto const* table : reader.tables("command")) {
        family.commands.push_back(read_command({*table, "command", problems}, problems));
        remember("command", family.commands.back().path, *table);
    }
    for (auto const* table : reader.tables("document")) {
        TableReader inner(*table, "document", problems);
        family.documents.push_back({inner.text("path"), inner.text("location")});
        remember("document", family.documents.back().path, *table);
        if (!family.documents.back().path.starts_with('/')) inner.problem("path", "must begin with /");
        inner.finish();
    }
    for (auto const* table : reader.tables("page")) {
        family.pages.push_back(read_page({*table, "page", problems}, problems));
        remember("page", family.pages.back().path, *table);
        for (auto const& form : family.pages.back().forms) remember("target", form.target, *table);
    }
    read_generic(family, reader, problems);
    reader.finish();
    return family;
}

}  // namespace countersign::family
