#pragma once

/// People of the company's directory (LDAP over verified TLS). The directory knows their passwords and, by its groups, their roles.
/// Accounts of the manager itself are never asked there: they go on working while it is away.

#include "base/result.hpp"
#include "base/secret.hpp"
#include "manager/access/roles.hpp"
#include "net/ldap.hpp"
#include "net/resolver.hpp"
#include "net/task.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace countersign::manager {

struct DirectorySettings {
    std::string url;                ///< ldaps://host:port, or ldap://host:port with StartTLS; empty: there is no directory
    std::filesystem::path ca_file;  ///< PEM
    std::string user_dn;  ///< "uid={user},ou=people,dc=company,dc=com": people log in there by this name. Empty: they are searched
    std::string bind_dn;  ///< who searches
    std::filesystem::path bind_password_file;
    std::string user_base;
    std::string user_filter = "(uid={user})";
    std::string group_base;  ///< empty: groups are not asked for, only "*" gives roles
    std::string group_filter = "(|(member={dn})(uniqueMember={dn})(memberUid={user}))";
    std::string name_attribute = "cn";
    std::vector<std::string>
        roles;  ///< "administrator = cn=admins,ou=groups,dc=company,dc=com"; the first that fits; "viewer = *": everybody
    std::int64_t timeout_seconds = 5;
    bool operator==(DirectorySettings const&) const = default;
};

/// "role = name of a group".
struct RoleOfGroup {
    Role role = Role::viewer;
    std::string group;  ///< its distinguished name as it is compared: lower case, no blanks around "," and "="; "*": everybody
};
/// GEN-001.
Result<RoleOfGroup> parse_role_of_group(std::string_view text);
/// The first that fits one of the groups; nothing: he is nobody here.
std::optional<Role> role_of_groups(std::vector<RoleOfGroup> const& rules, std::vector<std::string> const& groups);

/// "ldaps://host" or "ldap://host:port". GEN-001.
Result<net::LdapServer> parse_directory_url(std::string_view url);

class PeopleDirectory {
public:
    virtual ~PeopleDirectory() = default;
    struct Person {
        std::string full_name;
        Role role = Role::viewer;
    };
    /// Nothing: the name or the password is wrong, or none of the groups has a role. NET-005, NET-006, ACC-025, ACC-026: it could not be
    /// asked. `user` is a good account name.
    virtual net::Task<Result<std::optional<Person>>> let_in(std::string user, SecretText password) = 0;
};

/// Null when no directory is set. `pool` must outlive it. The settings were checked.
std::shared_ptr<PeopleDirectory> make_directory(DirectorySettings settings, std::shared_ptr<net::Resolver> resolver,
                                                net::BlockingPool& pool);

}  // namespace countersign::manager
