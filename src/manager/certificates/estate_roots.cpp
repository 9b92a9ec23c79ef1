#include "manager/certificates/estate_roots.hpp"

#include "base/text.hpp"
#include "manager/certificates/named_in_a_sentence.hpp"
#include "manager/store/inventory_store.hpp"

#include "countersign/errors/gen.hpp"
#include "countersign/errors/mgr.hpp"

#include <algorithm>

namespace countersign::manager {
namespace {

/// "AB:CD" and "abcd" are one fingerprint.
std::string plain(std::string const& fingerprint) {
    auto const bytes = from_hex(fingerprint);
    return bytes ? to_hex(*bytes) : to_lower(fingerprint);
}

}  // namespace

net::Task<Result<void>> EstateRoots::load() {
    CS_CO_TRY(auto const foreign, co_await links_.store.certificates().foreign_roots());
    CS_CO_TRY(auto withdrawn, co_await links_.store.certificates().withdrawn_roots());
    std::vector<pki::Certificate> roots;
    for (auto const& one : foreign) roots.push_back(one.certificate);
    links_.authority.trust_also(std::move(roots), std::move(withdrawn));
    std::vector<InventoryStore::Authority> authorities;
    auto const own = links_.authority.own_roots();
    for (auto const& one : links_.authority.roots()) authorities.push_back({one, authorities.size() < own ? "root" : "seen"});
    for (auto& one : links_.authority.issuing()) authorities.push_back({std::move(one), "authority"});
    CS_CO_CHECK(co_await links_.store.inventory().note_authorities(std::move(authorities)));
    co_return links_.publish();
}

net::Task<Result<EstateRoot>> EstateRoots::describe(pki::Certificate certificate, ForeignRoot const* foreign, std::size_t most) {
    EstateRoot out{.certificate = std::move(certificate), .internal = foreign == nullptr, .added = {}, .added_by = {}};
    if (foreign != nullptr) {
        out.added = foreign->added;
        out.added_by = foreign->added_by;
    }
    auto const fingerprint = out.certificate.fingerprint();
    for (auto const& [root, what] : links_.own.roots_in_use())
        if (root == fingerprint) out.needed_by_manager.push_back(what);
    bool const serves_internal = !links_.own.kept().active || links_.own.kept().active->is_internal();
    if (serves_internal && fingerprint == links_.authority.manager_root().fingerprint() && out.needed_by_manager.empty())
        out.needed_by_manager.emplace_back("the manager's own certificate");
    CS_CO_TRY(out.systems, co_await links_.store.certificates().served_by(fingerprint, most));
    CS_CO_TRY(out.lacking, co_await links_.store.certificates().lacking(fingerprint, {}, most));
    co_return out;
}

net::Task<Result<std::vector<EstateRoot>>> EstateRoots::list(std::size_t most) {
    CS_CO_TRY(auto const foreign, co_await links_.store.certificates().foreign_roots());
    std::vector<EstateRoot> out;
    auto const roots = links_.authority.roots();
    for (std::size_t i = 0; i < links_.authority.own_roots() && i < roots.size(); ++i) {
        CS_CO_TRY(auto own, co_await describe(roots[i], nullptr, most));
        out.push_back(std::move(own));
    }
    for (auto const& one : foreign) {
        CS_CO_TRY(auto root, co_await describe(one.certificate, &one, most));
        out.push_back(std::move(root));
    }
    co_return out;
}

net::Task<Result<EstateRoot>> EstateRoots::get(std::string fingerprint) {
    CS_CO_TRY(auto all, co_await list(k_most_named_systems));
    auto const wanted = plain(fingerprint);
    auto const found = std::ranges::find_if(all, [&wanted](auto const& one) { return one.certificate.fingerprint() == wanted; });
    if (found == all.end()) co_return fail(errors::gen::not_found, {{"what", "root"}, {"name", fingerprint}});
    co_return std::move(*found);
}

net::Task<Result<std::vector<pki::Certificate>>> EstateRoots::add(std::string file, std::string actor) {
    CS_CO_TRY(auto roots, read_roots(file, links_.clock->now()));
    auto const known = links_.authority.roots();
    std::erase_if(roots, [&known](auto const& one) { return std::ranges::find(known, one) != known.end(); });
    if (roots.empty()) co_return fail(errors::mgr::root_known);
    // Internal ones are not counted.
    if (known.size() - links_.authority.own_roots() + roots.size() > k_most_roots)
        co_return fail(errors::mgr::too_many_roots, {{"most", std::to_string(k_most_roots)}});
    CS_CO_CHECK(co_await links_.store.certificates().add_roots(roots, std::move(actor)));
    CS_CO_CHECK(co_await load());
    CS_CO_CHECK(co_await links_.own.serve());
    co_return roots;
}

net::Task<Result<void>> EstateRoots::remove(std::string fingerprint, bool accepted, std::string actor) {
    CS_CO_TRY(auto const root, co_await get(fingerprint));
    auto const sha256 = root.certificate.fingerprint();
    if (root.internal) co_return fail(errors::mgr::internal_root, {{"root", root.certificate.subject()}});
    std::vector<std::string> needs;
    bool never = false;
    bool before = false;
    auto const own = links_.own.kept();
    for (auto const& what : root.needed_by_manager) needs.push_back(what);
    if (own.active && own.active->root == sha256) never = true;
    if (own.staged && own.staged->root == sha256) never = true;
    if (own.previous && own.previous->root == sha256) before = true;
    if (!root.systems.first.empty())
        needs.push_back("the certificates of " + std::to_string(root.systems.in_all) + " systems: " + in_a_sentence(root.systems));
    if (!needs.empty() && (never || !accepted))
        co_return fail(errors::mgr::root_in_use, {{"root", root.certificate.subject()}, {"needs", join(needs, "; ")}});
    if (before) CS_CO_CHECK(co_await links_.own.forget_previous(actor));
    CS_CO_CHECK(co_await links_.store.certificates().withdraw_root(sha256, std::move(actor)));
    CS_CO_CHECK(co_await load());
    co_return co_await links_.own.serve();
}

}  // namespace countersign::manager
