#include "device/repository/trust_files.hpp"

#include "base/log.hpp"
#include "device/repository/pair_file.hpp"
#include "host/crypto.hpp"

#include <algorithm>
#include <utility>

namespace countersign::device {
namespace {

constexpr std::size_t k_roots_limit = 4 * 1024 * 1024;
/// PEM of a list of the largest size, with room.
constexpr std::size_t k_list_file_limit = k_list_limit * 2;

}  // namespace

TrustFiles::TrustFiles(std::filesystem::path folder, host::Durability durability) : folder_(std::move(folder)), durability_(durability) {}

Result<std::vector<pki::Certificate>> TrustFiles::load_roots() const {
    auto file = folder_ / "trust.pem";
    if (!file_exists(file)) return std::vector<pki::Certificate>{};
    CS_TRY(auto text, host::read_file(file, k_roots_limit));
    auto roots = pki::parse_bundle(text, {.bytes = k_roots_limit});
    if (!roots) return fail(std::move(roots).error().at(file.string()));
    return roots;
}

Result<void> TrustFiles::store_roots(std::vector<pki::Certificate> const& roots) {
    return host::write_file(folder_ / "trust.pem", pki::to_pem(roots), host::Privacy::owner_only, durability_);
}

Result<void> TrustFiles::remove_roots() { return host::remove_file(folder_ / "trust.pem"); }

bool same_place(pki::Crl const& a, pki::Crl const& b) {
    return a.issuer() == b.issuer() && a.delta_of().has_value() == b.delta_of().has_value();
}

std::filesystem::path TrustFiles::file_of(pki::Crl const& list) const {
    auto name = host::hash_token(list.issuer() + (list.delta_of() ? " delta" : "")).substr(0, 32);
    return folder_ / ("crl-" + name + ".pem");
}

std::vector<pki::Crl> TrustFiles::load_lists() const {
    std::vector<pki::Crl> lists;
    std::error_code ignored;
    for (auto const& entry : std::filesystem::directory_iterator(folder_, ignored)) {
        auto name = entry.path().filename().string();
        if (!name.starts_with("crl-") || !name.ends_with(".pem")) continue;
        auto text = host::read_file(entry.path(), k_list_file_limit);
        auto list = text ? pki::Crl::parse(*text) : Result<pki::Crl>(fail(text.error()));
        if (list)
            lists.push_back(*std::move(list));
        else
            log::error("revocation_list.damaged", list.error(), {{"file", entry.path().string()}});
    }
    std::ranges::sort(lists, {}, &pki::Crl::issuer);
    return lists;
}

Result<void> TrustFiles::store_list(pki::Crl const& list) {
    return host::write_file(file_of(list), list.to_pem(), host::Privacy::owner_only, durability_);
}

Result<void> TrustFiles::remove_list(pki::Crl const& list) { return host::remove_file(file_of(list)); }

}  // namespace countersign::device
