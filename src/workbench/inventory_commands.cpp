#include "workbench/commands.hpp"
#include "workbench/workbench.hpp"

#include <boost/json.hpp>

namespace countersign::workbench {
namespace {

constexpr std::size_t k_short_fingerprint = 16;

struct ListOptions {
    std::map<std::string, std::string> fields;
    std::string system;
    bool latest_first = false;
};

std::string where_of(json::value const& one) {
    auto name = text_of(one, "system_name");
    if (!name.empty()) return name;
    return text_of(one, "purpose") == "manager" ? "the manager" : "";
}

Result<int> list(ApiClient& client, Output& output, ListOptions const& options) {
    std::string query;
    for (auto const& [field, value] : options.fields)
        if (!value.empty()) query += "&" + field + "=" + path_part(value);
    if (!options.system.empty()) {
        CS_TRY(auto const system, client.get("systems/" + path_part(options.system)));
        query += "&system=" + std::to_string(number_of(system, "id"));
    }
    if (options.latest_first) query += "&sort=-not_after";
    CS_TRY(auto const all, all_of(client, "certificates?limit=1000" + query, "certificates"));
    if (output.value(json::object{{"certificates", all}})) return k_holds;
    Table table{{"Ends", "State", "Subject", "System", "Issued by", "SHA-256"}, {}};
    for (auto const& one : all)
        table.rows.push_back({expiry(text_of(one, "not_after")), text_of(one, "state"), text_of(one, "subject"), where_of(one),
                              text_of(one, "issuer_subject"), text_of(one, "fingerprint").substr(0, k_short_fingerprint)});
    output.table(table);
    return k_holds;
}

void print_uses(Output& output, json::value const& found) {
    Table table{{"Served by", "Service", "Since", "Until"}, {}};
    for (auto const& use : list_of(found, "uses")) {
        auto until = text_of(use, "until");
        auto name = text_of(use, "system_name");
        table.rows.push_back({name.empty() ? "(removed system " + std::to_string(number_of(use, "system")) + ")" : name,
                              text_of(use, "service"), text_of(use, "since"), until.empty() ? "now" : until});
    }
    if (!table.rows.empty()) output.table(table);
}

Result<int> show(ApiClient& client, Output& output, std::string const& fingerprint) {
    CS_TRY(auto const found, client.get("certificates/" + path_part(fingerprint)));
    if (output.value(found)) return k_holds;
    output.line(output.strong(text_of(found, "subject")) + "  " + text_of(found, "state"));
    for (auto const& [field, label] : std::initializer_list<std::pair<char const*, char const*>>{{"fingerprint", "SHA-256"},
                                                                                                 {"serial", "Serial number"},
                                                                                                 {"purpose", "Purpose"},
                                                                                                 {"key", "Key"},
                                                                                                 {"key_made", "Key made by"},
                                                                                                 {"issuer_subject", "Issued by"},
                                                                                                 {"not_before", "Valid from"},
                                                                                                 {"not_after", "Valid until"},
                                                                                                 {"first_seen", "First seen"},
                                                                                                 {"last_seen", "Last seen"},
                                                                                                 {"renew_at", "To be renewed"},
                                                                                                 {"revoked", "Revoked"},
                                                                                                 {"reason", "Reason"},
                                                                                                 {"replaced_by", "Replaced by"}})
        if (auto text = text_of(found, field); !text.empty()) output.line(std::string(label) + ": " + text);
    std::string names;
    for (auto const& name : list_of(found, "names"))
        if (name.is_string()) names += (names.empty() ? "" : ", ") + printable(name.get_string());
    if (!names.empty()) output.line("Names: " + names);
    print_uses(output, found);
    auto const* trusted = found.get_object().if_contains("trusted_by");
    if (trusted != nullptr && number_of(*trusted, "in_all") > 0)
        output.line("In the trust list of " + counted(number_of(*trusted, "in_all"), "system"));
    auto const* pem = found.get_object().if_contains("pem");
    if (pem != nullptr && pem->is_string() && !pem->get_string().empty()) output.line(std::string_view(pem->get_string()));
    return k_holds;
}

/// Why a system gets its new key later, and what somebody can do.
std::string why_held(json::value const& one) {
    auto const why = text_of(one, "why");
    if (why == "campaign")
        return "campaign " + std::to_string(number_of(one, "campaign")) +
               " has it in hand. Confirm or take back its wave (countersign campaign confirm, countersign campaign rollback).";
    if (why == "mode_off") return "Secure-Only is off for it. Upload a certificate at the system, or switch Secure-Only on.";
    return "it shows a certificate of somebody else, and gets one of the manager's with verification only (countersign secure-only set "
           "verify).";
}

struct RekeyOptions {
    std::vector<std::string> systems;
    Selection selection;
    std::string issuer, revoke;
    bool all = false;
};

Result<int> rekey(ApiClient& client, Output& output, RekeyOptions const& options) {
    json::object body;
    for (auto const& [field, value] : options.selection.fields) {
        if (value.empty()) continue;
        if (field == "level")
            body[field] = std::stoll(value);
        else
            body[field] = value;
    }
    if (!options.systems.empty()) {
        json::array numbers;
        for (auto const& name : options.systems) {
            CS_TRY(auto const system, client.get("systems/" + path_part(name)));
            numbers.push_back(number_of(system, "id"));
        }
        body["systems"] = std::move(numbers);
    }
    if (options.all) body["all"] = true;
    if (!options.issuer.empty()) body["issuer"] = options.issuer;
    if (!options.revoke.empty()) body["revoke"] = options.revoke;
    CS_TRY(auto const done, client.send("POST", "rekey", body));
    if (output.value(done)) return k_holds;
    output.line("New keys for " + counted(static_cast<std::int64_t>(list_of(done, "systems").size()), "system") +
                ": see countersign job list. Old certificates stay in place until the new ones are proven.");
    for (auto const& one : list_of(done, "held")) output.line(text_of(one, "name") + ": not now, " + why_held(one));
    return k_holds;
}

}  // namespace

void add_inventory_commands(CLI::App& app, Context& context) {
    auto act = [&context](CLI::App* command, auto work) {
        command->callback([&context, work] {
            context.action = [&context, work](Output& output) {
                return with_manager(context, output, [&](ApiClient& client) { return work(client, output); });
            };
        });
    };
    auto* inventory =
        app.add_subcommand("inventory", "Every certificate that the manager issued, or saw at systems")->require_subcommand(1);
    auto options = std::make_shared<ListOptions>();
    auto* listing = inventory->add_subcommand("list", "All of them, the one that ends first at the top");
    listing->add_option("--text", options->fields["text"], "Words: each is a part of subject, names, serial number or fingerprint");
    listing->add_option("--state", options->fields["state"], "Only these")
        ->check(CLI::IsMember({"issued", "pending", "served", "trusted", "replaced", "unused", "revoked", "expired"}));
    listing->add_option("--expires-before", options->fields["expires_before"],
                        "Only those that end before this time, or within this number of days");
    listing->add_option("--expires-after", options->fields["expires_after"],
                        "Only those that end at this time or later, or in this number of days or later");
    listing->add_option("--issuer", options->fields["issuer"], "Only those below this authority: its SHA-256");
    listing->add_option("--system", options->system, "Only those that were issued for, or seen at, this system");
    listing->add_flag("--latest-first", options->latest_first, "The other way round");
    act(listing, [options](ApiClient& client, Output& output) { return list(client, output, *options); });

    auto fingerprint = std::make_shared<std::string>();
    auto* showing = inventory->add_subcommand("show", "One certificate: where it is served and trusted, and what replaces it");
    showing->add_option("fingerprint", *fingerprint, "Its SHA-256, or the first 8 digits and more")->required();
    act(showing, [fingerprint](ApiClient& client, Output& output) { return show(client, output, *fingerprint); });

    auto const reasons =
        CLI::IsMember({"unspecified", "keyCompromise", "affiliationChanged", "superseded", "cessationOfOperation", "privilegeWithdrawn"});
    auto revoked = std::make_shared<std::string>();
    auto reason = std::make_shared<std::string>("unspecified");
    auto* revoking = inventory->add_subcommand("revoke", "Revoke a certificate of the manager's own authority. It cannot be taken back");
    revoking->add_option("fingerprint", *revoked, "Its SHA-256, or the first 8 digits and more")->required();
    revoking->add_option("--reason", *reason, "Why")->check(reasons)->capture_default_str();
    act(revoking, [revoked, reason](ApiClient& client, Output& output) -> Result<int> {
        CS_TRY(auto const done, client.send("POST", "certificates/" + path_part(*revoked) + "/revoke", {{"reason", *reason}}));
        if (!output.value(done)) output.line("Revoked: " + text_of(done, "subject") + " SHA-256 " + text_of(done, "fingerprint"));
        return k_holds;
    });

    auto again = std::make_shared<RekeyOptions>();
    auto* rekeying =
        inventory->add_subcommand("rekey", "New keys and certificates for systems now, as after a compromise; old ones stay until then");
    rekeying->add_option("systems", again->systems, "Systems; or select them with the options below");
    add_selection_options(*rekeying, again->selection);
    rekeying->add_flag("--all", again->all, "Every system");
    rekeying->add_option("--issuer", again->issuer, "All that have a certificate below this authority: its SHA-256, or the first digits");
    rekeying
        ->add_option("--revoke", again->revoke,
                     "Revoke the old certificates as soon as the new ones are proven, with this reason: keyCompromise, superseded, "
                     "cessationOfOperation, affiliationChanged, privilegeWithdrawn or unspecified")
        ->type_name("REASON")
        ->check(reasons);
    act(rekeying, [again](ApiClient& client, Output& output) { return rekey(client, output, *again); });
}

}  // namespace countersign::workbench
