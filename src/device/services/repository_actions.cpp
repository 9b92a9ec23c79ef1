#include "device/services/repository_actions.hpp"

#include "base/text.hpp"
#include "device/certificates.hpp"
#include "device/services/form_result.hpp"

#include "countersign/errors/gen.hpp"

#include <utility>

/// A network service is named by the title or the id of its identity. Files are text, or Base64 of what is none.

namespace countersign::device {
namespace {

using Nodes = Result<std::vector<Node>>;

/// GEN-003. Without a name it is the first one.
Result<std::string> identity_in(CommandContext const& context) {
    auto const asked = context.argument("SERVICE_NAME");
    for (auto const& identity : context.unit->family().identities)
        if (asked.empty() || iequals(identity.title, asked) || iequals(identity.id, asked)) return identity.id;
    return fail(errors::gen::not_found, {{"what", "network service"}, {"name", asked}});
}

/// PEM says so itself; everything else that is Base64 is a binary file. Whoever reads it says what is wrong with the rest.
std::string file_in(std::string_view text) {
    if (text.contains("-----BEGIN")) return std::string(text);
    std::string packed;
    for (char const c : text)
        if (c != '\n' && c != '\r' && c != ' ' && c != '\t') packed += c;
    auto const bytes = from_base64(packed);
    return bytes && !bytes->empty() ? std::string(bytes->begin(), bytes->end()) : std::string(text);
}

/// GEN-002 when the document brought none.
Result<std::string> given_file(CommandContext const& context) {
    if (!trim(context.body).empty()) return file_in(context.body);
    return fail(errors::gen::missing_field, {{"field", "DATA"}});
}

bool is_true(std::string_view text) { return iequals(text, "true"); }

/// What a page would say, and what the owner has to do next.
std::vector<Node> described(Outcome const& outcome, std::string_view message) {
    std::vector<Node> answer;
    if (!message.empty()) answer.push_back(Node::text("MESSAGE", message));
    answer.push_back(Node::boolean("RESTART_NEEDED", outcome.restart_needed));
    for (auto const& fingerprint : outcome.certificates) answer.push_back(Node::text("FINGERPRINT", fingerprint));
    for (auto const& warning : outcome.warnings) answer.push_back(Node::text("WARNING", warning.message()));
    return answer;
}

std::vector<Node> rows_of(pki::Certificate const& certificate) {
    return {Node::text("SUBJECT", certificate.subject()), Node::text("ISSUER", certificate.issuer()),
            Node::time("VALID_FROM", certificate.not_before()), Node::time("VALID_TO", certificate.not_after()),
            Node::text("FINGERPRINT", certificate.fingerprint())};
}

Result<Node> personal(Certificates const& certificates, family::Identity const& identity) {
    CS_TRY(auto const info, certificates.info(identity.id));
    CS_TRY(auto const pending, certificates.pending(identity.id));
    auto members = rows_of(info.leaf());
    members.insert(members.begin(), Node::text("SERVICE_NAME", identity.title));
    members.push_back(Node::number("CHAIN_LENGTH", static_cast<long long>(info.chain.size())));
    members.push_back(Node::boolean("SELF_SIGNED", info.factory));
    members.push_back(Node::boolean("RESTART_NEEDED", info.restart_pending));
    members.push_back(Node::boolean("CAN_ROLL_BACK", info.can_roll_back));
    members.push_back(Node::boolean("REQUEST_PENDING", pending.has_value()));
    if (pending) members.push_back(Node::text("CERTIFICATE_REQUEST", pending->pem));
    return Node::record("PERSONAL_CERTIFICATE", std::move(members));
}

net::Task<Nodes> list_certificates(CommandContext context) {
    auto const& certificates = std::as_const(*context.unit).certificates();
    std::vector<Node> personals;
    for (auto const& identity : context.unit->family().identities) {
        CS_CO_TRY(auto one, personal(certificates, identity));
        personals.push_back(std::move(one));
    }
    std::vector<Node> trusted;
    for (auto const& root : certificates.trust()) trusted.push_back(Node::record("TRUSTED_CERTIFICATE", rows_of(root)));
    std::vector<Node> lists;
    for (auto const& list : certificates.revocation_lists()) {
        std::vector<Node> members{Node::text("ISSUER", list.issuer()), Node::time("VALID_FROM", list.this_update())};
        if (auto const next = list.next_update()) members.push_back(Node::time("VALID_TO", *next));
        members.push_back(Node::number("ENTRIES", static_cast<long long>(list.size())));
        lists.push_back(Node::record("CRL", std::move(members)));
    }
    std::vector<Node> answer;
    answer.push_back(Node::list("PERSONAL_CERTIFICATE_LS", std::move(personals)));
    answer.push_back(Node::list("TRUSTED_CERTIFICATE_LS", std::move(trusted)));
    answer.push_back(Node::list("CRL_LS", std::move(lists)));
    co_return answer;
}

/// REQ RMX-2.
Result<RequestFields> request_fields(CommandContext const& context) {
    RequestFields fields;
    fields.country = context.argument("COUNTRY_NAME");
    fields.state = context.argument("STATE_OR_PROVINCE");
    fields.locality = context.argument("LOCALITY");
    fields.organization = context.argument("ORGANIZATION");
    for (auto unit : context.all("ORGANIZATION_UNIT")) fields.units.emplace_back(unit);
    fields.common_name = context.argument("COMMON_NAME");
    if (auto const names = context.argument("SUBJECT_ALTERNATIVE_NAME"); !names.empty()) {
        CS_TRY(fields.names, pki::parse_alternative_names(names));
    }
    if (auto const type = context.argument("KEY_TYPE"); !type.empty()) fields.key_type = type;
    // "SHA-1" and "SHA-256", as the forms have it.
    if (auto digest = replace_all(to_lower(context.argument("HASH_METHOD")), "-", ""); !digest.empty()) fields.digest = std::move(digest);
    fields.legacy = is_true(context.argument("LEGACY"));
    return fields;
}

net::Task<Nodes> create_request(CommandContext context) {
    CS_CO_TRY(auto identity, identity_in(context));
    CS_CO_TRY(auto fields, request_fields(context));
    bool const replace = is_true(context.argument("REPLACE"));
    auto& certificates = context.unit->certificates();
    CS_CO_TRY(auto const request, co_await certificates.make_request(std::move(fields), std::move(identity), replace, context.actor));
    std::vector<Node> answer;
    answer.push_back(Node::text("SUBJECT", request.subject));
    answer.push_back(Node::text("CERTIFICATE_REQUEST", request.pem));
    co_return answer;
}

net::Task<Nodes> discard_request(CommandContext context) {
    CS_CO_TRY(auto const identity, identity_in(context));
    CS_CO_CHECK(context.unit->certificates().discard_request(identity, context.actor));
    co_return std::vector<Node>{};
}

/// REQ RMX-3.
net::Task<Nodes> send_certificate(CommandContext context) {
    CS_CO_TRY(auto const identity, identity_in(context));
    CS_CO_TRY(auto const file, given_file(context));
    CS_CO_TRY(auto const outcome, context.unit->certificates().install_answer(file, identity, context.actor));
    co_return described(outcome, say(*context.unit, "certificate.answer_installed", "The certificate was created successfully."));
}

/// REQ RMX-4: certificate, key and chain in one file.
net::Task<Nodes> send_package(CommandContext context) {
    CS_CO_TRY(auto const identity, identity_in(context));
    Upload upload;
    CS_CO_TRY(upload.certificate, given_file(context));
    if (auto const password = context.argument("PASSWORD"); !password.empty()) upload.passphrase = SecretText(std::string(password));
    CS_CO_TRY(auto const outcome, context.unit->certificates().install(std::move(upload), identity, context.actor));
    auto const otherwise = say(*context.unit, "certificate.installed", "The certificate and key were uploaded.");
    co_return described(outcome, say(*context.unit, "certificate.package_installed", otherwise));
}

net::Task<Nodes> remove_certificate(CommandContext context) {
    CS_CO_TRY(auto const identity, identity_in(context));
    CS_CO_TRY(auto const outcome, context.unit->certificates().remove(identity, context.actor));
    co_return described(outcome, say(*context.unit, "certificate.deleted", "The certificate and key were deleted."));
}

net::Task<Nodes> roll_back(CommandContext context) {
    CS_CO_TRY(auto const identity, identity_in(context));
    CS_CO_TRY(auto const outcome, context.unit->certificates().roll_back(identity, context.actor));
    co_return described(outcome, say(*context.unit, "certificate.rolled_back", "The previous certificate and key are installed again."));
}

net::Task<Nodes> add_trusted(CommandContext context) {
    CS_CO_TRY(auto const file, given_file(context));
    CS_CO_TRY(auto const outcome, context.unit->certificates().add_trust(file, context.actor));
    co_return described(outcome, {});
}

net::Task<Nodes> remove_trusted(CommandContext context) {
    CS_CO_TRY(auto const outcome, context.unit->certificates().remove_trust(context.argument("FINGERPRINT"), context.actor));
    co_return described(outcome, {});
}

net::Task<Nodes> add_crl(CommandContext context) {
    CS_CO_TRY(auto const file, given_file(context));
    CS_CO_CHECK(context.unit->certificates().add_revocation_list(file, context.actor));
    co_return std::vector<Node>{};
}

net::Task<Nodes> remove_crl(CommandContext context) {
    CS_CO_CHECK(context.unit->certificates().remove_revocation_list(context.argument("ISSUER"), context.actor));
    co_return std::vector<Node>{};
}

/// What was added works at once. Clients of such systems end their changes of the repository with this all the same, and know that
/// everybody logs in again after it: the door ends its sessions.
net::Task<Nodes> activate(CommandContext context) {
    context.unit->report("repository.activated", {{"door", context.actor.door}, {"peer", context.actor.peer}});
    co_return std::vector<Node>{};
}

Node revocation_node(Certificates const& certificates, family::Identity const& identity) {
    auto const choice = certificates.revocation(identity.id);
    return Node::record("REVOCATION", {Node::text("SERVICE_NAME", identity.title), Node::text("METHOD", to_upper(to_string(choice.method))),
                                       Node::text("GLOBAL_RESPONDER_URL", choice.responder),
                                       Node::boolean("USE_RESPONDER_IN_CERTIFICATE", choice.use_named_responder),
                                       Node::boolean("ALLOW_WHEN_UNREACHABLE", choice.allow_when_unreachable)});
}

net::Task<Nodes> list_revocation(CommandContext context) {
    std::vector<Node> rows;
    for (auto const& identity : context.unit->family().identities) rows.push_back(revocation_node(context.unit->certificates(), identity));
    std::vector<Node> answer;
    answer.push_back(Node::list("REVOCATION_LS", std::move(rows)));
    co_return answer;
}

/// REQ RMX-9. What is left out stays as it is.
net::Task<Nodes> set_revocation(CommandContext context) {
    CS_CO_TRY(auto const identity, identity_in(context));
    auto& certificates = context.unit->certificates();
    auto choice = certificates.revocation(identity);
    choice.method = parse_revocation_method(to_lower(context.argument("METHOD"))).value_or(choice.method);
    if (auto const url = context.argument("GLOBAL_RESPONDER_URL"); !url.empty()) choice.responder = url;
    if (auto const text = context.argument("USE_RESPONDER_IN_CERTIFICATE"); !text.empty()) choice.use_named_responder = is_true(text);
    if (auto const text = context.argument("ALLOW_WHEN_UNREACHABLE"); !text.empty()) choice.allow_when_unreachable = is_true(text);
    CS_CO_CHECK(certificates.set_revocation(std::move(choice), identity, context.actor));
    std::vector<Node> answer;
    answer.push_back(revocation_node(certificates, *context.unit->family().find_identity(identity)));
    co_return answer;
}

}  // namespace

void register_repository_behaviours(Environment& environment) {
    auto& known = environment.behaviours;
    known["list_certificates"] = list_certificates;
    known["list_revocation"] = list_revocation;
    known["repository_activate"] = activate;
    known["repository_add_crl"] = add_crl;
    known["repository_add_trusted"] = add_trusted;
    known["repository_create_request"] = create_request;
    known["repository_discard_request"] = discard_request;
    known["repository_remove_certificate"] = remove_certificate;
    known["repository_remove_crl"] = remove_crl;
    known["repository_remove_trusted"] = remove_trusted;
    known["repository_roll_back"] = roll_back;
    known["repository_send_certificate"] = send_certificate;
    known["repository_send_package"] = send_package;
    known["repository_set_revocation"] = set_revocation;
}

}  // namespace countersign::device
