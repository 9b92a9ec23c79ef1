#pragma once

/// Folders: the tree in which an administrator keeps systems. The root ("/") always exists. Names are unique within their parent,
/// whatever their case; a path names a folder as "/Europe/Berlin". A folder goes only when it is empty, or when it is said
/// where its contents go.

#include "manager/estate/model.hpp"
#include "net/task.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace countersign::manager {

inline constexpr std::size_t k_longest_folder_name = 100;  ///< bytes of UTF-8
inline constexpr std::size_t k_deepest_folder = 20;        ///< folders below the root, one in another

struct Folder {
    FolderId id = 0;
    FolderId parent = 0;       ///< 0: the root has none
    std::string name;          ///< empty for the root
    std::string path;          ///< "/", "/Europe/Berlin"
    std::int64_t systems = 0;  ///< directly in it
    UtcTime created{};
    Issuer issuer = Issuer::internal;  ///< as it or the nearest folder above says (store/folder_policy_store.hpp)
    bool operator==(Folder const&) const = default;
};

/// "Europe/Berlin/", " /Europe / Berlin" -> "/Europe/Berlin"; "" and "/" -> "/". GEN-001 of the field "folder".
Result<std::string> normal_folder_path(std::string_view text);
/// The name of one folder, trimmed. GEN-001 of the field "name": empty, too long, "/" or control characters in it, "." or "..".
Result<std::string> check_folder_name(std::string_view name);

class FolderStore {
public:
    virtual ~FolderStore() = default;

    /// By path; those after the path `after`, or from the root. At most `limit` (1 to 1,000).
    virtual net::Task<Result<std::vector<Folder>>> list(std::optional<std::string> after, std::size_t limit) = 0;
    virtual net::Task<Result<Folder>> get(FolderId id) = 0;  ///< GEN-003
    /// The folder of this path, if there is one. GEN-001 when it cannot be a path.
    virtual net::Task<Result<std::optional<Folder>>> find(std::string path) = 0;
    /// GEN-001, GEN-003 (the parent), MGR-020.
    virtual net::Task<Result<Folder>> add(FolderId parent, std::string name, std::string actor) = 0;
    /// The folder of this path, made with its parents when it does not exist. GEN-001.
    virtual net::Task<Result<Folder>> ensure(std::string path, std::string actor) = 0;
    struct Change {
        std::optional<std::string> name;
        std::optional<FolderId> parent;
    };
    /// GEN-001, GEN-003, MGR-020, MGR-022 (into itself), MGR-023 (the root).
    virtual net::Task<Result<Folder>> change(FolderId id, Change change, std::string actor) = 0;
    /// MGR-021 when it is not empty and `move_to` says nothing; else its systems and folders go to `move_to` first.
    /// GEN-003, MGR-020, MGR-022, MGR-023.
    virtual net::Task<Result<void>> remove(FolderId id, std::optional<FolderId> move_to, std::string actor) = 0;
    /// All of them or none. GEN-003.
    virtual net::Task<Result<void>> move_systems(std::vector<SystemId> systems, FolderId folder, std::string actor) = 0;
};

}  // namespace countersign::manager
