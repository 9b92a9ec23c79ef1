#include "manager/access/roles.hpp"

namespace countersign::manager {

std::string_view to_string(Role role) {
    switch (role) {
        case Role::viewer: return "viewer";
        case Role::operations: return "operator";
        case Role::auditor: return "auditor";
        case Role::administrator: return "administrator";
    }
    return "viewer";
}

std::optional<Role> parse_role(std::string_view text) {
    for (auto role : {Role::viewer, Role::operations, Role::auditor, Role::administrator})
        if (text == to_string(role)) return role;
    return std::nullopt;
}

std::string_view to_string(Permission permission) {
    switch (permission) {
        case Permission::none: return "none";
        case Permission::self: return "self";
        case Permission::read: return "read";
        case Permission::own: return "own";
        case Permission::operate: return "operate";
        case Permission::audit: return "audit";
        case Permission::administer: return "administer";
    }
    return "administer";
}

std::optional<Permission> parse_permission(std::string_view text) {
    if (text == to_string(Permission::none)) return Permission::none;
    for (auto const permission : k_permissions)
        if (text == to_string(permission)) return permission;
    return std::nullopt;
}

bool allows(Role role, Permission permission) {
    switch (permission) {
        case Permission::none:
        case Permission::self:
        case Permission::read:
        case Permission::own: return true;
        case Permission::operate: return role == Role::operations || role == Role::administrator;
        case Permission::audit: return role == Role::auditor || role == Role::administrator;
        case Permission::administer: return role == Role::administrator;
    }
    return false;
}

bool covers(Role outer, Role inner) { return outer == inner || outer == Role::administrator || inner == Role::viewer; }

std::string_view roles_with(Permission permission) {
    switch (permission) {
        case Permission::none:
        case Permission::self:
        case Permission::read:
        case Permission::own: return k_role_names;
        case Permission::operate: return "operator or administrator";
        case Permission::audit: return "auditor or administrator";
        case Permission::administer: return "administrator";
    }
    return "administrator";
}

bool Caller::may(Permission permission) const {
    if (!allows(role, permission) || (owner && !allows(*owner, permission))) return false;
    bool const changes = permission == Permission::own || permission == Permission::operate || permission == Permission::administer;
    return !read_only || !changes;
}

}  // namespace countersign::manager
