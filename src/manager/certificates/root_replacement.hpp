#pragma once

/// Replaces the root of the internal authority under a running estate, so that no verification fails on either side (REQ MGR-13, TRU-1).
///
/// Three phases, each stored before it begins, so that the next life of the program goes on where this one was:
/// *distribute*: the new root is trusted by the manager at once and goes to every system that checks the manager. A system has it when its
/// own account said so, and nothing was on trial. *change*: the new root's authority issues from now on; certificates below the old root
/// are replaced by enforcement, and the manager's own one as soon as nobody who checks it lacks the new root. *withdraw*: nothing shows a
/// certificate below the old root any more, and trust lists forget it.
///
/// Beside that, the issuing authority is followed by another one in time, below the same root.
///
/// Systems that are away are waited for, named, and told of by a ticket. A person may go on without them.

#include "manager/certificates/own_certificate.hpp"
#include "manager/certificates/signing_authority.hpp"
#include "manager/store/authority_store.hpp"
#include "net/sync.hpp"

#include <atomic>
#include <functional>
#include <set>

namespace countersign::manager {

class RootReplacement {
public:
    struct Links {
        net::Runtime& runtime;
        Store& store;
        InternalCa& authority;
        OwnCertificate& own;
        std::shared_ptr<Clock const> clock;
        /// These are to be enforced now, but for what campaigns have in hand; recorded as `actor`.
        std::function<net::Task<Result<void>>(std::vector<SystemId>, std::string actor)> enforce;
        /// There are other roots and authorities: everybody is to know them, callers of the HTTPS port, too.
        std::function<net::Task<Result<void>>()> authorities_changed;
        std::function<void(std::string kind, std::int64_t id)> announce;
    };
    explicit RootReplacement(Links links) : links_(std::move(links)) {}

    struct State {
        KeptReplacement kept;
        pki::Certificate old_root, new_root;
        NamedSystems waiting_for;    ///< in this phase
        bool manager_waits = false;  ///< its own certificate is still below the old root
    };
    /// Nothing: none runs.
    net::Task<Result<std::optional<State>>> show();
    /// MGR-161; of keys on tokens as SigningAuthority says.
    net::Task<Result<State>> begin(KeyPlaces keys, std::string actor);
    /// To the next phase although systems are waited for, when that was `accepted`; else MGR-167. MGR-162. Nothing: it has ended.
    net::Task<Result<std::optional<State>>> advance(bool accepted, std::string actor);
    /// Systems forget the new root. MGR-162, MGR-163.
    net::Task<Result<void>> cancel(std::string actor);

    void start(std::shared_ptr<void> keep);
    net::Task<> stop();
    /// Something of systems was learnt. Any thread; costs nothing while none runs.
    void wake() {
        if (runs_) wake_.raise();
    }

private:
    net::Task<> run();
    net::Task<Result<void>> look();
    net::Task<Result<State>> state_of(KeptReplacement kept, std::size_t most);
    net::Task<Result<void>> ask(State state, std::vector<SystemId> away);
    net::Task<Result<void>> move_manager(State state);
    net::Task<Result<void>> enter(State state, std::string detail, std::string actor);
    net::Task<Result<void>> tell(State state, std::vector<SystemId> away);
    net::Task<Result<void>> settle(std::string why);
    net::Task<Result<void>> everybody();
    net::Task<Result<void>> renew_issuing_in_time();

    Links links_;
    net::KeyedLock changes_;
    std::set<SystemId> asked_, away_;  ///< in this phase and life; `away_` of them could not be reached. Of run() alone
    std::optional<ReplacementPhase> asked_in_;
    net::Signal wake_, ended_;
    std::atomic<bool> runs_ = false, stopping_ = false, running_ = false;
};

}  // namespace countersign::manager
