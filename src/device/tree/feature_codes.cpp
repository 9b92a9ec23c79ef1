#include "device/tree/feature_codes.hpp"

#include "base/text.hpp"
#include "net/tls/digest.hpp"

#include <algorithm>
#include <cctype>
#include <set>

namespace countersign::device {

std::vector<std::string> known_features(family::Family const& family) {
    std::set<std::string> known(family.factory_feature_keys.begin(), family.factory_feature_keys.end());
    auto add = [&known](auto const& keys) { known.insert(keys.begin(), keys.end()); };
    add(family.secure_only_feature_keys);
    for (auto const& service : family.services) add(service.needs_feature_key);
    for (auto const& page : family.pages) add(page.needs_feature_key);
    for (auto const& setting : family.settings) {
        add(setting.needs_feature_key);
        for (auto const& when : setting.default_when)
            if (!when.feature_key.empty()) known.insert(when.feature_key);
    }
    return {known.begin(), known.end()};
}

std::string activation_code(family::Family const& family, std::string_view serial, std::string_view feature) {
    // No name holds a line break, so no two triples are the same text.
    auto const text = family.id + "\n" + std::string(serial) + "\n" + std::string(feature);
    auto const digits = to_upper(net::tls::hash_hex(net::tls::Hash::sha256, text).substr(0, 16));
    return digits.substr(0, 4) + "-" + digits.substr(4, 4) + "-" + digits.substr(8, 4) + "-" + digits.substr(12);
}

std::optional<std::string> feature_of_code(family::Family const& family, std::string_view serial, std::string_view code) {
    auto plain = [](std::string_view text) {
        std::string out;
        for (char const c : to_upper(text))
            if (c != '-' && c != ' ') out += c;
        return out;
    };
    auto const given = plain(code);
    for (auto const& feature : known_features(family))
        if (plain(activation_code(family, serial, feature)) == given) return feature;
    return std::nullopt;
}

}  // namespace countersign::device
