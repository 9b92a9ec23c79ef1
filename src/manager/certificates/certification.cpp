#include "manager/certificates/certification.hpp"

namespace countersign::manager {

net::Task<Result<void>> Certification::note_own(std::vector<pki::Certificate> chain) {
    co_return co_await links_.store.inventory().note_served(0, "https", std::move(chain));
}

}  // namespace countersign::manager
