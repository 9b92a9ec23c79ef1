#pragma once

#include "manager/store/backing.hpp"
#include "manager/store/folder_store.hpp"

namespace countersign::manager::store {

class SqliteFolders final : public FolderStore {
public:
    explicit SqliteFolders(Backing& backing) : backing_(backing) {}
    net::Task<Result<std::vector<Folder>>> list(std::optional<std::string> after, std::size_t limit) override;
    net::Task<Result<Folder>> get(FolderId id) override;
    net::Task<Result<std::optional<Folder>>> find(std::string path) override;
    net::Task<Result<Folder>> add(FolderId parent, std::string name, std::string actor) override;
    net::Task<Result<Folder>> ensure(std::string path, std::string actor) override;
    net::Task<Result<Folder>> change(FolderId id, Change change, std::string actor) override;
    net::Task<Result<void>> remove(FolderId id, std::optional<FolderId> move_to, std::string actor) override;
    net::Task<Result<void>> move_systems(std::vector<SystemId> systems, FolderId folder, std::string actor) override;

    /// As ensure(), in the transaction of somebody else.
    Result<Folder> ensure_in(Database& database, std::string_view path, std::string_view actor) const;

private:
    Result<Folder> insert(Database& database, Folder const& parent, std::string const& name, std::string_view actor) const;
    Backing& backing_;
};

/// "folder 12"
inline std::string subject_of_folder(FolderId id) { return "folder " + std::to_string(id); }

/// For other topics that work in the same transaction.
Result<Folder> load_folder(Database& database, FolderId id);
std::optional<Folder> load_folder_at(Database& database, std::string const& path);
/// `folder` is `top` or below it.
bool is_below(Database& database, FolderId folder, FolderId top);

}  // namespace countersign::manager::store
