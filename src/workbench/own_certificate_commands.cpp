#include "base/text.hpp"
#include "host/files.hpp"
#include "workbench/commands.hpp"
#include "workbench/workbench.hpp"

#include <boost/json.hpp>

namespace countersign::workbench {
namespace {

constexpr std::size_t k_largest_file = 1024UL * 1024;

/// PEM as it stands, anything else in Base64.
Result<std::string> file_text(std::string const& file) {
    CS_TRY(auto bytes, host::read_file(file, k_largest_file));
    if (bytes.contains("-----BEGIN ")) return bytes;
    return to_base64(bytes);
}

json::value const& field_of(json::value const& value, std::string_view name) {
    static json::value const none;
    auto const* found = value.is_object() ? value.get_object().if_contains(name) : nullptr;
    return found ? *found : none;
}

std::string names_of(json::value const& meant) {
    std::string out;
    for (auto const& one : list_of(meant, "systems")) out += (out.empty() ? "" : ", ") + text_of(one, "name");
    auto const more = number_of(meant, "in_all") - static_cast<std::int64_t>(list_of(meant, "systems").size());
    if (more > 0) out += " and " + std::to_string(more) + " more";
    return out;
}

void add_row(Table& table, std::string what, json::value const& kept) {
    if (kept.is_null()) return;
    auto const& certificate = field_of(kept, "certificate");
    auto const internal = flag_of(kept, "internal");
    table.rows.push_back({std::move(what), certificate.is_null() ? "(the internal authority's)" : text_of(certificate, "subject"),
                          internal ? "the internal authority" : text_of(certificate, "issuer"), expiry(text_of(certificate, "expires")),
                          text_of(certificate, "fingerprint")});
}

void print_state(Output& output, json::value const& state) {
    Table table{{"Certificate", "Subject", "Signed by", "Expires", "SHA-256"}, {}};
    add_row(table, "in use", field_of(state, "active"));
    add_row(table, "staged", field_of(state, "staged"));
    add_row(table, "before", field_of(state, "previous"));
    output.table(table);
    std::string names;
    for (auto const& name : list_of(state, "names"))
        if (name.is_string()) names += (names.empty() ? "" : ", ") + printable(name.get_string());
    output.line("Systems call the manager: " + names);
    if (auto const& request = field_of(state, "request"); !request.is_null())
        output.line("A request waits for its answer since " + text_of(request, "made") + ": " + text_of(request, "subject"));
    auto const& staged = field_of(state, "staged");
    if (staged.is_null()) return;
    auto const& waiting = field_of(staged, "waiting_for");
    output.line(output.mark(Mark::attention, "Staged: ") + "systems that check the manager do not trust the new root yet (" +
                std::to_string(number_of(waiting, "in_all")) + "): " + names_of(waiting));
    output.line("It is taken into use by itself when all have the root; countersign own-certificate activate does not wait.");
}

/// Exit code 2: it is staged, so what was asked for is not done yet.
int end_of(Output& output, json::value const& state) {
    if (!output.value(state)) print_state(output, state);
    return field_of(state, "staged").is_null() ? k_holds : k_does_not_hold;
}

struct Upload {
    std::string certificate, key, passphrase_file;
    bool trust_root = false;
};

Result<int> install(ApiClient& client, Output& output, Upload const& upload) {
    CS_TRY(auto certificate, file_text(upload.certificate));
    json::object body{{"certificate", std::move(certificate)}};
    if (!upload.key.empty()) {
        CS_TRY(auto key, file_text(upload.key));
        body["key"] = std::move(key);
    }
    if (!upload.passphrase_file.empty()) {
        CS_TRY(auto const passphrase, read_secret_line(upload.passphrase_file, "Passphrase: "));
        body["passphrase"] = passphrase.reveal();
    }
    if (upload.trust_root) body["trust_root"] = true;
    CS_TRY(auto state, client.send("POST", "own-certificate", body));
    return end_of(output, state);
}

struct RequestFields {
    std::map<std::string, std::string> texts;
    std::vector<std::string> names;
    std::string out;
    bool replace = false;
};

Result<int> make_request(ApiClient& client, Output& output, RequestFields const& fields) {
    json::object body;
    for (auto const& [name, text] : fields.texts)
        if (!text.empty()) body[name] = text;
    if (!fields.names.empty()) body["names"] = json::array(fields.names.begin(), fields.names.end());
    if (fields.replace) body["replace"] = true;
    CS_TRY(auto made, client.send("POST", "own-certificate/request", body));
    if (!fields.out.empty()) {
        auto const& pem = field_of(made, "pem");
        if (pem.is_string()) CS_CHECK(host::write_file(fields.out, std::string(pem.get_string()), host::Privacy::shared));
    }
    if (output.value(made)) return k_holds;
    auto const& pem = field_of(made, "pem");
    if (fields.out.empty() && pem.is_string())
        output.line(std::string_view(pem.get_string()));
    else
        output.line("Request for " + text_of(made, "subject") + " written to " + fields.out);
    return k_holds;
}

Result<int> discard(ApiClient& client, Output& output, std::string const& what) {
    CS_CHECK(client.send("DELETE", "own-certificate/" + what));
    CS_TRY(auto state, client.get("own-certificate"));
    if (!output.value(state)) print_state(output, state);
    return k_holds;
}

Result<int> list_roots(ApiClient& client, Output& output) {
    json::array all;
    for (std::string after; true;) {
        CS_TRY(auto page, client.get("roots?limit=100" + (after.empty() ? std::string() : "&after=" + after)));
        for (auto const& one : list_of(page, "roots")) all.push_back(one);
        after = text_of(page, "next");
        if (after.empty()) break;
    }
    if (output.value(json::object{{"roots", all}})) return k_holds;
    Table table{{"Root", "Expires", "Needed by", "Lacking", "SHA-256"}, {}};
    for (auto const& one : all) {
        std::string needed;
        for (auto const& what : list_of(one, "needed_by"))
            if (what.is_string()) needed += (needed.empty() ? "" : "; ") + printable(what.get_string());
        if (auto const count = number_of(field_of(one, "depending"), "in_all"); count > 0)
            needed += (needed.empty() ? "" : "; ") + std::to_string(count) + " systems";
        auto const lacking = number_of(field_of(one, "lacking"), "in_all");
        table.rows.push_back({text_of(one, "subject") + (flag_of(one, "internal") ? " (internal)" : ""), expiry(text_of(one, "expires")),
                              needed.empty() ? "nothing" : needed, lacking == 0 ? "" : std::to_string(lacking) + " systems",
                              text_of(one, "fingerprint")});
    }
    output.table(table);
    return k_holds;
}

Result<int> show_root(ApiClient& client, Output& output, std::string const& fingerprint) {
    CS_TRY(auto root, client.get("roots/" + path_part(fingerprint)));
    if (output.value(root)) return k_holds;
    for (auto const* field : {"subject", "key", "not_before", "expires", "fingerprint", "added", "added_by"})
        if (auto text = text_of(root, field); !text.empty()) output.line(std::string(field) + ": " + text);
    for (auto const& what : list_of(root, "needed_by"))
        if (what.is_string()) output.line("needed by: " + printable(what.get_string()));
    if (auto names = names_of(field_of(root, "depending")); !names.empty()) output.line("certificates of systems below it: " + names);
    if (auto names = names_of(field_of(root, "lacking")); !names.empty())
        output.line("systems that check the manager and do not trust it yet: " + names);
    if (auto const& pem = field_of(root, "pem"); pem.is_string()) output.line(std::string_view(pem.get_string()));
    return k_holds;
}

}  // namespace

void add_own_certificate_commands(CLI::App& app, Context& context) {
    auto act = [&context](CLI::App* command, auto work) {
        command->callback([&context, work] {
            context.action = [&context, work](Output& output) {
                return with_manager(context, output, [&](ApiClient& client) { return work(client, output); });
            };
        });
    };
    auto* own = app.add_subcommand("own-certificate", "The certificate of the manager's HTTPS port")->require_subcommand(1);
    act(own->add_subcommand("show", "In use, staged, before, and the pending request"),
        [](ApiClient& client, Output& output) -> Result<int> {
            CS_TRY(auto state, client.get("own-certificate"));
            if (!output.value(state)) print_state(output, state);
            return k_holds;
        });

    auto fields = std::make_shared<RequestFields>();
    auto* request = own->add_subcommand("request", "Make a key, which stays in the manager, and a request for a company's authority");
    for (auto const& [option, name, text] : std::initializer_list<std::tuple<char const*, char const*, char const*>>{
             {"--common-name", "common_name", "Common name; default: the manager's host name"},
             {"--organization", "organization", "Organization"},
             {"--unit", "unit", "Organizational unit"},
             {"--country", "country", "Country, two letters"},
             {"--state", "state", "State or province"},
             {"--locality", "locality", "City"},
             {"--key-type", "key_type", "ec:p256 (default), ec:p384, rsa:2048, rsa:3072 or rsa:4096"}})
        request->add_option(option, fields->texts[name], text);
    request->add_option("--name", fields->names,
                        "A further name or address; those by which systems call are in it anyway; may be repeated");
    request->add_option("--out", fields->out, "File for the request; default: print it");
    request->add_flag("--replace", fields->replace, "Give up the request that is pending");
    act(request, [fields](ApiClient& client, Output& output) { return make_request(client, output, *fields); });

    auto upload = std::make_shared<Upload>();
    auto* installing = own->add_subcommand(
        "install", "Install the answer to the request, or a pair or package. Exit code 2: it is staged until systems have its root");
    installing->add_option("certificate", upload->certificate, "Certificate with its chain (PEM, DER, PKCS#7) or package (PFX)")
        ->required();
    installing->add_option("--key", upload->key, "Private key, when it is neither the request's nor in the file");
    installing->add_option("--passphrase-file", upload->passphrase_file, "File with the passphrase of the key or package; - reads it here");
    installing->add_flag("--trust-root", upload->trust_root, "Trust the root that stands in the file, too");
    act(installing, [upload](ApiClient& client, Output& output) { return install(client, output, *upload); });

    auto accept = std::make_shared<bool>(false);
    auto* activating = own->add_subcommand("activate", "Take the staged certificate into use now");
    activating->add_flag("--accept-consequences", *accept, "Although systems that are named cannot call any more");
    act(activating, [accept](ApiClient& client, Output& output) -> Result<int> {
        json::object body;
        if (*accept) body["accept_consequences"] = true;
        CS_TRY(auto state, client.send("POST", "own-certificate/staged", body));
        return end_of(output, state);
    });
    auto what = std::make_shared<std::string>();
    auto* discarding = own->add_subcommand("discard", "Give up the pending request, or the staged certificate");
    discarding->add_option("what", *what, "request or staged")->required()->check(CLI::IsMember({"request", "staged"}));
    act(discarding, [what](ApiClient& client, Output& output) { return discard(client, output, *what); });
    act(own->add_subcommand("roll-back", "Back to the certificate before, one step. Exit code 2: it is staged"),
        [](ApiClient& client, Output& output) -> Result<int> {
            CS_TRY(auto state, client.send("POST", "own-certificate/roll-back"));
            return end_of(output, state);
        });
    act(own->add_subcommand("internal", "Back to the certificate of the manager's own authority. Exit code 2: it is staged"),
        [](ApiClient& client, Output& output) -> Result<int> {
            CS_TRY(auto state, client.send("DELETE", "own-certificate"));
            return end_of(output, state);
        });

    auto* root = app.add_subcommand("root", "Roots that the estate trusts")->require_subcommand(1);
    act(root->add_subcommand("list", "All of them, and what needs each"), list_roots);
    auto fingerprint = std::make_shared<std::string>();
    auto* showing = root->add_subcommand("show", "One root, with the systems that need it or lack it");
    showing->add_option("fingerprint", *fingerprint, "Its SHA-256")->required();
    act(showing, [fingerprint](ApiClient& client, Output& output) { return show_root(client, output, *fingerprint); });
    auto file = std::make_shared<std::string>();
    auto* adding = root->add_subcommand("add", "Trust roots of others: systems' certificates below them count as verified");
    adding->add_option("file", *file, "Root certificates (PEM, DER or PKCS#7)")->required();
    act(adding, [file](ApiClient& client, Output& output) -> Result<int> {
        CS_TRY(auto certificates, file_text(*file));
        CS_TRY(auto added, client.send("POST", "roots", {{"certificates", certificates}}));
        if (output.value(added)) return k_holds;
        for (auto const& one : list_of(added, "added"))
            output.line("Trusted: " + text_of(one, "subject") + " SHA-256 " + text_of(one, "fingerprint"));
        return k_holds;
    });
    auto removed = std::make_shared<std::string>();
    auto anyway = std::make_shared<bool>(false);
    auto* removing = root->add_subcommand("remove", "Do not trust it any more; enforcement takes it out of systems' trust lists");
    removing->add_option("fingerprint", *removed, "Its SHA-256")->required();
    removing->add_flag("--accept-consequences", *anyway, "Although certificates that are named depend on it");
    act(removing, [removed, anyway](ApiClient& client, Output& output) -> Result<int> {
        CS_CHECK(client.send("DELETE", "roots/" + path_part(*removed) + (*anyway ? "?accept_consequences=true" : "")));
        output.line("Removed: " + *removed);
        return k_holds;
    });
}

}  // namespace countersign::workbench
