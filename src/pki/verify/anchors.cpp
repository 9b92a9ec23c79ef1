#include "pki/openssl.hpp"
#include "pki/verify.hpp"

#include <openssl/x509_vfy.h>

#include <algorithm>

namespace countersign::pki {

namespace {

bool before(Certificate const* one, X509_NAME const* name) { return X509_NAME_cmp(X509_get_subject_name(one->native()), name) < 0; }

}  // namespace

struct Anchors::Store {
    std::vector<Certificate> roots;
    std::vector<Certificate const*> by_subject;
    X509StorePtr native;

    explicit Store(std::vector<Certificate> certificates) : roots(std::move(certificates)), native(X509_STORE_new()) {
        ErrorQueue const errors;
        if (!native) throw_openssl_failure("make a trust store");
        for (auto const& root : roots) {
            if (X509_STORE_add_cert(native.get(), root.native()) != 1) throw_openssl_failure("fill a trust store");
            by_subject.push_back(&root);
        }
        // Whatever stands in the store is an anchor, also a certificate that is not self-signed or no authority:
        // administrators put a manager's own certificate there.
        X509_STORE_set_flags(native.get(), X509_V_FLAG_PARTIAL_CHAIN);
        std::ranges::sort(by_subject, [](Certificate const* a, Certificate const* b) {
            int const order = X509_NAME_cmp(X509_get_subject_name(a->native()), X509_get_subject_name(b->native()));
            return order != 0 ? order < 0 : a < b;
        });
    }
};

Anchors::Anchors() {
    static auto const none = std::make_shared<Store const>(std::vector<Certificate>());
    store_ = none;
}
Anchors::Anchors(std::vector<Certificate> roots) : store_(std::make_shared<Store const>(std::move(roots))) {}
std::vector<Certificate> const& Anchors::roots() const { return store_->roots; }
x509_store_st* Anchors::native() const { return store_->native.get(); }

std::vector<Certificate const*> Anchors::of_subject(X509_name_st const* name) const {
    std::vector<Certificate const*> out;
    auto const& all = store_->by_subject;
    for (auto at = std::lower_bound(all.begin(), all.end(), name, before);
         at != all.end() && X509_NAME_cmp(X509_get_subject_name((*at)->native()), name) == 0; ++at) {
        out.push_back(*at);
    }
    return out;
}

}  // namespace countersign::pki
