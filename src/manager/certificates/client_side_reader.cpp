#include "manager/certificates/client_side_reader.hpp"

#include "manager/assess/readiness.hpp"
#include "manager/renew/hours.hpp"
#include "manager/store/inventory_store.hpp"

#include "countersign/errors/gen.hpp"

#include <algorithm>

namespace countersign::manager {
namespace {

bool issued_here(InternalCa const& authority, pki::Certificate const& leaf) {
    auto issuers = authority.issuing();
    auto const roots = authority.roots();
    issuers.insert(issuers.end(), roots.begin(), roots.begin() + static_cast<std::ptrdiff_t>(authority.own_roots()));
    return std::ranges::any_of(issuers, [&leaf](pki::Certificate const& one) {
        return one.subject() == leaf.issuer() && pki::check_order({leaf, one}).has_value();
    });
}

std::string installed_of(family::Identity const& identity, Account const& account) {
    auto const found = std::ranges::find(account.identities, identity.id, &InstalledIdentity::id);
    return found == account.identities.end() || found->factory ? std::string() : found->fingerprint;
}

}  // namespace

net::Task<Result<ClientSide>> read_client_side(Store& store, InternalCa const& authority, family::FamilyPtr family, System system,
                                               Observation const& observation, Policy policy, UtcTime now) {
    // What is borrowed outlives the call; the coroutine keeps where it is.
    auto* const kept = &store;
    ClientSide side{.renew_days_before = policy.renew_days_before};
    if (auto const* leaf = served_leaf(observation)) side.server_of_ours = issued_here(authority, *leaf);
    auto const& account = observation.account;
    auto const* identity = account ? family->client_identity(software_of(system, account)) : nullptr;
    if (identity == nullptr) co_return side;
    side.installed = installed_of(*identity, *account);
    CS_CO_TRY(auto const pending, co_await kept->certificates().get_pending_client(system.id));
    if (pending) side.awaited = pending->certificate.fingerprint();
    if (side.installed.empty()) co_return side;
    auto known = co_await kept->inventory().find(side.installed);
    if (!known && known.error().id() != errors::gen::not_found) co_return fail(std::move(known).error());
    if (!known || known->entry.purpose != k_client_purpose || known->entry.system != system.id || known->entry.pem.empty()) co_return side;
    CS_CO_TRY(side.certificate, pki::Certificate::parse_pem(known->entry.pem));
    CS_CO_TRY(auto const due, co_await kept->inventory().to_replace(system.id, Side::client));
    auto const windows = readable_windows(policy.renewal_windows);
    bool const now_due =
        due && due->fingerprint == side.installed && (due->at_once || may_renew(windows, now, {due->not_before, due->not_after}));
    side.replace = known->entry.revoked.has_value() || known->entry.to_be_replaced || now_due;
    side.wait = !may_renew(windows, now, {side.certificate->not_before(), side.certificate->not_after()});
    co_return side;
}

}  // namespace countersign::manager
