#include "manager/settings/program_settings.hpp"

#include "base/text.hpp"
#include "manager/settings/checks.hpp"

#include <array>

namespace countersign::manager {
namespace {

template <class T>
T const& as(SettingValue const& value) {
    return std::get<T>(value);
}

// The kinds of places: a text, a path, a number of whatever type, seconds in whatever unit.
template <auto Member>
struct In;
template <class Owner, class T, T Owner::* Member>
struct In<Member> {
    template <class Settings>
    static auto& of(Settings& settings) {
        if constexpr (std::is_same_v<Owner, ProgramSettings>)
            return settings.*Member;
        else if constexpr (std::is_same_v<Owner, ManagerSettings>)
            return settings.manager.*Member;
        else if constexpr (std::is_same_v<Owner, DirectorySettings>)
            return settings.directory.*Member;
        else
            return settings.people.*Member;
    }
    static void put(ProgramSettings& settings, SettingValue const& value) {
        auto& place = of(settings);
        if constexpr (std::is_same_v<T, bool> || std::is_same_v<T, std::vector<std::string>> || std::is_same_v<T, std::string>)
            place = as<T>(value);
        else if constexpr (std::is_same_v<T, std::filesystem::path>)
            place = as<std::string>(value);
        else if constexpr (std::is_arithmetic_v<T>)
            place = static_cast<T>(as<std::int64_t>(value));
        else
            place = std::chrono::seconds(as<std::int64_t>(value));
    }
    static SettingValue get(ProgramSettings const& settings) {
        auto const& place = of(settings);
        if constexpr (std::is_same_v<T, bool> || std::is_same_v<T, std::vector<std::string>> || std::is_same_v<T, std::string>)
            return place;
        else if constexpr (std::is_same_v<T, std::filesystem::path>)
            return place.string();
        else if constexpr (std::is_arithmetic_v<T>)
            return static_cast<std::int64_t>(place);
        else
            return std::int64_t{std::chrono::duration_cast<std::chrono::seconds>(place).count()};
    }
};

template <auto Member>
constexpr SettingPlace place(std::string_view name) {
    return {name, &In<Member>::put, &In<Member>::get};
}

using P = ProgramSettings;
using M = ManagerSettings;
using D = DirectorySettings;
using C = PeopleCertificates;

constexpr std::array k_places = {place<&M::data>("data"),
                                 place<&M::host_name>("host_name"),
                                 place<&M::address>("listen"),
                                 place<&M::https_port>("https_port"),
                                 place<&M::http_port>("http_port"),
                                 place<&P::http>("http"),
                                 place<&M::port_offset>("port_offset"),
                                 place<&M::dns_servers>("dns"),
                                 place<&M::bind_address>("source"),
                                 place<&M::database>("database"),
                                 place<&M::database_password_file>("database_password_file"),
                                 place<&M::database_ca_file>("database_ca_file"),
                                 place<&M::pkcs11_module>("pkcs11.module"),
                                 place<&M::pkcs11_pin_file>("pkcs11.pin_file"),
                                 place<&M::concurrency>("concurrency"),
                                 place<&M::answer_timeout>("answer_seconds"),
                                 place<&M::contact_timeout>("contact_seconds"),
                                 place<&M::restart_timeout>("restart_seconds"),
                                 place<&M::observe_interval>("observe_seconds"),
                                 place<&M::enforce_interval>("enforce_seconds"),
                                 place<&M::request_days>("request_days"),
                                 place<&P::families>("families"),
                                 place<&P::further_families>("further_families"),
                                 place<&M::hooks>("hooks"),
                                 place<&P::token_file>("token_file"),
                                 place<&P::threads>("threads"),
                                 place<&P::log_level>("log_level"),
                                 place<&P::log_format>("log_format"),
                                 place<&D::url>("directory.url"),
                                 place<&D::ca_file>("directory.ca_file"),
                                 place<&D::user_dn>("directory.user_dn"),
                                 place<&D::bind_dn>("directory.bind_dn"),
                                 place<&D::bind_password_file>("directory.bind_password_file"),
                                 place<&D::user_base>("directory.user_base"),
                                 place<&D::user_filter>("directory.user_filter"),
                                 place<&D::group_base>("directory.group_base"),
                                 place<&D::group_filter>("directory.group_filter"),
                                 place<&D::name_attribute>("directory.name_attribute"),
                                 place<&D::roles>("directory.roles"),
                                 place<&D::timeout_seconds>("directory.timeout_seconds"),
                                 place<&C::roots_file>("log_in_certificate.roots_file"),
                                 place<&C::port>("log_in_certificate.port"),
                                 place<&C::accounts>("log_in_certificate.accounts"),
                                 place<&C::revocation>("log_in_certificate.revocation")};

}  // namespace

std::span<SettingPlace const> setting_places() { return k_places; }

Result<ProgramSettings> make_program_settings(SettingsRead const& read) {
    auto problems = read.problems;
    ProgramSettings settings;
    for (auto const& place : setting_places()) place.put(settings, read.values.at(std::string(place.name)).value);
    check_settings(settings, read, problems);
    if (problems.empty()) return settings;
    return fail(all_problems(std::move(problems)));
}

SettingsChange compare(SettingsRead const& before, SettingsRead const& now) {
    SettingsChange out;
    for (auto const& row : setting_table())
        if (before.values.at(row.name).value != now.values.at(row.name).value)
            (row.reload ? out.reloaded : out.need_restart).push_back(row.name);
    return out;
}

}  // namespace countersign::manager
