#include "device/certificates/behaviours.hpp"

#include "base/text.hpp"
#include "device/certificates.hpp"

#include "countersign/errors/crt.hpp"
#include "countersign/errors/dev.hpp"
#include "countersign/errors/gen.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

namespace countersign::device {
namespace {

using Nodes = Result<std::vector<Node>>;

/// As openssl writes it: "Aug  8 03:04:26 2023 GMT" (protocol 1.7).
std::string openssl_time(UtcTime at) {
    static constexpr std::array<std::string_view, 12> k_months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                               "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    auto const day = std::chrono::floor<std::chrono::days>(at);
    std::chrono::year_month_day const date(day);
    std::chrono::hh_mm_ss const time(std::chrono::floor<std::chrono::seconds>(at - day));
    auto two = [](auto number, char pad) {
        auto text = std::to_string(number);
        return text.size() < 2 ? std::string(1, pad) + text : text;
    };
    return std::string(k_months.at(static_cast<unsigned>(date.month()) - 1)) + ' ' + two(static_cast<unsigned>(date.day()), ' ') + ' ' +
           two(time.hours().count(), '0') + ':' + two(time.minutes().count(), '0') + ':' + two(time.seconds().count(), '0') + ' ' +
           std::to_string(static_cast<int>(date.year())) + " GMT";
}

std::string fingerprint_of(CommandContext const& context, pki::Certificate const& certificate) {
    return iequals(context.argument("FingerprintAlgorithm"), "SHA-256") ? certificate.fingerprint() : certificate.fingerprint_sha1();
}

std::string key_name(pki::Certificate const& certificate) {
    auto algorithm = certificate.key_algorithm();
    if (algorithm == "RSA") return "rsaEncryption";
    if (algorithm == "EC") return "id-ecPublicKey";
    return algorithm;
}

/// One certificate as the Show commands list it. The names of the two algorithms are the other way round there than one
/// would expect; clients know them so.
Node details(CommandContext const& context, pki::Certificate const& certificate, std::string_view used_for) {
    std::vector<Node> members{Node::text("Fingerprint", fingerprint_of(context, certificate)),
                              Node::text("HashingAlgorithm", certificate.signature_algorithm()),
                              Node::text("IssuerName", certificate.issuer()),
                              Node::number("PublicKeySize", certificate.key_bits()),
                              Node::text("SerialNumber", to_upper(certificate.serial())),
                              Node::text("SignatureAlgorithm", key_name(certificate)),
                              Node::text("SubjectName", certificate.subject()),
                              Node::text("UsedFor", used_for),
                              Node::text("Version", "3"),
                              Node::text("notAfter", openssl_time(certificate.not_after())),
                              Node::text("notBefore", openssl_time(certificate.not_before()))};
    return Node::record("Details", std::move(members));
}

/// What a pair is used for, in the family's words where it has any beside the names of its purposes: "SIP, HTTPS server".
std::string uses_of(family::Family const& family, StoredPair const& pair) {
    std::vector<std::string> out;
    for (auto const& use : pair.used_for) {
        auto const words = family.message("purpose." + use);
        out.emplace_back(words.empty() ? std::string_view(use) : words);
    }
    return join(out, ", ");
}

std::string_view format_of(CommandContext const& context) { return iequals(context.argument("Format"), "PEM") ? "PEM" : "Text"; }

Node shown(CommandContext const& context, pki::Certificate const& certificate, std::string_view used_for) {
    if (format_of(context) != "PEM") return details(context, certificate, used_for);
    return Node::record("Details", {Node::text("Fingerprint", fingerprint_of(context, certificate)),
                                    Node::text("PEM", certificate.to_pem()), Node::text("UsedFor", used_for)});
}

std::vector<Node> shown_list(CommandContext const& context, std::vector<Node> entries) {
    return {Node::list("Details", std::move(entries)), Node::text("Format", format_of(context))};
}

/// The identity that `Purpose` names; "" (the first) without one. DEV-014.
Result<std::string> identity_of(CommandContext const& context) {
    auto const purpose = context.argument("Purpose");
    if (purpose.empty()) return std::string();
    std::vector<std::string> known;
    for (auto const& identity : context.unit->family().identities)
        for (auto const& own : identity.purposes) {
            if (iequals(own, purpose)) return identity.id;
            known.push_back(own);
        }
    return fail(errors::dev::unknown_purpose, {{"purpose", purpose}, {"purposes", join(known, ", ")}});
}

Result<void> needs_body(CommandContext const& context) {
    if (!trim(context.body).empty()) return {};
    return fail(errors::gen::missing_field, {{"field", "PEM text after the command"}});
}

net::Task<Nodes> add(CommandContext context) {
    CS_CO_CHECK(needs_body(context));
    Upload upload{.certificate = context.body, .private_key = {}, .passphrase = {}, .trust_store = {}};
    if (auto const passphrase = context.argument("PrivateKeyPassword"); !passphrase.empty())
        upload.passphrase = SecretText(std::string(passphrase));
    CS_CO_TRY(auto const pair, context.unit->certificates().add(std::move(upload), context.actor));
    co_return std::vector{Node::text("Fingerprint", fingerprint_of(context, pair.chain.front()))};
}

net::Task<Nodes> activate(CommandContext context) {
    CS_CO_CHECK(context.unit->certificates().activate(context.argument("Fingerprint"), context.argument("Purpose"), context.actor));
    co_return std::vector<Node>{};
}

net::Task<Nodes> deactivate(CommandContext context) {
    CS_CO_CHECK(context.unit->certificates().deactivate(context.argument("Fingerprint"), context.argument("Purpose"), context.actor));
    co_return std::vector<Node>{};
}

net::Task<Nodes> forget(CommandContext context) {
    CS_CO_CHECK(context.unit->certificates().forget(context.argument("Fingerprint"), context.actor));
    co_return std::vector<Node>{};
}

net::Task<Nodes> show(CommandContext context) {
    auto const filter = context.argument("Filter");
    std::vector<Node> entries;
    for (auto const& pair : context.unit->certificates().list()) {
        bool const wanted =
            filter.empty() || std::ranges::any_of(pair.used_for, [filter](auto const& use) { return iequals(use, filter); });
        if (!wanted) continue;
        auto const used_for = uses_of(context.unit->family(), pair);
        // Members of the chain are entries of their own.
        for (auto const& certificate : pair.chain)
            entries.push_back(shown(context, certificate, &certificate == &pair.chain.front() ? std::string_view(used_for) : ""));
    }
    co_return shown_list(context, std::move(entries));
}

/// Values of "SanDns" and of "SanDns1" to "SanDns5": both ways of writing a parameter that repeats.
std::vector<std::string> numbered(CommandContext const& context, std::string_view name) {
    std::vector<std::string> out;
    for (auto const& held : context.arguments) {
        auto const& given = held.name;
        if (!istarts_with(given, name) || held.value.empty()) continue;
        auto const rest = std::string_view(given).substr(name.size());
        if (rest.empty() || parse_number<unsigned>(rest)) out.push_back(held.value);
    }
    return out;
}

RequestFields request_fields(CommandContext const& context) {
    RequestFields fields;
    fields.common_name = context.argument("CommonName");
    fields.country = context.argument("CountryName");
    fields.state = context.argument("StateOrProvinceName");
    fields.locality = context.argument("LocalityName");
    fields.organization = context.argument("OrganizationName");
    fields.units = numbered(context, "OrganizationalUnit");
    using Kind = pki::AlternativeName::Kind;
    for (auto const& [name, kind] :
         {std::pair("SanDns", Kind::dns), std::pair("SanIp", Kind::ip), std::pair("SanEmail", Kind::email), std::pair("SanUri", Kind::uri)})
        for (auto& value : numbered(context, name)) fields.names.push_back({kind, std::move(value)});
    if (auto const type = context.argument("KeyType"); !type.empty()) fields.key_type = type;
    if (auto const digest = context.argument("DigestAlgorithm"); !digest.empty())
        fields.digest = to_lower(replace_all(std::string(digest), "-", ""));
    return fields;
}

net::Task<Nodes> request_create(CommandContext context) {
    CS_CO_TRY(auto identity, identity_of(context));
    auto& certificates = context.unit->certificates();
    // A command has nobody to ask back: the newest request is the one that counts.
    CS_CO_TRY(auto const made, co_await certificates.make_request(request_fields(context), std::move(identity), true, context.actor));
    co_return std::vector{Node::text("CSR", made.pem)};
}

net::Task<Nodes> request_show(CommandContext context) {
    CS_CO_TRY(auto const identity, identity_of(context));
    CS_CO_TRY(auto const pending, context.unit->certificates().pending(identity));
    if (!pending) co_return fail(errors::crt::no_request_pending, {{"identity", context.unit->family().find_identity(identity)->title}});
    co_return std::vector{Node::text("CSR", pending->pem)};
}

net::Task<Nodes> request_discard(CommandContext context) {
    CS_CO_TRY(auto const identity, identity_of(context));
    CS_CO_CHECK(context.unit->certificates().discard_request(identity, context.actor));
    co_return std::vector<Node>{};
}

net::Task<Nodes> request_link(CommandContext context) {
    CS_CO_CHECK(needs_body(context));
    CS_CO_TRY(auto const identity, identity_of(context));
    CS_CO_TRY(auto const pair, context.unit->certificates().keep_answer(context.body, identity, context.actor));
    co_return std::vector{Node::text("Fingerprint", fingerprint_of(context, pair.chain.front()))};
}

net::Task<Nodes> trust_add(CommandContext context) {
    CS_CO_CHECK(needs_body(context));
    auto& certificates = context.unit->certificates();
    CS_CO_TRY(auto const outcome, certificates.add_trust(context.body, context.actor));
    std::vector<Node> answer;
    for (auto const& root : certificates.trust())
        if (std::ranges::find(outcome.certificates, root.fingerprint()) != outcome.certificates.end())
            answer.push_back(Node::text("Fingerprint", fingerprint_of(context, root)));
    co_return answer;
}

net::Task<Nodes> trust_delete(CommandContext context) {
    CS_CO_CHECK(context.unit->certificates().remove_trust(context.argument("Fingerprint"), context.actor));
    co_return std::vector<Node>{};
}

net::Task<Nodes> trust_show(CommandContext context) {
    std::vector<Node> entries;
    for (auto const& root : context.unit->certificates().trust()) entries.push_back(shown(context, root, ""));
    co_return shown_list(context, std::move(entries));
}

}  // namespace

void register_certificate_behaviours(Environment& environment) {
    auto& known = environment.behaviours;
    known["certificate_activate"] = activate;
    known["certificate_add"] = add;
    known["certificate_deactivate"] = deactivate;
    known["certificate_delete"] = forget;
    known["certificate_show"] = show;
    known["request_create"] = request_create;
    known["request_discard"] = request_discard;
    known["request_link"] = request_link;
    known["request_show"] = request_show;
    known["trust_add"] = trust_add;
    known["trust_delete"] = trust_delete;
    known["trust_show"] = trust_show;
}

}  // namespace countersign::device
