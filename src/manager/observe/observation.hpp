#pragma once

/// What was seen of a system at one time: from outside on the wire, and in its own words. A plain value; assess and plan
/// need nothing else.

#include "base/error.hpp"
#include "base/utc_time.hpp"
#include "net/stream.hpp"
#include "pki/verify.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace countersign::manager {

/// How sure we are of whom we talk to.
enum class ChannelTrust {
    none,              ///< plain HTTP, or TLS that nobody checked
    pinned,            ///< certificate compared and pinned by a person
    factory_identity,  ///< chain to a trusted vendor authority, and the subject's serial number is the system's (IEEE 802.1AR)
    verified           ///< chain to the estate's roots, host name matches, dates right (Level 4)
};
std::string_view to_string(ChannelTrust trust);

/// Broken versions of TLS that a port takes (RFC 8996), as it was asked for them last. They are asked for seldom, and kept.
struct OldTls {
    std::string service;                ///< service id of the family
    std::uint16_t port = 0;             ///< as it was called
    std::vector<std::string> versions;  ///< "TLSv1", "TLSv1.1", the oldest first; empty: none
    UtcTime asked{};
    std::string certificate;  ///< SHA-256 of what it showed then, and
    std::string software;     ///< what the system had: with others it is asked again
    bool operator==(OldTls const&) const = default;
};

/// What one service port showed.
struct ServiceObservation {
    std::string service;  ///< service id of the family
    std::uint16_t port = 0;
    net::PortState state = net::PortState::silent;
    // For TLS services:
    std::string tls_version;
    std::vector<std::string> old_versions;  ///< broken ones that it takes too, see OldTls
    std::vector<pki::Certificate> presented;
    std::vector<pki::Finding> findings;  ///< against the estate's roots and the host name; no failure among them: verified
    std::string root;                    ///< subject of the estate's root that the chain ends at; empty: none, or it was not verified
    std::string root_sha256;             ///< its fingerprint
    ChannelTrust trust = ChannelTrust::none;
    std::string tls_error;  ///< open, but no TLS; with SSH: no exchange of keys
    std::string host_key;   ///< of SSH, when it was looked at: "SHA256:..."
};

/// A certificate that the system says it has for one of its purposes.
struct InstalledIdentity {
    std::string id;           ///< of the family's identities
    std::string fingerprint;  ///< SHA-256
    bool factory = false;
    bool operator==(InstalledIdentity const&) const = default;
};

/// What the system says of itself after log-in. Settings by canonical name, values canonical where the family maps them.
struct Account {
    std::string product;
    std::string software;
    std::string serial_number;
    std::string mac_address;
    std::vector<std::string> feature_keys;
    std::map<std::string, std::string> settings;  ///< as stored in the system: in effect after the next restart
    /// Those that have no canonical name, by the family's path, in its spelling.
    std::map<std::string, std::string> own_settings;
    bool restart_pending = false;         ///< stored settings, or a certificate, wait for a restart
    std::string certificate_fingerprint;  ///< SHA-256 of the installed certificate (perhaps not served yet)
    bool factory_certificate = false;
    std::vector<InstalledIdentity> identities;       ///< of families that list them
    std::vector<std::string> trust_fingerprints;     ///< SHA-256 of its trusted roots
    bool verification_effective = false;             ///< verify mode is on and has all it needs
    std::vector<std::string> missing_preconditions;  ///< of TRU-4, in the system's words
    std::optional<std::int64_t> clock_offset_seconds;
    std::string trial;  ///< number of the change that is on trial at the system; empty: none
};

/// How the system called us last.
struct ContactEvidence {
    std::optional<UtcTime> at;
    bool https = false;
    bool verified_us = false;   ///< the system was in verify mode and went on: it accepted our certificate
    std::string certificate{};  ///< SHA-256 of the certificate that it showed, which is surely its own; empty: none
};

struct Observation {
    UtcTime at{};
    std::string called;            ///< host name or address that was used
    std::string resolved_address;  ///< what DNS said for the host name; empty: not resolvable
    std::vector<ServiceObservation> services;
    /// The same services at the ports that the system's settings give them, where those are others than the family's.
    std::vector<ServiceObservation> elsewhere;
    std::vector<OldTls> old_tls;  ///< of the ports that speak TLS
    ChannelTrust account_channel = ChannelTrust::none;
    std::optional<Account> account;  ///< nothing: could not, or must not, log in
    std::optional<Error> account_error;
    bool factory_password = false;  ///< the factory password opened it
    ContactEvidence contact;
    /// Why the unit that answers is another one than the system that is known; empty: nothing says so. Nothing is done to it.
    std::string other_unit;
    bool behind_firewall = false;  ///< it was not looked at: nothing can be asked from here

    [[nodiscard]] ServiceObservation const* find(std::string_view service) const;
    [[nodiscard]] ServiceObservation const* find_elsewhere(std::string_view service) const;
    /// At the family's port.
    [[nodiscard]] bool open(std::string_view service) const;
};

}  // namespace countersign::manager
