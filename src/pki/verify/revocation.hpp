#pragma once

/// Revocation inside a verification: which of the caller's lists count for a path, what OpenSSL and the OCSP responses said, and what
/// that means under the caller's policy (RFC 5280 section 6.3; RFC 6960; REQ TRU-7). Internal to this room.

#include "pki/verify/collector.hpp"
#include "pki/verify/search.hpp"

#include <vector>

namespace countersign::pki {

class RevocationCheck {
public:
    RevocationCheck(VerifyRequest const& request, CandidatePath const& path);

    /// Policy is not off and the path ends at an anchor.
    [[nodiscard]] bool wanted() const { return wanted_; }
    /// Lists that may be about certificates of this path: not those whose signature cannot be right, nor broken ones where there is
    /// a whole one of the same issuer.
    [[nodiscard]] std::vector<X509_crl_st*> const& lists() const { return lists_; }
    /// OpenSSL said `code` about the certificate at `depth`.
    void heard(int code, int depth, X509_crl_st* list);
    /// Everything together.
    void report(Collector& collector) const;

private:
    struct Event {
        int code;
        int depth;
        X509_crl_st* list;
    };
    struct LeftOut {
        Rule rule;
        X509_crl_st* list;
        std::string detail;
    };
    enum class Answer { none, good, revoked, unknown };
    void choose_lists();
    [[nodiscard]] bool may_be_signed(X509_crl_st* list) const;
    Answer ask_responses(int depth, Collector& collector) const;
    void report_lists(int depth, bool otherwise_known, Collector& collector) const;

    VerifyRequest const* request_;
    CandidatePath const* path_;
    bool wanted_;
    std::vector<X509_crl_st*> lists_;
    std::vector<LeftOut> left_out_;
    std::vector<Event> events_;
};

/// What a list lacks of the form of RFC 5280 section 5.1 and 5.2; empty: nothing. At most the first 2,000 entries are looked at.
/// A signature with a digest of fewer bits against collisions than `minimum_digest_strength` is an objection too.
std::string objection_to_form(X509_crl_st* list, int minimum_digest_strength);

}  // namespace countersign::pki
