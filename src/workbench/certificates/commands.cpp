#include "workbench/certificates/commands.hpp"

#include "base/text.hpp"

#include "countersign/errors/gen.hpp"

#include <algorithm>

namespace countersign::workbench {

void when_chosen(CLI::App* command, Context& context, Work work) {
    command->callback([&context, work = std::move(work)] {
        context.action = [work](Output& output) {
            auto const code = work(output);
            return code ? *code : output.error(code.error());
        };
    });
}

void add_certificate_commands(CLI::App& app, Context& context) {
    add_key_commands(app, context);
    add_request_commands(app, context);
    auto* cert = app.add_subcommand("cert", "Make, check and convert certificates")->require_subcommand(1);
    add_issue_commands(*cert, context);
    add_convert_commands(*cert, context);
    add_check_commands(*cert, context);
    add_trusted_command(*cert, context);
    add_trust_command(*cert, context);
    add_bundle_commands(app, context);
    add_pfx_commands(app, context);
    add_show_command(app, context);
    add_crl_commands(app, context);
    add_ocsp_commands(app, context);
}

namespace {

bool is_ascii(std::string_view text) {
    return std::ranges::none_of(text, [](char c) { return (static_cast<unsigned char>(c) & 0x80) != 0; });
}

}  // namespace

bool SubjectOptions::given() const {
    auto const& f = fields;
    return !names.empty() || !f.common_name.empty() || !f.organization.empty() || !f.unit.empty() || !f.country.empty() ||
           !f.state.empty() || !f.locality.empty() || !f.email.empty() || !f.serial_number.empty();
}

std::vector<pki::AlternativeName> SubjectOptions::alternative_names(Files& files) const {
    std::vector<pki::AlternativeName> out;
    auto const refuse = [&files](std::string const& field, std::string const& detail) {
        files.problem(Error(errors::gen::invalid_input, {{"field", printable(field)}, {"detail", detail}}));
    };
    auto add = [&](std::string_view text) {
        if (!text.contains(':')) return refuse("--san " + std::string(text), "say what it is: dns:, ip:, email: or uri: before it");
        if (text.starts_with("dns:") && !is_ascii(text)) return refuse("--san " + std::string(text), *why_no_host_name(text));
        auto const parsed = files.take(pki::parse_alternative_names(text));
        for (auto const& one : parsed.value_or(std::vector<pki::AlternativeName>())) {
            if (std::ranges::find(out, one) == out.end()) out.push_back(one);
        }
    };
    auto const& own = fields.common_name;
    // "Bücher AG" names an authority; what has dots and no spaces is meant as a host name.
    if (!common_name_only && !is_ascii(own) && own.contains('.') && !own.contains(' '))
        refuse("--cn " + own, *why_no_host_name(own) + "; --cn-only when it is no host name");
    if (!common_name_only && is_ip_address(own)) add("ip:" + own);
    if (!common_name_only && !is_ip_address(own) && is_host_name(own.starts_with("*.") ? own.substr(2) : own)) add("dns:" + own);
    for (auto const& list : names) {
        for (auto const part : split(list, ',')) add(part);
    }
    return out;
}

void add_subject_options(CLI::App& command, SubjectOptions& options) {
    command.add_option("--cn", options.fields.common_name, "Common name: the fully qualified host name that users and systems call");
    command.add_option("--san", options.names, "More names, dns:X,ip:Y,email:Z,uri:U; may be repeated")->allow_extra_args(false);
    command.add_option("--org", options.fields.organization, "Organization");
    command.add_option("--unit", options.fields.unit, "Organizational unit");
    command.add_option("--country", options.fields.country, "Country, two capital letters");
    command.add_option("--state", options.fields.state, "State or province");
    command.add_option("--locality", options.fields.locality, "City");
    command.add_option("--email", options.fields.email, "E-mail address in the subject");
    command.add_option("--serial-number", options.fields.serial_number, "Serial number of the equipment, in the subject");
    command.add_flag("--cn-only", options.common_name_only, "Do not put the common name among the alternative names as well");
}

pki::Hash StrengthOptions::choose(Files& files) const {
    if (hash.empty()) return pki::Hash::automatic;
    auto const chosen = files.take(pki::parse_hash(hash)).value_or(pki::Hash::automatic);
    if (chosen == pki::Hash::sha1 && !legacy) {
        files.problem(Error(errors::gen::invalid_input,
                            {{"field", "--hash"}, {"detail", "SHA-1 is broken; say --legacy as well when the equipment knows no other"}}));
    } else if (chosen == pki::Hash::sha1) {
        files.warn("SHA-1 signatures can be forged, and today's clients refuse them");
    }
    return chosen;
}

void add_strength_options(CLI::App& command, StrengthOptions& options) {
    command.add_option("--hash", options.hash, "Digest of the signature (default: what fits the key, SHA-256 mostly)")
        ->check(CLI::IsMember({"sha256", "sha384", "sha512", "sha1"}));
    command.add_flag("--legacy", options.legacy, "Allow what only old equipment needs: SHA-1, RSA with 1024 bits");
}

void warn_of_weak_key(Files& files, pki::KeyText const& key) {
    if (key.algorithm == "RSA" && key.bits < 2048)
        files.warn("an RSA key of " + std::to_string(key.bits) + " bits can be broken, and today's clients refuse it");
}

}  // namespace countersign::workbench
