#include "net/survey/judge.hpp"

#include <algorithm>

namespace countersign::net::survey {

namespace {

using pki::Severity;

constexpr Rule k_rules[] = {
    // The first conversation.
    {"tls-silent", Severity::failure, "The server accepts connections and says nothing",
     "See whether the service behind the port hangs, or a filter between lets connections in and no data through; then try the port of "
     "TLS, or --starttls."},
    {"tls-closed", Severity::failure, "The server closes the connection without a word",
     "See the server's log: it may let only some addresses in, have no certificate, or await another protocol on this port."},
    {"tls-not-spoken", Severity::failure, "The server does not speak TLS on this port",
     "Switch TLS on for the service, ask its TLS port, or name its protocol with --starttls."},
    {"tls-starttls-refused", Severity::failure, "The server does not want to go over to TLS",
     "Switch STARTTLS on for the service and give it a certificate; see whether --starttls names the right protocol."},
    {"tls-broken", Severity::failure, "The server begins as TLS and breaks its rules",
     "Update the server's software; see whether a middlebox changes the traffic."},
    // Versions.
    {"tls-no-common-version", Severity::failure, "The server accepts no version from SSL 3 to TLS 1.3", "Switch TLS 1.2 and TLS 1.3 on."},
    {"tls-no-common-cipher", Severity::failure, "The server speaks TLS but accepts none of the ciphers",
     "Give the server a certificate with a key of the kind that its ciphers need, or widen its list of ciphers."},
    {"tls-only-old-version", Severity::failure, "The server accepts nothing newer than TLS 1.1",
     "Update the server's software or switch TLS 1.2 and TLS 1.3 on; RFC 8996 forbids TLS 1.0 and 1.1, RFC 7568 forbids SSL 3."},
    {"tls-old-version", Severity::failure, "The server accepts versions that must not be used",
     "Switch SSL 3, TLS 1.0 and TLS 1.1 off (RFC 7568, RFC 8996)."},
    {"tls-no-tls13", Severity::advice, "The server does not accept TLS 1.3", "Switch TLS 1.3 on when the server's software has it."},
    // Ciphers and keys.
    {"tls-anonymous", Severity::failure, "The server accepts ciphers without a certificate",
     "Take the anonymous ciphers out of the server's list (OpenSSL: !aNULL)."},
    {"tls-no-encryption", Severity::failure, "The server accepts ciphers that do not encrypt",
     "Take the NULL ciphers out of the server's list (OpenSSL: !eNULL)."},
    {"tls-export-cipher", Severity::failure, "The server accepts ciphers with keys of 40 or 56 bits",
     "Take the EXPORT ciphers out of the server's list (OpenSSL: !EXPORT)."},
    {"tls-broken-cipher", Severity::failure, "The server accepts broken ciphers",
     "Take RC4, DES, 3DES, RC2 and IDEA out of the server's list (RFC 7465, RFC 8429)."},
    {"tls-no-forward-secrecy", Severity::failure, "No cipher of the server has forward secrecy",
     "Switch ECDHE ciphers on: without them, who gets the key later can read what was recorded today."},
    {"tls-static-rsa", Severity::advice, "Some ciphers of the server have no forward secrecy",
     "Take the ciphers with static key exchange out of the server's list when no old client needs them (OpenSSL: !kRSA)."},
    {"tls-client-order", Severity::advice, "The client's order of ciphers counts though weaker ones are accepted",
     "Let the server's order count, strongest first, or take the weaker ciphers out."},
    {"tls-weak-dh", Severity::failure, "The Diffie-Hellman group of the server is too small",
     "Give the server a group of 2048 bits or more (RFC 7919), or switch DHE off in favour of ECDHE."},
    {"tls-weak-group", Severity::failure, "The server accepts elliptic curves that are too small",
     "Limit the server's curves to X25519, P-256 and P-384."},
    {"tls-compression", Severity::failure, "The server compresses what it encrypts",
     "Switch TLS compression off: the length of what is sent tells of its content (CRIME)."},
    {"tls-no-secure-renegotiation", Severity::failure, "The server does not know secure renegotiation",
     "Update the server's software (RFC 5746)."},
    {"tls-no-extended-master-secret", Severity::advice, "The server does not know the extended master secret",
     "Update the server's software (RFC 7627), or use TLS 1.3 only."},
    // The handshake.
    {"tls-handshake-failed", Severity::failure, "No handshake goes to its end",
     "See the server's log; its certificate and key may not belong together, or its ciphers are too old for any client of today."},
    {"tls-client-certificate-required", Severity::advice, "The server lets only clients with a certificate in",
     "Nothing needs to be done; a client needs a certificate from one of the authorities the server names."},
    {"tls-client-certificate-requested", Severity::advice, "The server asks its clients for a certificate",
     "Nothing needs to be done; whether one is needed shows only in the conversation that follows."},
    {"tls-other-certificate-without-name", Severity::advice, "Clients that name no server see another certificate",
     "If old clients without SNI call this server, give the default site the same certificate."},
    {"tls-refused-without-name", Severity::advice, "Clients that name no server are refused",
     "If old clients without SNI call this server, give it a default site."},
    // The chain as it is sent.
    {"tls-chain-order", Severity::failure, "The certificates are sent in the wrong order",
     "Put the server's own certificate first and each issuer after what it issued (RFC 5246 section 7.4.2): countersign cert chain."},
    {"tls-chain-completable", Severity::advice, "The missing certificate is known",
     "Add the certificate that is named to what the server sends, after its own: countersign cert chain."},
    {"tls-chain-extra", Severity::advice, "Certificates are sent that do not belong to the chain",
     "Take them out of the server's file: they cost time and mislead clients."},
    {"tls-chain-root-sent", Severity::advice, "The root is sent",
     "Take it out of the server's file: a client that trusts it has it already."},
    {"tls-certificate-unreadable", Severity::failure, "A certificate that was sent cannot be read",
     "Put the certificate into the server again; countersign show says what is wrong with the file."},
    {"tls-staple-invalid", Severity::failure, "The stapled OCSP response is not valid",
     "See whether the server reaches the responder of its authority, and its clock."},
    // The survey itself.
    {"tls-survey-cut", Severity::advice, "Not everything was looked at",
     "Give it more time with --timeout; some servers answer slowly or only a few connections."},
};

}  // namespace

std::span<Rule const> all_rules() { return k_rules; }

Rule const* find_rule(std::string_view id) {
    auto const* found = std::ranges::find(k_rules, id, &Rule::id);
    return found == std::end(k_rules) ? nullptr : found;
}

}  // namespace countersign::net::survey
