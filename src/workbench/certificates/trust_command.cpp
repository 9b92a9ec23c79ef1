#include "base/text.hpp"
#include "host/files.hpp"
#include "host/program.hpp"
#include "workbench/certificates/commands.hpp"

#include "countersign/errors/crt.hpp"
#include "countersign/errors/fil.hpp"
#include "countersign/errors/gen.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <filesystem>

namespace countersign::workbench {
namespace {

namespace fs = std::filesystem;

struct TrustOptions {
    std::string certificate;
    std::string roots;
    std::string system_root = "/";
    bool host_store = false;
    bool remove = false;
};

enum class Change { added, removed, none };

std::string_view words_of(Change change) {
    switch (change) {
        case Change::added: return "is trusted from now on";
        case Change::removed: return "is not trusted any more";
        case Change::none: break;
    }
    return "stays as it was";
}

/// A PEM file with roots. Text that stood between its certificates is lost; it is never more than comments.
Result<Change> change_file(Files& files, TrustOptions const& options, pki::Certificate const& root) {
    std::vector<pki::Certificate> roots;
    std::error_code ignored;
    if (fs::exists(options.roots, ignored)) roots = files.certificates({options.roots});
    CS_CHECK(files.check());
    auto const known = std::ranges::find(roots, root);
    if ((known != roots.end()) != options.remove) return Change::none;
    if (options.remove && roots.size() == 1)
        return fail(errors::gen::invalid_input, {{"field", "--remove"}, {"detail", "it is the only root of " + printable(options.roots)}});
    if (options.remove)
        roots.erase(known);
    else
        roots.push_back(root);
    CS_CHECK(Files::write({.file = options.roots, .force = true}, pki::to_pem(roots)));
    return options.remove ? Change::removed : Change::added;
}

/// Debian's store: a file of its own for each root that the administrator adds, and a program that gathers them
/// (update-ca-certificates(8)).
Result<Change> change_host_store(TrustOptions const& options, pki::Certificate const& root) {
    fs::path const top = options.system_root;
    auto const local = top / "usr/local/share/ca-certificates";
    auto const file = local / ("countersign-" + root.fingerprint().substr(0, 32) + ".crt");
    std::error_code ignored;
    if (fs::exists(file, ignored) != options.remove) return Change::none;
    if (options.remove) {
        CS_CHECK(host::remove_file(file));
    } else {
        std::error_code made;
        fs::create_directories(local, made);  // readable for all users, unlike what ensure_folder makes
        if (made) return fail(errors::fil::cannot_write, {{"file", local.string()}, {"detail", made.message()}});
        CS_CHECK(Files::write({.file = file.string(), .force = true}, root.to_pem()));
    }
    // --fresh: else what was taken out stays linked.
    auto const ended = host::run_program({"update-ca-certificates", "--fresh", "--localcertsdir", local.string(), "--etccertsdir",
                                          (top / "etc/ssl/certs").string(), "--certsconf", (top / "etc/ca-certificates.conf").string()});
    if (ended && ended->code == 0) return options.remove ? Change::removed : Change::added;
    // The store was not made anew: leave the folder as it was found.
    if (options.remove)
        static_cast<void>(Files::write({.file = file.string(), .force = true}, root.to_pem()));
    else
        static_cast<void>(host::remove_file(file));
    if (!ended) return fail(ended.error());
    return fail(errors::fil::cannot_write,
                {{"file", (top / "etc/ssl/certs").string()}, {"detail", "update-ca-certificates said: " + printable(trim(ended->text))}});
}

/// The distribution may have brought the same root.
bool still_trusted(Files& files, TrustOptions const& options, pki::Certificate const& root) {
    auto const gathered = fs::path(options.system_root) / "etc/ssl/certs/ca-certificates.crt";
    auto const contents = files.contents(gathered.string());
    if (!contents) return false;
    auto const roots = contents->certificates();
    return std::ranges::find(roots, root) != roots.end();
}

Result<int> trust(Output& output, TrustOptions const& options) {
    Files files(output);
    auto const root = files.certificate(options.certificate);
    if (options.host_store == !options.roots.empty())
        files.problem(
            Error(errors::gen::invalid_input, {{"field", "command line"}, {"detail", "one of --roots and --host-store is needed"}}));
    if (root && !root->is_authority() && !options.remove)
        files.problem(Error(errors::crt::not_an_authority, {{"subject", printable(root->subject())}}));
    CS_CHECK(files.check());
    auto const where = options.host_store ? (fs::path(options.system_root) / "etc/ssl/certs").string() : options.roots;
    CS_TRY(auto const change, options.host_store ? change_host_store(options, *root) : change_file(files, options, *root));
    bool const stays = options.host_store && options.remove && still_trusted(files, options, *root);
    if (stays) files.warn("the distribution's own list has this root too; `dpkg-reconfigure ca-certificates` takes it out");
    if (output.value(json::object{{"changed", change != Change::none},
                                  {"trusted", !options.remove || stays},
                                  {"where", printable(where)},
                                  {"certificate", json_of(*root, SystemClock().now())}}))
        return stays ? k_does_not_hold : k_holds;
    output.line(subject_of(*root) + " " + std::string(words_of(stays ? Change::none : change)) + " in " + printable(where));
    output.line("  SHA-256: " + with_colons(root->fingerprint()));
    return stays ? k_does_not_hold : k_holds;
}

}  // namespace

void add_trust_command(CLI::App& cert, Context& context) {
    auto options = std::make_shared<TrustOptions>();
    auto* trusting = cert.add_subcommand("trust", "Trust an authority: put its certificate among the roots of a file or of this host");
    trusting->add_option("cert", options->certificate, "The authority's certificate")->required();
    trusting->add_option("--roots", options->roots, "In this file of roots (PEM); it is made when there is none");
    trusting->add_flag("--host-store", options->host_store, "On this host, for all its users: Debian's ca-certificates");
    trusting->add_option("--system-root", options->system_root, "With --host-store: the store below this folder")->capture_default_str();
    trusting->add_flag("--remove", options->remove, "Take it out again");
    when_chosen(trusting, context, [options](Output& output) { return trust(output, *options); });
}

}  // namespace countersign::workbench
