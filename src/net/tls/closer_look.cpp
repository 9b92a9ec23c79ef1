#include "net/tls/closer_look.hpp"

#include "pki/certificate.hpp"
#include "pki/openssl.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>

namespace countersign::net::tls {

namespace {

std::string name_text(X509_NAME const* name) {
    pki::BioPtr const out(BIO_new(BIO_s_mem()));
    if (!out || X509_NAME_print_ex(out.get(), name, 0, XN_FLAG_ONELINE & ~ASN1_STRFLGS_ESC_MSB) < 0) return "";
    char* data = nullptr;
    auto const size = BIO_get_mem_data(out.get(), &data);
    return {data, static_cast<std::size_t>(size)};
}

/// Called when the server asks for a certificate; nothing may be thrown through it. We show none.
int note_request(SSL* ssl, void* argument) {
    constexpr int k_most = 100;
    auto* answer = static_cast<CloserAnswer*>(argument);
    try {
        answer->asks_for_certificate = true;
        answer->accepted_authorities.clear();
        auto const* names = SSL_get0_peer_CA_list(ssl);
        for (int i = 0; i < std::min(sk_X509_NAME_num(names), k_most); ++i)
            answer->accepted_authorities.push_back(name_text(sk_X509_NAME_value(names, i)));
    } catch (std::exception const&) {
        return 0;
    }
    return 1;
}

std::string name_of(int nid) {
    auto const* name = OBJ_nid2sn(nid);
    return nid == NID_undef || name == nullptr ? "" : name;
}

}  // namespace

std::function<void(ssl_st*)> look_closer(CloserLook look, std::shared_ptr<CloserAnswer> answer) {
    return [look = std::move(look), answer = std::move(answer)](ssl_st* ssl) {
        std::string protocols;
        for (auto const& name : look.alpn) protocols += static_cast<char>(name.size()) + name;
        if (!protocols.empty())
            SSL_set_alpn_protos(ssl, reinterpret_cast<unsigned char const*>(protocols.data()), static_cast<unsigned>(protocols.size()));
        auto algorithms = look.signature_algorithms;  // OpenSSL's macro casts const away
        if (!algorithms.empty()) SSL_set1_sigalgs_list(ssl, algorithms.data());
        SSL_set_tlsext_status_type(ssl, TLSEXT_STATUSTYPE_ocsp);
        SSL_set_cert_cb(ssl, note_request, answer.get());
        ERR_clear_error();
    };
}

void finish_look(ssl_st const* ssl, CloserAnswer& answer) {
    auto* native = const_cast<ssl_st*>(ssl);  // OpenSSL's macros are not const
    unsigned char const* chosen = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(ssl, &chosen, &size);
    if (chosen != nullptr) answer.alpn.assign(reinterpret_cast<char const*>(chosen), size);
    unsigned char const* stapled = nullptr;
    auto const length = SSL_get_tlsext_status_ocsp_resp(native, static_cast<void*>(&stapled));
    if (stapled != nullptr && length > 0) answer.stapled.assign(stapled, stapled + length);
    int type = NID_undef;
    int digest = NID_undef;
    if (SSL_get_peer_signature_type_nid(ssl, &type) == 1) answer.signature = name_of(type);
    if (SSL_get_peer_signature_nid(native, &digest) == 1 && digest != NID_undef && !answer.signature.empty())
        answer.signature += " with " + name_of(digest);
    answer.secure_renegotiation = SSL_get_secure_renegotiation_support(native) == 1;
    ERR_clear_error();
}

}  // namespace countersign::net::tls
