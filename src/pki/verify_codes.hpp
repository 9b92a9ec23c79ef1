#pragma once

/// What OpenSSL's verification results mean here: number, name, kind, sentence. Internal to this room.

#include "pki/verify.hpp"

#include <string_view>

namespace countersign::pki {

struct VerifyCode {
    int code;
    std::string_view name;  ///< without X509_V_ERR_
    Finding::Kind kind;
};

/// Never null: a number that is not known is Kind::other with an empty name.
VerifyCode verify_code(int code);

/// A finding with its sentence and remedy. `subject`: the certificate it is about, null when there is none.
Finding make_finding(int code, int depth, x509_st* subject, Finding::Kind kind);
/// With the kind that the code stands for.
Finding make_finding(int code, int depth, x509_st* subject);

}  // namespace countersign::pki
