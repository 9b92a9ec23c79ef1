#pragma once

#include "manager/store/backing.hpp"
#include "manager/store/request_store.hpp"

namespace countersign::manager::store {

class SqliteRequests final : public RequestStore {
public:
    explicit SqliteRequests(Backing& backing) : backing_(backing) {}
    net::Task<Result<RequestEntry>> make(NewRequest fresh, std::string instead) override;
    net::Task<Result<RequestEntry>> get(RequestId id) override;
    net::Task<Result<std::vector<RequestEntry>>> list(RequestFilter filter) override;
    net::Task<Result<std::size_t>> count(RequestFilter filter) override;
    net::Task<Result<void>> note_downloaded(std::vector<RequestId> ids, std::string actor) override;
    net::Task<Result<std::vector<RequestEntry>>> of_keys(std::vector<std::string> public_keys) override;
    net::Task<Result<std::vector<pki::Certificate>>> known_authorities(std::vector<std::string> subjects) override;
    net::Task<Result<std::optional<InHand>>> in_hand(SystemId system) override;
    net::Task<Result<std::vector<RequestEntry>>> accept(std::vector<Answer> answers, std::string actor) override;
    net::Task<Result<std::optional<Ready>>> ready(SystemId system) override;
    net::Task<Result<void>> installed(RequestId id) override;
    net::Task<Result<RequestEntry>> supersede(RequestId id, std::string note, std::string actor) override;
    net::Task<Result<bool>> retire(SystemId system, std::string note) override;

private:
    Backing& backing_;
};

/// Inside of somebody's transaction: the system's request in hand, if there is one, is of no use any more. Whether there was.
bool retire_request(Database& database, UtcTime now, SystemId system, std::string_view note, std::string_view actor);
/// "It waits for the answer of the authority to certificate request 12."; empty: it waits for none.
std::string why_waiting(Database& database, SystemId system);
/// An answer was accepted, and is not proven in place.
bool awaits_proof(Database& database, SystemId system);

}  // namespace countersign::manager::store
