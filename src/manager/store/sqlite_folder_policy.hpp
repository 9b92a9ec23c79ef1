#pragma once

#include "manager/store/backing.hpp"
#include "manager/store/folder_policy_store.hpp"

namespace countersign::manager::store {

class SqliteFolderPolicy final : public FolderPolicyStore {
public:
    explicit SqliteFolderPolicy(Backing& backing) : backing_(backing) {}
    net::Task<Result<Policy>> effective_policy(FolderId folder) override;
    net::Task<Result<std::vector<PolicyException>>> list_exceptions(std::optional<FolderId> folder) override;
    net::Task<Result<PolicyException>> get_exception(std::int64_t id) override;
    net::Task<Result<PolicyException>> add_exception(PolicyException exception, std::string actor) override;
    net::Task<Result<void>> remove_exception(std::int64_t id, std::string actor) override;
    net::Task<Result<FolderDefaults>> get_defaults(FolderId folder) override;
    net::Task<Result<FolderDefaults>> effective_defaults(FolderId folder) override;
    net::Task<Result<void>> change_defaults(FolderId folder, DefaultsChange change, std::string actor) override;

private:
    net::Task<Result<void>> note_ends();
    Result<FolderDefaults> load_defaults(Database& database, FolderId folder) const;
    Backing& backing_;
};

}  // namespace countersign::manager::store
