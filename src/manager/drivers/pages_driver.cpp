#include "manager/drivers/pages_driver.hpp"

#include "countersign/errors/dev.hpp"

#include <algorithm>

namespace countersign::manager {

namespace web = dialect::web;

namespace {

bool is_switch(family::Field const& field) { return field.kind == family::FieldKind::checkbox; }

/// The value that a form shows for a setting, in canonical words.
std::string shown_value(family::Setting const& setting, family::Field const& field, web::HtmlField const& shown) {
    if (is_switch(field)) return shown.checked ? "on" : "off";
    return setting.to_canonical(shown.value);
}

void read_settings(family::Family const& family, family::Page const& page, web::HtmlPage const& shown, Account& account) {
    for (auto const& form : page.forms) {
        if (form.action != "apply_settings") continue;
        auto const* shown_form = shown.find_form(form.id);
        if (!shown_form) continue;
        for (auto const& field : form.fields) {
            auto const* setting = field.setting.empty() ? nullptr : family.find_canonical(field.setting);
            auto const* shown_field = shown_form->find(field.name);
            if (!setting || !shown_field || setting->space.kind == family::ValueKind::password) continue;
            account.settings[field.setting] = shown_value(*setting, field, *shown_field);
        }
    }
}

bool has_settings(family::Page const& page) {
    return std::ranges::any_of(page.forms, [](family::Form const& form) { return form.action == "apply_settings"; });
}

/// The changes that one form takes.
struct FormChanges {
    family::Family::FormPlace place;
    std::map<std::string, std::string> values;  ///< field name -> value
};

Result<void> add_change(family::Family const& family, SettingChange const& change, std::vector<FormChanges>& forms) {
    auto place = family.find_form("apply_settings", change.canonical);
    auto const* setting = family.find_canonical(change.canonical);
    if (!place || !setting) return fail(errors::dev::unknown_setting, {{"path", change.canonical}});
    auto const* field = place.form->find_setting(change.canonical);
    std::string value;
    if (is_switch(*field)) {
        value = change.value == "on" ? "on" : "";
    } else {
        CS_TRY(value, setting->from_canonical(change.value));
    }
    auto known = std::ranges::find(forms, place.form, [](FormChanges const& form) { return form.place.form; });
    if (known == forms.end()) known = forms.insert(forms.end(), FormChanges{place, {}});
    known->values[field->name] = std::move(value);
    return {};
}

/// The first words of status paths: methods whose answers carry facts, in the order of the family file.
std::vector<std::string> fact_methods(family::Family const& family) {
    std::vector<std::string> methods;
    for (auto const& item : family.status)
        if (!item.words.empty() && std::ranges::find(methods, item.words.front()) == methods.end()) methods.push_back(item.words.front());
    return methods;
}

void add_feedback(family::Family const& family, Facts const& facts, Account& account) {
    auto const* client = family.find_client("feedback");
    if (!client) return;
    std::string url;
    auto const urls = facts.find("client.feedback.url");
    auto const slots = facts.find("client.feedback.slot");
    if (urls != facts.end() && slots != facts.end())
        for (std::size_t i = 0; i < std::min(urls->second.size(), slots->second.size()); ++i)
            if (slots->second[i] == std::to_string(client->slot)) url = urls->second[i];
    account.settings["client.feedback.url"] = url;
}

}  // namespace

net::Task<Result<Account>> PagesDriver::read_account() {
    Facts facts;
    for (auto const& method : may_call() ? fact_methods(family()) : std::vector<std::string>())
        CS_CO_CHECK(co_await add_facts(method, facts));
    Account account;
    fill_account(facts, now(), account);
    know_software(account.software);
    CS_CO_CHECK(co_await read_pages(account));
    add_feedback(family(), facts, account);
    co_return account;
}

net::Task<Result<void>> PagesDriver::read_pages(Account& account) {
    for (auto const& page : family().pages) {
        if (!has_settings(page) || !page.software.holds(account.software) ||
            !family::has_feature_key(page.needs_feature_key, account.feature_keys))
            continue;
        CS_CO_TRY(auto shown, co_await load_page(page.path));
        read_settings(family(), page, shown, account);
    }
    co_return Result<void>();
}

net::Task<Result<void>> PagesDriver::apply(std::vector<SettingChange> changes) {
    std::vector<FormChanges> forms;
    std::vector<Error> problems;
    std::optional<std::string> feedback;
    for (auto const& change : changes) {
        if (change.canonical == "client.feedback.url" && !family().find_canonical(change.canonical))
            feedback = change.value;
        else if (auto added = add_change(family(), change, forms); !added)
            problems.push_back(std::move(added).error());
    }
    if (!problems.empty()) co_return fail(gather(std::move(problems)));
    for (auto& form : forms) CS_CO_CHECK(co_await submit(form.place, {.values = std::move(form.values)}));
    if (feedback) co_return co_await register_feedback(*feedback);
    co_return Result<void>();
}

net::Task<Result<void>> PagesDriver::register_feedback(std::string url) {
    auto const* client = family().find_client("feedback");
    auto const* command = client ? family().find_command(url.empty() ? client->deregister_command : client->register_command) : nullptr;
    if (!command) co_return fail(errors::dev::unknown_command, {{"path", "feedback"}});
    std::vector<family::Argument> arguments;
    if (command->find_parameter("receiverIndex")) arguments.push_back({"receiverIndex", std::to_string(client->slot)});
    if (command->find_parameter("receiverURI")) arguments.push_back({"receiverURI", url});
    co_return co_await run(*command, std::move(arguments));
}

}  // namespace countersign::manager
