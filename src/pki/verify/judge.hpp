#pragma once

/// Everything that is wrong with one path: signatures, dates, names, purposes, strength, form, OpenSSL's own checks and revocation.
/// Internal to this room.

#include "pki/verify/search.hpp"

namespace countersign::pki {

struct Judgement {
    std::vector<Finding> findings;
    std::size_t failures = 0;
    bool bad_signature = false;  ///< it only looks like a path
};

Judgement judge_path(VerifyRequest const& request, CandidatePath const& path, Signatures& signatures, VerifyWork& work);

}  // namespace countersign::pki
