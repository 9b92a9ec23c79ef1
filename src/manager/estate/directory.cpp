#include "manager/estate/directory.hpp"

#include "base/text.hpp"

namespace countersign::manager {

std::string plain_mac(std::string_view text) {
    std::string plain;
    for (char c : to_lower(text)) {
        if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))
            plain += c;
        else if (c != ':' && c != '-' && c != '.' && c != ' ')
            return {};
    }
    return plain.size() == 12 ? plain : std::string();
}

namespace {

using Index = std::map<std::string, SystemId, std::less<>>;

std::optional<SystemId> look_up(Index const& index, std::string const& key) {
    if (key.empty()) return std::nullopt;
    auto place = index.find(key);
    return place == index.end() ? std::nullopt : std::optional(place->second);
}

void unlink(Index& index, std::string const& key, SystemId id) {
    auto place = index.find(key);
    if (place != index.end() && place->second == id) index.erase(place);
}

}  // namespace

void Directory::learn(System const& system, std::string const& address) {
    Keys keys{.serial_number = to_lower(system.serial_number),
              .mac_address = plain_mac(system.mac_address),
              .address = address.empty() ? system.address : address,
              .host_name = to_lower(system.host_name),
              .pins = {}};
    for (auto const& pin : system.pins) keys.pins.push_back(to_lower(pin));
    std::scoped_lock lock(mutex_);
    remove(system.id);
    if (!keys.serial_number.empty()) by_serial_[keys.serial_number] = system.id;
    if (!keys.mac_address.empty()) by_mac_[keys.mac_address] = system.id;
    if (!keys.address.empty()) by_address_[keys.address] = system.id;
    if (!keys.host_name.empty()) by_host_name_[keys.host_name] = system.id;
    for (auto const& pin : keys.pins) by_pin_[pin] = system.id;
    known_[system.id] = std::move(keys);
}

void Directory::forget(SystemId id) {
    std::scoped_lock lock(mutex_);
    remove(id);
}

bool Directory::is_at(SystemId id, std::string_view address) const {
    std::scoped_lock lock(mutex_);
    auto place = known_.find(id);
    return place != known_.end() && !address.empty() && place->second.address == address;
}

std::optional<SystemId> Directory::of_host_name(std::string_view name) const {
    std::scoped_lock lock(mutex_);
    return look_up(by_host_name_, to_lower(name));
}

std::optional<SystemId> Directory::of_pin(std::string_view sha256) const {
    std::scoped_lock lock(mutex_);
    return look_up(by_pin_, to_lower(sha256));
}

void Directory::remove(SystemId id) {
    auto place = known_.find(id);
    if (place == known_.end()) return;
    unlink(by_serial_, place->second.serial_number, id);
    unlink(by_mac_, place->second.mac_address, id);
    unlink(by_address_, place->second.address, id);
    unlink(by_host_name_, place->second.host_name, id);
    for (auto const& pin : place->second.pins) unlink(by_pin_, pin, id);
    known_.erase(place);
}

std::optional<SystemId> Directory::find(std::string_view serial_number, std::string_view mac_address,
                                        std::string_view source_address) const {
    std::scoped_lock lock(mutex_);
    if (auto id = look_up(by_serial_, to_lower(serial_number))) return id;
    if (auto id = look_up(by_mac_, plain_mac(mac_address))) return id;
    return look_up(by_address_, std::string(source_address));
}

std::optional<SystemId> Directory::of_certificate(pki::Certificate const& leaf, bool verified) const {
    if (auto pinned = of_pin(leaf.fingerprint())) return pinned;
    if (auto pinned = of_pin(leaf.public_key_sha256())) return pinned;
    if (!verified) return std::nullopt;
    for (auto const& name : leaf.alternative_names())
        if (name.kind == pki::AlternativeName::Kind::dns)
            if (auto known = of_host_name(name.value)) return known;
    return leaf.alternative_names().empty() ? of_host_name(leaf.common_name()) : std::nullopt;
}

}  // namespace countersign::manager
