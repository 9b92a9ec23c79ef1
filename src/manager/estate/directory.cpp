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
              .address = address.empty() ? system.address : address};
    std::scoped_lock lock(mutex_);
    remove(system.id);
    if (!keys.serial_number.empty()) by_serial_[keys.serial_number] = system.id;
    if (!keys.mac_address.empty()) by_mac_[keys.mac_address] = system.id;
    if (!keys.address.empty()) by_address_[keys.address] = system.id;
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

void Directory::remove(SystemId id) {
    auto place = known_.find(id);
    if (place == known_.end()) return;
    unlink(by_serial_, place->second.serial_number, id);
    unlink(by_mac_, place->second.mac_address, id);
    unlink(by_address_, place->second.address, id);
    known_.erase(place);
}

std::optional<SystemId> Directory::find(std::string_view serial_number, std::string_view mac_address,
                                        std::string_view source_address) const {
    std::scoped_lock lock(mutex_);
    if (auto id = look_up(by_serial_, to_lower(serial_number))) return id;
    if (auto id = look_up(by_mac_, plain_mac(mac_address))) return id;
    return look_up(by_address_, std::string(source_address));
}

}  // namespace countersign::manager
