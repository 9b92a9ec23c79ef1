#include "device/clients/trap_sender.hpp"

#include "base/text.hpp"
#include "device/services/snmp_user.hpp"
#include "device/services/snmp_view.hpp"
#include "net/stream.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace countersign::device {
namespace {

namespace snmp = dialect::snmp;
namespace v3 = dialect::snmp::v3;

constexpr int k_receivers = 3;
constexpr std::uint16_t k_port = 162;
constexpr std::int32_t k_specific = 6;  // generic trap number of RFC 1157 for "look at the specific one"

struct Trap {
    std::int32_t generic = k_specific;
    std::int32_t specific = 0;
    std::vector<snmp::Binding> bindings;
};

/// snmpTrapOID: RFC 3418 section 2 for the generic ones, ours below notifications (0).
snmp::Oid name_of(Trap const& trap) {
    if (trap.generic == k_specific) return mib_oid({0, static_cast<std::uint32_t>(trap.specific)});
    return {{1, 3, 6, 1, 6, 3, 1, 1, 5, static_cast<std::uint32_t>(trap.generic) + 1}};
}

std::string field_of(Event const& event, std::string_view name) { return std::string(event.field(name).substr(0, 255)); }

/// The events that are traps; nothing for all others.
std::optional<Trap> trap_of(Event const& event) {
    constexpr std::int32_t k_cold_start = 0;
    constexpr std::int32_t k_authentication_failure = 4;
    if (event.id == "boot.done") return Trap{.generic = k_cold_start, .specific = 0, .bindings = {}};
    if (event.id == "login.failed" && event.field("door") == "snmp")
        return Trap{.generic = k_authentication_failure, .specific = 0, .bindings = {}};
    bool const raised = event.id == "alarm.raised";
    if (!raised && event.id != "alarm.cleared") return std::nullopt;
    constexpr std::int32_t k_raised = 1;
    constexpr std::int32_t k_cleared = 2;
    constexpr std::int32_t k_certificate = 3;
    bool const certificate = raised && event.field("id").starts_with("certificate.");
    Trap trap{.generic = k_specific, .specific = certificate ? k_certificate : raised ? k_raised : k_cleared, .bindings = {}};
    trap.bindings.push_back({mib_oid({3, 3, 0}), field_of(event, "id")});
    trap.bindings.push_back({mib_oid({3, 4, 0}), field_of(event, "subject")});
    trap.bindings.push_back({mib_oid({3, 5, 0}), field_of(event, "text")});
    auto const days = parse_number<std::int32_t>(event.field("days_left"));
    if (certificate && days) trap.bindings.push_back({mib_oid({3, 6, 0}), *days});
    return trap;
}

/// Shared with what is being sent; the companion may go at any moment.
struct Sender {
    std::weak_ptr<Unit> unit;
    SnmpUser user;
    std::int32_t next_id = 1;
    bool stopped = false;
};

std::string community_of(Unit const& unit) {
    auto const* setting = unit.family().find_canonical("snmp.community.read");
    return setting != nullptr ? unit.effective(*setting) : std::string();
}

snmp::IpAddress agent_address(Unit const& unit) {
    snmp::IpAddress out;
    auto const parts = split(unit.address(), '.');
    for (std::size_t i = 0; i < out.bytes.size() && parts.size() == out.bytes.size(); ++i)
        out.bytes[i] = parse_number<std::uint8_t>(parts[i]).value_or(0);
    return out;
}

snmp::TimeTicks uptime_of(Unit const& unit) {
    return {static_cast<std::uint32_t>(static_cast<std::uint64_t>(unit.uptime().count()) * 100)};
}

std::string write_v1(Unit const& unit, Trap const& trap, std::string community) {
    // RFC 3584 section 3.2: the enterprise is the parent of notifications, or for generic traps that of the system.
    auto const enterprise =
        trap.generic == k_specific ? mib_oid({}) : snmp::parse_oid(unit.family().snmp_object_id).value_or(snmp::Oid{{0, 0}});
    return snmp::write_trap_v1({.community = std::move(community),
                                .enterprise = enterprise,
                                .agent = agent_address(unit),
                                .generic = trap.generic,
                                .specific = trap.specific,
                                .uptime = uptime_of(unit),
                                .bindings = trap.bindings});
}

std::string write_v3(Unit const& unit, Trap const& trap, SnmpUser::Ready const& user, std::int32_t id) {
    // Written as version 2c and taken apart again: what stands in it is the same.
    auto pdu = snmp::parse_message(snmp::write_trap_v2c("", id, uptime_of(unit), name_of(trap), trap.bindings)).value_or(snmp::Message{});
    v3::Message message;
    message.id = id;
    message.flags = v3::k_authenticated | v3::k_private;
    message.data = v3::write_scoped({.context_engine = snmp_engine_id(unit), .context_name = {}, .pdu = std::move(pdu)});
    return protect(unit, user, std::move(message));
}

/// Empty when the settings do not say how: no community, no user.
std::string write(Sender& sender, Unit const& unit, Trap const& trap) {
    auto community = community_of(unit);
    auto const* user = sender.user.find(unit);
    auto version = unit.effective_canonical("snmp.trap.version");
    if (version.empty()) version = community.empty() && user != nullptr ? "v3" : "v2c";
    auto const id = sender.next_id++;
    if (version == "v3") return user != nullptr ? write_v3(unit, trap, *user, id) : std::string();
    if (community.empty()) return {};
    if (version == "v1") return write_v1(unit, trap, std::move(community));
    return snmp::write_trap_v2c(community, id, uptime_of(unit), name_of(trap), trap.bindings);
}

bool is_on(Unit const& unit) {
    auto const open = unit.open_services();
    return std::ranges::any_of(unit.family().services,
                               [&open](family::Service const& service) { return service.door == "snmp" && open.contains(service.id); });
}

net::Task<> send(std::shared_ptr<Sender> sender, std::string receiver, std::string datagram) {
    auto unit = sender->unit.lock();
    if (!unit) co_return;
    auto resolver = unit->resolver();
    auto const port = static_cast<std::uint16_t>(k_port + unit->environment().port_offset);
    unit.reset();
    auto addresses = Result<std::vector<std::string>>(std::vector{receiver});
    if (!is_ip_address(receiver)) {
        if (resolver) addresses = co_await resolver->resolve(receiver);
        if (!resolver) addresses->clear();
    }
    unit = sender->unit.lock();
    if (!unit || sender->stopped) co_return;
    auto sent = Result<void>();
    if (!addresses) sent = fail(std::move(addresses).error());
    if (sent && !addresses->empty()) sent = net::send_udp(unit->executor(), {addresses->front(), port}, datagram, unit->address());
    bool const nobody = sent && addresses->empty();
    if (!sent || nobody)
        unit->report("trap.failed", {{"receiver", receiver}, {"detail", nobody ? "no DNS server is set" : sent.error().message()}});
}

void hear(std::shared_ptr<Sender> const& sender, Event const& event) {
    auto const unit = sender->unit.lock();
    if (!unit || sender->stopped) return;
    auto const trap = trap_of(event);
    if (!trap || !is_on(*unit)) return;
    for (int number = 1; number <= k_receivers; ++number) {
        auto const receiver = unit->effective_canonical("snmp.trap.receiver." + std::to_string(number));
        if (!is_ip_address(receiver) && !is_host_name(receiver)) continue;
        auto datagram = write(*sender, *unit, *trap);
        if (datagram.empty()) return;
        net::spawn(
            unit->executor(), [sender, receiver, datagram = std::move(datagram)] { return send(sender, receiver, datagram); }, "trap");
    }
}

class TrapSender final : public Companion {
public:
    explicit TrapSender(std::shared_ptr<Unit> const& unit) : sender_(std::make_shared<Sender>(unit)) {
        subscription_ = unit->subscribe([sender = sender_](Event const& event) { hear(sender, event); });
    }
    ~TrapSender() override { sender_->stopped = true; }
    TrapSender(TrapSender const&) = delete;
    TrapSender& operator=(TrapSender const&) = delete;

private:
    std::shared_ptr<Sender> sender_;
    std::unique_ptr<Unit::Subscription> subscription_;
};

}  // namespace

std::unique_ptr<Companion> make_trap_sender(std::shared_ptr<Unit> unit) {
    if (unit->family().find_canonical("snmp.trap.receiver.1") == nullptr) return nullptr;
    return std::make_unique<TrapSender>(unit);
}

}  // namespace countersign::device
