#pragma once

/// The internal authority's roots and issuing authorities, and the replacement of a root (REQ MGR-13). A part of CertificateStore.
///
/// A *hierarchy* is a root and what is below it; they are numbered from 1. A root that signs by itself (made by releases that had no
/// issuing authority) is a hierarchy of one. Rows are never removed: whoever holds a certificate may ask for its revocation.

#include "manager/store/certificate_store.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace countersign::manager {

enum class AuthorityState {
    next,      ///< a root that is being rolled out: trusted, and nothing is issued below it yet
    current,   ///< issues; a root: what is below it does
    former,    ///< issues no more; what it issued is good. A root is trusted still
    withdrawn  ///< a root that systems forget
};
std::string_view to_string(AuthorityState value);

struct KeptAuthority {
    pki::Certificate certificate;
    std::optional<pki::PrivateKey> key{};  ///< nothing: it is on a token, or kept elsewhere
    std::string token{};                   ///< RFC 7512 address of the key
    bool is_root = false;
    int hierarchy = 1;
    AuthorityState state = AuthorityState::current;
    UtcTime made{};
    std::string made_by{};
    std::string list{};  ///< PEM; the revocation list of an authority whose key is elsewhere, as it was brought
};

enum class ReplacementPhase {
    distribute,  ///< the new root goes to every system that checks the manager
    change,      ///< certificates below the old root are replaced: those of systems, and the manager's own
    withdraw     ///< the old root leaves trust lists
};
std::string_view to_string(ReplacementPhase value);

struct KeptReplacement {
    int from = 0, to = 0;  ///< hierarchies
    ReplacementPhase phase = ReplacementPhase::distribute;
    UtcTime begun{}, since{};    ///< `since`: of the phase
    bool manager_moved = false;  ///< the manager's own certificate is below the new root, or is none of the authority's
    std::string begun_by;
};

class AuthorityStore {
public:
    virtual ~AuthorityStore() = default;

    virtual net::Task<Result<std::vector<KeptAuthority>>> all() = 0;  ///< oldest first
    /// With its record, in one transaction. An issuing one that is `current` makes the others of its hierarchy former. What an older
    /// release kept of this root elsewhere (its key, the number of its list) is moved here.
    virtual net::Task<Result<void>> add(std::vector<KeptAuthority> fresh, std::string actor) = 0;
    /// The number of its next revocation list; never given twice.
    virtual net::Task<Result<std::uint64_t>> next_list_number(std::string fingerprint) = 0;

    /// The one that runs.
    virtual net::Task<Result<std::optional<KeptReplacement>>> replacement() = 0;
    /// The new hierarchy is added as `next`. MGR-161 while one runs.
    virtual net::Task<Result<KeptReplacement>> begin_replacement(std::vector<KeptAuthority> fresh, int from, std::string actor) = 0;
    /// To the next phase, with what it means for the roots. Nothing when that happened already. `detail`: of the record.
    virtual net::Task<Result<void>> enter_phase(ReplacementPhase phase, std::string detail, std::string actor) = 0;
    virtual net::Task<Result<void>> note_manager_moved(std::string detail) = 0;
    virtual net::Task<Result<void>> end_replacement(std::string detail, std::string actor) = 0;
    /// The new root is withdrawn. MGR-162 when none runs, MGR-163 after the first phase.
    virtual net::Task<Result<void>> cancel_replacement(std::string actor) = 0;

    /// Systems that show a certificate of one of these authorities, or may: it is on its way to them.
    virtual net::Task<Result<NamedSystems>> users_of(std::vector<std::string> issuers, std::size_t most) = 0;
    /// Systems that check the manager and whose trust list holds this root. Lists of others are nobody's business: they are not used.
    virtual net::Task<Result<NamedSystems>> holding(std::string root, std::size_t most) = 0;
    /// Of these, those that nobody can reach.
    virtual net::Task<Result<std::vector<SystemId>>> unreachable_of(std::vector<SystemId> systems) = 0;

    // A root whose key is elsewhere
    /// MGR-164 when it is gone already.
    virtual net::Task<Result<void>> drop_key(std::string fingerprint, std::string actor) = 0;
    virtual net::Task<Result<void>> keep_list(std::string fingerprint, std::string pem, std::string actor) = 0;
};

}  // namespace countersign::manager
