#include "workbench/certificates/commands.hpp"

#include <boost/json.hpp>

#include <unistd.h>

namespace countersign::workbench {
namespace {

constexpr std::size_t k_shown_entries = 20;

struct ShowOptions {
    std::vector<std::string> files;
    std::string passphrase_file;
    bool all = false;
};

std::string_view kind_name(pki::Item const& item) {
    static constexpr std::string_view names[] = {"certificate", "request",    "private_key",   "crl",
                                                 "public_key",  "locked_key", "locked_package"};
    return names[item.value.index()];
}

template <class... Each>
struct Overload : Each... {
    using Each::operator()...;
};

json::value content_of(pki::Item const& item, UtcTime now, std::size_t limit) {
    return std::visit(
        Overload{
            [&](pki::Certificate const& one) { return json::value(json_of(one, now)); },
            [&](pki::CertificateRequest const& one) { return json::value(json_of(one)); },
            [&](pki::PrivateKey const& one) { return json::value(json_of(pki::describe_key(one))); },
            [&](pki::Crl const& one) { return json::value(json_of(one, now, limit)); },
            [&](pki::PublicKey const& one) { return json::value(json_of(pki::KeyText{one.algorithm, "", one.bits, one.sha256})); },
            [&](pki::LockedKey const& one) { return json::value(json::object{{"form", one.form}}); },
            [&](pki::LockedPackage const&) { return json::value(json::object()); },
        },
        item.value);
}

json::object json_of(pki::Item const& item, UtcTime now, std::size_t limit) {
    return {{"kind", kind_name(item)},
            {"container", item.container},
            {"position", item.position},
            {"name", printable(item.name)},
            {std::string(kind_name(item)), content_of(item, now, limit)}};
}

void print_key(Output& output, pki::KeyText const& key) {
    output.line("  " + text_of(key));
    output.line("  Key SHA-256:        " + key.sha256);
}

void print(Output& output, pki::Item const& item, UtcTime now, std::size_t limit) {
    std::visit(Overload{
                   [&](pki::Certificate const& one) { print(output, one, now); },
                   [&](pki::CertificateRequest const& one) { print(output, one); },
                   [&](pki::PrivateKey const& one) { print_key(output, pki::describe_key(one)); },
                   [&](pki::Crl const& one) { print(output, one, now, limit); },
                   [&](pki::PublicKey const& one) { print_key(output, {one.algorithm, "", one.bits, one.sha256}); },
                   [&](pki::LockedKey const& one) { output.line("  " + one.form + "; --passphrase-file opens it"); },
                   [&](pki::LockedPackage const&) { output.line("  --passphrase-file opens it"); },
               },
               item.value);
}

std::string heading(std::string const& file, pki::Item const& item) {
    auto const kind = kind_of(item);
    std::string out = printable(file) + ": " + std::string(kind.substr(kind.find(' ') + 1));
    out += " (" + item.container + (item.position > 1 ? ", number " + std::to_string(item.position) : "") + ")";
    if (!item.name.empty()) out += ", \"" + printable(item.name) + "\"";
    return out;
}

Result<int> show(Output& output, ShowOptions const& options) {
    Files files(output);
    auto const now = SystemClock().now();
    auto const limit = options.all ? SIZE_MAX : k_shown_entries;
    json::array shown;
    bool first = true;
    // Without a terminal what is locked is shown as locked.
    auto const ask = isatty(STDIN_FILENO) == 1 ? Files::Ask::yes : Files::Ask::no;
    for (auto const& file : options.files) {
        auto const contents = files.contents(file, options.passphrase_file, ask);
        if (!contents) continue;
        json::array items;
        json::array problems;
        for (auto const& item : contents->items) {
            if (output.json()) {
                items.push_back(json_of(item, now, limit));
                continue;
            }
            if (!first) output.line("");
            first = false;
            output.line(output.strong(heading(file, item)));
            print(output, item, now, limit);
        }
        for (auto one : contents->problems) {
            problems.push_back(error_object(one));
            files.problem(one.at(printable(file)));
        }
        shown.push_back(json::object{{"file", printable(file)}, {"items", std::move(items)}, {"problems", std::move(problems)}});
    }
    output.value(json::object{{"files", std::move(shown)}});
    CS_CHECK(files.check());
    return k_holds;
}

}  // namespace

void add_show_command(CLI::App& app, Context& context) {
    auto options = std::make_shared<ShowOptions>();
    auto* showing = app.add_subcommand("show", "What is in certificates, requests, keys, revocation lists, packages and bundles");
    showing->add_option("files", options->files, "Files of any of these kinds")->required();
    showing->add_option("--passphrase-file", options->passphrase_file, "File with the passphrase of a package or key");
    showing->add_flag("--all", options->all, "All entries of revocation lists, not only the first 20");
    when_chosen(showing, context, [options](Output& output) { return show(output, *options); });
}

}  // namespace countersign::workbench
