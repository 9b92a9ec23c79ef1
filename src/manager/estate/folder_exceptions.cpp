#include "manager/estate/folder_exceptions.hpp"

#include "base/text.hpp"
#include "manager/drivers/web_driver.hpp"
#include "manager/store/campaign_store.hpp"
#include "manager/store/folder_policy_store.hpp"
#include "manager/store/list_store.hpp"

#include "countersign/errors/gen.hpp"

#include <algorithm>

namespace countersign::manager {
namespace {

constexpr std::size_t k_longest = 255;

Error invalid(std::string_view field, std::string_view detail) {
    return Error(errors::gen::invalid_input, {{"field", field}, {"detail", detail}});
}

/// Some family has a service with this door that can be switched. HTTPS is never an exception: it is how systems are managed.
bool is_door(family::Families const& families, std::string_view door) {
    if (door == "https") return false;
    return std::ranges::any_of(families.all(), [door](auto const& family) {
        return std::ranges::any_of(family->services, [door](auto const& one) { return one.door == door && !one.mode_setting.empty(); });
    });
}

void check_sentence(std::string_view field, std::string& text, std::vector<Error>& problems) {
    text = std::string(trim(text));
    bool const control = std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
    if (text.empty()) problems.push_back(invalid(field, "an exception says its " + std::string(field)));
    if (text.size() > k_longest || control || !is_utf8(text)) problems.push_back(invalid(field, "at most 255 bytes of UTF-8 in one line"));
}

Result<PolicyException> check(PolicyException wanted, family::Families const& families, UtcTime now) {
    std::vector<Error> problems;
    if (wanted.kind == ExceptionKind::mode && !parse_secure_only(wanted.value))
        problems.push_back(invalid("mode", "off, on or verify is expected"));
    if (wanted.kind == ExceptionKind::keep_service && !is_door(families, wanted.value))
        problems.push_back(invalid("service", "it is no service that systems can switch off; use ssh, telnet, ftp, snmp, http ..."));
    check_sentence("reason", wanted.reason, problems);
    check_sentence("owner", wanted.owner, problems);
    if (wanted.ends <= now) problems.push_back(invalid("ends", "it is in the past"));
    if (wanted.ends > now + k_longest_exception) problems.push_back(invalid("ends", "at most five years from now: look at it again then"));
    if (!problems.empty()) return fail(gather(std::move(problems)));
    return wanted;
}

net::Task<Result<void>> enforce_folder(std::shared_ptr<Manager> manager, FolderId folder, std::string actor) {
    CS_CO_TRY(auto systems, co_await manager->store().lists().select({.folder = folder}));
    // What campaigns have in hand is theirs.
    CS_CO_TRY(auto const held, co_await manager->store().campaigns().held());
    std::erase_if(systems, [&held](SystemId id) { return held.contains(id); });
    // An empty list would mean the whole estate.
    if (systems.empty()) co_return Result<void>();
    CS_CO_CHECK(co_await manager->enforce(std::move(systems), std::move(actor)));
    co_return Result<void>();
}

}  // namespace

net::Task<Result<PolicyException>> add_exception(std::shared_ptr<Manager> manager, PolicyException wanted, std::string actor) {
    CS_CO_TRY(auto checked, check(std::move(wanted), manager->families(), SystemClock().now()));
    if (auto const mode = parse_secure_only(checked.value); checked.kind == ExceptionKind::mode && mode) {
        CS_CO_TRY(auto policy, co_await manager->store().get_policy());
        policy.secure_only = *mode;
        CS_CO_CHECK(co_await manager->check_ready(std::move(policy)));
    }
    CS_CO_TRY(auto made, co_await manager->store().folder_policy().add_exception(std::move(checked), actor));
    manager->publish({"folder", made.folder});
    if (made.kind == ExceptionKind::mode) CS_CO_CHECK(co_await enforce_folder(manager, made.folder, std::move(actor)));
    co_return made;
}

net::Task<Result<void>> end_exception(std::shared_ptr<Manager> manager, std::int64_t id, std::string actor) {
    CS_CO_TRY(auto gone, co_await manager->store().folder_policy().get_exception(id));
    CS_CO_CHECK(co_await manager->store().folder_policy().remove_exception(id, actor));
    manager->publish({"folder", gone.folder});
    co_return co_await enforce_folder(manager, gone.folder, std::move(actor));
}

}  // namespace countersign::manager
