#pragma once

/// The user of SNMP version 3 by the settings `snmp.user.name`, `snmp.user.digest`, `snmp.user.authentication` and `snmp.user.privacy`, and
/// the messages that it signs and encrypts. One user, always with authentication and privacy: whoever wants less has
/// versions 1 and 2c, which say openly that they protect nothing.

#include "device/unit.hpp"
#include "dialect/snmp_v3.hpp"
#include "net/tls/usm.hpp"

#include <optional>
#include <string>

namespace countersign::device {

/// The id of the unit's SNMP engine: made of the vendor's enterprise number and the unit's MAC address, the same for ever.
std::string snmp_engine_id(Unit const& unit);
/// Boots and seconds since the last one, as the unit counts them.
net::tls::usm::Place snmp_engine_time(Unit const& unit);

/// Keeps the keys: to make them takes milliseconds.
class SnmpUser {
public:
    struct Ready {
        std::string name;
        net::tls::usm::Keys keys;
    };
    /// By the settings as they are now; null without a name or with a pass phrase under 8 characters.
    Ready const* find(Unit const& unit);

private:
    SecretText made_of_;
    std::optional<Ready> ready_;
};

/// A message of the unit's own engine, signed, and with k_private in the flags of `message` encrypted.
std::string protect(Unit const& unit, SnmpUser::Ready const& user, dialect::snmp::v3::Message message);

}  // namespace countersign::device
