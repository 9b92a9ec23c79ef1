// One path out of a heap of certificates. A search over names first and signatures second, in which each certificate is
// visited once: cross-signed authorities and circles end like everything else.

#include "pki/contents.hpp"
#include "pki/openssl.hpp"

#include "countersign/errors/crt.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace countersign::pki {

namespace crt = errors::crt;

namespace {

struct NameOrder {
    bool operator()(X509_NAME const* a, X509_NAME const* b) const { return X509_NAME_cmp(a, b) < 0; }
};

constexpr std::size_t k_nobody = SIZE_MAX;

Failure no_chain(std::string detail, std::string_view missing = {}) {
    Error error(crt::no_chain, {{"detail", detail}});
    if (!missing.empty()) error.with("missing", missing);
    return fail(std::move(error));
}

class Heap {
public:
    explicit Heap(std::vector<Certificate> const& heap) {
        std::set<std::string_view> seen;
        for (auto const& certificate : heap) {
            if (!seen.insert(certificate.fingerprint()).second) continue;
            by_subject_.emplace(X509_get_subject_name(certificate.native()), certificates_.size());
            if (!certificate.is_self_issued()) issuers_.insert(X509_get_issuer_name(certificate.native()));
            certificates_.push_back(certificate);
        }
        reached_from_.assign(certificates_.size(), k_nobody);
    }

    [[nodiscard]] Certificate const& at(std::size_t index) const { return certificates_[index]; }
    [[nodiscard]] std::size_t size() const { return certificates_.size(); }

    [[nodiscard]] Result<std::size_t> find_leaf(PrivateKey const* key) const {
        if (key != nullptr) return only_one([&](Certificate const& one) { return one.public_key_sha256() == key->public_key_sha256(); });
        auto const issues_nothing = [this](Certificate const& one) { return !issuers_.contains(X509_get_subject_name(one.native())); };
        auto const is_end = [&](Certificate const& one) { return issues_nothing(one) && !one.is_authority(); };
        auto const is_below = [&](Certificate const& one) { return issues_nothing(one) && !one.is_self_issued(); };
        if (std::ranges::any_of(certificates_, is_end)) return only_one(is_end);
        if (std::ranges::any_of(certificates_, is_below)) return only_one(is_below);
        return only_one(issues_nothing);
    }

    /// Breadth first from the leaf: the path to the nearest self-signed root, or to the farthest certificate.
    [[nodiscard]] std::vector<std::size_t> path_from(std::size_t leaf) {
        std::vector<std::size_t> queue{leaf};
        reached_from_[leaf] = leaf;
        for (std::size_t next = 0; next < queue.size(); ++next) {
            auto const current = queue[next];
            if (is_root(current)) return path_to(current);
            auto const [first, last] = by_subject_.equal_range(X509_get_issuer_name(at(current).native()));
            for (auto candidate = first; candidate != last; ++candidate) {
                if (reached_from_[candidate->second] != k_nobody || !has_issued(candidate->second, current)) continue;
                reached_from_[candidate->second] = current;
                queue.push_back(candidate->second);
            }
        }
        return path_to(queue.back());
    }

    /// The bound on signature checks was reached: what was found is not all there is.
    [[nodiscard]] bool gave_up() const { return gave_up_; }

    [[nodiscard]] bool is_root(std::size_t index) { return at(index).is_self_issued() && has_issued(index, index); }

private:
    Result<std::size_t> only_one(auto const& wanted) const {
        std::size_t found = k_nobody;
        for (std::size_t i = 0; i < certificates_.size(); ++i) {
            if (!wanted(certificates_[i])) continue;
            if (found != k_nobody) {
                return no_chain("both " + certificates_[found].subject() + " and " + certificates_[i].subject() + " can be the end of it");
            }
            found = i;
        }
        if (found == k_nobody) return no_chain("there is no certificate that can be the end of it");
        return found;
    }

    bool has_issued(std::size_t issuer, std::size_t subject) {
        auto* const above = at(issuer).native();
        auto* const below = at(subject).native();
        ErrorQueue const errors;
        auto const* wanted = X509_get0_authority_key_id(below);
        auto const* own = X509_get0_subject_key_id(above);
        if (wanted != nullptr && own != nullptr && ASN1_OCTET_STRING_cmp(wanted, own) != 0) return false;
        gave_up_ = gave_up_ || checks_ == k_most_signature_checks;
        if (gave_up_) return false;
        ++checks_;
        EVP_PKEY* const key = X509_get0_pubkey(above);
        return key != nullptr && X509_verify(below, key) == 1;
    }

    [[nodiscard]] std::vector<std::size_t> path_to(std::size_t end) const {
        std::vector<std::size_t> path{end};
        while (reached_from_[path.back()] != path.back()) path.push_back(reached_from_[path.back()]);
        std::ranges::reverse(path);
        return path;
    }

    std::vector<Certificate> certificates_;  ///< without duplicates
    std::multimap<X509_NAME const*, std::size_t, NameOrder> by_subject_;
    std::set<X509_NAME const*, NameOrder> issuers_;
    std::vector<std::size_t> reached_from_;
    std::size_t checks_ = 0;
    bool gave_up_ = false;
};

}  // namespace

Result<OrderedChain> order_chain(std::vector<Certificate> const& heap, PrivateKey const* leaf_key) {
    Heap certificates(heap);
    CS_TRY(auto const leaf, certificates.find_leaf(leaf_key));
    auto const path = certificates.path_from(leaf);
    bool const reaches_root = certificates.is_root(path.back());
    if (certificates.gave_up())
        return no_chain("to find it would take more than " + std::to_string(k_most_signature_checks) + " checks of signatures");
    OrderedChain out;
    std::set<std::string_view> used;
    std::set<X509_NAME const*, NameOrder> names;
    for (auto const index : path) {
        out.chain.push_back(certificates.at(index));
        used.insert(certificates.at(index).fingerprint());
        names.insert(X509_get_subject_name(certificates.at(index).native()));
    }
    out.reaches_root = reaches_root;
    bool other_authorities = false;
    for (auto const& certificate : heap) {
        if (used.erase(certificate.fingerprint()) == 1) continue;
        // Of the same name as a part of the path: a duplicate, or the same authority signed by somebody else.
        if (certificate.is_authority() && !names.contains(X509_get_subject_name(certificate.native()))) other_authorities = true;
        out.left_out.push_back(certificate);
    }
    if (!out.reaches_root && other_authorities) {
        auto const missing = out.chain.back().issuer();
        return no_chain("the issuer of " + out.chain.back().subject() + " is missing", missing);
    }
    return out;
}

}  // namespace countersign::pki
