/// The list of pairs, and what each is used for.

#include "base/text.hpp"
#include "device/certificates/unit_certificates.hpp"

#include "countersign/errors/crt.hpp"
#include "countersign/errors/dev.hpp"
#include "countersign/errors/gen.hpp"

#include <algorithm>
#include <utility>

namespace countersign::device {
namespace {

bool has_purpose(family::Identity const& identity, std::string_view purpose) {
    return std::ranges::any_of(identity.purposes, [purpose](auto const& own) { return iequals(own, purpose); });
}

}  // namespace

bool UnitCertificates::is_stored(pki::Certificate const& leaf) const {
    return std::ranges::any_of(state_.stored_pairs, [&leaf](auto const& pair) { return pair.chain.front() == leaf; });
}

StoredPair UnitCertificates::stored(CertificatePair const& pair) const {
    StoredPair out{.chain = pair.chain, .used_for = {}, .factory = false, .stored = is_stored(pair.chain.front())};
    for (auto const& identity : state_.identities) {
        if (!(identity.leaf() == pair.chain.front())) continue;
        out.factory = identity.factory;
        out.used_for.insert(out.used_for.end(), identity.what->purposes.begin(), identity.what->purposes.end());
    }
    return out;
}

std::vector<StoredPair> UnitCertificates::list() const {
    std::vector<StoredPair> out;
    for (auto const& identity : state_.identities) {
        bool const listed = std::ranges::any_of(out, [&identity](auto const& held) { return held.chain.front() == identity.leaf(); });
        if (!listed) out.push_back(stored(*identity.installed));
    }
    for (auto const& pair : state_.stored_pairs) {
        bool const listed = std::ranges::any_of(out, [&pair](auto const& held) { return held.chain.front() == pair.chain.front(); });
        if (!listed) out.push_back(stored(pair));
    }
    return out;
}

Result<CertificatePair> UnitCertificates::find_pair(std::string_view fingerprint) const {
    for (auto const& pair : state_.stored_pairs)
        if (has_fingerprint(pair.chain.front(), fingerprint)) return pair;
    for (auto const& identity : state_.identities)
        if (has_fingerprint(identity.leaf(), fingerprint)) return *identity.installed;
    return fail(errors::gen::not_found, {{"what", "certificate"}, {"name", fingerprint}});
}

Result<HeldIdentity*> UnitCertificates::for_purpose(std::string_view purpose) const {
    std::vector<std::string> known;
    for (auto& identity : state_.identities) {
        if (has_purpose(*identity.what, purpose)) return &identity;
        known.insert(known.end(), identity.what->purposes.begin(), identity.what->purposes.end());
    }
    return fail(errors::dev::unknown_purpose, {{"purpose", purpose}, {"purposes", join(known, ", ")}});
}

Result<StoredPair> UnitCertificates::keep(CertificatePair pair, Actor const& actor) {
    if (!is_stored(pair.chain.front())) {
        if (state_.stored_pairs.size() >= k_stored_pairs)
            return fail(errors::dev::certificate_list_full, {{"limit", std::to_string(k_stored_pairs)}});
        CS_CHECK(state_.pair_list.store(pair));
        state_.stored_pairs.push_back(pair);
        state_.report("certificate.added", {{"fingerprint", pair.chain.front().fingerprint()},
                                            {"subject", pair.chain.front().subject()},
                                            {"door", actor.door},
                                            {"peer", actor.peer}});
    }
    return stored(pair);
}

Result<StoredPair> UnitCertificates::add(Upload upload, Actor actor) {
    CS_CHECK(unit_.check_may_change(actor));
    // What it will be used for is not known yet: names and purposes are checked when it is activated.
    UploadNeeds needs{
        .now = state_.clock->now(), .server = false, .client_too = false, .host_name = {}, .service = {}, .vendor = state_.family->vendor};
    upload.trust_store.reset();
    auto checked = check_upload(upload, rules(), needs);
    if (checked)
        if (auto usable = try_out(*checked->pair); !usable) checked = fail(std::move(usable).error());
    if (!checked) {
        refused(checked.error(), actor);
        return fail(std::move(checked).error());
    }
    return keep(*std::move(checked->pair), actor);
}

Result<Outcome> UnitCertificates::activate(std::string_view fingerprint, std::string_view purpose, Actor actor) {
    CS_CHECK(unit_.check_may_change(actor));
    CS_TRY(auto* identity, for_purpose(purpose));
    CS_TRY(auto pair, find_pair(fingerprint));
    if (identity->leaf() == pair.chain.front()) return outcome_of(*identity);
    CS_CHECK(check_pair(pair, rules(), needs_of(*identity)));
    return take(*identity, std::move(pair), actor);
}

Result<Outcome> UnitCertificates::deactivate(std::string_view fingerprint, std::string_view purpose, Actor actor) {
    CS_CHECK(unit_.check_may_change(actor));
    CS_TRY(auto* identity, for_purpose(purpose));
    CS_TRY(auto pair, find_pair(fingerprint));
    if (identity->factory || !(identity->leaf() == pair.chain.front()))
        return fail(errors::dev::certificate_not_active, {{"fingerprint", fingerprint}, {"purpose", purpose}});
    CS_CHECK(not_needed(*identity));
    CS_CHECK(keep(std::move(pair), actor));
    return remove(identity->what->id, actor);
}

Result<void> UnitCertificates::forget(std::string_view fingerprint, Actor actor) {
    CS_CHECK(unit_.check_may_change(actor));
    CS_TRY(auto pair, find_pair(fingerprint));
    if (auto const held = stored(pair); !held.used_for.empty() || !held.stored)
        return fail(errors::dev::certificate_in_use, {{"fingerprint", fingerprint}, {"purposes", join(held.used_for, ", ")}});
    CS_CHECK(state_.pair_list.remove(pair));
    std::erase_if(state_.stored_pairs, [&pair](auto const& held) { return held.chain.front() == pair.chain.front(); });
    state_.report("certificate.forgotten", {{"fingerprint", pair.chain.front().fingerprint()}, {"door", actor.door}, {"peer", actor.peer}});
    return {};
}

}  // namespace countersign::device
