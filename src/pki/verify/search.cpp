#include "pki/verify/search.hpp"

#include "pki/openssl.hpp"

#include <algorithm>
#include <ranges>

namespace countersign::pki {

namespace {

constexpr std::size_t k_small_heap = 16;

X509_NAME* subject_of(Certificate const& certificate) { return X509_get_subject_name(certificate.native()); }
X509_NAME* issuer_of(Certificate const& certificate) { return X509_get_issuer_name(certificate.native()); }

enum class KeyMatch { same, unknown, other };

/// What the authority key identifier says. It only helps to find the way: RFC 5280 section 4.2.1.2.
KeyMatch match_key(X509* subject, X509* issuer) {
    auto const* wanted_serial = X509_get0_authority_serial(subject);
    if (wanted_serial != nullptr && ASN1_INTEGER_cmp(wanted_serial, X509_get0_serialNumber(issuer)) != 0) return KeyMatch::other;
    auto const* wanted = X509_get0_authority_key_id(subject);
    auto const* found = X509_get0_subject_key_id(issuer);
    if (wanted == nullptr || found == nullptr) return KeyMatch::unknown;
    return ASN1_OCTET_STRING_cmp(wanted, found) == 0 ? KeyMatch::same : KeyMatch::other;
}

bool same_key(X509* a, X509* b) {
    auto const* left = X509_get0_pubkey_bitstr(a);
    auto const* right = X509_get0_pubkey_bitstr(b);
    return left != nullptr && right != nullptr && ASN1_STRING_cmp(left, right) == 0;
}

bool is_current(Certificate const& certificate, UtcTime at) { return certificate.not_before() <= at && at <= certificate.not_after(); }

}  // namespace

PathSearch::PathSearch(VerifyRequest const& request, Signatures& signatures, VerifyWork& work)
    : request_(&request),
      signatures_(&signatures),
      work_(&work),
      presented_(request.presented.first(std::min(request.presented.size(), k_verify_limits.certificates))) {
    if (presented_.size() <= k_small_heap) return;
    by_subject_.reserve(presented_.size());
    for (auto const& certificate : presented_) by_subject_.push_back(&certificate);
    std::ranges::sort(by_subject_, [](Certificate const* a, Certificate const* b) {
        int const order = X509_NAME_cmp(subject_of(*a), subject_of(*b));
        return order != 0 ? order < 0 : a < b;
    });
}

bool PathSearch::on_path(Certificate const& certificate) const {
    // The same authority with the same key adds nothing but a circle (RFC 4158 section 2.4.2).
    return std::ranges::any_of(path_, [&](Certificate const* other) {
        return *other == certificate ||
               (X509_NAME_cmp(subject_of(*other), subject_of(certificate)) == 0 && same_key(other->native(), certificate.native()));
    });
}

int PathSearch::authorities_on_path() const {
    return static_cast<int>(std::ranges::count_if(path_ | std::views::drop(1), [](auto const* one) { return !one->is_self_issued(); }));
}

void PathSearch::offer(Certificate const& subject, Certificate const& issuer, bool anchor, std::vector<Issuer>& out) {
    if (ended_early_) return;
    if (++work_->steps > k_verify_limits.steps) {
        ended_early_ = true;
        return;
    }
    if (on_path(issuer) || std::ranges::any_of(out, [&issuer](Issuer const& known) { return *known.certificate == issuer; })) return;
    auto const match = match_key(subject.native(), issuer.native());
    // A key identifier that differs is only forgiven to a signature that fits.
    if (match == KeyMatch::other && signatures_->check(subject, issuer) != SignatureState::good) return;
    if (out.size() == k_verify_limits.signatures) {  // more than could be told apart
        ended_early_ = true;
        return;
    }
    out.push_back({&issuer, anchor, (anchor ? 0 : 10) + static_cast<int>(match), out.size()});
}

std::vector<PathSearch::Issuer> PathSearch::issuers_of(Certificate const& subject) {
    std::vector<Issuer> out;
    X509_NAME* const wanted = issuer_of(subject);
    for (auto const* anchor : request_->anchors.of_subject(wanted)) offer(subject, *anchor, true, out);
    if (by_subject_.empty()) {
        for (auto const& sent : presented_) {
            if (X509_NAME_cmp(subject_of(sent), wanted) == 0) offer(subject, sent, false, out);
        }
    } else {
        auto const below = [](Certificate const* one, X509_NAME* name) { return X509_NAME_cmp(subject_of(*one), name) < 0; };
        for (auto at = std::lower_bound(by_subject_.begin(), by_subject_.end(), wanted, below);
             at != by_subject_.end() && !ended_early_ && X509_NAME_cmp(subject_of(**at), wanted) == 0; ++at) {
            offer(subject, **at, false, out);
        }
    }
    if (out.size() > 1) {
        for (auto& issuer : out) issuer.rank += is_current(*issuer.certificate, request_->at) ? 0 : 5;
        std::ranges::sort(out, {}, [](Issuer const& issuer) { return std::pair(issuer.rank, issuer.order); });
    }
    return out;
}

void PathSearch::remember(CandidatePath::End end) {
    if (path_.size() > dead_end_.certificates.size()) dead_end_ = {path_, end};
}

bool PathSearch::step(Issuer const& issuer) {
    path_.push_back(issuer.certificate);
    if (issuer.anchor) {
        if (work_->paths >= k_verify_limits.paths) {
            ended_early_ = true;
        } else {
            ++work_->paths;
            done_ = (*judge_)({path_, CandidatePath::End::anchor});
        }
    } else {
        descend(*issuer.certificate);
    }
    path_.pop_back();
    return done_ || ended_early_;
}

void PathSearch::descend(Certificate const& subject) {
    int const most = request_->max_intermediates.value_or(k_verify_limits.intermediates);
    bool const full = authorities_on_path() > most || path_.size() >= k_verify_limits.path_certificates;
    auto const issuers = full ? std::vector<Issuer>() : issuers_of(subject);
    if (full || issuers.empty()) {
        bool const own = !full && subject.is_self_issued() && X509_self_signed(subject.native(), 0) == 1;
        remember(full ? CandidatePath::End::too_long : own ? CandidatePath::End::self_signed : CandidatePath::End::no_issuer);
        return;
    }
    bool any = false;
    for (auto const& issuer : issuers) {
        // One issuer is followed whatever its signature says, so that the finding can say it.
        if (issuers.size() > 1 && signatures_->check(subject, *issuer.certificate) != SignatureState::good) continue;
        any = true;
        if (step(issuer)) return;
    }
    if (!any) step(issuers.front());
}

void PathSearch::run(std::function<bool(CandidatePath const&)> const& judge) {
    judge_ = &judge;
    auto const& leaf = presented_.front();
    path_.push_back(&leaf);
    auto const known = request_->anchors.of_subject(subject_of(leaf));
    auto const same = std::ranges::find_if(known, [&leaf](Certificate const* anchor) { return *anchor == leaf; });
    if (same != known.end()) {
        ++work_->paths;
        done_ = judge({path_, CandidatePath::End::anchor});
    }
    if (!done_) descend(leaf);
}

}  // namespace countersign::pki
