#include "base/text.hpp"
#include "host/files.hpp"
#include "workbench/commands.hpp"
#include "workbench/workbench.hpp"

#include <boost/json.hpp>

#include <filesystem>

namespace countersign::workbench {
namespace {

/// Of one file, and of all of one upload: what the manager takes.
constexpr std::size_t k_largest_file = 16UL * 1024 * 1024;

struct Chosen {
    std::string state, system, folder, out = "certificate-requests.zip", format;
    std::vector<std::int64_t> requests;
    std::vector<std::string> files;
    std::int64_t id = 0;
};

Result<std::string> query_of(ApiClient& client, Chosen const& chosen) {
    std::string query;
    if (!chosen.state.empty()) query += "&state=" + chosen.state;
    if (!chosen.folder.empty()) query += "&folder=" + path_part(chosen.folder);
    if (!chosen.system.empty()) {
        CS_TRY(auto const system, client.get("systems/" + path_part(chosen.system)));
        query += "&system=" + std::to_string(number_of(system, "id"));
    }
    return query;
}

std::string what_came_of(json::value const& request) {
    auto const state = text_of(request, "state");
    if (state == "superseded") return text_of(request, "note");
    if (state == "open") {
        auto const downloaded = text_of(request, "downloaded");
        return downloaded.empty() ? "not downloaded yet" : "downloaded " + downloaded;
    }
    auto const installed = text_of(request, "installed");
    return "issued by " + text_of(request, "issuer_subject") +
           (installed.empty() ? ", is being installed" : ", in place since " + installed);
}

Result<int> list(ApiClient& client, Output& output, Chosen const& chosen) {
    CS_TRY(auto const query, query_of(client, chosen));
    CS_TRY(auto const all, all_of(client, "certificate-requests" + (query.empty() ? query : "?" + query.substr(1)), "requests"));
    if (output.value(json::object{{"requests", all}})) return k_holds;
    Table table{{"Request", "System", "Folder", "Made", "State", ""}, {}};
    for (auto const& one : all)
        table.rows.push_back({std::to_string(number_of(one, "id")), text_of(one, "system_name"), text_of(one, "folder"),
                              text_of(one, "made"), text_of(one, "state"), what_came_of(one)});
    output.table(table);
    return k_holds;
}

void print(Output& output, json::value const& found) {
    output.line(output.strong("Request " + std::to_string(number_of(found, "id")) + " of " + text_of(found, "system_name")) + "  " +
                text_of(found, "state"));
    std::string names;
    for (auto const& name : list_of(found, "names"))
        if (name.is_string()) names += (names.empty() ? "" : ", ") + printable(name.get_string());
    output.line("Names: " + names);
    for (auto const& [field, label] : std::initializer_list<std::pair<char const*, char const*>>{{"reason", "Why"},
                                                                                                 {"key_type", "Key"},
                                                                                                 {"key_made", "Key made by"},
                                                                                                 {"public_key", "Public key, SHA-256"},
                                                                                                 {"made", "Made"},
                                                                                                 {"downloaded", "Downloaded"},
                                                                                                 {"answered", "Answered"},
                                                                                                 {"answered_by", "Uploaded by"},
                                                                                                 {"issuer_subject", "Issued by"},
                                                                                                 {"certificate", "Certificate, SHA-256"},
                                                                                                 {"not_after", "Valid until"},
                                                                                                 {"installed", "In place since"},
                                                                                                 {"superseded", "Superseded"},
                                                                                                 {"note", "Because"}})
        if (auto text = text_of(found, field); !text.empty()) output.line(std::string(label) + ": " + text);
    auto const* pem = found.is_object() ? found.get_object().if_contains("pem") : nullptr;
    if (pem != nullptr && pem->is_string()) output.line(std::string_view(pem->get_string()));
}

Result<int> show(ApiClient& client, Output& output, Chosen const& chosen) {
    CS_TRY(auto const found, client.get("certificate-requests/" + std::to_string(chosen.id)));
    if (!output.value(found)) print(output, found);
    return k_holds;
}

Result<int> discard(ApiClient& client, Output& output, Chosen const& chosen) {
    CS_TRY(auto const gone, client.send("DELETE", "certificate-requests/" + std::to_string(chosen.id)));
    if (!output.value(gone))
        output.line("Request " + std::to_string(chosen.id) + " of " + text_of(gone, "system_name") +
                    " is discarded. Enforcement makes another one when it is still needed.");
    return k_holds;
}

Result<int> download(ApiClient& client, Output& output, Chosen const& chosen) {
    auto const by_name = chosen.out.ends_with(".tar") ? "tar" : "zip";
    auto query = "?format=" + (chosen.format.empty() ? std::string(by_name) : chosen.format);
    CS_TRY(auto const more, query_of(client, chosen));
    query += more;
    if (!chosen.requests.empty()) {
        std::vector<std::string> numbers;
        for (auto id : chosen.requests) numbers.push_back(std::to_string(id));
        query += "&requests=" + join(numbers, ",");
    }
    CS_TRY(auto const bundle, client.get_file("certificate-request-bundle" + query));
    CS_CHECK(host::write_file(chosen.out, bundle, host::Privacy::shared));
    if (!output.value(json::object{{"file", chosen.out}, {"bytes", bundle.size()}}))
        output.line("Written: " + chosen.out + ". Have the requests signed, then: countersign by-hand answer FILE");
    return k_holds;
}

void print_answers(Output& output, json::value const& judged) {
    for (auto const& one : list_of(judged, "taken")) {
        output.line("Taken for " + text_of(one, "system_name") + " (request " + std::to_string(number_of(one, "request")) + "): " +
                    text_of(one, "subject") + " of " + text_of(one, "issuer_subject") + ", valid until " + text_of(one, "not_after"));
        if (auto const advice = text_of(one, "advice"); !advice.empty()) output.warning(text_of(one, "system_name") + ": " + advice);
    }
    for (auto const& one : list_of(judged, "left_out"))
        output.line("Left out: " + text_of(one, "subject") + " in " + text_of(one, "file") + ": " + text_of(one, "why"));
}

Result<int> answer(ApiClient& client, Output& output, Chosen const& chosen) {
    json::array files;
    for (auto const& name : chosen.files) {
        CS_TRY(auto bytes, host::read_file(name, k_largest_file));
        bool const pem = bytes.contains("-----BEGIN ") && is_utf8(bytes);
        files.push_back(json::object{{"name", std::filesystem::path(name).filename().string()},
                                     {"content", pem ? std::move(bytes) : to_base64(bytes)}});
    }
    CS_TRY(auto const judged, client.send("POST", "certificate-answers", json::object{{"files", std::move(files)}}));
    auto const& refused = list_of(judged, "refused");
    int const code = refused.empty() ? k_holds : k_does_not_hold;
    if (output.value(judged)) return code;
    print_answers(output, judged);
    for (auto const& one : refused) {
        auto const* problem = one.is_object() ? one.get_object().if_contains("problem") : nullptr;
        auto error = error_of_problem(problem == nullptr ? json::value() : *problem, 0, "POST /api/v1/certificate-answers");
        // One exit code says that something was refused, whatever it was.
        (void)output.error(error.at(text_of(one, "file")));
    }
    if (auto const taken = static_cast<std::int64_t>(list_of(judged, "taken").size()); taken > 0)
        output.line(counted(taken, "certificate") + " taken; installing and proving goes on by itself: see countersign job list.");
    return code;
}

}  // namespace

void add_by_hand_commands(CLI::App& app, Context& context) {
    auto* requests = app.add_subcommand("by-hand", "Certificates of an authority that is asked by hand: requests out, answers in")
                         ->require_subcommand(1);
    auto chosen = std::make_shared<Chosen>();
    using Work = Result<int> (*)(ApiClient&, Output&, Chosen const&);
    auto command = [&](std::string name, std::string help, Work work) {
        auto* sub = requests->add_subcommand(std::move(name), std::move(help));
        sub->callback([&context, chosen, work] {
            context.action = [&context, chosen, work](Output& output) {
                return with_manager(context, output, [&](ApiClient& client) { return work(client, output, *chosen); });
            };
        });
        return sub;
    };
    auto* listing = command("list", "All of them, the oldest first", list);
    listing->add_option("--state", chosen->state, "Only these")->check(CLI::IsMember({"open", "answered", "superseded"}));
    auto* downloading = command("download", "Open requests as one archive: a PEM file for each, and manifest.json", download);
    for (auto* one : {listing, downloading}) {
        one->add_option("--folder", chosen->folder, "Only those of systems in this folder or below it: path or number");
        one->add_option("--system", chosen->system, "Only those of this system");
    }
    downloading->add_option("requests", chosen->requests, "Only these: numbers");
    downloading->add_option("--out", chosen->out, "File")->capture_default_str();
    downloading->add_option("--format", chosen->format, "Default: by the name of the file, else zip")->check(CLI::IsMember({"zip", "tar"}));
    command("answer",
            "Upload what the authority made of requests: PEM, DER, PKCS#7, or zip and tar with these. Exit code 2: some were refused",
            answer)
        ->add_option("files", chosen->files, "Files; with the certificates of intermediate authorities")
        ->required();
    constexpr auto k_number = "Number of the request";
    command("show", "One request, with its text", show)->add_option("request", chosen->id, k_number)->required();
    command("discard", "Forget a request and its key", discard)->add_option("request", chosen->id, k_number)->required();
}

}  // namespace countersign::workbench
