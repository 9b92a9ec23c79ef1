#include "manager/access/people_directory.hpp"

#include "base/log.hpp"
#include "base/text.hpp"
#include "host/files.hpp"

#include "countersign/errors/acc.hpp"
#include "countersign/errors/gen.hpp"

#include <algorithm>

namespace countersign::manager {
namespace {

constexpr std::uint16_t k_ldap_port = 389;
constexpr std::uint16_t k_ldaps_port = 636;
constexpr int k_most_groups = 500;

/// Two ways to write one name: blanks around "," and "=", and capitals. Good enough for names that one directory wrote.
std::string comparable(std::string_view dn) {
    std::string out;
    for (auto const part : split(dn, ',')) {
        auto const equals = part.find('=');
        auto const name = trim(part.substr(0, equals));
        auto const value = equals == std::string_view::npos ? std::string_view() : trim(part.substr(equals + 1));
        if (!out.empty()) out += ',';
        out += to_lower(name);
        if (equals != std::string_view::npos) out += "=" + to_lower(value);
    }
    return out;
}

std::string fill(std::string pattern, std::string const& user, std::string const& dn) {
    return replace_all(replace_all(std::move(pattern), "{user}", user), "{dn}", dn);
}

using Person = PeopleDirectory::Person;

/// On the blocking pool.
class Question {
public:
    Question(DirectorySettings const& settings, net::LdapServer const& server, std::vector<RoleOfGroup> const& rules)
        : settings_(settings), server_(server), rules_(rules) {}

    Result<std::optional<Person>> let_in(std::string const& user, SecretText const& password) {
        CS_TRY(auto const connection, net::LdapConnection::open(server_));
        CS_TRY(auto const found, settings_.user_dn.empty()
                                     ? search(*connection, user)
                                     : Result<std::optional<std::string>>(fill(settings_.user_dn, net::escape_ldap_dn(user), {})));
        if (!found) return std::nullopt;
        // A connection of its own: what is searched afterwards is searched as the one who may.
        CS_TRY(auto const own, net::LdapConnection::open(server_));
        CS_TRY(bool const good, own->bind(*found, password));
        if (!good) return std::nullopt;
        auto& asking = settings_.user_dn.empty() ? *connection : *own;
        CS_TRY(auto const groups, groups_of(asking, user, *found));
        auto const role = role_of_groups(rules_, groups);
        if (!role) {
            log::warning("directory.no_role", {{"user", user}, {"groups", static_cast<std::int64_t>(groups.size())}});
            return std::nullopt;
        }
        CS_TRY(auto name, name_of(asking, *found));
        return Person{.full_name = std::move(name), .role = *role};
    }

private:
    /// The name by which he logs in there.
    Result<std::optional<std::string>> search(net::LdapConnection& connection, std::string const& user) {
        if (!settings_.bind_dn.empty()) {
            CS_TRY(auto text, host::read_secret_file(settings_.bind_password_file));
            SecretText const password{std::string(trim(text.reveal()))};
            CS_TRY(bool const good, connection.bind(settings_.bind_dn, password));
            if (!good)
                return fail(errors::acc::directory_failed,
                            {{"server", server_.host}, {"step", "log-in"}, {"detail", "it does not let " + settings_.bind_dn + " in"}});
        }
        auto const filter = fill(settings_.user_filter, net::escape_ldap_filter(user), {});
        // Two people of one name: whose password would count?
        CS_TRY(auto const found, connection.search(settings_.user_base, filter, {"1.1"}, 2));
        if (found.size() != 1) {
            if (found.size() > 1) log::warning("directory.ambiguous", {{"user", user}, {"filter", filter}});
            return std::nullopt;
        }
        return found.front().dn;
    }

    Result<std::vector<std::string>> groups_of(net::LdapConnection& connection, std::string const& user, std::string const& dn) {
        std::vector<std::string> out;
        if (settings_.group_base.empty()) return out;
        auto const filter = fill(settings_.group_filter, net::escape_ldap_filter(user), net::escape_ldap_filter(dn));
        CS_TRY(auto const groups, connection.search(settings_.group_base, filter, {"1.1"}, k_most_groups));
        for (auto const& group : groups) out.push_back(group.dn);
        return out;
    }

    Result<std::string> name_of(net::LdapConnection& connection, std::string const& dn) {
        CS_TRY(auto const entries,
               connection.search(dn, "(objectClass=*)", {settings_.name_attribute}, 1, net::LdapConnection::Scope::entry));
        if (entries.empty()) return std::string();
        auto name = entries.front().first(settings_.name_attribute);
        constexpr std::size_t longest = 200;
        bool const shown = name.size() <= longest && is_utf8(name) &&
                           std::ranges::none_of(name, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
        return shown ? name : std::string();
    }

    DirectorySettings const& settings_;
    net::LdapServer const& server_;
    std::vector<RoleOfGroup> const& rules_;
};

class LdapDirectory final : public PeopleDirectory, public std::enable_shared_from_this<LdapDirectory> {
public:
    LdapDirectory(DirectorySettings settings, net::LdapServer server, std::vector<RoleOfGroup> rules,
                  std::shared_ptr<net::Resolver> resolver, net::BlockingPool& pool)
        : settings_(std::move(settings)),
          server_(std::move(server)),
          rules_(std::move(rules)),
          resolver_(std::move(resolver)),
          pool_(pool) {}

    net::Task<Result<std::optional<Person>>> let_in(std::string user, SecretText password) override {
        auto const self = shared_from_this();
        CS_CO_TRY(auto const addresses, co_await resolver_->resolve(server_.host));
        auto secret = std::make_shared<SecretText const>(std::move(password));
        Result<std::optional<Person>> answer =
            fail(errors::acc::directory_failed, {{"server", server_.host}, {"step", "connection"}, {"detail", "it has no address"}});
        for (auto const& address : addresses) {
            auto server = server_;
            server.address = address;
            answer = co_await net::offload(pool_, [self, server = std::move(server), user, secret] {
                return Question(self->settings_, server, self->rules_).let_in(user, *secret);
            });
            if (answer) break;
        }
        co_return answer;
    }

private:
    DirectorySettings settings_;
    net::LdapServer server_;
    std::vector<RoleOfGroup> rules_;
    std::shared_ptr<net::Resolver> resolver_;
    net::BlockingPool& pool_;
};

}  // namespace

Result<RoleOfGroup> parse_role_of_group(std::string_view text) {
    auto const equals = text.find('=');
    auto const role = parse_role(trim(text.substr(0, equals)));
    auto const group = equals == std::string_view::npos ? std::string_view() : trim(text.substr(equals + 1));
    if (!role || group.empty() || (group != "*" && group.find('=') == std::string_view::npos))
        return fail(errors::gen::invalid_input,
                    {{"field", "directory.roles"},
                     {"detail", "\"" + std::string(text) +
                                    "\" is not of the form \"ROLE = NAME OF A GROUP\", or \"ROLE = *\" for everybody; ROLE is " +
                                    std::string(k_role_names)}});
    return RoleOfGroup{*role, group == "*" ? std::string("*") : comparable(group)};
}

std::optional<Role> role_of_groups(std::vector<RoleOfGroup> const& rules, std::vector<std::string> const& groups) {
    for (auto const& rule : rules) {
        if (rule.group == "*") return rule.role;
        if (std::ranges::any_of(groups, [&rule](std::string const& group) { return comparable(group) == rule.group; })) return rule.role;
    }
    return std::nullopt;
}

Result<net::LdapServer> parse_directory_url(std::string_view url) {
    net::LdapServer server;
    auto const wrong = [](std::string_view detail) {
        return fail(errors::gen::invalid_input, {{"field", "directory.url"}, {"detail", detail}});
    };
    if (istarts_with(url, "ldaps://")) {
        server.port = k_ldaps_port;
    } else if (istarts_with(url, "ldap://")) {
        server.security = net::LdapServer::Security::start_tls;
        server.port = k_ldap_port;
    } else {
        return wrong("ldaps://HOST or ldap://HOST is expected");
    }
    auto rest = url.substr(url.find("//") + 2);
    if (rest.ends_with('/')) rest.remove_suffix(1);
    auto const colon = rest.rfind(':');
    if (colon != std::string_view::npos) {
        auto const port = parse_number<std::uint16_t>(rest.substr(colon + 1));
        if (!port || *port == 0) return wrong("its port is no number from 1 to 65535");
        server.port = *port;
        rest = rest.substr(0, colon);
    }
    if (!is_host_name(rest) && !is_ip_address(rest)) return wrong("its host is neither a host name nor an address");
    server.host = to_lower(rest);
    return server;
}

std::shared_ptr<PeopleDirectory> make_directory(DirectorySettings settings, std::shared_ptr<net::Resolver> resolver,
                                                net::BlockingPool& pool) {
    if (settings.url.empty()) return nullptr;
    auto server = parse_directory_url(settings.url);
    if (!server) return nullptr;
    server->roots = settings.ca_file;
    server->timeout = std::chrono::seconds(settings.timeout_seconds);
    std::vector<RoleOfGroup> rules;
    for (auto const& text : settings.roles)
        if (auto rule = parse_role_of_group(text)) rules.push_back(*std::move(rule));
    return std::make_shared<LdapDirectory>(std::move(settings), *std::move(server), std::move(rules), std::move(resolver), pool);
}

}  // namespace countersign::manager
