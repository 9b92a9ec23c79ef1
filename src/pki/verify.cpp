#include "pki/verify.hpp"

#include "pki/openssl.hpp"
#include "pki/verify_codes.hpp"

#include <openssl/x509_vfy.h>

#include <algorithm>
#include <tuple>

namespace countersign::pki {

namespace {

using Kind = Finding::Kind;

/// Certificates above the leaf; public ones have three. A peer could send a hundred to keep us busy.
constexpr int k_longest_path = 16;

/// Everything found so far, once each.
class Collector {
public:
    void add(Finding finding) {
        bool const known = std::ranges::any_of(findings_, [&finding](Finding const& other) {
            return other.depth == finding.depth && (other.openssl_code == finding.openssl_code || other.kind == finding.kind) &&
                   other.kind != Kind::other;
        });
        if (!known) findings_.push_back(std::move(finding));
    }
    void add(int code, int depth, X509* certificate) { add(make_finding(code, depth, certificate)); }

    /// Leaf first; for one certificate in the order of the enumeration.
    std::vector<Finding> take() {
        // OpenSSL says twice that an issuer is no authority: as such, and as not made for the purpose.
        std::erase_if(findings_, [this](Finding const& finding) {
            return finding.depth > 0 && finding.openssl_code == X509_V_ERR_INVALID_PURPOSE && has(X509_V_ERR_INVALID_CA, finding.depth);
        });
        std::ranges::sort(findings_, [](Finding const& a, Finding const& b) {
            return std::tie(a.depth, a.kind, a.openssl_code) < std::tie(b.depth, b.kind, b.openssl_code);
        });
        return std::move(findings_);
    }

private:
    [[nodiscard]] bool has(int code, int depth) const {
        return std::ranges::any_of(findings_, [=](Finding const& known) { return known.openssl_code == code && known.depth == depth; });
    }

    std::vector<Finding> findings_;
};

/// OpenSSL's verify callback: records, and says "go on" (1) to everything.
int record(int ok, X509_STORE_CTX* context) {
    if (ok == 1) return 1;
    auto* const collector = static_cast<Collector*>(X509_STORE_CTX_get_app_data(context));
    int const depth = X509_STORE_CTX_get_error_depth(context);
    X509* certificate = X509_STORE_CTX_get_current_cert(context);
    if (certificate == nullptr) certificate = sk_X509_value(X509_STORE_CTX_get0_chain(context), depth);
    collector->add(X509_STORE_CTX_get_error(context), depth, certificate);
    return 1;
}

int openssl_purpose(Purpose purpose) { return purpose == Purpose::client ? X509_PURPOSE_SSL_CLIENT : X509_PURPOSE_SSL_SERVER; }

bool has_weak_signature(X509* certificate) {
    // Strength against collisions: MD5 39, SHA-1 63, SHA-224 112 bits. Unknown algorithms fail to verify anyway.
    constexpr int weakest = 80;
    int bits = 0;
    return X509_get_signature_info(certificate, nullptr, nullptr, &bits, nullptr) == 1 && bits < weakest;
}

/// What OpenSSL does not check, or only by its security level.
void check_strength(STACK_OF(X509) const* path, int untrusted, int minimum_rsa_bits, Collector& collector) {
    for (int depth = 0; depth < sk_X509_num(path); ++depth) {
        X509* const certificate = sk_X509_value(path, depth);
        EVP_PKEY const* key = X509_get0_pubkey(certificate);
        if (key == nullptr) {
            // An issuer's is found by its subject's signature; nobody uses a leaf's before the handshake does.
            if (depth == 0) collector.add(X509_V_ERR_UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY, depth, certificate);
        } else if (is_weak_key(key, minimum_rsa_bits)) {
            collector.add(depth == 0 ? X509_V_ERR_EE_KEY_TOO_SMALL : X509_V_ERR_CA_KEY_TOO_SMALL, depth, certificate);
        }
        // Anchors are trusted as they are, and a self-signature proves nothing whatever its digest.
        bool const relied_on = depth < untrusted && X509_self_signed(certificate, 0) != 1;
        if (relied_on && has_weak_signature(certificate)) collector.add(X509_V_ERR_CA_MD_TOO_WEAK, depth, certificate);
    }
}

/// When OpenSSL gave up half-way: everything that can be said about the path so far without it.
void check_what_was_left_out(STACK_OF(X509) const* path, VerifyRequest const& request, Collector& collector) {
    std::time_t now = request.at.time_since_epoch().count();
    for (int depth = 0; depth < sk_X509_num(path); ++depth) {
        X509* const certificate = sk_X509_value(path, depth);
        // 0: the date cannot be read; -1: earlier than (or at) `now`; 1: later.
        int const begin = X509_cmp_time(X509_get0_notBefore(certificate), &now);
        int const end = X509_cmp_time(X509_get0_notAfter(certificate), &now);
        if (begin == 0) collector.add(X509_V_ERR_ERROR_IN_CERT_NOT_BEFORE_FIELD, depth, certificate);
        if (begin > 0) collector.add(X509_V_ERR_CERT_NOT_YET_VALID, depth, certificate);
        if (end == 0) collector.add(X509_V_ERR_ERROR_IN_CERT_NOT_AFTER_FIELD, depth, certificate);
        if (end < 0) collector.add(X509_V_ERR_CERT_HAS_EXPIRED, depth, certificate);
        if (depth > 0 && X509_check_ca(certificate) == 0) collector.add(X509_V_ERR_INVALID_CA, depth, certificate);
    }
    if (request.purpose != Purpose::any &&
        X509_check_purpose(request.presented.front().native(), openssl_purpose(request.purpose), 0) != 1) {
        collector.add(X509_V_ERR_INVALID_PURPOSE, 0, request.presented.front().native());
    }
}

void check_host_name(VerifyRequest const& request, Collector& collector) {
    auto const& leaf = request.presented.front();
    if (request.host_name.empty() || matches_name(leaf, request.host_name)) return;
    auto finding =
        make_finding(is_ip_address(request.host_name) ? X509_V_ERR_IP_ADDRESS_MISMATCH : X509_V_ERR_HOSTNAME_MISMATCH, 0, leaf.native());
    finding.text = "The certificate " + finding.subject + " is not made for the name " + request.host_name + ".";
    collector.add(std::move(finding));
}

/// The values that belong to OpenSSL's path, without encoding or hashing anything again where they are known.
std::vector<Certificate> path_of(STACK_OF(X509) const* path, VerifyRequest const& request) {
    std::vector<Certificate> out;
    out.reserve(static_cast<std::size_t>(std::max(0, sk_X509_num(path))));
    for (int i = 0; i < sk_X509_num(path); ++i) {
        X509* const wanted = sk_X509_value(path, i);
        auto is_it = [wanted](Certificate const& candidate) { return candidate.native() == wanted; };
        if (auto const sent = std::ranges::find_if(request.presented, is_it); sent != request.presented.end()) {
            out.push_back(*sent);
        } else if (auto const root = std::ranges::find_if(request.anchors.roots(), is_it); root != request.anchors.roots().end()) {
            out.push_back(*root);
        } else {
            X509_up_ref(wanted);
            out.emplace_back(wanted);
        }
    }
    return out;
}

/// Borrowed by the context while it verifies.
BorrowedX509sPtr untrusted_of(std::span<Certificate const> presented) {
    BorrowedX509sPtr out(sk_X509_new_reserve(nullptr, static_cast<int>(presented.size())));
    if (!out) throw_openssl_failure("prepare a verification");
    for (auto const& certificate : presented.subspan(1)) sk_X509_push(out.get(), certificate.native());
    return out;
}

}  // namespace

struct Anchors::Store {
    std::vector<Certificate> roots;
    X509StorePtr native;

    explicit Store(std::vector<Certificate> certificates) : roots(std::move(certificates)), native(X509_STORE_new()) {
        ErrorQueue const errors;
        if (!native) throw_openssl_failure("make a trust store");
        for (auto const& root : roots) {
            if (X509_STORE_add_cert(native.get(), root.native()) != 1) throw_openssl_failure("fill a trust store");
        }
        // Whatever stands in the store is an anchor, also a certificate that is not self-signed or no authority:
        // administrators put a manager's own certificate there.
        X509_STORE_set_flags(native.get(), X509_V_FLAG_PARTIAL_CHAIN);
    }
};

Anchors::Anchors() {
    static auto const none = std::make_shared<Store const>(std::vector<Certificate>());
    store_ = none;
}
Anchors::Anchors(std::vector<Certificate> roots) : store_(std::make_shared<Store const>(std::move(roots))) {}
std::vector<Certificate> const& Anchors::roots() const { return store_->roots; }
x509_store_st* Anchors::native() const { return store_->native.get(); }

bool Verdict::has(Finding::Kind kind) const {
    return std::ranges::any_of(findings, [kind](Finding const& finding) { return finding.kind == kind; });
}

bool Verdict::verified() const {
    return std::ranges::none_of(findings, [](Finding const& finding) { return finding.severity == Severity::failure; });
}

std::string Verdict::summary() const {
    std::string out;
    for (auto const& finding : findings) {
        if (!out.empty()) out += ", ";
        out += std::string(to_string(finding.kind)) + " (" + std::to_string(finding.depth) + ")";
    }
    return out;
}

Verdict verify_chain(VerifyRequest const& request) {
    Verdict verdict;
    if (request.presented.empty()) {
        verdict.findings.push_back(make_finding(X509_V_ERR_INVALID_CALL, 0, nullptr));
        return verdict;
    }
    ErrorQueue const errors;
    Collector collector;
    auto const untrusted = untrusted_of(request.presented);
    X509StoreCtxPtr const context(X509_STORE_CTX_new());
    if (!context ||
        X509_STORE_CTX_init(context.get(), request.anchors.native(), request.presented.front().native(), untrusted.get()) != 1) {
        throw_openssl_failure("prepare a verification");
    }
    X509_STORE_CTX_set_app_data(context.get(), &collector);
    X509_STORE_CTX_set_verify_cb(context.get(), record);
    X509_VERIFY_PARAM* const parameters = X509_STORE_CTX_get0_param(context.get());
    X509_VERIFY_PARAM_set_time(parameters, request.at.time_since_epoch().count());
    X509_VERIFY_PARAM_set_depth(parameters, k_longest_path);
    if (request.purpose != Purpose::any && X509_VERIFY_PARAM_set_purpose(parameters, openssl_purpose(request.purpose)) != 1) {
        throw_openssl_failure("prepare a verification");
    }

    int const result = X509_verify_cert(context.get());
    STACK_OF(X509)* const path = X509_STORE_CTX_get0_chain(context.get());
    if (result != 1) {
        // The callback never says stop, so OpenSSL stopped by itself: its reason is a finding whatever it is.
        int const code = X509_STORE_CTX_get_error(context.get());
        collector.add(code == X509_V_OK ? X509_V_ERR_UNSPECIFIED : code, X509_STORE_CTX_get_error_depth(context.get()),
                      X509_STORE_CTX_get_current_cert(context.get()));
        check_what_was_left_out(path, request, collector);
    }
    check_strength(path, X509_STORE_CTX_get_num_untrusted(context.get()), request.minimum_rsa_bits, collector);
    check_host_name(request, collector);
    verdict.chain = path_of(path, request);
    verdict.findings = collector.take();
    return verdict;
}

}  // namespace countersign::pki
