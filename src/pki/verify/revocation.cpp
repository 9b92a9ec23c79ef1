#include "pki/verify/revocation.hpp"

#include "pki/names.hpp"
#include "pki/openssl.hpp"
#include "pki/verify/holds.hpp"
#include "pki/verify/openssl_path.hpp"

#include "countersign/errors/crt.hpp"

#include <openssl/x509_vfy.h>

#include <algorithm>
#include <array>

namespace countersign::pki {

namespace {

/// Lists and responses that are looked at for one path; an estate has a handful.
constexpr std::size_t k_most_lists = 256;
constexpr std::size_t k_most_responses = 64;

/// Whose word cannot be taken: then an entry of the list says nothing.
constexpr std::array k_not_believed{X509_V_ERR_UNABLE_TO_DECRYPT_CRL_SIGNATURE, X509_V_ERR_CRL_SIGNATURE_FAILURE,
                                    X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER,        X509_V_ERR_KEYUSAGE_NO_CRL_SIGN,
                                    X509_V_ERR_CRL_PATH_VALIDATION_ERROR,       X509_V_ERR_UNHANDLED_CRITICAL_CRL_EXTENSION};

bool is_scoped(X509_CRL const* list) { return X509_CRL_get_ext_by_NID(list, NID_issuing_distribution_point, -1) >= 0; }

std::string named(X509_CRL const* list) { return "list of " + name_text(X509_CRL_get_issuer(list)); }

std::string revoked_detail(UtcTime at, int reason) {
    return "since " + countersign::to_string(at) + ", " + std::string(reason_name(reason));
}

std::string entry_detail(X509_CRL* list, X509* certificate) {
    X509_REVOKED* entry = nullptr;
    if (list == nullptr || X509_CRL_get0_by_cert(list, &entry, certificate) == 0 || entry == nullptr) return {};
    auto const at = time_of(X509_REVOKED_get0_revocationDate(entry));
    Asn1EnumeratedPtr const reason(static_cast<ASN1_ENUMERATED*>(X509_REVOKED_get_ext_d2i(entry, NID_crl_reason, nullptr, nullptr)));
    return at ? revoked_detail(*at, reason ? static_cast<int>(ASN1_ENUMERATED_get(reason.get())) : 0) : "";
}

}  // namespace

RevocationCheck::RevocationCheck(VerifyRequest const& request, CandidatePath const& path)
    : request_(&request),
      path_(&path),
      wanted_(request.revocation.policy != RevocationPolicy::off && path.end == CandidatePath::End::anchor) {
    if (wanted_) choose_lists();
}

/// By any certificate of the issuer's name that is known here.
bool RevocationCheck::may_be_signed(X509_crl_st* list) const {
    X509_NAME* const issuer = X509_CRL_get_issuer(list);
    bool any = false;
    auto const fits = [&](Certificate const& candidate) {
        if (X509_NAME_cmp(X509_get_subject_name(candidate.native()), issuer) != 0) return false;
        any = true;
        EVP_PKEY* const key = X509_get0_pubkey(candidate.native());
        return key != nullptr && X509_CRL_verify(list, key) == 1;
    };
    if (std::ranges::any_of(path_->certificates, [&](auto const* one) { return fits(*one); })) return true;
    constexpr std::size_t most = 64;
    if (std::ranges::any_of(request_->presented.first(std::min(most, request_->presented.size())), fits)) return true;
    return !any;  // nobody to ask: OpenSSL says so
}

void RevocationCheck::choose_lists() {
    ErrorQueue const errors;
    struct Candidate {
        X509_CRL* list;
        std::string objection;
    };
    auto const& strictness = request_->strictness == nullptr ? Strictness::device_legacy() : *request_->strictness;
    int const minimum_digest_strength = strictness.numbers().minimum_digest_strength;
    std::vector<Candidate> candidates;
    for (auto const& list : request_->revocation.lists) {
        X509_NAME* const issuer = X509_CRL_get_issuer(list.native());
        bool const of_path = std::ranges::any_of(path_->certificates, [issuer](Certificate const* one) {
            return X509_NAME_cmp(X509_get_issuer_name(one->native()), issuer) == 0;
        });
        if (!of_path && !is_scoped(list.native())) continue;
        if (candidates.size() == k_most_lists) break;
        candidates.push_back({list.native(), objection_to_form(list.native(), minimum_digest_strength)});
    }
    auto const rivals = [&candidates](X509_CRL const* list) {
        return std::ranges::count_if(candidates, [list](Candidate const& other) {
            return X509_NAME_cmp(X509_CRL_get_issuer(other.list), X509_CRL_get_issuer(list)) == 0;
        });
    };
    // One forged or broken list must not push aside the good one of the same name, as the newest one does.
    std::vector<Candidate> sound;
    for (auto& candidate : candidates) {
        if (rivals(candidate.list) > 1 && !may_be_signed(candidate.list)) {
            left_out_.push_back({Rule::list_bad_signature, candidate.list, named(candidate.list)});
        } else {
            sound.push_back(std::move(candidate));
        }
    }
    for (auto const& candidate : sound) {
        bool const better = std::ranges::any_of(sound, [&candidate](Candidate const& other) {
            return other.objection.empty() && is_scoped(other.list) == is_scoped(candidate.list) &&
                   X509_NAME_cmp(X509_CRL_get_issuer(other.list), X509_CRL_get_issuer(candidate.list)) == 0;
        });
        if (candidate.objection.empty() || !better) lists_.push_back(candidate.list);
        if (!candidate.objection.empty()) left_out_.push_back({Rule::list_form, candidate.list, candidate.objection});
    }
}

void RevocationCheck::heard(int code, int depth, X509_crl_st* list) {
    // A list still counts in the second of its nextUpdate: RFC 5280 section 6.3.3 (a), "after". OpenSSL says it has expired.
    bool const last_second =
        code == X509_V_ERR_CRL_HAS_EXPIRED && list != nullptr && time_of(X509_CRL_get0_nextUpdate(list)) == request_->at;
    if (!last_second) events_.push_back({code, depth, list});
}

RevocationCheck::Answer RevocationCheck::ask_responses(int depth, Collector& collector) const {
    auto const& certificate = *path_->certificates[static_cast<std::size_t>(depth)];
    auto const& issuer = *path_->certificates[static_cast<std::size_t>(depth) + 1];
    auto answer = Answer::none;
    std::string unusable;
    auto const& responses = request_->revocation.responses;
    for (auto const& response : responses.first(std::min(k_most_responses, responses.size()))) {
        auto const said = response.check(certificate, issuer, request_->at);
        if (!said) {
            if (said.error().id() != errors::crt::ocsp_other_certificate) unusable = said.error().explanation();
            continue;
        }
        if (said->state == RevocationState::revoked) {
            collector.add(Rule::revoked, depth, certificate.native(),
                          revoked_detail(said->revoked_at.value_or(said->this_update), said->reason) + ", said " + said->responder);
            return Answer::revoked;
        }
        if (said->state == RevocationState::good) answer = Answer::good;
        if (said->state == RevocationState::unknown && answer == Answer::none) answer = Answer::unknown;
    }
    if (answer == Answer::none && !unusable.empty()) {
        collector.add(Rule::revocation_answer_unusable, depth, certificate.native(), unusable);
    }
    return answer;
}

void RevocationCheck::report_lists(int depth, bool otherwise_known, Collector& collector) const {
    auto* const certificate = path_->certificates[static_cast<std::size_t>(depth)]->native();
    auto const here = [depth](Event const& event) { return event.depth == depth; };
    bool const believed =
        std::ranges::none_of(events_, [&](Event const& event) { return here(event) && holds(k_not_believed, event.code); });
    bool known = std::ranges::none_of(events_, [&](Event const& event) { return here(event) && event.code != X509_V_ERR_CERT_REVOKED; });
    for (auto const& event : events_) {
        if (here(event) && event.code == X509_V_ERR_CERT_REVOKED && believed) {
            collector.add(Rule::revoked, depth, certificate, entry_detail(event.list, certificate));
        }
    }
    auto const most = otherwise_known || request_->revocation.policy == RevocationPolicy::soft_fail ? Severity::advice : Severity::failure;
    bool const reason_given = std::ranges::any_of(events_, [&](Event const& event) {
        return here(event) && event.code != X509_V_ERR_CERT_REVOKED && event.code != X509_V_ERR_UNABLE_TO_GET_CRL;
    });
    for (auto const& event : events_) {
        if (!here(event) || event.code == X509_V_ERR_CERT_REVOKED) continue;
        if (event.code == X509_V_ERR_UNABLE_TO_GET_CRL && (reason_given || otherwise_known)) continue;
        collector.add_at_most(most, rule_of_openssl(event.code), depth, certificate, event.list == nullptr ? "" : named(event.list));
    }
    for (auto const& one : left_out_) {
        if (X509_NAME_cmp(X509_CRL_get_issuer(one.list), X509_get_issuer_name(certificate)) != 0) continue;
        // A list that was not needed is advice; one that had to be used in spite of its form is what the profile says.
        bool const used = holds(lists_, one.list);
        collector.add_at_most(known && !used ? Severity::advice : most, one.rule, depth, certificate, one.detail);
    }
}

void RevocationCheck::report(Collector& collector) const {
    if (!wanted_) return;
    ErrorQueue const errors;
    // The anchor is trusted as it stands.
    for (int depth = 0; depth + 1 < static_cast<int>(path_->certificates.size()); ++depth) {
        auto const answer = ask_responses(depth, collector);
        report_lists(depth, answer == Answer::good || answer == Answer::revoked, collector);
        if (answer == Answer::unknown) {
            bool const soft = request_->revocation.policy == RevocationPolicy::soft_fail;
            collector.add_at_most(soft ? Severity::advice : Severity::failure, Rule::revocation_answer_unknown, depth,
                                  path_->certificates[static_cast<std::size_t>(depth)]->native());
        }
    }
}

}  // namespace countersign::pki
