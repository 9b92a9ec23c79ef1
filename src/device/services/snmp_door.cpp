#include "device/services/snmp_door.hpp"

#include "base/log.hpp"
#include "device/services/listener_door.hpp"
#include "device/services/rate_limit.hpp"

#include <utility>

namespace countersign::device {

namespace snmp = dialect::snmp;

namespace {

constexpr std::int32_t k_services = 72;  // end-to-end (8) and applications (64): what a host offers, RFC 3418 section 2

std::string community_of(Unit const& unit) {
    auto const* setting = unit.family().find_canonical("snmp.community.read");
    return setting != nullptr ? unit.effective(*setting) : std::string();
}

struct Answerer {
    std::weak_ptr<Unit> unit;
    RateLimit limit{k_snmp_answers_per_second};

    std::string operator()(std::string_view datagram, net::Endpoint const& peer) {
        auto const alive = unit.lock();
        if (!alive || !limit.take(std::chrono::steady_clock::now())) return {};
        auto const community = community_of(*alive);
        // An empty community means that nobody may ask.
        if (community.empty()) return {};
        auto answer = snmp::answer(datagram, community, snmp_table(*alive));
        if (answer) return *std::move(answer);
        log::debug("snmp.refused", {{"system", alive->name()}, {"peer", peer.address}, {"error", answer.error().message()}});
        return {};
    }
};

}  // namespace

std::vector<snmp::Binding> snmp_table(Unit const& unit) {
    auto const& family = unit.family();
    snmp::SystemGroup group;
    group.description = family.product_type + " " + unit.spec().software;
    // 0.0 stands for "not known" (RFC 3418 section 2).
    group.object_id = snmp::parse_oid(family.snmp_object_id).value_or(snmp::Oid{{0, 0}});
    group.uptime = unit.uptime();
    group.contact = unit.effective_canonical("snmp.contact");
    group.name = unit.name();
    group.location = unit.effective_canonical("snmp.location");
    group.services = k_services;
    return snmp::system_table(group);
}

Result<std::unique_ptr<Door>> open_snmp_door(Unit& unit, family::Service const&, net::Endpoint where) {
    auto answerer = std::make_shared<Answerer>(unit.weak_from_this());
    CS_TRY(auto listener,
           net::listen_udp(unit.executor(), std::move(where),
                           [answerer](std::string_view datagram, net::Endpoint const& peer) { return (*answerer)(datagram, peer); }));
    return std::make_unique<ListenerDoor>(std::move(listener));
}

}  // namespace countersign::device
