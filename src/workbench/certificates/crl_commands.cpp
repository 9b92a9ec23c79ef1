#include "base/text.hpp"
#include "pki/issue.hpp"
#include "workbench/certificates/commands.hpp"

#include "countersign/errors/crt.hpp"
#include "countersign/errors/gen.hpp"

#include <boost/json.hpp>

#include <algorithm>

namespace countersign::workbench {
namespace {

constexpr std::size_t k_shown_entries = 20;

struct CrlOptions {
    std::string authority;
    KeyOption key;
    int days = 30;
    std::string number;
    std::string list;                       ///< revoke: the list that is replaced
    std::vector<std::string> certificates;  ///< files
    std::vector<std::string> serials;
    std::string reason = "unspecified";
    std::string at;
    OutputOption out;
};

std::optional<std::uint64_t> parse_hex_number(std::string_view text) {
    if (istarts_with(text, "0x")) text.remove_prefix(2);
    std::uint64_t value = 0;
    auto const [end, code] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
    if (text.empty() || code != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

/// Without colons, in lower case, an even number of digits.
std::optional<std::string> serial_number(std::string_view text) {
    if (istarts_with(text, "0x")) text.remove_prefix(2);
    auto digits = replace_all(to_lower(text), ":", "");
    if (digits.size() % 2 != 0) digits.insert(0, "0");
    return from_hex(digits) && !digits.empty() ? std::optional(digits) : std::nullopt;
}

/// Serial numbers are equal as numbers: leading zeros do not count.
std::string_view significant(std::string_view serial) {
    auto const start = serial.find_first_not_of('0');
    return start == std::string_view::npos ? std::string_view() : serial.substr(start);
}

void invalid(Files& files, std::string_view field, std::string const& detail) {
    files.problem(Error(errors::gen::invalid_input, {{"field", field}, {"detail", detail}}));
}

struct Signer {
    std::optional<pki::Certificate> certificate;
    std::optional<pki::PrivateKey> key;
};

Signer signer_of(Files& files, CrlOptions const& options) {
    Signer out;
    out.certificate = files.certificate(options.authority);
    out.key = files.key(options.key);
    return out;
}

Result<int> write_list(Output& output, CrlOptions const& options, std::string const& pem) {
    CS_TRY(auto const made, pki::Crl::parse(pem));
    CS_CHECK(Files::write(options.out, pem));
    auto const now = SystemClock().now();
    if (output.value(json::object{{"file", printable(options.out.file)}, {"crl", json_of(made, now, SIZE_MAX)}})) return k_holds;
    output.line(printable(options.out.file) + ": revocation list");
    print(output, made, now, k_shown_entries);
    return k_holds;
}

Result<int> crl_new(Output& output, CrlOptions const& options) {
    Files files(output);
    auto const signer = signer_of(files, options);
    auto const number = options.number.empty() ? std::optional<std::uint64_t>(1) : parse_hex_number(options.number);
    if (!number) invalid(files, "--number", "it is not a hexadecimal number of up to 64 bits");
    files.will_write(options.out);
    CS_CHECK(files.check());
    CS_TRY(auto const authority, pki::CertificateAuthority::create(*signer.certificate, *signer.key));
    auto const now = SystemClock().now();
    CS_TRY(auto const pem, authority.sign_crl({}, *number, now, now + std::chrono::days(options.days)));
    return write_list(output, options, pem);
}

/// What is to be revoked, by serial number. Certificates of other authorities are problems.
std::vector<std::string> chosen_serials(Files& files, CrlOptions const& options, std::optional<pki::Certificate> const& authority) {
    std::vector<std::string> out;
    for (auto const& file : options.certificates) {
        // The first only: those behind it in a chain file are its authorities.
        auto const one = files.certificate(file);
        if (!one) continue;
        if (authority && one->issuer() != authority->subject()) {
            invalid(files, "CERT", subject_of(*one) + " was issued by " + printable(one->issuer()) + ", not by " + subject_of(*authority));
            continue;
        }
        out.push_back(one->serial());
    }
    for (auto const& text : options.serials) {
        if (auto serial = serial_number(text)) {
            out.push_back(*serial);
        } else {
            invalid(files, "--serial", printable(text) + " is not hexadecimal");
        }
    }
    if (options.certificates.empty() && options.serials.empty())
        files.problem(Error(errors::gen::missing_field, {{"field", "a certificate, or --serial"}}));
    return out;
}

Result<int> revoke(Output& output, CrlOptions options) {
    Files files(output);
    auto const signer = signer_of(files, options);
    auto const serials = chosen_serials(files, options, signer.certificate);
    auto const lists = options.list.empty() ? std::vector<pki::Crl>() : files.crls({options.list});
    auto const reason = pki::parse_reason(options.reason);
    if (!reason) invalid(files, "--reason", printable(options.reason) + " is not a reason");
    auto const at = options.at.empty() ? SystemClock().now() : parse_utc_time(options.at);
    if (!at) invalid(files, "--at", "it is not a time like 2026-11-21T00:00:00Z");
    if (options.out.file.empty()) {
        // The list is kept in one file; it is replaced whole.
        options.out = {.file = options.list, .force = true};
    } else {
        files.will_write(options.out);
    }
    CS_CHECK(files.check());
    auto const old = lists.front().entries();
    std::vector<pki::RevokedEntry> more;
    for (auto const& serial : serials) {
        auto const same = [&](pki::Crl::Entry const& entry) { return significant(entry.serial) == significant(serial); };
        if (auto const found = std::ranges::find_if(old, same); found != old.end())
            files.warn(serial + " was revoked already at " + to_string(found->at) + "; date and reason are the new ones now");
        more.push_back({.serial = serial, .at = *at, .reason = *reason});
    }
    CS_TRY(auto const authority, pki::CertificateAuthority::create(*signer.certificate, *signer.key));
    auto const now = SystemClock().now();
    CS_TRY(auto const pem, authority.sign_next_crl(lists.front(), more, now, now + std::chrono::days(options.days)));
    return write_list(output, options, pem);
}

void add_signer_options(CLI::App& command, CrlOptions& options) {
    command.add_option("--ca-cert", options.authority, "Certificate of the authority")->required();
    add_key_options(command, options.key, "--ca-key", "Private key of the authority")->required();
    command.add_option("--days", options.days, "When the next list is due")->check(CLI::Range(1, 3650))->capture_default_str();
}

}  // namespace

void add_crl_commands(CLI::App& app, Context& context) {
    auto* crl = app.add_subcommand("crl", "Revocation lists")->require_subcommand(1);
    auto fresh = std::make_shared<CrlOptions>();
    auto* making = crl->add_subcommand("new", "Make an empty revocation list");
    add_signer_options(*making, *fresh);
    making->add_option("--number", fresh->number, "Its number, hexadecimal (default: 1)");
    add_output_options(*making, fresh->out, "File for the list (crl.pem)");
    when_chosen(making, context, [fresh](Output& output) { return crl_new(output, *fresh); });

    auto options = std::make_shared<CrlOptions>();
    auto* revoking = crl->add_subcommand("revoke", "Put certificates on a revocation list");
    revoking->add_option("certificates", options->certificates, "Files with the certificates to revoke");
    revoking->add_option("--serial", options->serials, "Or serial numbers, hexadecimal; may be repeated")->allow_extra_args(false);
    revoking->add_option("--crl", options->list, "The list; it is replaced by the next one, unless --out is given")->required();
    add_signer_options(*revoking, *options);
    revoking
        ->add_option("--reason", options->reason,
                     "unspecified, keyCompromise, cACompromise, affiliationChanged, superseded, cessationOfOperation, certificateHold, "
                     "privilegeWithdrawn, aACompromise; removeFromCRL ends a certificateHold")
        ->capture_default_str();
    revoking->add_option("--at", options->at, "Since when, 2026-11-21T00:00:00Z (default: now)");
    revoking->add_option("--out", options->out.file, "Write the next list to this file and keep the old one");
    revoking->add_flag("--force", options->out.force, "Replace the file of --out when it exists");
    when_chosen(revoking, context, [options](Output& output) { return revoke(output, *options); });
}

}  // namespace countersign::workbench
