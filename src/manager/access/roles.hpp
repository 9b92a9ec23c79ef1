#pragma once

/// What an account may do. Each operation of the API says which permission it needs (x-permission in catalogue/openapi.yaml); a role is a
/// set of permissions. One place asks (api/access_routes.cpp).

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace countersign::manager {

enum class Role {
    viewer,         ///< reads
    operations,     ///< "operator": works on systems, tickets, jobs and campaigns as well
    auditor,        ///< reads, the audit trail too; changes nothing
    administrator,  ///< everything, people and settings too
};
std::string_view to_string(Role role);
std::optional<Role> parse_role(std::string_view text);
inline constexpr std::string_view k_role_names = "viewer, operator, auditor or administrator";

enum class Permission {
    none,        ///< anybody, before log-in
    self,        ///< the own session and password
    read,        ///< look at the estate
    own,         ///< change what is the caller's own: tokens, saved views
    operate,     ///< work on systems
    audit,       ///< read the audit trail
    administer,  ///< people, and settings of the manager and the policy
};
inline constexpr std::array k_permissions = {Permission::self,    Permission::read,  Permission::own,
                                             Permission::operate, Permission::audit, Permission::administer};
std::string_view to_string(Permission permission);
std::optional<Permission> parse_permission(std::string_view text);

bool allows(Role role, Permission permission);
/// Everything that `inner` may, `outer` may too.
bool covers(Role outer, Role inner);
/// "operator or administrator": for people who are refused.
std::string_view roles_with(Permission permission);

/// Who asks: found by a session or a token.
struct Caller {
    std::string actor;          ///< as the audit trail names it: "anna", "anna/token:ci", "token:local"
    std::string account;        ///< empty: a token that nobody owns (of the machine, or of an older version)
    Role role = Role::viewer;   ///< of the account; of a token its own
    std::optional<Role> owner;  ///< of a token: the role that its owner has now
    bool token = false;
    bool read_only = false;
    bool must_change_password = false;
    std::int64_t folder = 0;  ///< of a token that reaches one folder alone; 0: no limit

    [[nodiscard]] bool may(Permission permission) const;
};

}  // namespace countersign::manager
