#include "manager/certificates/by_hand.hpp"

#include "base/text.hpp"

#include <arpa/inet.h>
#include <array>
#include <set>

namespace countersign::manager {

std::vector<pki::AlternativeName> names_to_ask_for(System const& system) {
    using Kind = pki::AlternativeName::Kind;
    std::vector<pki::AlternativeName> names;
    if (!system.host_name.empty()) names.push_back({Kind::dns, system.host_name});
    // A name outlives an address: the address stands in it only while there is nothing better to call the system by.
    if (system.host_name.empty() && !system.address.empty()) names.push_back({Kind::ip, system.address});
    return names;
}

std::string comparable_name(std::string_view name) {
    if (!is_ip_address(name)) return to_lower(name);
    std::string const text(name);
    std::array<std::uint8_t, sizeof(in6_addr)> bytes{};
    if (inet_pton(AF_INET6, text.c_str(), bytes.data()) == 1) return to_hex(bytes, ':');
    inet_pton(AF_INET, text.c_str(), bytes.data());
    return to_hex(std::span(bytes).first(sizeof(in_addr)), ':');
}

Result<SystemRequest> make_system_request(System const& system, Policy const& policy) {
    CS_TRY(auto const type, pki::parse_key_type(policy.key_type));
    CS_TRY(auto key, pki::PrivateKey::generate(type));
    auto const names = names_to_ask_for(system);
    pki::SubjectFields const subject{.common_name = names.empty() ? system.name : names.front().value};
    CS_TRY(auto request, pki::CertificateRequest::create(key, subject, names));
    return SystemRequest{.key = std::move(key), .request = std::move(request)};
}

bool fits(RequestEntry const& request, System const& system, Policy const& policy) {
    std::set<std::string> asked, needed;
    for (auto const& name : request.names) asked.insert(comparable_name(name));
    for (auto const& name : names_to_ask_for(system)) needed.insert(comparable_name(name.value));
    return asked == needed && request.key_type == policy.key_type;
}

net::Task<Result<ByHand>> read_by_hand(Store& store, System system, Policy policy, UtcTime now) {
    CS_CO_TRY(auto const found, co_await store.requests().in_hand(system.id));
    ByHand out;
    if (!found || !fits(found->request, system, policy)) co_return out;
    if (!found->answer.empty() && found->answer.front().not_after() <= now) co_return out;
    out.request = found->request.id;
    out.made = found->request.made;
    if (!found->answer.empty()) out.answer = found->answer.front();
    co_return out;
}

}  // namespace countersign::manager
