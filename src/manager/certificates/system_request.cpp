#include "manager/certificates/system_request.hpp"

#include "manager/store/inventory_store.hpp"
#include "pki/foreign_request.hpp"

#include "countersign/errors/dev.hpp"
#include "countersign/errors/gen.hpp"
#include "countersign/errors/mgr.hpp"

#include <algorithm>
#include <array>

namespace countersign::manager {
namespace {

/// Certificates of a system whose keys are compared.
constexpr std::size_t k_former_certificates = 20;

Failure refused(SystemRequestNeeds const& needs, std::string_view detail) {
    return fail(errors::mgr::system_request_not_good,
                {{"system", needs.names.empty() ? std::string() : needs.names.front().value}, {"detail", detail}});
}

bool has(std::vector<pki::AlternativeName> const& names, pki::AlternativeName const& one) {
    return std::ranges::any_of(names, [wanted = comparable_name(one.value), kind = one.kind](auto const& name) {
        return name.kind == kind && comparable_name(name.value) == wanted;
    });
}

}  // namespace

Result<std::string> judge_system_request(pki::CertificateRequest const& request, SystemRequestNeeds const& needs) {
    auto const key = request.public_key_sha256();
    if (needs.served && needs.served->public_key_sha256() == key)
        return refused(needs, "it has the key of the certificate that the system shows now, and a new one was asked for");
    if (std::ranges::find(needs.shared_keys, key) != needs.shared_keys.end())
        return refused(needs, "it has a key that other systems have, too");
    if (auto good = pki::check_is_no_authority(request); !good) return refused(needs, good.error().parameter("detail"));
    if (auto good = pki::check_names_are_plain(request); !good) return refused(needs, good.error().parameter("detail"));
    auto const names = request.alternative_names();
    for (auto const& name : names)
        if (!has(needs.names, name)) return refused(needs, "it asks for the name " + name.value);
    auto const common_name = request.common_name();
    auto const is_it = [wanted = comparable_name(common_name)](auto const& name) { return comparable_name(name.value) == wanted; };
    if (std::ranges::none_of(needs.names, is_it)) return refused(needs, "it asks for the common name " + common_name);

    auto const type = pki::key_type_of(request);
    auto const made = std::string(type ? pki::to_string(*type) : type.error().parameter("type"));
    if (made != needs.key_type) return "its keys are " + made + ", and the policy asks for " + needs.key_type;
    for (auto const& name : needs.names)
        if (!has(names, name)) return "its request leaves out the name " + name.value;
    return std::string();
}

net::Task<Result<bool>> is_known_key(Store& store, SystemId system, std::string public_key_sha256) {
    CS_CO_TRY(auto const asked, co_await store.requests().of_keys({public_key_sha256}));
    if (!asked.empty()) co_return true;
    InventoryFilter const of_system{.text = {},
                                    .issuer = {},
                                    .system = system,
                                    .state = {},
                                    .expires_before = {},
                                    .expires_after = {},
                                    .latest_first = true,
                                    .limit = k_former_certificates};
    CS_CO_TRY(auto const former, co_await store.inventory().page(of_system, {}));
    for (auto const& entry : former.entries) {
        // Issued before the inventory was kept, and not seen since: nothing is known of its key.
        if (entry.pem.empty()) continue;
        CS_CO_TRY(auto const certificate, pki::Certificate::parse_pem(entry.pem));
        if (certificate.public_key_sha256() == public_key_sha256) co_return true;
    }
    co_return false;
}

bool says_it_cannot(Error const& error) {
    static std::array const ids{errors::dev::unknown_command, errors::dev::missing_parameter, errors::dev::illegal_value,
                                errors::mgr::refused_by_system};
    if (error.id() == errors::gen::several_problems) return std::ranges::all_of(error.causes(), says_it_cannot);
    return std::ranges::find(ids, error.id()) != ids.end();
}

}  // namespace countersign::manager
