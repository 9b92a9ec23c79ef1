#include "manager/settings/checks.hpp"

#include "base/text.hpp"
#include "host/files.hpp"
#include "manager/store/place.hpp"
#include "pki/certificate.hpp"

#include "countersign/errors/gen.hpp"
#include "countersign/errors/set.hpp"

#include <sys/stat.h>
#include <unistd.h>

namespace countersign::manager {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t k_roots_limit = 1024UL * 1024;

class Checks {
public:
    Checks(SettingsRead const& read, std::vector<Error>& problems) : read_(read), problems_(problems) {}

    void bad(std::string_view name, std::string_view detail) {
        Error error(errors::set::bad_value, {{"name", name}, {"detail", detail}});
        problems_.push_back(error.at(read_.values.at(std::string(name)).origin));
    }
    /// Of several at once each stands for itself.
    void add(std::string_view name, Error error) {
        auto const& origin = read_.values.at(std::string(name)).origin;
        if (error.id() != errors::gen::several_problems) {
            problems_.push_back(error.at(origin));
            return;
        }
        for (auto cause : error.causes()) problems_.push_back(cause.at(origin));
    }
    void paths() {
        for (auto const& row : setting_table()) {
            if (!is_path(row.type)) continue;
            auto const& value = std::get<std::string>(read_.values.at(row.name).value);
            if (!value.empty()) path(row, value);
        }
    }
    /// A secret stands in this file: nobody else may read it.
    void secret_file(std::string_view name, fs::path const& file) {
        struct stat found{};
        if (file.empty() || ::stat(file.c_str(), &found) != 0) return;
        if ((found.st_mode & (S_IRWXG | S_IRWXO)) != 0 && !is_credential(file))
            bad(name, file.string() + " can be read by others; chmod 600 it");
    }

private:
    /// What the service manager hands over (LoadCredential=) is closed to others by its folder.
    static bool is_credential(fs::path const& file) {
        char const* folder = std::getenv("CREDENTIALS_DIRECTORY");  // NOLINT(concurrency-mt-unsafe): nobody sets it
        return folder != nullptr && file.parent_path() == fs::path(folder);
    }
    void path(SettingRow const& row, std::string const& value) {
        std::error_code code;
        if (row.type == SettingType::folder && !fs::is_directory(value, code)) return bad(row.name, value + " is not a folder");
        if (row.type == SettingType::file && !fs::is_regular_file(value, code)) return bad(row.name, value + " is not a file");
        if (row.type != SettingType::output && ::access(value.c_str(), R_OK) != 0) bad(row.name, value + " cannot be read by this user");
    }

    SettingsRead const& read_;
    std::vector<Error>& problems_;
};

void check_names(ProgramSettings const& settings, Checks& checks) {
    auto const& manager = settings.manager;
    if (!manager.host_name.empty() && !is_host_name(manager.host_name)) checks.bad("host_name", "it is no host name");
    if (!is_ip_address(manager.address)) checks.bad("listen", "an IP address is expected");
    if (!manager.bind_address.empty() && !is_ip_address(manager.bind_address)) checks.bad("source", "an IP address is expected");
    for (auto const& server : manager.dns_servers)
        if (!is_ip_address(server)) checks.bad("dns", "IP addresses are expected");
    constexpr int highest = 65535;
    if (manager.https_port + manager.port_offset > highest) checks.bad("https_port", "with port_offset it is above 65535");
    if (manager.http_port + manager.port_offset > highest) checks.bad("http_port", "with port_offset it is above 65535");
    if (settings.http && manager.http_port == manager.https_port) checks.bad("http_port", "it is the HTTPS port");
    if (!settings.families.empty() && !settings.further_families.empty())
        checks.bad("further_families", "families is set too; only one of them can be");
}

void check_database(ManagerSettings const& manager, Checks& checks) {
    if (manager.database.empty()) {
        if (!manager.database_password_file.empty()) checks.bad("database_password_file", "database is not set");
        if (!manager.database_ca_file.empty()) checks.bad("database_ca_file", "database is not set");
        return;
    }
    auto const text = store::connection_text(place_of(manager).database);
    if (!text) checks.add("database", text.error());
    checks.secret_file("database_password_file", manager.database_password_file);
}

bool has_tls_roots(std::filesystem::path const& file) {
    auto const text = host::read_file(file, k_roots_limit);
    if (!text) return true;  // said elsewhere
    auto const roots = pki::parse_bundle(*text);
    return roots && !roots->empty();
}

void check_directory(DirectorySettings const& directory, Checks& checks) {
    if (directory.url.empty()) return;
    if (auto const server = parse_directory_url(directory.url); !server) checks.bad("directory.url", server.error().parameter("detail"));
    if (directory.ca_file.empty())
        checks.bad("directory.ca_file", "the roots are needed: the directory is never believed unseen");
    else if (!has_tls_roots(directory.ca_file))
        checks.bad("directory.ca_file", "it holds no certificate");
    if (directory.user_dn.empty() && directory.user_base.empty())
        checks.bad("directory.user_dn", "say how people log in there: user_dn, or user_base and user_filter");
    if (!directory.user_dn.empty() && directory.user_dn.find("{user}") == std::string::npos)
        checks.bad("directory.user_dn", "{user} does not stand in it");
    if (directory.user_dn.empty() && directory.user_filter.find("{user}") == std::string::npos)
        checks.bad("directory.user_filter", "{user} does not stand in it");
    if (!directory.bind_dn.empty() && directory.bind_password_file.empty())
        checks.bad("directory.bind_password_file", "bind_dn is set and has no password");
    if (directory.roles.empty()) checks.bad("directory.roles", "nobody would get a role");
    for (auto const& text : directory.roles)
        if (auto const rule = parse_role_of_group(text); !rule) checks.bad("directory.roles", rule.error().parameter("detail"));
    checks.secret_file("directory.bind_password_file", directory.bind_password_file);
}

void check_people(PeopleCertificates const& people, Checks& checks) {
    if (people.roots_file.empty()) return;
    if (!has_tls_roots(people.roots_file)) checks.bad("log_in_certificate.roots_file", "it holds no certificate");
    if (people.accounts.empty()) checks.bad("log_in_certificate.accounts", "no certificate would belong to an account");
    for (auto const& text : people.accounts)
        if (auto const rule = parse_account_rule(text); !rule) checks.bad("log_in_certificate.accounts", rule.error().parameter("detail"));
}

}  // namespace

void check_settings(ProgramSettings const& settings, SettingsRead const& read, std::vector<Error>& problems) {
    Checks checks(read, problems);
    checks.paths();
    check_names(settings, checks);
    check_database(settings.manager, checks);
    check_directory(settings.directory, checks);
    check_people(settings.people, checks);
    checks.secret_file("pkcs11.pin_file", settings.manager.pkcs11_pin_file);
}

Error all_problems(std::vector<Error> problems) {
    if (problems.size() == 1) return std::move(problems.front());
    Error all(errors::gen::several_problems);
    for (auto& one : problems) all.because(std::move(one));
    return all;
}

}  // namespace countersign::manager
