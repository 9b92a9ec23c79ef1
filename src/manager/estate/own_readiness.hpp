#pragma once

/// Is the manager itself ready for Secure-Only (REQ MGR-7, MGR-15)? One host name inside and outside, known to DNS, and a clock that is
/// right. Each point with its evidence and remedy.

#include "manager/certificates/own_certificate.hpp"
#include "manager/estate/network.hpp"

namespace countersign::manager {

/// What the points are judged by.
struct OwnState {
    ManagerSettings settings;
    NetworkSettings network;
    Policy policy;
    std::vector<pki::Certificate> roots;
    Result<void> own_https;                   ///< the conversation with ourselves
    std::vector<std::string> without_name{};  ///< capable systems that have no host name: the first ten
    std::size_t without_name_in_all = 0;
    std::size_t connection_tickets = 0;
    UtcTime now{};
    std::optional<OwnCertificateState> own{};  ///< the certificate of the HTTPS port
};

net::Task<std::vector<OwnReadiness>> judge_own_readiness(Wire wire, OwnState state);

}  // namespace countersign::manager
