#include "base/text.hpp"
#include "base/toml.hpp"
#include "base/toml_guard.hpp"
#include "net/survey/judge.hpp"
#include "pki/findings.hpp"
#include "workbench/commands.hpp"
#include "workbench/workbench.hpp"

#include "countersign/embedded_catalogue.hpp"
#include "countersign/errors/gen.hpp"

#include <boost/json.hpp>

#include <algorithm>

namespace countersign::workbench {
namespace {

/// One thing that a word can stand for. What is not known about a kind is empty.
struct Explanation {
    std::string kind;  ///< "error", "finding", "connection", "ticket"
    std::string id;
    std::string name;
    std::string title;
    std::string cause;
    std::string remedy;
    std::string reference;
    json::object more;  ///< further fields of the JSON form
};

void add_error(std::vector<Explanation>& out, std::string const& word) {
    auto const* entry = find_error_entry(word);
    if (entry == nullptr) return;
    out.push_back({.kind = "error",
                   .id = std::string(entry->code),
                   .name = std::string(entry->name),
                   .title = std::string(entry->title),
                   .cause = std::string(entry->cause),
                   .remedy = std::string(entry->remedy),
                   .more = {{"http_status", entry->http_status}, {"exit_code", entry->exit_code}}});
}

void add_findings(std::vector<Explanation>& out, std::string const& word) {
    for (auto const* rule : pki::find_finding_rules(word)) {
        out.push_back({.kind = "finding",
                       .id = std::string(rule->id),
                       .name = std::string(rule->openssl_name),
                       .title = std::string(rule->title),
                       .remedy = std::string(rule->remedy),
                       .reference = std::string(rule->reference),
                       .more = {{"openssl_code", rule->openssl_code}, {"openssl_same", rule->openssl_same}}});
    }
}

void add_connection_rule(std::vector<Explanation>& out, std::string const& word) {
    auto const* rule = net::survey::find_rule(to_lower(word));
    if (rule == nullptr) return;
    out.push_back(
        {.kind = "connection", .id = std::string(rule->id), .title = std::string(rule->title), .remedy = std::string(rule->remedy)});
}

/// Types of tickets, by key ("login_failed") or by title.
void add_ticket(std::vector<Explanation>& out, std::string const& word) {
    auto const files = embedded::catalogue();
    auto const file = std::ranges::find(files, "tickets.toml", &embedded::File::name);
    if (file == files.end() || find_fatal_toml(file->text)) return;
    auto const document = toml::parse(file->text, std::string_view("tickets.toml"));
    for (auto const& [key, node] : document) {
        auto const* table = node.as_table();
        if (table == nullptr) continue;
        auto const text = [table](std::string_view field) { return table->at_path(field).value_or(std::string()); };
        if (!iequals(key.str(), word) && !iequals(text("title"), word)) continue;
        out.push_back({.kind = "ticket",
                       .id = std::string(key.str()),
                       .name = text("severity"),
                       .title = text("title"),
                       .cause = text("cause"),
                       .remedy = text("remedy")});
    }
}

void print(Output const& output, Explanation const& one) {
    std::string heading = one.id + ": " + one.title;
    if (one.kind == "finding") {
        auto const code = std::to_string(one.more.at("openssl_code").as_int64());
        heading +=
            " (" + std::string(one.more.at("openssl_same").as_bool() ? "OpenSSL " : "nearest in OpenSSL ") + code + " " + one.name + ")";
    }
    output.line(output.strong(heading));
    if (!one.cause.empty()) output.line("Cause: " + one.cause);
    output.line("What to do: " + one.remedy);
    if (!one.reference.empty()) output.line("Source: " + one.reference);
}

int explain(Output& output, std::string const& word) {
    std::vector<Explanation> found;
    add_error(found, word);
    add_findings(found, word);
    add_connection_rule(found, word);
    add_ticket(found, word);
    if (found.empty())
        return output.error(Error(errors::gen::not_found, {{"what", "error, finding, OpenSSL code or ticket"}, {"name", printable(word)}}));
    json::array explanations;
    for (auto const& one : found) {
        json::object object{{"kind", one.kind},   {"id", one.id},         {"name", one.name},          {"title", one.title},
                            {"cause", one.cause}, {"remedy", one.remedy}, {"reference", one.reference}};
        for (auto const& field : one.more) object.insert(field);
        explanations.push_back(std::move(object));
    }
    if (output.value(json::object{{"explanations", std::move(explanations)}})) return k_holds;
    bool first = true;
    for (auto const& one : found) {
        if (!first) output.line("");
        first = false;
        print(output, one);
    }
    return k_holds;
}

}  // namespace

void add_explain_command(CLI::App& app, Context& context) {
    auto word = std::make_shared<std::string>();
    auto* command = app.add_subcommand("explain", "What an id means and what to do: errors, findings, OpenSSL's codes, tickets");
    command->add_option("id", *word, "CRT-014, leaf-without-san, 10, CERT_HAS_EXPIRED, login_failed ...")->required();
    command->callback([&context, word] { context.action = [word](Output& output) { return explain(output, *word); }; });
}

}  // namespace countersign::workbench
