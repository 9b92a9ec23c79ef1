#include "net/tls/context.hpp"

#include "base/log.hpp"
#include "net/tls/session.hpp"

#include "countersign/errors/net.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <map>
#include <mutex>

namespace countersign::net::tls {

namespace {

using ContextPtr = std::shared_ptr<SSL_CTX>;

std::string drain_errors() {
    std::string text;
    while (auto code = ERR_get_error()) {
        auto const* reason = ERR_reason_error_string(code);
        if (!text.empty()) text += "; ";
        text += reason != nullptr ? reason : "error " + std::to_string(code);
    }
    return text;
}

Failure unusable(Profile const& profile) {
    return fail(errors::net::tls_profile_unknown, {{"name", profile.name}, {"detail", drain_errors()}});
}

/// What clients and servers have in common. No tickets and no session cache: a handshake that resumes would skip the
/// look at the certificate, which is what this product is about.
Result<ContextPtr> make_context(SSL_METHOD const* method, Profile const& profile) {
    ERR_clear_error();
    ContextPtr context(SSL_CTX_new(method), SSL_CTX_free);
    if (!context) return unusable(profile);
    auto* native = context.get();
    SSL_CTX_set_security_level(native, profile.security_level);
    if (SSL_CTX_set_min_proto_version(native, profile.minimum_version) != 1) return unusable(profile);
    if (SSL_CTX_set_max_proto_version(native, profile.maximum_version) != 1) return unusable(profile);
    if (!profile.ciphers.empty() && SSL_CTX_set_cipher_list(native, profile.ciphers.c_str()) != 1) return unusable(profile);
    if (SSL_CTX_set_ciphersuites(native, profile.ciphersuites.c_str()) != 1) return unusable(profile);
    auto groups = profile.groups;  // OpenSSL's macro casts const away
    if (SSL_CTX_set1_groups_list(native, groups.data()) != 1) return unusable(profile);
    // Ours is the order of ciphers, but ChaCha20 goes first for a client without hardware for AES that puts it first itself.
    SSL_CTX_set_options(native, SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE |
                                    SSL_OP_PRIORITIZE_CHACHA);
    SSL_CTX_clear_options(native, SSL_OP_LEGACY_SERVER_CONNECT);
    if (profile.legacy_renegotiation) SSL_CTX_set_options(native, SSL_OP_LEGACY_SERVER_CONNECT);
    SSL_CTX_set_session_cache_mode(native, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_mode(native, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_read_ahead(native, 1);
    return context;
}

Result<void> use_identity(SSL_CTX* context, Profile const& profile, std::vector<pki::Certificate> const& chain,
                          pki::PrivateKey const& key) {
    if (chain.empty()) return fail(errors::net::tls_profile_unknown, {{"name", profile.name}, {"detail", "no certificate was given"}});
    CS_CHECK(pki::check_key_matches(chain.front(), key));
    ERR_clear_error();
    if (SSL_CTX_use_certificate(context, chain.front().native()) != 1) return unusable(profile);
    if (SSL_CTX_use_PrivateKey(context, key.native()) != 1) return unusable(profile);
    for (std::size_t i = 1; i < chain.size(); ++i)
        if (SSL_CTX_add1_chain_cert(context, chain[i].native()) != 1) return unusable(profile);
    // Send exactly this chain; do not look for issuers elsewhere.
    SSL_CTX_set_mode(context, SSL_MODE_NO_AUTO_CHAIN);
    return {};
}

void free_client_rule(void*, void* rule, CRYPTO_EX_DATA*, int, long, void*) { delete static_cast<ClientRule*>(rule); }

int client_rule_index() {
    static int const index = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, free_client_rule);
    return index;
}

using StapleProvider = std::function<std::shared_ptr<Bytes const>()>;

void free_staple(void*, void* provider, CRYPTO_EX_DATA*, int, long, void*) { delete static_cast<StapleProvider*>(provider); }

int staple_index() {
    static int const index = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, free_staple);
    return index;
}

/// OpenSSL asks here when a client wants a stapled response. Nothing may be thrown through it.
int give_staple(SSL* ssl, void* provider) {
    try {
        auto const response = (*static_cast<StapleProvider const*>(provider))();
        if (!response || response->empty()) return SSL_TLSEXT_ERR_NOACK;
        auto* const copy = static_cast<unsigned char*>(OPENSSL_memdup(response->data(), response->size()));
        if (copy == nullptr) return SSL_TLSEXT_ERR_NOACK;
        SSL_set_tlsext_status_ocsp_resp(ssl, copy, static_cast<long>(response->size()));  // takes the copy
        return SSL_TLSEXT_ERR_OK;
    } catch (std::exception const& error) {
        log::error("tls.no_staple", {{"detail", error.what()}});
        return SSL_TLSEXT_ERR_NOACK;
    }
}

/// The client offers HTTP/2 by ALPN (RFC 7301 section 3.1): a list of names, each with its length before it.
bool offers_http2(SSL* ssl) {
    unsigned char const* data = nullptr;
    std::size_t size = 0;
    if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_application_layer_protocol_negotiation, &data, &size) != 1 || size < 2) return false;
    std::string_view const names(reinterpret_cast<char const*>(data) + 2, size - 2);
    for (std::size_t at = 0; at < names.size();) {
        auto const length = static_cast<std::size_t>(static_cast<unsigned char>(names[at]));
        if (names.substr(at + 1, length) == "h2") return true;
        at += 1 + length;
    }
    return false;
}

int spare_browsers(SSL* ssl, int*, void*) {
    if (offers_http2(ssl)) SSL_set_verify(ssl, SSL_VERIFY_NONE, nullptr);
    return SSL_CLIENT_HELLO_SUCCESS;
}

/// OpenSSL asks here instead of running its own verification. Nothing may be thrown through it.
int check_certificate(X509_STORE_CTX* store, void*) {
    auto* ssl = static_cast<SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
    auto* session = static_cast<Session*>(SSL_get_ex_data(ssl, session_index()));
    int code = X509_V_ERR_UNSPECIFIED;
    try {
        std::vector<pki::Certificate> presented;
        auto* sent = X509_STORE_CTX_get0_untrusted(store);
        for (int i = 0; i < sk_X509_num(sent); ++i) {
            auto* certificate = sk_X509_value(sent, i);
            X509_up_ref(certificate);
            presented.emplace_back(certificate);
        }
        code = session->decide(std::move(presented));
    } catch (std::exception const& error) {
        log::error("tls.verification_failed", {{"detail", error.what()}});
    }
    X509_STORE_CTX_set_error(store, code);
    return code == X509_V_OK ? 1 : 0;
}

}  // namespace

int session_index() {
    static int const index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
    return index;
}

ClientRule const* client_rule(ssl_st* ssl) {
    return static_cast<ClientRule const*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), client_rule_index()));
}

Result<std::shared_ptr<ServerContext const>> ServerContext::create(Settings settings) {
    CS_TRY(auto const* profile, Profile::find(settings.profile));
    CS_TRY(auto context, make_context(TLS_server_method(), *profile));
    if (!settings.key) return fail(errors::net::tls_profile_unknown, {{"name", profile->name}, {"detail", "no private key was given"}});
    CS_CHECK(use_identity(context.get(), *profile, settings.chain, *settings.key));
    SSL_CTX_set_num_tickets(context.get(), 0);
    if (settings.clients != ClientCertificates::ignored) {
        auto mode = SSL_VERIFY_PEER;
        if (settings.clients == ClientCertificates::required) mode |= SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
        SSL_CTX_set_verify(context.get(), mode, nullptr);
        SSL_CTX_set_cert_verify_callback(context.get(), check_certificate, nullptr);
        for (auto const& root : settings.client_anchors.roots()) SSL_CTX_add_client_CA(context.get(), root.native());
        auto rule = std::make_unique<ClientRule>(
            ClientRule{settings.client_anchors, settings.client_revocation, settings.clients != ClientCertificates::observed});
        if (settings.clients == ClientCertificates::observed) SSL_CTX_set_client_hello_cb(context.get(), spare_browsers, nullptr);
        if (SSL_CTX_set_ex_data(context.get(), client_rule_index(), rule.get()) != 1) return unusable(*profile);
        rule.release();  // now the context's, see free_client_rule
    }
    if (settings.staple) {
        auto provider = std::make_unique<StapleProvider>(std::move(settings.staple));
        if (SSL_CTX_set_ex_data(context.get(), staple_index(), provider.get()) != 1) return unusable(*profile);
        SSL_CTX_set_tlsext_status_cb(context.get(), give_staple);
        SSL_CTX_set_tlsext_status_arg(context.get(), provider.release());  // now the context's, see free_staple
    }
    auto made = std::make_shared<ServerContext>();
    made->context_ = std::move(context);
    return std::shared_ptr<ServerContext const>(std::move(made));
}

namespace {

Result<ContextPtr> make_client_context(std::string_view profile_name, ClientIdentity const* identity) {
    CS_TRY(auto const* profile, Profile::find(profile_name));
    CS_TRY(auto context, make_context(TLS_client_method(), *profile));
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
    SSL_CTX_set_cert_verify_callback(context.get(), check_certificate, nullptr);
    if (identity != nullptr) CS_CHECK(use_identity(context.get(), *profile, identity->chain, identity->key));
    return context;
}

}  // namespace

Result<std::shared_ptr<ClientContext const>> ClientContext::get(std::string_view profile, ClientIdentity const* identity) {
    // An estate has a handful of profiles and few identities of its own; an agent that plays many systems has one
    // identity each. Beyond the limit contexts are made again when needed.
    constexpr std::size_t k_kept = 64;
    static std::mutex mutex;
    static std::map<std::string, std::shared_ptr<ClientContext const>, std::less<>> kept;
    std::string key(profile);
    if (identity != nullptr)
        for (auto const& certificate : identity->chain) key += ' ' + certificate.fingerprint();
    {
        std::lock_guard const lock(mutex);
        if (auto found = kept.find(key); found != kept.end()) return found->second;
    }
    CS_TRY(auto context, make_client_context(profile, identity));
    auto made = std::make_shared<ClientContext>();
    made->context_ = std::move(context);
    std::lock_guard const lock(mutex);
    if (kept.size() >= k_kept) std::erase_if(kept, [](auto const& entry) { return entry.first.find(' ') != std::string::npos; });
    return kept.emplace(std::move(key), std::move(made)).first->second;
}

}  // namespace countersign::net::tls
