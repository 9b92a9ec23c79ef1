#include "base/toml.hpp"
#include "base/toml_guard.hpp"
#include "net/tls/tls.hpp"

#include "countersign/embedded_catalogue.hpp"
#include "countersign/errors/net.hpp"

#include <openssl/ssl.h>

#include <map>

namespace countersign::net::tls {

namespace {

std::optional<int> version_number(std::string_view name) {
    if (name == "TLSv1") return TLS1_VERSION;
    if (name == "TLSv1.1") return TLS1_1_VERSION;
    if (name == "TLSv1.2") return TLS1_2_VERSION;
    if (name == "TLSv1.3") return TLS1_3_VERSION;
    return std::nullopt;
}

std::string joined(toml::table const& table, std::string_view key) {
    std::string all;
    if (auto const* list = table[key].as_array())
        for (auto const& item : *list) {
            if (!all.empty()) all += ':';
            all += item.value_or(std::string());
        }
    return all;
}

Result<Profile> parse(std::string_view name, std::string_view text) {
    if (find_fatal_toml(text))
        return fail(errors::net::tls_profile_unknown, {{"name", name}, {"detail", "a character that TOML does not allow"}});
    try {
        auto table = toml::parse(text);
        Profile profile;
        profile.name = name;
        auto minimum = version_number(table["minimum_version"].value_or(std::string_view()));
        if (!minimum) return fail(errors::net::tls_profile_unknown, {{"name", name}, {"detail", "minimum_version is not a TLS version"}});
        profile.minimum_version = *minimum;
        if (auto maximum = table["maximum_version"].value<std::string_view>()) {
            auto number = version_number(*maximum);
            if (!number)
                return fail(errors::net::tls_profile_unknown, {{"name", name}, {"detail", "maximum_version is not a TLS version"}});
            profile.maximum_version = *number;
        }
        profile.ciphers = joined(table, "ciphers");
        profile.ciphersuites = joined(table, "ciphersuites");
        profile.groups = joined(table, "groups");
        profile.security_level = table["security_level"].value_or(2);
        profile.legacy_renegotiation = table["legacy_renegotiation"].value_or(false);
        return profile;
    } catch (toml::parse_error const& error) {
        return fail(errors::net::tls_profile_unknown, {{"name", name}, {"detail", error.description()}});
    }
}

using Profiles = std::map<std::string, Result<Profile>, std::less<>>;

Profiles read_all() {
    constexpr std::string_view k_ending = ".toml";
    Profiles all;
    for (auto const& file : embedded::catalogue()) {
        if (!file.name.ends_with(k_ending)) continue;
        auto name = file.name.substr(0, file.name.size() - k_ending.size());
        all.emplace(std::string(name), parse(name, file.text));
    }
    return all;
}

}  // namespace

Result<Profile const*> Profile::find(std::string_view name) {
    static Profiles const all = read_all();
    auto found = all.find(name);
    if (found == all.end()) return fail(errors::net::tls_profile_unknown, {{"name", name}, {"detail", "there is no such file"}});
    if (!found->second) return fail(found->second.error());
    return &*found->second;
}

}  // namespace countersign::net::tls
