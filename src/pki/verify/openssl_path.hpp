#pragma once

/// OpenSSL's verification of exactly one path that was found before: authorities, path lengths, name constraints, policies and
/// revocation lists. Its own search is switched off; signatures and dates are checked by the caller. Internal to this room.

#include "pki/verify/collector.hpp"
#include "pki/verify/search.hpp"

#include <vector>

namespace countersign::pki {

struct OpensslInput {
    CandidatePath const& path;
    std::span<Certificate const* const> certificates;  ///< of the path, with complete keys
    VerifyRequest const& request;
    Strictness const& strictness;
    std::vector<X509_crl_st*> lists;  ///< empty: revocation lists are not asked for
    bool check_lists = false;
};

/// Adds what OpenSSL found. Codes about revocation are given to `on_revocation` instead, with the list they are about or null.
void verify_with_openssl(OpensslInput const& input, Collector& collector,
                         std::function<void(int code, int depth, X509_crl_st* list)> const& on_revocation);

/// Results of OpenSSL that speak of revocation lists.
bool is_about_revocation(int code);

}  // namespace countersign::pki
