#pragma once

/// Which system is meant by a call, by what callers say of themselves. In memory, because calls come often and are anonymous; a
/// match is a hint and never a proof.

#include "manager/estate/model.hpp"
#include "pki/certificate.hpp"

#include <map>
#include <mutex>
#include <optional>

namespace countersign::manager {

/// "A1:B2-C3-D4.e5 f6" and "a1b2c3d4e5f6" are the same; empty for what is no MAC address.
std::string plain_mac(std::string_view text);

class Directory {
public:
    /// `address`: where the system was found, beside the one of its settings.
    void learn(System const& system, std::string const& address);
    void forget(SystemId id);
    /// By serial number, then MAC address (any notation), then source address.
    [[nodiscard]] std::optional<SystemId> find(std::string_view serial_number, std::string_view mac_address,
                                               std::string_view source_address) const;
    /// The system with this host name, without case; nothing for an empty one.
    [[nodiscard]] std::optional<SystemId> of_host_name(std::string_view name) const;
    /// The system for which a person pinned this SHA-256, of a certificate or of its public key.
    [[nodiscard]] std::optional<SystemId> of_pin(std::string_view sha256) const;
    /// The system whose certificate somebody showed, with its key: pinned by a person, or, when it was `verified` by the estate's roots,
    /// made for its host name.
    [[nodiscard]] std::optional<SystemId> of_certificate(pki::Certificate const& leaf, bool verified) const;
    /// The system is known to be at that address.
    [[nodiscard]] bool is_at(SystemId id, std::string_view address) const;

private:
    struct Keys {
        std::string serial_number, mac_address, address, host_name;
        std::vector<std::string> pins;
    };
    void remove(SystemId id);

    mutable std::mutex mutex_;
    std::map<SystemId, Keys> known_;
    std::map<std::string, SystemId, std::less<>> by_serial_, by_mac_, by_address_, by_host_name_, by_pin_;
};

}  // namespace countersign::manager
