#include "base/text.hpp"
#include "pki/make_request.hpp"
#include "workbench/certificates/commands.hpp"

#include "countersign/errors/crt.hpp"
#include "countersign/errors/gen.hpp"

#include <boost/json.hpp>

namespace countersign::workbench {
namespace {

bool is_short_rsa(std::string_view type) { return iequals(type, "rsa:1024") || iequals(type, "rsa:1536"); }

enum class Encryption { none, passphrase };

std::string sentence(std::string const& file, pki::PrivateKey const& key, Encryption encryption) {
    return printable(file) + ": private key, " + text_of(pki::describe_key(key)) +
           (encryption == Encryption::passphrase ? ", encrypted" : ", not encrypted") + ", only you may read it";
}

json::object answer(std::string const& file, pki::PrivateKey const& key, Encryption encryption) {
    return {{"file", printable(file)}, {"key", json_of(pki::describe_key(key))}, {"encrypted", encryption == Encryption::passphrase}};
}

Result<int> make_new(Output& output, NewKeyOptions const& options, bool legacy) {
    Files files(output);
    check_new_key(files, options, legacy);
    CS_CHECK(files.check());
    CS_TRY(auto key, make_key(files, options, legacy));
    auto const encryption = options.encrypt || !options.passphrase_file.empty() ? Encryption::passphrase : Encryption::none;
    if (!output.value(answer(options.out.file, key, encryption))) output.line(sentence(options.out.file, key, encryption));
    return k_holds;
}

struct ConvertOptions {
    KeyOption in;
    std::string to = "pem";
    std::string new_passphrase_file;
    bool encrypt = false;
    OutputOption out;
};

Result<SecretText> encoded(pki::PrivateKey const& key, std::string_view form, SecretText const& passphrase) {
    if (form == "traditional") return key.to_traditional_pem(passphrase);
    if (form == "pem") return key.to_pem(passphrase);
    auto const der = key.to_der();
    return SecretText(std::string(der.reveal().begin(), der.reveal().end()));
}

Result<int> convert(Output& output, ConvertOptions const& options) {
    Files files(output);
    auto const key = files.key(options.in);
    files.will_write(options.out);
    bool const encrypts = options.encrypt || !options.new_passphrase_file.empty();
    if (encrypts && options.to == "der")
        files.problem(Error(errors::gen::invalid_input, {{"field", "--to"}, {"detail", "a key in DER is written without a passphrase"}}));
    if (key && !key->exportable())
        files.problem(Error(errors::gen::invalid_input, {{"field", "IN"}, {"detail", "a key on a token never leaves it"}}));
    CS_CHECK(files.check());
    SecretText passphrase;
    if (encrypts) {
        CS_TRY(passphrase, ask_new_passphrase(options.new_passphrase_file, "passphrase of the key"));
    }
    CS_TRY(auto const text, encoded(*key, options.to, passphrase));
    CS_CHECK(Files::write(options.out, text.reveal(), Files::Kind::private_key));
    auto const encryption = encrypts ? Encryption::passphrase : Encryption::none;
    if (!output.value(answer(options.out.file, *key, encryption))) output.line(sentence(options.out.file, *key, encryption));
    return k_holds;
}

}  // namespace

void check_new_key(Files& files, NewKeyOptions const& options, bool legacy) {
    if (!is_short_rsa(options.type)) {
        files.take(pki::parse_key_type(options.type));
    } else if (!legacy) {
        files.problem(Error(
            errors::gen::invalid_input,
            {{"field", "--type"}, {"detail", options.type + " is weak; say --legacy as well when the equipment takes no longer key"}}));
    }
    if (options.traditional && iequals(options.type, "ed25519"))
        files.problem(Error(errors::gen::invalid_input, {{"field", "--traditional"}, {"detail", "Ed25519 keys have no such form"}}));
    files.will_write(options.out);
}

Result<pki::PrivateKey> make_key(Files& files, NewKeyOptions const& options, bool legacy) {
    SecretText passphrase;
    if (options.encrypt || !options.passphrase_file.empty()) {
        CS_TRY(passphrase, ask_new_passphrase(options.passphrase_file, "passphrase of the key"));
    }
    auto made = [&]() -> Result<pki::PrivateKey> {
        if (legacy && is_short_rsa(options.type)) return pki::generate_legacy_key(options.type);
        CS_TRY(auto const type, pki::parse_key_type(options.type));
        return pki::PrivateKey::generate(type);
    };
    CS_TRY(auto key, made());
    warn_of_weak_key(files, pki::describe_key(key));
    CS_TRY(auto const text, encoded(key, options.traditional ? "traditional" : "pem", passphrase));
    CS_CHECK(Files::write(options.out, text.reveal(), Files::Kind::private_key));
    return key;
}

void add_key_commands(CLI::App& app, Context& context) {
    auto* key = app.add_subcommand("key", "Private keys")->require_subcommand(1);
    auto options = std::make_shared<NewKeyOptions>();
    auto legacy = std::make_shared<bool>(false);
    auto* making = key->add_subcommand("new", "Make a private key");
    making->add_option("--type", options->type, "ec:p256, ec:p384, rsa:2048, rsa:3072, rsa:4096 or ed25519; with --legacy also rsa:1024")
        ->capture_default_str();
    making->add_option("--passphrase-file", options->passphrase_file, "Encrypt it with the passphrase in this file");
    making->add_flag("--encrypt", options->encrypt, "Encrypt it with a passphrase that is asked for");
    making->add_flag("--traditional", options->traditional, "The old form (BEGIN RSA PRIVATE KEY; DES3 with a passphrase)");
    making->add_flag("--legacy", *legacy, "Allow what only old equipment needs: RSA with 1024 bits");
    add_output_options(*making, options->out, "File for the key, readable only by you (privatekey.pem)");
    when_chosen(making, context, [options, legacy](Output& output) { return make_new(output, *options, *legacy); });

    auto change = std::make_shared<ConvertOptions>();
    auto* converting = key->add_subcommand("convert", "Write a key in another form, or with another passphrase or none");
    add_key_options(*converting, change->in, "in", "The key")->required();
    converting->add_option("--to", change->to, "pem (PKCS#8), traditional (for old equipment) or der")
        ->check(CLI::IsMember({"pem", "traditional", "der"}))
        ->capture_default_str();
    converting->add_option("--new-passphrase-file", change->new_passphrase_file, "Encrypt it with the passphrase in this file");
    converting->add_flag("--encrypt", change->encrypt, "Encrypt it with a passphrase that is asked for (default: not encrypted)");
    add_output_options(*converting, change->out, "File for the key, readable only by you");
    when_chosen(converting, context, [change](Output& output) { return convert(output, *change); });
}

}  // namespace countersign::workbench
