#pragma once

#include "manager/store/backing.hpp"
#include "manager/store/list_store.hpp"

namespace countersign::manager::store {

class SqliteFolders;

class SqliteLists final : public ListStore {
public:
    SqliteLists(Backing& backing, SqliteFolders& folders) : backing_(backing), folders_(folders) {}
    net::Task<Result<std::vector<SystemId>>> select(SystemFilter filter) override;
    net::Task<Result<ListPage>> page(SystemFilter filter, ListOrder order, std::string cursor) override;
    net::Task<Result<std::vector<SavedView>>> list_views(std::string user) override;
    net::Task<Result<std::optional<SavedView>>> find_view(std::string user, std::string name) override;
    net::Task<Result<void>> save_view(std::string user, SavedView view) override;
    net::Task<Result<void>> remove_view(std::string user, std::string name) override;
    net::Task<Result<std::vector<Error>>> find_conflicts(std::shared_ptr<std::vector<AddedSystem> const> systems, Folders folders) override;
    net::Task<Result<std::vector<SystemId>>> add_all(std::shared_ptr<std::vector<AddedSystem> const> systems, std::string actor) override;

private:
    Backing& backing_;
    SqliteFolders& folders_;
};

}  // namespace countersign::manager::store
