#include "workbench/certificates/commands.hpp"

#include "countersign/errors/crt.hpp"
#include "countersign/errors/gen.hpp"

#include <boost/json.hpp>

namespace countersign::workbench {
namespace {

struct ConvertOptions {
    std::string in;
    std::string passphrase_file;
    std::string to;
    OutputOption out;
};

std::string raw(Bytes const& der) { return {der.begin(), der.end()}; }

/// One thing that can be written in either form; keys are not among them.
struct Convertible {
    std::string_view kind;
    std::string pem;
    Bytes der;
};

std::optional<Convertible> convertible(pki::Item const& item) {
    if (auto const* certificate = std::get_if<pki::Certificate>(&item.value))
        return Convertible{"certificate", certificate->to_pem(), certificate->to_der()};
    if (auto const* request = std::get_if<pki::CertificateRequest>(&item.value))
        return Convertible{"request", request->to_pem(), request->to_der()};
    if (auto const* crl = std::get_if<pki::Crl>(&item.value)) return Convertible{"crl", crl->to_pem(), crl->to_der()};
    return std::nullopt;
}

Result<int> convert(Output& output, ConvertOptions const& options) {
    Files files(output);
    auto const contents = files.contents(options.in, options.passphrase_file, Files::Ask::yes);
    files.will_write(options.out);
    CS_CHECK(files.check());
    std::vector<Convertible> things;
    for (auto const& item : contents->items) {
        if (auto one = convertible(item)) {
            things.push_back(std::move(*one));
        } else {
            files.warn(std::string(kind_of(item)) + " is left out; `countersign key convert` and `pfx import` write keys");
        }
    }
    for (auto const& one : contents->problems) files.warn("a part is left out: " + one.message());
    if (things.empty()) {
        return fail(errors::crt::other_content, {{"file", printable(options.in)},
                                                 {"found", contents->items.empty() ? "nothing" : kind_of(contents->items.front())},
                                                 {"expected", "a certificate, request or revocation list"}});
    }
    std::string text;
    if (options.to == "pkcs7") {
        text = pki::write_pkcs7_pem(contents->certificates());
        things.resize(contents->certificates().size(), {"certificate", "", {}});
    } else if (options.to == "der") {
        if (things.size() > 1)
            files.warn("a DER file holds one thing and there are " + std::to_string(things.size()) +
                       "; the first is written, `bundle split` writes all");
        things.resize(1);
        text = raw(things.front().der);
    } else {
        for (auto const& one : things) text += one.pem;
    }
    CS_CHECK(Files::write(options.out, text));
    json::array kinds;
    for (auto const& one : things) kinds.push_back(json::string(one.kind));
    if (output.value(json::object{{"file", printable(options.out.file)}, {"to", options.to}, {"written", std::move(kinds)}}))
        return k_holds;
    std::string what(things.front().kind == "crl" ? "revocation list" : things.front().kind);
    if (things.size() > 1) what = std::to_string(things.size()) + " things";
    output.line(printable(options.out.file) + ": " + what + " as " + options.to);
    return k_holds;
}

struct ChainOptions {
    std::vector<std::string> in;
    KeyOption key;
    bool no_root = false;
    OutputOption out;
};

Result<int> chain(Output& output, ChainOptions const& options) {
    Files files(output);
    auto const heap = files.certificates(options.in);
    auto const key = options.key.file.empty() ? std::nullopt : files.key(options.key);
    files.will_write(options.out);
    CS_CHECK(files.check());
    CS_TRY(auto ordered, pki::order_chain(heap, key ? &*key : nullptr));
    for (auto const& one : ordered.left_out) files.warn("left out, it is not of this chain or there twice: " + subject_of(one));
    if (!ordered.reaches_root)
        files.warn("the root is not among the files; the chain ends below " + printable(ordered.chain.back().issuer()));
    if (options.no_root && ordered.reaches_root && ordered.chain.size() > 1) ordered.chain.pop_back();
    CS_CHECK(Files::write(options.out, pki::to_pem(ordered.chain)));
    auto const now = SystemClock().now();
    if (output.value(json::object{{"file", printable(options.out.file)},
                                  {"reaches_root", ordered.reaches_root},
                                  {"chain", json_of(ordered.chain, now)},
                                  {"left_out", json_of(ordered.left_out, now)}})) {
        return k_holds;
    }
    output.line(printable(options.out.file) + ": chain of " + std::to_string(ordered.chain.size()));
    print_chain(output, ordered.chain, now);
    return k_holds;
}

}  // namespace

void add_convert_commands(CLI::App& cert, Context& context) {
    auto options = std::make_shared<ConvertOptions>();
    auto* converting = cert.add_subcommand("convert", "Write certificates, requests or revocation lists in another form");
    converting->add_option("in", options->in, "The file; PEM, DER, PKCS#7 and PFX are told apart by content")->required();
    converting->add_option("--to", options->to, "pem, der or pkcs7")->required()->check(CLI::IsMember({"pem", "der", "pkcs7"}));
    converting->add_option("--passphrase-file", options->passphrase_file, "File with the passphrase of a PFX");
    add_output_options(*converting, options->out, "File to write");
    when_chosen(converting, context, [options](Output& output) { return convert(output, *options); });

    auto ordering = std::make_shared<ChainOptions>();
    auto* command = cert.add_subcommand("chain", "Put certificates in the order of their chain: the system's own first, its issuer next");
    command->add_option("files", ordering->in, "Files with certificates, in any order")->required();
    add_key_options(*command, ordering->key, "--key", "Key of the first certificate, when several could be it");
    command->add_flag("--no-root", ordering->no_root, "Leave the root out, as most servers want it");
    add_output_options(*command, ordering->out, "File for the chain (chain.pem)");
    when_chosen(command, context, [ordering](Output& output) { return chain(output, *ordering); });
}

}  // namespace countersign::workbench
