#pragma once

/// The search for paths from a leaf to an anchor through whatever the peer sent: any order, duplicates, strangers, several
/// certificates of one authority, circles (RFC 4158; RFC 5280 section 6.1). Paths are made by names; where names leave a choice,
/// signatures decide. Bounded by k_verify_limits. Internal to this room.

#include "pki/verify.hpp"
#include "pki/verify/limits.hpp"
#include "pki/verify/signatures.hpp"

#include <functional>
#include <vector>

namespace countersign::pki {

struct CandidatePath {
    enum class End { anchor, self_signed, no_issuer, too_long };
    std::vector<Certificate const*> certificates;  ///< leaf first; borrowed from the request
    End end = End::no_issuer;
};

class PathSearch {
public:
    PathSearch(VerifyRequest const& request, Signatures& signatures, VerifyWork& work);

    /// Offers paths that end at an anchor, the likeliest first, until `judge` says that it has seen enough.
    void run(std::function<bool(CandidatePath const&)> const& judge);
    /// The longest way that led nowhere. For when there was no path to an anchor.
    [[nodiscard]] CandidatePath const& dead_end() const { return dead_end_; }
    /// The search was ended by a limit before everything was looked at.
    [[nodiscard]] bool ended_early() const { return ended_early_; }

private:
    struct Issuer {
        Certificate const* certificate;
        bool anchor;
        int rank;  ///< smaller is likelier
        std::size_t order;
    };
    [[nodiscard]] std::vector<Issuer> issuers_of(Certificate const& subject);
    void offer(Certificate const& subject, Certificate const& issuer, bool anchor, std::vector<Issuer>& out);
    [[nodiscard]] bool on_path(Certificate const& certificate) const;
    [[nodiscard]] int authorities_on_path() const;
    void descend(Certificate const& subject);
    bool step(Issuer const& issuer);
    void remember(CandidatePath::End end);

    VerifyRequest const* request_;
    Signatures* signatures_;
    VerifyWork* work_;
    std::span<Certificate const> presented_;
    std::vector<Certificate const*> by_subject_;  ///< sorted; only for large heaps
    std::function<bool(CandidatePath const&)> const* judge_ = nullptr;
    std::vector<Certificate const*> path_;
    CandidatePath dead_end_;
    bool done_ = false;
    bool ended_early_ = false;
};

}  // namespace countersign::pki
