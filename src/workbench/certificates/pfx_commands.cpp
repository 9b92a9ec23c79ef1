#include "host/files.hpp"
#include "pki/pkcs12.hpp"
#include "workbench/certificates/commands.hpp"

#include "countersign/errors/crt.hpp"
#include "countersign/errors/gen.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <filesystem>

namespace countersign::workbench {
namespace {

constexpr std::size_t k_package_limit = 1024 * 1024;

struct ExportOptions {
    std::string certificate;
    KeyOption key;
    std::vector<std::string> chain;
    std::string name;
    std::string passphrase_file;
    bool legacy = false;
    OutputOption out;
};

Result<int> export_package(Output& output, ExportOptions const& options) {
    Files files(output);
    auto own = files.certificates({options.certificate});
    auto const key = files.key(options.key);
    auto const chain = files.certificates(options.chain);
    files.will_write(options.out);
    if (key && !key->exportable())
        files.problem(Error(errors::gen::invalid_input, {{"field", "--key"}, {"detail", "a key on a token never leaves it"}}));
    if (key && !own.empty()) files.must_hold(pki::check_key_matches(own.front(), *key));
    CS_CHECK(files.check());
    CS_TRY(auto const passphrase, ask_new_passphrase(options.passphrase_file, "passphrase of the package"));
    pki::Pkcs12Contents contents{.key = key, .certificates = std::move(own), .friendly_name = options.name};
    contents.certificates.insert(contents.certificates.end(), chain.begin(), chain.end());
    if (options.legacy)
        files.warn("the package is protected with 3DES and SHA-1, which old systems read and attackers like; transport it with care");
    CS_TRY(auto const package,
           pki::write_pkcs12(contents, passphrase, options.legacy ? pki::Pkcs12Ciphers::legacy : pki::Pkcs12Ciphers::modern));
    SecretText const bytes(std::string(package.reveal().begin(), package.reveal().end()));
    CS_CHECK(Files::write(options.out, bytes.reveal(), Files::Kind::private_key));
    auto const now = SystemClock().now();
    if (output.value(json::object{{"file", printable(options.out.file)},
                                  {"name", printable(options.name)},
                                  {"legacy", options.legacy},
                                  {"key", json_of(pki::describe_key(*key))},
                                  {"certificates", json_of(contents.certificates, now)}})) {
        return k_holds;
    }
    output.line(printable(options.out.file) + ": private key and " + std::to_string(contents.certificates.size()) +
                (contents.certificates.size() == 1 ? " certificate" : " certificates") + ", encrypted, only you may read it");
    print_chain(output, contents.certificates, now);
    return k_holds;
}

struct ImportOptions {
    std::string in;
    std::string passphrase_file;
    std::string key_passphrase_file;
    bool encrypt = false;
    std::string folder;
    bool force = false;
};

Result<int> import_package(Output& output, ImportOptions const& options) {
    Files files(output);
    auto const bytes = files.bytes(options.in, k_package_limit);
    CS_CHECK(files.check());
    // Told before a passphrase is asked for. What is a package, but in a form that is not taken here, is left to read_pkcs12().
    auto const other = pki::read_contents(*bytes);
    auto const is_package = [](pki::Item const& item) {
        return std::holds_alternative<pki::LockedPackage>(item.value) || item.container == "PKCS#12";
    };
    if (other && std::ranges::none_of(other->items, is_package)) files.other_content(options.in, *other, "a PKCS#12 package (PFX)");
    CS_CHECK(files.check());
    CS_TRY(auto const passphrase, ask_passphrase(options.passphrase_file, "Passphrase of " + options.in));
    auto const contents =
        files.take(Result<pki::Pkcs12Contents>(pki::read_pkcs12(bytes_of(*bytes), passphrase).map_error(at(printable(options.in)))));
    CS_CHECK(files.check());
    CS_CHECK(host::ensure_folder(options.folder));
    auto const out = [&](char const* name) {
        return OutputOption{.file = (std::filesystem::path(options.folder) / name).string(), .force = options.force};
    };
    auto const key_out = out("privatekey.pem");
    auto const own_out = out("cert.pem");
    auto const chain_out = out("chain.pem");
    auto const& certificates = contents->certificates;
    if (contents->key) files.will_write(key_out);
    if (!certificates.empty()) files.will_write(own_out);
    if (certificates.size() > 1) files.will_write(chain_out);
    CS_CHECK(files.check());
    SecretText key_passphrase;
    if (contents->key && (options.encrypt || !options.key_passphrase_file.empty())) {
        CS_TRY(key_passphrase, ask_new_passphrase(options.key_passphrase_file, "passphrase of the key"));
    }
    auto const now = SystemClock().now();
    json::object answer{{"name", printable(contents->friendly_name)}, {"certificates", json_of(certificates, now)}};
    std::vector<std::string> lines;
    if (contents->key) {
        CS_CHECK(Files::write(key_out, contents->key->to_pem(key_passphrase).reveal(), Files::Kind::private_key));
        answer["key_file"] = printable(key_out.file);
        answer["key"] = json_of(pki::describe_key(*contents->key));
        lines.push_back(printable(key_out.file) + ": private key, " + text_of(pki::describe_key(*contents->key)) +
                        (key_passphrase.empty() ? ", not encrypted" : ", encrypted") + ", only you may read it");
    } else {
        files.warn("the package holds no private key");
    }
    if (!certificates.empty()) {
        CS_CHECK(Files::write(own_out, certificates.front().to_pem()));
        answer["certificate_file"] = printable(own_out.file);
        lines.push_back(printable(own_out.file) + ": certificate of " + subject_of(certificates.front()));
    }
    if (certificates.size() > 1) {
        CS_CHECK(Files::write(chain_out, pki::to_pem({certificates.begin() + 1, certificates.end()})));
        answer["chain_file"] = printable(chain_out.file);
        lines.push_back(printable(chain_out.file) + ": " + std::to_string(certificates.size() - 1) + " above it");
    }
    if (output.value(answer)) return k_holds;
    if (!contents->friendly_name.empty()) output.line("Friendly name: " + printable(contents->friendly_name));
    for (auto const& line : lines) output.line(line);
    print_chain(output, certificates, now);
    return k_holds;
}

}  // namespace

void add_pfx_commands(CLI::App& app, Context& context) {
    auto* pfx = app.add_subcommand("pfx", "PKCS#12 packages, as Windows and appliances exchange them")->require_subcommand(1);
    auto options = std::make_shared<ExportOptions>();
    auto* exporting = pfx->add_subcommand("export", "Put a certificate, its key and its chain into a package");
    exporting->add_option("--cert", options->certificate, "The certificate; others behind it in the file go along")->required();
    add_key_options(*exporting, options->key, "--key", "Its private key", "--key-passphrase-file")->required();
    exporting->add_option("--chain", options->chain, "File with the certificates above it; may be repeated")->allow_extra_args(false);
    exporting->add_option("--name", options->name, "Friendly name, as Windows shows it");
    exporting->add_option("--passphrase-file", options->passphrase_file,
                          "File with the passphrase that protects the package (default: asked for twice)");
    exporting->add_flag("--legacy", options->legacy, "3DES and SHA-1, for Windows before 2019 and old appliances");
    add_output_options(*exporting, options->out, "File for the package, readable only by you (certificate.pfx)");
    when_chosen(exporting, context, [options](Output& output) { return export_package(output, *options); });

    auto import = std::make_shared<ImportOptions>();
    auto* importing = pfx->add_subcommand("import", "Take certificate, key and chain out of a package");
    importing->add_option("file", import->in, "The package")->required();
    importing->add_option("--passphrase-file", import->passphrase_file, "File with the passphrase of the package (default: asked for)");
    importing->add_option("--key-passphrase-file", import->key_passphrase_file, "Encrypt the key with the passphrase in this file");
    importing->add_flag("--encrypt", import->encrypt, "Encrypt the key with a passphrase that is asked for");
    importing->add_option("--out-dir", import->folder, "Folder for privatekey.pem, cert.pem and chain.pem")->required();
    importing->add_flag("--force", import->force, "Replace files that exist");
    when_chosen(importing, context, [import](Output& output) { return import_package(output, *import); });
}

}  // namespace countersign::workbench
