#pragma once

/// Which certificate signed which: each pair is tried once, and only as many as the limits allow. Internal to this room.

#include "pki/certificate.hpp"
#include "pki/verify/limits.hpp"

#include <map>
#include <utility>

namespace countersign::pki {

enum class SignatureState {
    good,
    bad,           ///< does not fit
    no_key,        ///< the issuer's key cannot be read
    algorithm,     ///< the algorithm is not known here
    other_key,     ///< the algorithm does not belong to the issuer's kind of key
    inconsistent,  ///< two different algorithms are named
    not_tried      ///< the limit was reached
};

class Signatures {
public:
    explicit Signatures(VerifyWork& work) : work_(&work) {}
    SignatureState check(Certificate const& subject, Certificate const& issuer);
    [[nodiscard]] bool exhausted() const { return exhausted_; }

private:
    std::map<std::pair<x509_st const*, x509_st const*>, SignatureState> known_;
    VerifyWork* work_;
    bool exhausted_ = false;
};

}  // namespace countersign::pki
