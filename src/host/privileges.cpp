#include "host/privileges.hpp"

#include "base/text.hpp"

#include "countersign/errors/dev.hpp"
#include "countersign/errors/fil.hpp"
#include "countersign/errors/gen.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <vector>

namespace countersign::host {
namespace {

constexpr std::size_t k_entry_size = 16 * 1024;

struct Account {
    uid_t user;
    gid_t group;
};

Error cannot(std::string const& user, std::string_view detail) {
    return {errors::dev::cannot_become_user, {{"user", user}, {"detail", detail}}};
}

Result<Account> find_account(std::string const& user) {
    passwd entry{};
    passwd* found = nullptr;
    std::vector<char> text(k_entry_size);
    if (::getpwnam_r(user.c_str(), &entry, text.data(), text.size(), &found) != 0 || found == nullptr)
        return fail(cannot(user, "there is no such user"));
    return Account{entry.pw_uid, entry.pw_gid};
}

/// Leaves the one capability; those that a later setuid would give are gone with the bounding set and no_new_privs.
bool keep_only_low_ports() {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    std::array<__user_cap_data_struct, 2> wanted{};
    wanted[0].effective = wanted[0].permitted = 1U << CAP_NET_BIND_SERVICE;
    return ::syscall(SYS_capset, &header, wanted.data()) == 0;
}

}  // namespace

Result<void> become_user(std::string const& user) {
    if (::geteuid() != 0) return fail(cannot(user, "the program was not started as root"));
    CS_TRY(auto account, find_account(user));
    if (account.user == 0) return fail(cannot(user, "this user is root itself"));
    auto refused = [&user](std::string_view step) { return fail(cannot(user, std::string(step) + ": " + std::strerror(errno))); };
    if (::prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) != 0) return refused("keep capabilities");
    if (::initgroups(user.c_str(), account.group) != 0) return refused("groups");
    if (::setresgid(account.group, account.group, account.group) != 0) return refused("group");
    if (::setresuid(account.user, account.user, account.user) != 0) return refused("user");
    if (!keep_only_low_ports()) return refused("capabilities");
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return refused("no new privileges");
    // The kernel forgets this when the user changes; a core dump would hold keys.
    if (::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return refused("no core dumps");
    if (::setuid(0) == 0) return fail(cannot(user, "the way back to root is open"));
    return {};
}

Result<void> give_folder(std::filesystem::path const& folder, std::string const& user) {
    CS_TRY(auto account, find_account(user));
    if (::chown(folder.c_str(), account.user, account.group) != 0)
        return fail(errors::fil::cannot_write, {{"file", folder.string()}, {"detail", std::strerror(errno)}});
    return {};
}

Result<uid_t> find_user(std::string const& name) {
    if (auto const number = parse_number<uid_t>(name)) return *number;
    auto account = find_account(name);
    if (!account) return fail(errors::gen::not_found, {{"what", "user"}, {"name", name}});
    return account->user;
}

Result<gid_t> find_group(std::string const& name) {
    if (auto const number = parse_number<gid_t>(name)) return *number;
    group entry{};
    group* found = nullptr;
    std::vector<char> text(k_entry_size);
    if (::getgrnam_r(name.c_str(), &entry, text.data(), text.size(), &found) != 0 || found == nullptr)
        return fail(errors::gen::not_found, {{"what", "group"}, {"name", name}});
    return entry.gr_gid;
}

}  // namespace countersign::host
