#pragma once

/// What folders say of the systems in them: exceptions from the policy, each with a reason, an owner and an end; and the connection
/// settings that are tried with new systems. A folder passes on what it says to those below it, which may say otherwise.
///
/// Passwords are sealed at rest.

#include "base/secret.hpp"
#include "manager/estate/model.hpp"
#include "net/task.hpp"

#include <optional>
#include <string>
#include <vector>

namespace countersign::manager {

inline constexpr std::size_t k_most_folder_credentials = 5;
inline constexpr std::size_t k_most_folder_exceptions = 50;  ///< of one folder, ended ones not counted

struct FolderCredential {
    std::int64_t id = 0;  ///< never used again: a changed credential has another one
    std::string user;     ///< empty: the user of the folder, else the family's
    SecretText password;
    [[nodiscard]] FolderCredential duplicate() const { return {id, user, password.duplicate()}; }
};

/// Tried with new systems, and when a log-in fails because a system went back to factory defaults.
struct FolderDefaults {
    std::optional<TrackBy> track_by;
    std::optional<std::string> user;
    std::vector<FolderCredential> credentials;                  ///< in the order in which they are tried
    std::optional<std::vector<std::string>> renewal_windows{};  ///< in place of the policy's; an empty list: at any time
    std::optional<Issuer> issuer{};                             ///< of systems' certificates; nobody says: the internal authority
    std::optional<Identities> identities{};                     ///< in place of the policy's
};

class FolderPolicyStore {
public:
    virtual ~FolderPolicyStore() = default;

    /// The estate's policy with the exceptions of the folder and those above it: of modes the nearest one counts, kept services
    /// add up. Exceptions whose end has come do not count; the first time that is noticed gets a record in the trail
    /// ("exception.end").
    virtual net::Task<Result<Policy>> effective_policy(FolderId folder) = 0;
    /// Those of the folder itself, or of all folders; ended ones, too. Newest first, at most 1,000.
    virtual net::Task<Result<std::vector<PolicyException>>> list_exceptions(std::optional<FolderId> folder) = 0;
    virtual net::Task<Result<PolicyException>> get_exception(std::int64_t id) = 0;  ///< GEN-003
    /// GEN-003 (the folder), GEN-001 when the folder has too many.
    virtual net::Task<Result<PolicyException>> add_exception(PolicyException exception, std::string actor) = 0;
    virtual net::Task<Result<void>> remove_exception(std::int64_t id, std::string actor) = 0;  ///< GEN-003

    /// What the folder says itself.
    virtual net::Task<Result<FolderDefaults>> get_defaults(FolderId folder) = 0;  ///< GEN-003
    /// With what the folders above say where this one says nothing. Credentials are one list: the nearest folder that has some.
    virtual net::Task<Result<FolderDefaults>> effective_defaults(FolderId folder) = 0;
    struct DefaultsChange {
        std::optional<std::optional<TrackBy>> track_by;
        std::optional<std::optional<std::string>> user;
        std::optional<std::vector<FolderCredential>> credentials;  ///< replaces the list
        std::optional<std::optional<std::vector<std::string>>> renewal_windows{};
        std::optional<std::optional<Issuer>> issuer{};
        std::optional<std::optional<Identities>> identities{};
    };
    /// What is not named stays. GEN-003.
    virtual net::Task<Result<void>> change_defaults(FolderId folder, DefaultsChange change, std::string actor) = 0;
};

}  // namespace countersign::manager
