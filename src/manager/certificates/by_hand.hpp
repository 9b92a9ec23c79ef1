#pragma once

/// What a system in a folder whose certificates come from an authority that people ask has in hand: read from the store, and judged by
/// the system as it is now (plan/by_hand.hpp, docs/by-hand.md).

#include "manager/plan/by_hand.hpp"
#include "manager/store/request_store.hpp"
#include "manager/store/store.hpp"

namespace countersign::manager {

/// The names that a certificate of this system is asked for: its host name, and its address while it is called by that.
std::vector<pki::AlternativeName> names_to_ask_for(System const& system);
/// Two host names or addresses are the same name exactly when these are equal: host names have no case, addresses are their bytes
/// (2001:DB8:0::1 is 2001:db8::1). Not for showing. Pure.
std::string comparable_name(std::string_view name);
struct SystemRequest {
    pki::PrivateKey key;
    pki::CertificateRequest request;
};
/// A new key of the policy's type, and a request for the system's names. Blocks for as long as making the key takes. CRT-018, CRT-019.
Result<SystemRequest> make_system_request(System const& system, Policy const& policy);
/// The request asks for what the system needs now, with a key of the type that the policy says. Names are compared as a set, by
/// comparable_name(): systems spell those of their own requests as they like. Pure.
bool fits(RequestEntry const& request, System const& system, Policy const& policy);
/// Without days_before. A request that does not fit any more counts as none, and so does one whose answer has ended meanwhile.
net::Task<Result<ByHand>> read_by_hand(Store& store, System system, Policy policy, UtcTime now);

}  // namespace countersign::manager
