#include "base/text.hpp"
#include "host/files.hpp"
#include "workbench/commands.hpp"
#include "workbench/workbench.hpp"

#include <boost/json.hpp>

namespace countersign::workbench {
namespace {

json::value const& field_of(json::value const& value, std::string_view name) {
    static json::value const none;
    auto const* found = value.is_object() ? value.get_object().if_contains(name) : nullptr;
    return found ? *found : none;
}

std::string names_of(json::value const& meant) {
    constexpr std::size_t most = 20;
    std::string out;
    auto const& systems = list_of(meant, "systems");
    for (std::size_t i = 0; i < systems.size() && i < most; ++i) out += (out.empty() ? "" : ", ") + text_of(systems[i], "name");
    auto const more = number_of(meant, "in_all") - static_cast<std::int64_t>(std::min(systems.size(), most));
    if (more > 0) out += " and " + std::to_string(more) + " more";
    return out;
}

std::string phase_in_words(std::string const& phase) {
    if (phase == "distribute") return "the new root goes to systems that check the manager";
    if (phase == "change") return "certificates below the old root are replaced";
    return "the old root leaves trust lists";
}

void print_replacement(Output& output, json::value const& replacement) {
    if (replacement.is_null()) return;
    output.line(output.mark(Mark::attention, "The root is being replaced") + " since " + text_of(replacement, "begun") + ", begun by " +
                text_of(replacement, "by"));
    output.line("Phase " + text_of(replacement, "phase") + ", since " + text_of(replacement, "since") + ": " +
                phase_in_words(text_of(replacement, "phase")));
    auto const& waiting = field_of(replacement, "waiting_for");
    if (number_of(waiting, "in_all") > 0)
        output.line("Waits for " + std::to_string(number_of(waiting, "in_all")) + " systems: " + names_of(waiting));
    if (flag_of(replacement, "manager_waits")) output.line("The manager's own certificate is below the old root still.");
}

void print_authority(Output& output, json::value const& authority) {
    output.line(output.strong(text_of(authority, "subject")) + "  until " + expiry(text_of(authority, "not_after")));
    output.line("SHA-256: " + text_of(authority, "fingerprint"));
    if (!field_of(authority, "crl_number").is_null())
        output.line("Revocation list: number " + std::to_string(number_of(authority, "crl_number")) + ", " +
                    std::to_string(number_of(authority, "revoked")) + " revoked, next by " + text_of(authority, "crl_next_update"));
    Table table{{"Authority", "Kind", "State", "Expires", "Key", "SHA-256"}, {}};
    for (auto const& one : list_of(authority, "authorities"))
        table.rows.push_back({text_of(one, "subject"), text_of(one, "level"), text_of(one, "state"), expiry(text_of(one, "not_after")),
                              text_of(one, "key"), text_of(one, "fingerprint")});
    output.table(table);
    for (auto const& one : list_of(authority, "authorities")) {
        if (text_of(one, "token").empty()) continue;
        auto const away = text_of(one, "away");
        output.line(text_of(one, "subject") + ": its key is at " + text_of(one, "token") +
                    (away.empty() ? "" : ", " + output.mark(Mark::bad, "which does not give it") + ": " + away));
    }
    print_replacement(output, field_of(authority, "replacement"));
    if (text_of(authority, "http_base").empty()) {
        output.line("Its certificates name no place to ask for revocation: countersign authority set --http-base http://HOST");
        return;
    }
    if (!flag_of(authority, "names_list_of_root"))
        output.line(
            "The issuing authority's certificate does not say where the root's list is; another one would: countersign authority "
            "renew-intermediate, or request-intermediate when the root's key is kept elsewhere.");
    for (auto const& [field, label] : std::initializer_list<std::pair<char const*, char const*>>{
             {"crl_url", "List"}, {"ocsp_url", "Responder"}, {"issuer_url", "Issuer"}})
        output.line(std::string(label) + ": " + text_of(authority, field));
}

std::string words_of(json::value const& row, char const* field) {
    std::string out;
    for (auto const& one : list_of(row, field))
        if (one.is_string()) out += (out.empty() ? "" : ", ") + printable(one.get_string());
    return out.empty() ? "none" : out;
}

void print_profiles(Output& output, json::value const& answer) {
    Table table{{"Profile", "For", "Extended key usage", "Keys", "Days", "Longest"}, {}};
    for (auto const& row : list_of(answer, "profiles"))
        table.rows.push_back({text_of(row, "name"), text_of(row, "for"), words_of(row, "extended_key_usages"), words_of(row, "key_types"),
                              std::to_string(number_of(row, "days")), std::to_string(number_of(row, "longest_days"))});
    output.table(table);
    for (auto const& row : list_of(answer, "profiles")) output.line(output.strong(text_of(row, "name")) + ": " + text_of(row, "why"));
}

int end_of(Output& output, json::value const& authority) {
    if (!output.value(authority)) print_authority(output, authority);
    return k_holds;
}

/// Exit code 2: it runs, so what was asked for is not done yet.
int end_of_replacement(Output& output, json::value const& authority) {
    if (!output.value(authority)) print_authority(output, authority);
    return field_of(authority, "replacement").is_null() ? k_holds : k_does_not_hold;
}

constexpr std::size_t k_largest_file = 1024UL * 1024;

/// PEM as it stands, anything else in Base64.
Result<std::string> file_text(std::string const& file) {
    CS_TRY(auto bytes, host::read_file(file, k_largest_file));
    if (bytes.contains("-----BEGIN ")) return bytes;
    return to_base64(bytes);
}

struct RootFileOptions {
    std::string file, passphrase_file = "-";
};

Result<int> export_root(ApiClient& client, Output& output, RootFileOptions const& options) {
    CS_TRY(auto const passphrase, read_secret_line(options.passphrase_file, "Passphrase: "));
    CS_TRY(auto const made, client.send("POST", "authority/export-root", {{"passphrase", passphrase.reveal()}}));
    CS_CHECK(host::write_file(options.file, std::string(field_of(made, "pem").get_string()), host::Privacy::owner_only));
    output.line("Certificate and encrypted key of the root written to " + options.file);
    output.line("The manager has the key still. countersign authority take-offline " + options.file + " drops it there.");
    return k_holds;
}

Result<int> take_offline(ApiClient& client, Output& output, RootFileOptions const& options) {
    CS_TRY(auto file, file_text(options.file));
    CS_TRY(auto const passphrase, read_secret_line(options.passphrase_file, "Passphrase: "));
    CS_TRY(auto const shown, client.send("POST", "authority/take-offline", {{"file", file}, {"passphrase", passphrase.reveal()}}));
    return end_of(output, shown);
}

Result<int> request_intermediate(ApiClient& client, Output& output, std::string const& file, bool replace, std::string const& key) {
    json::object body;
    if (replace) body["replace"] = true;
    if (!key.empty()) body["key"] = key;
    CS_TRY(auto const made, client.send("POST", "authority/request-intermediate", body));
    CS_CHECK(host::write_file(file, std::string(field_of(made, "pem").get_string()), host::Privacy::shared));
    if (output.value(made)) return k_holds;
    output.line("Request for " + text_of(made, "subject") + " written to " + file + ". Where the root's file is:");
    auto command = "  countersign cert sign --request " + file + " --ca-cert ROOT.pem --ca-key ROOT.pem --profile ca";
    if (auto const url = text_of(made, "crl_url"); !url.empty()) command += " --crl-url " + url;
    if (auto const url = text_of(made, "issuer_url"); !url.empty()) command += " --issuer-url " + url;
    output.line(command + " --out ANSWER.pem");
    output.line("Then here: countersign authority install-intermediate ANSWER.pem");
    return k_holds;
}

}  // namespace

void add_authority_commands(CLI::App& app, Context& context) {
    auto act = [&context](CLI::App* command, auto work) {
        command->callback([&context, work] {
            context.action = [&context, work](Output& output) {
                return with_manager(context, output, [&](ApiClient& client) { return work(client, output); });
            };
        });
    };
    auto* authority = app.add_subcommand("authority", "The manager's own certificate authority")->require_subcommand(1);
    act(authority->add_subcommand("show", "Its certificates, its revocation list, and what a replacement of the root waits for"),
        [](ApiClient& client, Output& output) -> Result<int> {
            CS_TRY(auto const shown, client.get("authority"));
            return end_of(output, shown);
        });
    auto base = std::make_shared<std::string>();
    act(authority->add_subcommand("profiles", "What certificates are issued for: usages, limits, and why they are so"),
        [](ApiClient& client, Output& output) -> Result<int> {
            CS_TRY(auto const shown, client.get("certificate-profiles"));
            if (!output.value(shown)) print_profiles(output, shown);
            return k_holds;
        });
    auto* setting = authority->add_subcommand("set", "Where new certificates say that their revocation can be asked for");
    setting->add_option("--http-base", *base, "Such as http://tms.example.com; none: they name no place")->required();
    act(setting, [base](ApiClient& client, Output& output) -> Result<int> {
        CS_TRY(auto const shown, client.send("PATCH", "authority", {{"http_base", *base == "none" ? std::string() : *base}}));
        return end_of(output, shown);
    });
    auto key = std::make_shared<std::string>();
    auto root_key = std::make_shared<std::string>();
    auto const with_key = [key](CLI::App* command) {
        command->add_option("--key", *key,
                            "Key of the issuing authority on a token, pkcs11:token=...;object=...; default: one is made and sealed");
        return command;
    };
    act(with_key(authority->add_subcommand("renew-intermediate", "One more issuing authority; the one before goes on for what it issued")),
        [key](ApiClient& client, Output& output) -> Result<int> {
            json::object body;
            if (!key->empty()) body["key"] = *key;
            CS_TRY(auto const shown, client.send("POST", "authority/renew-intermediate", body));
            return end_of(output, shown);
        });
    auto* replacing = with_key(
        authority->add_subcommand("replace", "Replace the root while the estate goes on. Exit code 2: it was begun, see authority show"));
    replacing->add_option("--root-key", *root_key, "The same for the key of the root");
    act(replacing, [key, root_key](ApiClient& client, Output& output) -> Result<int> {
        json::object body;
        if (!key->empty()) body["key"] = *key;
        if (!root_key->empty()) body["root_key"] = *root_key;
        CS_TRY(auto const shown, client.send("POST", "authority/replacement", body));
        return end_of_replacement(output, shown);
    });
    auto accept = std::make_shared<bool>(false);
    auto* advancing = authority->add_subcommand("advance", "Let the replacement go on now. Exit code 2: it is not at its end");
    advancing->add_flag("--accept-consequences", *accept, "Without the systems that are waited for");
    act(advancing, [accept](ApiClient& client, Output& output) -> Result<int> {
        json::object body;
        if (*accept) body["accept_consequences"] = true;
        CS_TRY(auto const shown, client.send("POST", "authority/replacement/advance", body));
        return end_of_replacement(output, shown);
    });
    act(authority->add_subcommand("cancel-replacement", "Give the replacement up while it is in its first phase"),
        [](ApiClient& client, Output& output) -> Result<int> {
            CS_TRY(auto const shown, client.send("DELETE", "authority/replacement"));
            return end_of(output, shown);
        });
    auto exported = std::make_shared<RootFileOptions>();
    auto* exporting = authority->add_subcommand("export-root", "The root's certificate and key in a file, encrypted with a passphrase");
    exporting->add_option("--out", exported->file, "The file")->required();
    exporting->add_option("--passphrase-file", exported->passphrase_file, "File with the passphrase; - reads it here")
        ->capture_default_str();
    act(exporting, [exported](ApiClient& client, Output& output) { return export_root(client, output, *exported); });
    auto dropped = std::make_shared<RootFileOptions>();
    auto* dropping =
        authority->add_subcommand("take-offline", "Drop the root's key in the manager, after the exported file has opened there");
    dropping->add_option("file", dropped->file, "As it was exported")->required();
    dropping->add_option("--passphrase-file", dropped->passphrase_file, "File with its passphrase; - reads it here")->capture_default_str();
    act(dropping, [dropped](ApiClient& client, Output& output) { return take_offline(client, output, *dropped); });
    auto out = std::make_shared<std::string>();
    auto again = std::make_shared<bool>(false);
    auto* requesting = with_key(
        authority->add_subcommand("request-intermediate", "A request of another issuing authority, for the root's file elsewhere"));
    requesting->add_option("--out", *out, "File for the request")->required();
    requesting->add_flag("--replace", *again, "Give up the request that waits");
    act(requesting,
        [out, again, key](ApiClient& client, Output& output) { return request_intermediate(client, output, *out, *again, *key); });
    auto answer = std::make_shared<std::string>();
    auto* installing = authority->add_subcommand("install-intermediate", "Take the signed certificate of the requested authority into use");
    installing->add_option("file", *answer, "The certificate")->required();
    act(installing, [answer](ApiClient& client, Output& output) -> Result<int> {
        CS_TRY(auto const file, file_text(*answer));
        CS_TRY(auto const shown, client.send("POST", "authority/install-intermediate", {{"certificate", file}}));
        return end_of(output, shown);
    });
    auto list = std::make_shared<std::string>();
    auto* bringing = authority->add_subcommand("upload-crl", "Bring the revocation list of a root whose key is kept elsewhere");
    bringing->add_option("file", *list, "The list, as countersign crl new or crl revoke made it")->required();
    act(bringing, [list](ApiClient& client, Output& output) -> Result<int> {
        CS_TRY(auto const file, file_text(*list));
        CS_TRY(auto const shown, client.send("POST", "authority/crl", {{"list", file}}));
        return end_of(output, shown);
    });
}

}  // namespace countersign::workbench
