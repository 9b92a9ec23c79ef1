#pragma once

/// A close look at a TLS server from outside: which versions, ciphers and groups it takes and in whose order, which certificates it
/// shows and how, what it answers without a name (REQ WRK-12). It takes many short connections; how many at once and in all, and
/// for how long, is the caller's. No payload is sent beyond what STARTTLS needs.
///
/// The result is a value. What it means says net/survey/judge.hpp.

#include "net/address.hpp"
#include "net/survey/ciphers.hpp"
#include "net/survey/start_tls.hpp"
#include "net/task.hpp"
#include "pki/certificate.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace countersign::net::survey {

struct SurveyRequest {
    Endpoint where;
    std::string server_name;  ///< SNI; empty or an address: none is sent
    StartTls start_tls = StartTls::none;
    Milliseconds deadline{5000};   ///< for each connection
    Milliseconds timeout{30'000};  ///< for everything; what was seen by then is the result
    unsigned at_once = 2;          ///< connections at the same time: some equipment dies of more
    unsigned connections = 150;    ///< in all
    std::string bind_address;
};

/// How the first conversation went.
enum class Contact {
    unreachable,        ///< no connection: `error` says why
    silent,             ///< accepts connections and says nothing
    closed,             ///< closes, or resets, without a word
    not_tls,            ///< says something that is not TLS: `seen`, `spoken`
    start_tls_refused,  ///< does not want to go over to TLS: `seen`
    broken_tls,         ///< begins as TLS and breaks its rules
    tls
};
std::string_view to_string(Contact contact);

/// Whose order of ciphers counts.
enum class Order { unknown, server, client };
std::string_view to_string(Order order);

struct VersionReport {
    Version version = Version::tls1_2;
    bool accepted = false;
    std::string answer;                  ///< to a refused one: "alert protocol_version", "closed", "silent", "chose TLS 1.2"
    std::vector<std::uint16_t> ciphers;  ///< in the server's order, or in ours when the client's order counts
    Order order = Order::unknown;
    bool complete = true;  ///< false: connections or time ran out, there may be more ciphers
};

struct PresentedChain {
    std::vector<pki::Certificate> certificates;  ///< as sent
    std::string error;                           ///< of one that cannot be read; those before it are there
};

enum class ClientCertificate { not_asked, requested, required };
std::string_view to_string(ClientCertificate asked);

/// A handshake that went to its end: the server has the key of its certificate.
struct Handshake {
    std::string version;  ///< "TLSv1.3"
    std::string cipher;   ///< OpenSSL's name
    std::string group;
    std::string signature;
};

enum class WithoutName { not_tried, same, other, refused };
std::string_view to_string(WithoutName answer);

struct Survey {
    SurveyRequest request;
    Contact contact = Contact::unreachable;
    std::optional<Error> error;  ///< unreachable
    std::string seen;            ///< first bytes of what is not TLS, at most 256, as they came
    std::string spoken;          ///< "HTTP", "SSH" ...: what they look like; empty: unknown

    std::vector<VersionReport> versions;  ///< SSL 3 to TLS 1.3
    std::vector<std::uint16_t> groups;    ///< in the order in which the server prefers them
    int smallest_dh_bits = 0;             ///< 0: none was seen
    bool compression = false;
    bool secure_renegotiation = true;    ///< RFC 5746, in all versions that were accepted
    bool extended_master_secret = true;  ///< RFC 7627, in TLS 1.2 if it is accepted

    std::optional<Handshake> handshake;
    std::string handshake_error;         ///< why none went to its end
    std::vector<PresentedChain> chains;  ///< the first is that of the handshake; a second one has a key of another kind
    ClientCertificate client_certificate = ClientCertificate::not_asked;
    std::vector<std::string> accepted_authorities;  ///< of client certificates
    std::string alpn;                               ///< empty: none was chosen
    Bytes stapled;                                  ///< OCSP response; empty: none
    WithoutName without_name = WithoutName::not_tried;
    std::optional<pki::Certificate> leaf_without_name;  ///< when it is another one

    unsigned connections = 0;
    Milliseconds elapsed{0};
    bool complete = true;  ///< false: connections or time of the request ran out, or the server answered no more

    [[nodiscard]] VersionReport const* find(Version version) const;
    [[nodiscard]] bool accepts(Version version) const;
    [[nodiscard]] std::optional<Version> newest() const;
};

/// Never fails: what happened is in the result.
Task<Survey> look_at(SurveyRequest request);

}  // namespace countersign::net::survey
