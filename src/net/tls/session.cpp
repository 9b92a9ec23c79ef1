#include "net/tls/session.hpp"

#include "base/text.hpp"
#include "net/revocation.hpp"
#include "net/tls/context.hpp"
#include "pki/revocation_pointers.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>

namespace countersign::net::tls {

Session::Session(ClientContext const& context, PeerCheck check, int socket)
    : ssl_(SSL_new(context.native())), client_(true), check_(std::move(check)) {
    if (ssl_ == nullptr) throw std::bad_alloc();
    SSL_set_ex_data(ssl_, session_index(), this);
    SSL_set_fd(ssl_, socket);
    SSL_set_connect_state(ssl_);
    auto const* chain = std::get_if<VerifyChain>(&check_.policy);
    accept_any_ = std::holds_alternative<AcceptAny>(check_.policy);
    if (accept_any_ || (chain != nullptr && chain->revocation.policy != pki::RevocationPolicy::off))
        SSL_set_tlsext_status_type(ssl_, TLSEXT_STATUSTYPE_ocsp);
    if (is_host_name(check_.called_name) && !is_ip_address(check_.called_name)) SSL_set_tlsext_host_name(ssl_, check_.called_name.c_str());
    if (check_.prepare) check_.prepare(ssl_);
}

Session::Session(ServerContext const& context, int socket) : ssl_(SSL_new(context.native())) {
    if (ssl_ == nullptr) throw std::bad_alloc();
    SSL_set_ex_data(ssl_, session_index(), this);
    SSL_set_fd(ssl_, socket);
    SSL_set_accept_state(ssl_);
}

Session::~Session() { SSL_free(ssl_); }

Session::Step Session::after(int result) {
    auto code = SSL_get_error(ssl_, result);
    auto system = errno;
    switch (code) {
        case SSL_ERROR_WANT_READ: return Step::want_read;
        case SSL_ERROR_WANT_WRITE: return Step::want_write;
        case SSL_ERROR_ZERO_RETURN: ended_properly_ = true; return Step::closed;
        default: break;
    }
    auto reason = ERR_peek_error();
    // The peer closed the socket without close_notify.
    bool const cut = ERR_GET_LIB(reason) == ERR_LIB_SSL && ERR_GET_REASON(reason) == SSL_R_UNEXPECTED_EOF_WHILE_READING;
    if (cut && finished_) return Step::closed;
    lost_ = finished_ && code == SSL_ERROR_SYSCALL;
    if (cut || (code == SSL_ERROR_SYSCALL && reason == 0 && system == 0)) {
        failure_ = "the peer closed the connection";
    } else if (code == SSL_ERROR_SYSCALL) {
        failure_ = std::strerror(system);
    } else {
        auto const* text = ERR_reason_error_string(reason);
        failure_ = text != nullptr ? text : "TLS error " + std::to_string(reason);
        auto what = ERR_GET_REASON(reason);
        if (what == SSL_R_WRONG_VERSION_NUMBER || what == SSL_R_HTTP_REQUEST) failure_ += ": the peer does not speak TLS here";
    }
    ERR_clear_error();
    return Step::failed;
}

Session::Step Session::handshake() {
    ERR_clear_error();
    errno = 0;
    auto result = SSL_do_handshake(ssl_);
    if (result != 1) return after(result);
    finished_ = true;
    take_staple();
    return Step::done;
}

Session::Step Session::read(char* data, std::size_t size, std::size_t& got) {
    ERR_clear_error();
    errno = 0;
    auto result = SSL_read_ex(ssl_, data, size, &got);
    return result == 1 ? Step::done : after(result);
}

Session::Step Session::write(std::string_view data, std::size_t& put) {
    ERR_clear_error();
    errno = 0;
    auto result = SSL_write_ex(ssl_, data.data(), data.size(), &put);
    return result == 1 ? Step::done : after(result);
}

void Session::say_goodbye() {
    if (!finished_) return;
    ERR_clear_error();
    SSL_shutdown(ssl_);
    ERR_clear_error();
}

HandshakeReport Session::report() const {
    auto report = report_;
    // Without a certificate the peer has not chosen anything yet.
    if (report.presented.empty() && !finished_) return report;
    report.version = SSL_get_version(ssl_);
    auto const* cipher = SSL_get_current_cipher(ssl_);
    if (cipher == nullptr) cipher = SSL_get_pending_cipher(ssl_);
    if (cipher != nullptr) report.cipher = SSL_CIPHER_get_name(cipher);
    if (auto group = SSL_get_negotiated_group(ssl_); group > 0)
        if (auto const* name = SSL_group_to_name(ssl_, static_cast<int>(group)); name != nullptr) report.group = name;
    return report;
}

namespace {

int code_of(pki::Verdict const& verdict) {
    for (auto const& finding : verdict.findings)
        if (finding.severity == pki::Severity::failure && finding.openssl_code != X509_V_OK) return finding.openssl_code;
    return verdict.verified() ? X509_V_OK : X509_V_ERR_APPLICATION_VERIFICATION;
}

}  // namespace

int Session::decide(std::vector<pki::Certificate> presented) {
    report_.presented = std::move(presented);
    auto code = client_ ? decide_as_client() : decide_as_server();
    report_.accepted = code == X509_V_OK;
    refused_peer_ = !report_.accepted;
    return code;
}

int Session::decide_as_client() {
    pki::VerifyRequest request{
        .presented = report_.presented, .purpose = pki::Purpose::server, .host_name = check_.called_name, .at = check_.at};
    if (auto const* chain = std::get_if<VerifyChain>(&check_.policy)) {
        request.anchors = chain->anchors;
        if (chain->ignore_name) request.host_name.clear();
        if (!chain->ignore_name && !chain->expected_name.empty()) request.host_name = chain->expected_name;
        verify(std::move(request), chain->revocation);
        return code_of(report_.verdict);
    }
    if (auto const* any = std::get_if<AcceptAny>(&check_.policy)) {
        request.anchors = any->report_against;
        verify(std::move(request), any->revocation);
        return X509_V_OK;
    }
    auto const& pinned = std::get<Pinned>(check_.policy).sha256;
    // A pin says nothing about chains: the verdict is one against no anchors, so that nobody takes it for verified.
    report_.verdict = pki::verify_chain(request);
    if (report_.presented.empty()) return X509_V_ERR_CERT_UNTRUSTED;
    auto const& leaf = report_.presented.front();
    bool const match =
        std::ranges::any_of(pinned, [&leaf](auto const& pin) { return pin == leaf.fingerprint() || pin == leaf.public_key_sha256(); });
    return match ? X509_V_OK : X509_V_ERR_CERT_UNTRUSTED;
}

int Session::decide_as_server() {
    auto const* rule = client_rule(ssl_);
    if (rule == nullptr) return X509_V_ERR_CERT_UNTRUSTED;
    verify({.presented = report_.presented,
            .anchors = rule->anchors,
            .purpose = pki::Purpose::client,
            .host_name = {},
            .at = SystemClock().now()},
           rule->revocation);
    return rule->refuses ? code_of(report_.verdict) : X509_V_OK;
}

// Revocation. The chain is verified without it first: addresses of a stranger's certificate are not asked, and most chains
// name none.

void Session::verify(pki::VerifyRequest request, RevocationCheck const& revocation) {
    report_.verdict = pki::verify_chain(request);
    if (revocation.policy == pki::RevocationPolicy::off || !report_.verdict.verified()) return;
    request_ = std::move(request);
    revocation_ = revocation;
    take_staple();
    judge_revocation(Moment::certificate);
}

void Session::take_staple() {
    if (!client_ || !report_.stapled.empty()) return;
    unsigned char const* data = nullptr;
    auto const size = SSL_get_tlsext_status_ocsp_resp(ssl_, &data);
    if (data == nullptr || size <= 0 || static_cast<std::size_t>(size) > pki::k_ocsp_limit) return;
    report_.stapled.assign(data, data + size);
    // TLS 1.2 sends it after the certificate: what was decided then is looked at again.
    if (finished_ && revocation_.policy != pki::RevocationPolicy::off && !refused_peer_) unsettled_ = true;
}

namespace {

/// A certificate that demands stapling got none that holds (RFC 7633 section 4.3).
bool lacks_staple(pki::Verdict const& verdict, std::optional<pki::OcspResponse> const& stapled, UtcTime at) {
    if (verdict.chain.empty() || !pki::revocation_pointers(verdict.chain.front()).must_staple) return false;
    if (!stapled || verdict.chain.size() < 2) return true;
    auto const answer = stapled->check(verdict.chain[0], verdict.chain[1], at);
    return !answer || answer->state == pki::RevocationState::unknown;
}

pki::Finding staple_finding(pki::Certificate const& leaf) {
    return {.kind = pki::Finding::Kind::revocation_unknown,
            .severity = pki::Severity::failure,
            .rule = "tls-staple-missing",
            .depth = 0,
            .subject = leaf.subject(),
            .openssl_code = X509_V_ERR_OCSP_VERIFY_NEEDED,
            .openssl_name = "OCSP_VERIFY_NEEDED",
            .text = "The certificate " + leaf.subject() +
                    " demands that its server proves by OCSP stapling that it is not revoked, and it does not",
            .remedy = "Turn on OCSP stapling at the peer, and see that it reaches its authority's responder."};
}

}  // namespace

void Session::judge_revocation(Moment moment) {
    auto known = revocation_.cache ? revocation_.cache->known(report_.verdict.chain) : KnownRevocation();
    std::optional<pki::OcspResponse> stapled;
    if (!report_.stapled.empty())
        if (auto parsed = pki::OcspResponse::parse_der(report_.stapled)) stapled = *std::move(parsed);
    if (revocation_.lists) known.lists.insert(known.lists.end(), revocation_.lists->begin(), revocation_.lists->end());
    if (stapled) known.responses.insert(known.responses.begin(), *stapled);

    bool const hard = revocation_.policy == pki::RevocationPolicy::hard_fail;
    bool const may_come = client_ && !stapled && SSL_version(ssl_) < TLS1_3_VERSION;  // the staple, after the certificate
    bool const last = moment == Moment::finished;
    auto policy = revocation_.policy;
    if (!last) policy = pki::RevocationPolicy::soft_fail;  // "revoked" is known now; what is not may still be learnt
    if (last || hard || !known.lists.empty() || !known.responses.empty()) {
        request_.revocation = {.policy = policy, .lists = known.lists, .responses = known.responses};
        report_.verdict = pki::verify_chain(request_);
        request_.revocation = {};  // borrowed from `known`
    }
    bool const missing_staple = client_ && lacks_staple(report_.verdict, stapled, request_.at);
    if (missing_staple && (last || !may_come))
        report_.verdict.findings.insert(report_.verdict.findings.begin(), staple_finding(report_.verdict.chain.front()));
    bool const waits = hard || (revocation_.waits && revocation_.cache);
    unsettled_ = !last && report_.verdict.verified() && (waits || (missing_staple && may_come));
}

std::shared_ptr<RevocationCache> Session::cache_to_ask() const {
    bool const waits = revocation_.policy == pki::RevocationPolicy::hard_fail || revocation_.waits;
    return waits ? revocation_.cache : nullptr;
}

void Session::settle() {
    if (!unsettled_) return;
    unsettled_ = false;
    judge_revocation(Moment::finished);
    report_.accepted = accept_any_ || report_.verdict.verified();
    refused_peer_ = !report_.accepted;
}

}  // namespace countersign::net::tls
