#include "device/services/snmp_user.hpp"

#include "base/text.hpp"
#include "device/services/snmp_view.hpp"
#include "host/crypto.hpp"

#include <limits>
#include <utility>

namespace countersign::device {

namespace usm = net::tls::usm;
namespace v3 = dialect::snmp::v3;

namespace {

std::string value_of(Unit const& unit, std::string_view canonical) {
    auto const* setting = unit.family().find_canonical(canonical);
    return setting != nullptr ? unit.effective(*setting) : std::string();
}

std::int32_t bounded(std::uint64_t value) {
    return static_cast<std::int32_t>(std::min<std::uint64_t>(value, std::numeric_limits<std::int32_t>::max()));
}

}  // namespace

std::string snmp_engine_id(Unit const& unit) { return v3::engine_id(enterprise_of(unit), unit.spec().mac, unit.spec().serial); }

usm::Place snmp_engine_time(Unit const& unit) {
    return {.boots = bounded(unit.boots()), .time = bounded(static_cast<std::uint64_t>(unit.uptime().count()))};
}

SnmpUser::Ready const* SnmpUser::find(Unit const& unit) {
    auto name = value_of(unit, "snmp.user.name");
    if (name.empty()) return nullptr;
    auto const digest = unit.effective_canonical("snmp.user.digest") == "sha1" ? usm::Digest::sha1 : usm::Digest::sha256;
    SecretText const authentication(value_of(unit, "snmp.user.authentication"));
    SecretText const privacy(value_of(unit, "snmp.user.privacy"));
    if (authentication.reveal().size() < usm::k_shortest_pass_phrase || privacy.reveal().size() < usm::k_shortest_pass_phrase)
        return nullptr;
    SecretText made_of(name + '\n' + std::to_string(static_cast<int>(digest)) + '\n' + authentication.reveal() + '\n' + privacy.reveal());
    if (!ready_ || made_of.reveal() != made_of_.reveal()) {
        auto const engine = snmp_engine_id(unit);
        ready_ = Ready{.name = std::move(name),
                       .keys = {.digest = digest,
                                .authentication = usm::localized_key(digest, authentication, engine),
                                .privacy = usm::localized_key(digest, privacy, engine)}};
        made_of_ = std::move(made_of);
    }
    return &*ready_;
}

std::string protect(Unit const& unit, SnmpUser::Ready const& user, v3::Message message) {
    auto const place = snmp_engine_time(unit);
    message.engine = snmp_engine_id(unit);
    message.boots = place.boots;
    message.time = place.time;
    message.user = user.name;
    message.flags |= v3::k_authenticated;
    if ((message.flags & v3::k_private) != 0) {
        // Never twice the same under one key: RFC 3826 section 3.1.2.1. Random, since a unit that was set back counts the same boots again.
        auto const random = host::random_bytes(usm::k_salt_size);
        message.privacy.assign(random.begin(), random.end());
        message.data = usm::encrypt(user.keys, place, message.privacy, message.data).value_or("");
    }
    message.authentication.assign(usm::code_size(user.keys.digest), '\0');
    auto written = v3::write(message);
    written.datagram.replace(written.authentication_at, message.authentication.size(), usm::code_of(user.keys, written.datagram));
    return std::move(written.datagram);
}

}  // namespace countersign::device
