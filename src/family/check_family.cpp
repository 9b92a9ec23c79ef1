/// Second pass over a family file: what refers to something refers to something that exists and fits.

#include "base/text.hpp"
#include "family/toml_reader.hpp"

#include <algorithm>

namespace countersign::family {
namespace {

/// The agent knows what there is to choose from (docs/families.md).
bool knows_choices(std::string_view role) {
    return role == "identity" || role == "fingerprint" || role == "issuer" || role == "revocation_method";
}

class Checker {
public:
    Checker(Family const& family, Lines const& lines, Problems& problems) : family_(family), lines_(lines), problems_(problems) {}

    void run() {
        for (auto const& service : family_.services) check(service);
        for (auto const& identity : family_.identities) check(identity);
        check_client_identity();
        for (auto const& client : family_.clients) check(client);
        for (auto const& setting : family_.settings) check(setting);
        for (auto const& command : family_.commands) check(command);
        for (auto const& page : family_.pages) check(page);
        for (auto const& account : family_.accounts)
            if (account.user == family_.login.user) report("account", account.user, "is the account of [login] already");
        if (family_.services.empty()) problems_.add(1, "a family needs at least one service");
    }

private:
    void report(std::string_view kind, std::string_view name, std::string_view detail) {
        auto const place = lines_.of.find(std::string(kind) + " " + to_lower(name));
        problems_.add(place == lines_.of.end() ? 1 : place->second,
                      std::string(kind) + " " + std::string(name) + ": " + std::string(detail));
    }

    void needs_setting(std::string_view kind, std::string_view name, std::string_view key, std::string_view canonical) {
        if (!canonical.empty() && family_.find_canonical(canonical) == nullptr)
            report(kind, name, std::string(key) + " names the canonical setting " + std::string(canonical) + ", which no setting has");
    }

    void needs_identity(std::string_view kind, std::string_view name, std::string_view identity) {
        if (family_.find_identity(identity) == nullptr) report(kind, name, "there is no identity " + std::string(identity));
    }

    void needs_choices(std::string_view kind, std::string_view name, std::string_view canonical,
                       std::initializer_list<std::string_view> wanted) {
        auto const* setting = canonical.empty() ? nullptr : family_.find_canonical(canonical);
        if (setting == nullptr) return;
        for (auto value : wanted) {
            if (std::ranges::any_of(setting->space.choices, [&](Choice const& c) { return c.canonical == value; })) continue;
            report(kind, name, std::string(canonical) + " has no value that stands for " + std::string(value));
        }
    }

    void check(Service const& service) {
        needs_identity("service", service.id, service.identity);
        if (!service.redirect_to.empty() && family_.find_service(service.redirect_to) == nullptr)
            report("service", service.id, "redirect_to names the service " + service.redirect_to + ", which there is not");
        if (!service.redirect_setting.empty() && service.redirect_to.empty())
            report("service", service.id, "redirect_setting needs redirect_to");
        needs_setting("service", service.id, "redirect_setting", service.redirect_setting);
        needs_choices("service", service.id, service.redirect_setting, {"off", "on"});
        needs_setting("service", service.id, "mode", service.mode_setting);
        needs_setting("service", service.id, "port_setting", service.port_setting);
        if (service.on_when.empty()) needs_choices("service", service.id, service.mode_setting, {"off", "on"});
        if (!service.on_when.empty() && service.mode_setting.empty()) report("service", service.id, "on_when needs mode");
        for (auto const& value : service.on_when) needs_choices("service", service.id, service.mode_setting, {"off", value});
        bool const speaks_transactions = std::ranges::find(service.dialects, "transactions") != service.dialects.end();
        if (speaks_transactions == service.transaction_paths.empty())
            report("service", service.id, "transaction_paths and the dialect transactions need each other");
        needs_setting("service", service.id, "verify_clients", service.verify_clients);
        needs_choices("service", service.id, service.verify_clients, {"off", "on"});
        needs_setting("service", service.id, "tls_profile", service.tls_profile);
        if (!service.tls_profile.empty() && !service.needs_certificate)
            report("service", service.id, "tls_profile needs needs_certificate");
    }

    void check(Identity const& identity) {
        needs_setting("identity", identity.id, "host_name", identity.host_name);
        needs_identity("identity", identity.id, identity.falls_back_to);
        if (identity.falls_back_to == identity.id) report("identity", identity.id, "falls_back_to names itself");
    }

    /// What the manager needs to give a system a certificate for its calls, and what makes it one apart (docs/identities.md).
    void check_client_identity() {
        auto const& id = family_.certificate.client_identity;
        if (id.empty()) return;
        auto const* identity = family_.find_identity(id);
        if (identity == nullptr) return report("certificate", "client_identity", "there is no identity " + id);
        if (!identity->client_only || identity->purposes.empty())
            report("identity", id, "is the client_identity: it needs client_only, and purposes");
        for (auto const& service : family_.services)
            if (service.needs_certificate && family_.find_identity(service.identity) == identity)
                report("service", service.id, "shows the client_identity, which is for calls alone");
        auto const* calls = family_.find_client("external_manager");
        if (calls == nullptr || calls->identity != id)
            report("certificate", "client_identity", "the client external_manager does not show it");
        for (std::string_view behaviour : {"certificate_add", "certificate_activate", "certificate_deactivate", "certificate_delete"})
            if (family_.find_behaviour(behaviour) == nullptr)
                report("certificate", "client_identity", "no command has the behaviour " + std::string(behaviour));
        for (std::string_view fact : {"identity.id", "identity.fingerprint", "identity.factory"})
            if (family_.find_fact(fact) == nullptr) report("certificate", "client_identity", "no status has the fact " + std::string(fact));
    }

    void check(Client const& client) {
        needs_identity("client", client.id, client.identity);
        needs_setting("client", client.id, "mode", client.mode);
        needs_setting("client", client.id, "address", client.address);
        needs_setting("client", client.id, "alternate", client.alternate);
        needs_setting("client", client.id, "path", client.path);
        needs_setting("client", client.id, "protocol", client.protocol);
        needs_setting("client", client.id, "url", client.url);
        needs_choices("client", client.id, client.protocol, {"http", "https"});
        needs_setting("client", client.id, "verify", client.verify);
        needs_choices("client", client.id, client.verify, {"off", "on"});
        for (auto const* command : {&client.register_command, &client.deregister_command})
            if (!command->empty() && family_.find_command(*command) == nullptr)
                report("client", client.id, "there is no command " + *command);
        bool const reachable = !client.mode.empty() || !client.address.empty() || !client.url.empty() || !client.register_command.empty();
        if (!reachable) report("client", client.id, "needs a mode, an address, a url or a register_command");
    }

    void check(Setting const& setting) {
        if (!setting.section.empty() && std::ranges::find(family_.flags.sections, setting.section) == family_.flags.sections.end())
            report("setting", setting.path, "section " + setting.section + " is not among the sections of [flags]");
        for (auto const& when : setting.default_when) {
            needs_setting("setting", setting.path, "default_when", when.setting);
            if (auto const value = setting.space.check(setting.path, when.value); !value || *value != when.value)
                report("setting", setting.path, "default_when: the value is not allowed: " + setting.space.describe());
        }
        if (setting.default_value.contains('{')) return;  // a fact of the unit, known at run time
        if (setting.default_value.empty() && is_generic_driver(family_.driver)) return;
        if (auto const value = setting.space.check(setting.path, setting.default_value); !value)
            report("setting", setting.path, "the default is not allowed: " + setting.space.describe());
        else if (*value != setting.default_value)
            report("setting", setting.path, "the default must be spelt " + *value);
    }

    void check(Command const& command) {
        for (auto const& parameter : command.parameters)
            if (!parameter.default_value.empty() && !parameter.space.check(parameter.name, parameter.default_value))
                report("command", command.path, "the default of " + parameter.name + " is not allowed");
    }

    void check(Page const& page) {
        for (auto const& table : page.tables) needs_identity("page", page.path, table.identity);
        for (auto const& form : page.forms) {
            needs_identity("page", page.path, form.identity);
            for (auto const& field : form.fields) check(page, form, field);
            bool const wants_new_password = form.action == "set_password" && form.find_role("new_password") == nullptr;
            if (wants_new_password) report("page", page.path, "form " + form.id + " needs a field with role new_password");
        }
    }

    void check(Page const& page, Form const& form, Field const& field) {
        auto const place = "form " + form.id + ", field " + field.name;
        needs_setting("page", page.path, place, field.setting);
        if (field.kind == FieldKind::file && !form.multipart)
            report("page", page.path, place + " is a file, but the form is not multipart");
        if (!form.columns.empty() && field.column + 1 >= static_cast<int>(form.columns.size()))
            report("page", page.path, place + " stands in a column that the form does not have");
        if (std::ranges::count_if(form.fields, [&](Field const& f) { return f.name == field.name; }) > 1)
            report("page", page.path, place + " stands there twice");
        if (field.kind == FieldKind::select && !field.role.empty() && field.options.empty() && !knows_choices(field.role))
            report("page", page.path, place + " is a choice without options");
        auto const* setting = family_.find_canonical(field.setting);
        if (setting == nullptr) return;
        bool const needs_literal = field.kind == FieldKind::checkbox || field.kind == FieldKind::select;
        if (needs_literal && setting->space.kind != ValueKind::literal)
            report("page", page.path, place + " is a choice, but " + setting->path + " is not a literal");
        if (field.kind == FieldKind::checkbox) needs_choices("page", page.path, field.setting, {"off", "on"});
    }

    Family const& family_;
    Lines const& lines_;
    Problems& problems_;
};

}  // namespace

void check_family(Family const& family, Lines const& lines, Problems& problems) { Checker(family, lines, problems).run(); }

}  // namespace countersign::family
