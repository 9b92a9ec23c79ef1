#include "pki/verify/openssl_path.hpp"

#include "pki/openssl.hpp"
#include "pki/verify/holds.hpp"

#include <openssl/x509_vfy.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#include <sanitizer/lsan_interface.h>
#define COUNTERSIGN_LEAK_CHECK
#endif
#endif

#include <algorithm>
#include <array>

namespace countersign::pki {

namespace {

using Certificates = STACK_OF(X509);
inline void free_lists(STACK_OF(X509_CRL) * lists) { sk_X509_CRL_free(lists); }
using BorrowedListsPtr = std::unique_ptr<STACK_OF(X509_CRL), Deleter<free_lists>>;

/// What the callbacks know about the path that is verified.
struct Exact {
    std::vector<X509*> path;
    bool anchored = false;
    Collector* collector = nullptr;
    std::function<void(int, int, X509_CRL*)> const* on_revocation = nullptr;

    [[nodiscard]] X509* anchor() const { return anchored ? path.back() : nullptr; }
};

/// Null in a context that OpenSSL made itself to verify the issuer of an indirect list.
Exact* own(X509_STORE_CTX* context) { return static_cast<Exact*>(X509_STORE_CTX_get_app_data(context)); }

Exact* outermost(X509_STORE_CTX* context) {
    for (auto* at = context; at != nullptr; at = X509_STORE_CTX_get0_parent_ctx(at)) {
        if (auto* exact = own(at)) return exact;
    }
    return nullptr;
}

int check_issued(X509_STORE_CTX* context, X509* subject, X509* issuer) {
    auto const* exact = own(context);
    if (exact == nullptr) return X509_check_issued(issuer, subject) == X509_V_OK ? 1 : 0;
    auto const at = std::ranges::find(exact->path, subject);
    return at != exact->path.end() && at + 1 != exact->path.end() && *(at + 1) == issuer ? 1 : 0;
}

int get_issuer(X509** issuer, X509_STORE_CTX* context, X509* subject) {
    auto const* exact = own(context);
    auto const* outer = exact != nullptr ? exact : outermost(context);
    X509* const anchor = outer == nullptr ? nullptr : outer->anchor();
    if (anchor == nullptr) return 0;
    bool is_next = false;
    if (exact != nullptr) {
        auto const size = exact->path.size();
        is_next = size == 1 ? subject == anchor && X509_self_signed(anchor, 0) == 1 : subject == exact->path[size - 2];
    } else {
        is_next = X509_check_issued(anchor, subject) == X509_V_OK;
    }
    if (!is_next) return 0;
    X509_up_ref(anchor);
    *issuer = anchor;
    return 1;
}

/// Whether the leaf is an anchor itself.
Certificates* lookup_certs(X509_STORE_CTX* context, X509_NAME const* /*name*/) {
    Certificates* const out = sk_X509_new_null();
    auto const* exact = own(context);
    if (out != nullptr && exact != nullptr && exact->anchored && exact->path.size() == 1) {
        X509_up_ref(exact->path.front());
        sk_X509_push(out, exact->path.front());
    }
    return out;
}

STACK_OF(X509_CRL) * lookup_no_lists(X509_STORE_CTX const* /*context*/, X509_NAME const* /*name*/) { return sk_X509_CRL_new_null(); }

/// OpenSSL's own check of signatures and dates, which only a context can be asked for.
X509_STORE_CTX_verify_fn usual_check() {
    static X509_STORE_CTX_verify_fn const function = [] {
        X509StorePtr const store(X509_STORE_new());
        X509StoreCtxPtr const context(X509_STORE_CTX_new());
        if (!store || !context || X509_STORE_CTX_init(context.get(), store.get(), nullptr, nullptr) != 1) {
            throw_openssl_failure("prepare a verification");
        }
        return X509_STORE_CTX_get_verify(context.get());
    }();
    return function;
}

/// The path's own signatures and dates were checked; those of the path to an issuer of lists were not.
int check_signatures(X509_STORE_CTX* context) { return own(context) != nullptr ? 1 : usual_check()(context); }

/// In the path to the issuer of an indirect list: does that issuer's certificate itself stand under the list it signs? OpenSSL would
/// have to verify the same path again for that and refuses. Its signature and whether it lists its own issuer are still checked.
bool is_own_list(X509_STORE_CTX* context) {
    X509* const issuer = X509_STORE_CTX_get_current_cert(context);
    X509_CRL* const list = X509_STORE_CTX_get0_current_crl(context);
    X509* const signer = X509_STORE_CTX_get0_current_issuer(context);
    return issuer != nullptr && list != nullptr && signer != nullptr && X509_cmp(signer, issuer) == 0;
}

/// Records, and says "go on" (1) to everything. In a path that OpenSSL made itself a fault stays a fault.
int record(int ok, X509_STORE_CTX* context) {
    if (ok == 1) return 1;
    auto const* exact = own(context);
    int const code = X509_STORE_CTX_get_error(context);
    int const depth = X509_STORE_CTX_get_error_depth(context);
    if (exact == nullptr) return code == X509_V_ERR_CRL_PATH_VALIDATION_ERROR && depth == 0 && is_own_list(context) ? 1 : 0;
    if (is_about_revocation(code)) {
        (*exact->on_revocation)(code, depth, X509_STORE_CTX_get0_current_crl(context));
        return 1;
    }
    // Where OpenSSL could not follow to an anchor, the search has already said so.
    constexpr std::array about_the_way{X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT,       X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
                                       X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN,
                                       X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT,     X509_V_ERR_CERT_CHAIN_TOO_LONG};
    if (!exact->anchored && holds(about_the_way, code)) return 1;
    X509* certificate = X509_STORE_CTX_get_current_cert(context);
    if (certificate == nullptr) certificate = sk_X509_value(X509_STORE_CTX_get0_chain(context), depth);
    exact->collector->add_openssl(code, depth, certificate);
    return 1;
}

/// One for the life of the program: it holds nothing but the functions above.
X509_STORE* exact_store() {
    static X509StorePtr const store = [] {
        X509StorePtr out(X509_STORE_new());
        if (!out) throw_openssl_failure("make a trust store");
        X509_STORE_set_check_issued(out.get(), check_issued);
        X509_STORE_set_get_issuer(out.get(), get_issuer);
        X509_STORE_set_lookup_certs(out.get(), lookup_certs);
        X509_STORE_set_lookup_crls(out.get(), lookup_no_lists);
        X509_STORE_set_verify(out.get(), check_signatures);
        X509_STORE_set_verify_cb(out.get(), record);
        return out;
    }();
    return store.get();
}

bool asks_for_policies(VerifyRequest const& request, std::vector<X509*> const& path) {
    auto const& demand = request.policies;
    if (!demand.acceptable.empty() || demand.explicit_policy || demand.inhibit_mapping || demand.inhibit_any) return true;
    return std::ranges::any_of(path, [](X509* one) { return X509_get_ext_by_NID(one, NID_policy_constraints, -1) >= 0; });
}

void set_policies(X509_VERIFY_PARAM* parameters, PolicyDemand const& demand) {
    unsigned long flags = X509_V_FLAG_POLICY_CHECK;
    if (demand.explicit_policy) flags |= X509_V_FLAG_EXPLICIT_POLICY;
    if (demand.inhibit_mapping) flags |= X509_V_FLAG_INHIBIT_MAP;
    if (demand.inhibit_any) flags |= X509_V_FLAG_INHIBIT_ANY;
    X509_VERIFY_PARAM_set_flags(parameters, flags);
    auto acceptable = demand.acceptable;
    // RFC 5280 section 6.1.1 (c): without a wish it is any policy. OpenSSL takes an empty set for "none".
    if (acceptable.empty()) acceptable.emplace_back("2.5.29.32.0");
    for (auto const& text : acceptable) {
        // What is no OID is a policy that no certificate has. add0 takes ownership when it succeeds.
        ASN1_OBJECT* const policy = OBJ_txt2obj(text.c_str(), 1);
        ASN1_OBJECT* const asked = policy != nullptr ? policy : OBJ_dup(OBJ_nid2obj(NID_undef));
        if (X509_VERIFY_PARAM_add0_policy(parameters, asked) != 1) ASN1_OBJECT_free(asked);
    }
}

void set_parameters(X509_STORE_CTX* context, OpensslInput const& input, std::vector<X509*> const& path) {
    X509_VERIFY_PARAM* const parameters = X509_STORE_CTX_get0_param(context);
    X509_VERIFY_PARAM_set_time(parameters, input.request.at.time_since_epoch().count());
    X509_VERIFY_PARAM_set_depth(parameters, static_cast<int>(k_verify_limits.path_certificates) * 2);
    unsigned long flags = X509_V_FLAG_PARTIAL_CHAIN;
    if (input.check_lists) {
        flags |= X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL | X509_V_FLAG_EXTENDED_CRL_SUPPORT | X509_V_FLAG_USE_DELTAS;
    }
    X509_VERIFY_PARAM_set_flags(parameters, flags);
    if (!input.strictness.numbers().common_name_counts) X509_VERIFY_PARAM_set_hostflags(parameters, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    if (asks_for_policies(input.request, path)) set_policies(parameters, input.request.policies);
}

/// OpenSSL 3.0 loses the 42 bytes of a policyConstraints extension when the certificate has no certificatePolicies beside it
/// (policy_cache_new returns early). Nothing outside can give them back, so the leak check looks away for this one call.
int verify_certificate(X509_STORE_CTX* context) {
#ifdef COUNTERSIGN_LEAK_CHECK
    __lsan::ScopedDisabler const known;
#endif
    return X509_verify_cert(context);
}

/// Borrowed by the context. The issuers of indirect lists may stand anywhere among what was sent.
BorrowedX509sPtr untrusted_of(OpensslInput const& input, Exact const& exact) {
    BorrowedX509sPtr out(sk_X509_new_null());
    if (!out) throw_openssl_failure("prepare a verification");
    for (std::size_t i = 1; i < exact.path.size(); ++i) sk_X509_push(out.get(), exact.path[i]);
    if (!input.check_lists) return out;
    for (auto const& sent :
         input.request.presented.first(std::min(input.request.presented.size(), k_verify_limits.path_certificates * 4))) {
        if (!holds(exact.path, sent.native())) sk_X509_push(out.get(), sent.native());
    }
    return out;
}

}  // namespace

bool is_about_revocation(int code) {
    constexpr std::array codes{X509_V_ERR_UNABLE_TO_GET_CRL,
                               X509_V_ERR_UNABLE_TO_DECRYPT_CRL_SIGNATURE,
                               X509_V_ERR_CRL_SIGNATURE_FAILURE,
                               X509_V_ERR_CRL_NOT_YET_VALID,
                               X509_V_ERR_CRL_HAS_EXPIRED,
                               X509_V_ERR_ERROR_IN_CRL_LAST_UPDATE_FIELD,
                               X509_V_ERR_ERROR_IN_CRL_NEXT_UPDATE_FIELD,
                               X509_V_ERR_CERT_REVOKED,
                               X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER,
                               X509_V_ERR_KEYUSAGE_NO_CRL_SIGN,
                               X509_V_ERR_UNHANDLED_CRITICAL_CRL_EXTENSION,
                               X509_V_ERR_DIFFERENT_CRL_SCOPE,
                               X509_V_ERR_CRL_PATH_VALIDATION_ERROR};
    return holds(codes, code);
}

void verify_with_openssl(OpensslInput const& input, Collector& collector, std::function<void(int, int, X509_CRL*)> const& on_revocation) {
    ErrorQueue const errors;
    Exact exact{.anchored = input.path.end == CandidatePath::End::anchor, .collector = &collector, .on_revocation = &on_revocation};
    for (auto const* certificate : input.certificates) exact.path.push_back(certificate->native());
    auto const untrusted = untrusted_of(input, exact);
    BorrowedListsPtr const lists(sk_X509_CRL_new_null());
    X509StoreCtxPtr const context(X509_STORE_CTX_new());
    if (!context || !lists || X509_STORE_CTX_init(context.get(), exact_store(), exact.path.front(), untrusted.get()) != 1) {
        throw_openssl_failure("prepare a verification");
    }
    for (auto* list : input.lists) sk_X509_CRL_push(lists.get(), list);
    X509_STORE_CTX_set0_crls(context.get(), lists.get());
    X509_STORE_CTX_set_app_data(context.get(), &exact);
    set_parameters(context.get(), input, exact.path);

    int const result = verify_certificate(context.get());
    if (result != 1) {
        // The callback never says stop, so OpenSSL stopped by itself: its reason is a finding whatever it is.
        int const code = X509_STORE_CTX_get_error(context.get());
        int const depth = std::clamp(X509_STORE_CTX_get_error_depth(context.get()), 0, static_cast<int>(exact.path.size()) - 1);
        collector.add_openssl(code == X509_V_OK || is_about_revocation(code) ? X509_V_ERR_UNSPECIFIED : code, depth,
                              exact.path[static_cast<std::size_t>(depth)]);
    } else if (exact.anchored && sk_X509_num(X509_STORE_CTX_get0_chain(context.get())) != static_cast<int>(exact.path.size())) {
        // It went another way than the one that is judged here, so its word does not count for this one.
        collector.add(Rule::unspecified, 0, exact.path.front(), "OpenSSL did not follow the path");
    }
}

}  // namespace countersign::pki
