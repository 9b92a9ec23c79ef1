#pragma once

/// How the manager reaches systems: names, source address, shifted ports, and whom it believes.

#include "family/family.hpp"
#include "manager/drivers/direct.hpp"
#include "manager/estate/model.hpp"
#include "manager/observe/observation.hpp"
#include "net/http/client.hpp"
#include "net/resolver.hpp"
#include "net/revocation.hpp"
#include "net/task.hpp"

#include <memory>
#include <string>

namespace countersign::manager {

/// Constant while the program runs.
struct Wire {
    std::shared_ptr<net::Resolver> resolver;  ///< the manager's DNS
    std::string bind_address;
    std::uint16_t port_offset = 0;
    std::shared_ptr<Clock const> clock;
    net::Milliseconds connect{5000};                   ///< one connection and its handshake
    net::Milliseconds exchange{20000};                 ///< one request and its answer
    net::Milliseconds snmp{1000};                      ///< one SNMP question
    std::shared_ptr<net::RevocationCache> revocation;  ///< what authorities said; null: only what systems staple
    std::shared_ptr<DirectWays const> direct;          ///< SSH and hooks; null: neither host keys are looked at nor hooks run

    /// `service` at this system: its HTTPS may have a port of its own (REQ MGR-1).
    [[nodiscard]] std::uint16_t port_of(System const& system, family::Service const& service) const;
    /// Where nothing is known yet of the system.
    [[nodiscard]] std::uint16_t port_of(family::Service const& service) const;
    /// A port that a system says it has; nothing when the shift leads beyond the last one.
    [[nodiscard]] std::optional<std::uint16_t> shifted(std::uint16_t port) const;
};

/// Whom we believe: the estate's own roots, and the vendors' authorities for factory identities.
struct TrustBase {
    pki::Anchors estate;
    pki::Anchors factory;
    pki::RevocationPolicy revocation = pki::RevocationPolicy::off;  ///< of certificates below the estate's roots
};

/// The name that stands in a system's certificate: its host name; its address while it has none.
std::string const& certificate_name(System const& system);

/// How sure a handshake makes us that this is the system. A certificate that was revoked makes us sure of nothing, whoever pinned it.
/// `findings` are those of the verification against the estate's roots and the name; `at` is the time of verification of the factory
/// identity.
ChannelTrust judge(std::vector<pki::Certificate> const& presented, std::vector<pki::Finding> const& findings, System const& system,
                   TrustBase const& trust, UtcTime at);

/// We know for sure which unit the system is: only then is a factory identity worth a secret. At first contact, and while its
/// serial number was only heard over HTTP, any unit of the vendor could be in its place.
/// The serial number of a factory identity (IEEE 802.1AR) whose chain ends at one of the vendors; empty: it is none.
std::string factory_serial_number(std::vector<pki::Certificate> const& presented, pki::Anchors const& vendors, UtcTime at);
bool is_bound_to_unit(System const& system);

/// An HTTPS client that talks to exactly the peer that `seen` showed: verified again by chain and name, or by its certificate.
/// `seen.trust` must be at least pinned.
net::http::Client secure_client(Wire const& wire, System const& system, std::string const& address, ServiceObservation const& seen,
                                TrustBase const& trust);
net::http::Client plain_client(Wire const& wire, System const& system, std::string const& address, std::uint16_t port);

/// The service over which the family is managed, with and without TLS; null when it has none.
family::Service const* https_service(family::Family const& family);
family::Service const* http_service(family::Family const& family);
/// Its own way in is SSH: a host key that is pinned is all the trust there is, and as good as a verified certificate (REQ LVL-5).
bool managed_over_ssh(family::Family const& family);
/// The least trust that a channel to a system of this family can be asked for in place of `least`.
ChannelTrust attainable(family::Family const& family, ChannelTrust least);
/// The service answers with a TLS handshake.
bool speaks_tls(family::Service const& service);

/// The mode that holds for this system: one that is known to be not capable is treated as before (REQ MGR-3).
SecureOnly effective_mode(System const& system, Policy const& policy);

}  // namespace countersign::manager
