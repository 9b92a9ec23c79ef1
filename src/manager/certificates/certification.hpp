#pragma once

/// What the manager does with certificates beyond issuing them: it keeps the inventory of them (REQ MGR-13).

#include "manager/certificates/sighted.hpp"
#include "manager/store/inventory_store.hpp"

namespace countersign::manager {

class Certification {
public:
    struct Links {
        Store& store;
        std::shared_ptr<Clock const> clock;
    };
    explicit Certification(Links links) : links_(std::move(links)), sighted_(links_.store) {}

    [[nodiscard]] InventoryStore& inventory() { return links_.store.inventory(); }
    [[nodiscard]] Sighted& sighted() { return sighted_; }
    [[nodiscard]] UtcTime now() const { return links_.clock->now(); }
    /// The manager's own port serves this chain.
    net::Task<Result<void>> note_own(std::vector<pki::Certificate> chain);

private:
    Links links_;
    Sighted sighted_;
};

}  // namespace countersign::manager
