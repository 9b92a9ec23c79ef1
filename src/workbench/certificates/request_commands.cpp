#include "pki/make_request.hpp"
#include "workbench/certificates/commands.hpp"

#include "countersign/errors/gen.hpp"

#include <boost/json.hpp>

namespace countersign::workbench {
namespace {

struct RequestOptions {
    KeyOption key;
    NewKeyOptions new_key;
    SubjectOptions subject;
    StrengthOptions strength;
    std::string from;  ///< certificate to renew
    OutputOption out;
};

/// The key of --key, or a new one for --new-key once nothing else is wrong.
std::optional<pki::PrivateKey> existing_key(Files& files, RequestOptions const& options) {
    bool const wants_new = !options.new_key.out.file.empty();
    if (wants_new == !options.key.file.empty()) {
        files.problem(Error(errors::gen::invalid_input, {{"field", "--key"}, {"detail", "give either --key or --new-key"}}));
        return std::nullopt;
    }
    return wants_new ? std::nullopt : files.key(options.key);
}

Result<int> finish(Output& output, RequestOptions const& options, pki::CertificateRequest const& request, pki::Certificate const* old) {
    CS_CHECK(Files::write(options.out, request.to_pem()));
    json::object answer{{"file", printable(options.out.file)}, {"request", json_of(request)}};
    if (old != nullptr) answer["same_key"] = old->public_key_sha256() == request.public_key_sha256();
    if (!options.new_key.out.file.empty()) answer["key_file"] = printable(options.new_key.out.file);
    if (output.value(answer)) return k_holds;
    if (!options.new_key.out.file.empty())
        output.line(printable(options.new_key.out.file) + ": new private key, " + text_of(pki::describe_key(request)));
    output.line(printable(options.out.file) + ": certificate request");
    print(output, request);
    if (old != nullptr)
        output.line(old->public_key_sha256() == request.public_key_sha256() ? "  It is for the same key as before."
                                                                            : "  It is for another key than before.");
    return k_holds;
}

Result<int> request_new(Output& output, RequestOptions const& options) {
    Files files(output);
    auto key = existing_key(files, options);
    auto const names = options.subject.alternative_names(files);
    auto const hash = options.strength.choose(files);
    if (options.subject.fields.common_name.empty() && names.empty())
        files.problem(Error(errors::gen::missing_field, {{"field", "--cn (or --san)"}}));
    if (!options.new_key.out.file.empty()) check_new_key(files, options.new_key, options.strength.legacy);
    files.will_write(options.out);
    CS_CHECK(files.check());
    if (names.empty() && !options.subject.common_name_only)
        files.warn(
            "the common name is no host name or address, so that the request has no alternative names, and clients look nowhere else "
            "for a host name; --san adds some, --cn-only says that none are wanted");
    if (!key) {
        // The names are tried with a key that costs nothing before one is written.
        CS_TRY(auto const trial, pki::PrivateKey::generate(pki::KeyType::ec_p256));
        CS_CHECK(pki::make_request(trial, options.subject.fields, names, hash));
        CS_TRY(key, make_key(files, options.new_key, options.strength.legacy));
    }
    CS_TRY(auto const request, pki::make_request(*key, options.subject.fields, names, hash));
    return finish(output, options, request, nullptr);
}

Result<int> renew(Output& output, RequestOptions const& options) {
    Files files(output);
    auto key = existing_key(files, options);
    auto const old = files.certificate(options.from);
    auto const hash = options.strength.choose(files);
    if (!options.new_key.out.file.empty()) check_new_key(files, options.new_key, options.strength.legacy);
    files.will_write(options.out);
    CS_CHECK(files.check());
    if (!key) {
        CS_TRY(key, make_key(files, options.new_key, options.strength.legacy));
    }
    CS_TRY(auto const request, pki::renew_request(*key, *old, hash));
    return finish(output, options, request, &*old);
}

void add_options(CLI::App& command, RequestOptions& options) {
    add_key_options(command, options.key, "--key", "The private key");
    command.add_option("--new-key", options.new_key.out.file, "Or make a new key and write it to this file");
    command.add_option("--type", options.new_key.type, "Kind of the new key, as for `key new`")->capture_default_str();
    command.add_option("--new-passphrase-file", options.new_key.passphrase_file, "Encrypt the new key with the passphrase in this file");
    add_strength_options(command, options.strength);
    add_output_options(command, options.out, "File for the request (certcsr.pem), to be sent to the authority");
}

}  // namespace

void add_request_commands(CLI::App& app, Context& context) {
    auto* request = app.add_subcommand("request", "Certificate requests")->require_subcommand(1);
    auto options = std::make_shared<RequestOptions>();
    auto* making = request->add_subcommand("new", "Make a certificate request");
    add_subject_options(*making, options->subject);
    add_options(*making, *options);
    when_chosen(making, context, [options](Output& output) { return request_new(output, *options); });

    auto again = std::make_shared<RequestOptions>();
    auto* renewing = request->add_subcommand("renew", "Make a request with the subject and names of a certificate");
    renewing->add_option("--from", again->from, "The certificate to be renewed")->required();
    add_options(*renewing, *again);
    when_chosen(renewing, context, [again](Output& output) { return renew(output, *again); });
}

}  // namespace countersign::workbench
