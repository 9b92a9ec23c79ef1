#pragma once

#include "manager/store/backing.hpp"
#include "manager/store/replacement_store.hpp"

namespace countersign::manager::store {

class SqliteReplacements final : public ReplacementStore {
public:
    explicit SqliteReplacements(Backing& backing) : backing_(backing) {}
    net::Task<Result<std::optional<Replacement>>> find(SystemId system) override;
    net::Task<Result<void>> note(Replacement replacement) override;
    net::Task<Result<void>> forget(SystemId system) override;
    net::Task<Result<System>> accept(SystemId system, std::optional<Unit> named, std::string actor) override;

private:
    Backing& backing_;
};

}  // namespace countersign::manager::store
