/// Requests: the key is made here and never leaves (REQ RMX-2, RMX-3).

#include "base/text.hpp"
#include "device/certificates/unit_certificates.hpp"
#include "pki/make_request.hpp"

#include "countersign/errors/crt.hpp"

#include <algorithm>
#include <utility>

namespace countersign::device {
namespace {

PendingRequest shown(PendingKey const& pending) {
    return {.pem = pending.request.to_pem(),
            .subject = pending.request.subject(),
            .made = pending.made,
            .key_sha256 = pending.key.public_key_sha256()};
}

Result<void> check_digest(RequestFields const& fields, pki::Hash hash) {
    if (hash == pki::Hash::sha1 && !fields.legacy) return fail(Error(errors::crt::legacy_digest).at("digest"));
    return {};
}

/// "ec:p256" is "ecdsa" in family files.
std::string type_name(std::string_view key_type) {
    auto const family = key_type.substr(0, key_type.find(':'));
    return iequals(family, "ec") ? "ecdsa" : to_lower(family);
}

Result<PendingKey> make(RequestFields const& fields, pki::KeyType type, pki::Hash hash, UtcTime now) {
    CS_TRY(auto key, pki::PrivateKey::generate(type));
    pki::SubjectFields subject{.common_name = fields.common_name,
                               .organization = fields.organization,
                               .unit = {},
                               .country = fields.country,
                               .state = fields.state,
                               .locality = fields.locality,
                               .email = {},
                               .serial_number = {},
                               .more_units = fields.units};
    CS_TRY(auto request, pki::make_request(key, subject, fields.names, hash));
    return PendingKey{std::move(key), std::move(request), now};
}

}  // namespace

net::Task<Result<PendingRequest>> UnitCertificates::make_request(RequestFields fields, std::string identity, bool replace, Actor actor) {
    CS_CO_CHECK(unit_.check_may_change(actor));
    CS_CO_TRY(auto* held, find(identity));
    auto still_pending = [held] {
        return fail(errors::crt::request_pending, {{"identity", held->what->title}, {"made", countersign::to_string(held->pending->made)}});
    };
    if (held->pending && !replace) co_return still_pending();
    CS_CO_TRY(auto const type, pki::parse_key_type(fields.key_type));
    auto const& allowed = rules().key_types;
    if (!allowed.empty() && std::ranges::find(allowed, type_name(fields.key_type)) == allowed.end())
        co_return fail(Error(errors::crt::unsupported_key_type, {{"type", fields.key_type}}).at("key type"));
    CS_CO_TRY(auto const hash, pki::parse_hash(fields.digest));
    CS_CO_CHECK(check_digest(fields, hash));
    if (fields.common_name.empty()) fields.common_name = host_name_of(*held->what);
    auto const now = state_.clock->now();
    auto& pool = state_.environment->runtime->blocking();
    CS_CO_TRY(auto made,
              co_await net::offload(pool, [fields = std::move(fields), type, hash, now] { return make(fields, type, hash, now); }));
    // Somebody else may have asked meanwhile.
    if (held->pending && !replace) co_return still_pending();
    CS_CO_CHECK(held->repository.store_request(made));
    held->pending = std::move(made);
    state_.report("request.made", {{"subject", held->pending->request.subject()},
                                   {"key", held->pending->key.public_key_sha256()},
                                   {"identity", held->what->id},
                                   {"door", actor.door},
                                   {"peer", actor.peer}});
    co_return shown(*held->pending);
}

Result<std::optional<PendingRequest>> UnitCertificates::pending(std::string_view identity) const {
    CS_TRY(auto const* held, find(identity));
    if (!held->pending) return std::optional<PendingRequest>();
    return std::optional(shown(*held->pending));
}

Result<void> UnitCertificates::discard_request(std::string_view identity, Actor actor) {
    CS_CHECK(unit_.check_may_change(actor));
    CS_TRY(auto* held, find(identity));
    if (!held->pending) return fail(errors::crt::no_request_pending, {{"identity", held->what->title}});
    CS_CHECK(held->repository.remove_request());
    held->pending.reset();
    state_.report("request.discarded", {{"identity", held->what->id}, {"door", actor.door}, {"peer", actor.peer}});
    return {};
}

Result<CertificatePair> UnitCertificates::pair_of_answer(HeldIdentity const& identity, std::string_view text) const {
    if (!identity.pending) return fail(errors::crt::no_request_pending, {{"identity", identity.what->title}});
    CS_TRY(auto pair, device::check_answer(text, identity.pending->key, rules(), needs_of(identity)));
    CS_CHECK(try_out(pair));
    return pair;
}

Result<Certificates::Checked> UnitCertificates::check_answer(std::string_view text, std::string_view identity) const {
    CS_TRY(auto const* held, find(identity));
    CS_TRY(auto pair, pair_of_answer(*held, text));
    return Checked{.chain = std::move(pair.chain), .trust = {}};
}

Result<CertificatePair> UnitCertificates::checked_answer(HeldIdentity& identity, std::string_view text, Actor const& actor) {
    auto checked = pair_of_answer(identity, text);
    if (!checked) refused(checked.error(), actor);
    return checked;
}

Result<Outcome> UnitCertificates::install_answer(std::string_view text, std::string_view identity, Actor actor) {
    CS_CHECK(unit_.check_may_change(actor));
    CS_TRY(auto* held, find(identity));
    CS_TRY(auto pair, checked_answer(*held, text, actor));
    return take(*held, std::move(pair), actor);
}

Result<StoredPair> UnitCertificates::keep_answer(std::string_view text, std::string_view identity, Actor actor) {
    CS_CHECK(unit_.check_may_change(actor));
    CS_TRY(auto* held, find(identity));
    CS_TRY(auto pair, checked_answer(*held, text, actor));
    CS_TRY(auto kept, keep(std::move(pair), actor));
    CS_CHECK(held->repository.remove_request());
    held->pending.reset();
    return kept;
}

}  // namespace countersign::device
