#pragma once

/// Requests for certificates of systems that an authority is asked for by hand, and the answers to them (docs/by-hand.md, REQ MGR-13). A
/// part of Store. A system has at most one request in hand: open, or answered and its certificate not yet proven in place. What came
/// before stays known for as long as the system does. Keys are sealed at rest, and forgotten as soon as they are of no use: when the
/// certificate is proven in place (the system has it then), or when the request is superseded. Of a system that makes its own keys there is
/// none here at any time.

#include "manager/estate/model.hpp"
#include "manager/plan/by_hand.hpp"
#include "net/task.hpp"
#include "pki/certificate.hpp"

#include <optional>
#include <string>
#include <vector>

namespace countersign::manager {

enum class RequestState {
    open,       ///< waits for the answer of the authority
    answered,   ///< a certificate was uploaded for it
    superseded  ///< it is of no use any more; `note` says why
};
std::string_view to_string(RequestState value);
std::optional<RequestState> parse_request_state(std::string_view text);

struct RequestEntry {
    RequestId id = 0;
    SystemId system = 0;
    std::string system_name;
    std::string folder;  ///< path
    RequestState state = RequestState::open;
    std::string subject;
    std::vector<std::string> names;  ///< host names and addresses that were asked for
    std::string key_type;            ///< "ec:p256"
    std::string key_made;            ///< who made the key: "system" (and keeps it), "manager"
    std::string public_key;          ///< SHA-256 of the public key
    std::string pem;
    std::string reason;  ///< why it was made, in words
    UtcTime made{};
    std::optional<UtcTime> downloaded;  ///< newest
    std::optional<UtcTime> answered;
    std::string answered_by;
    std::string certificate;  ///< SHA-256 of the answer
    std::string issuer;       ///< its issuer's subject
    std::optional<UtcTime> not_after;
    std::optional<UtcTime> installed;  ///< proven in place
    std::optional<UtcTime> superseded;
    std::string note;
};

struct RequestFilter {
    std::optional<RequestState> state;
    std::optional<SystemId> system;
    std::optional<FolderId> folder;  ///< and all below it
    std::vector<RequestId> ids;      ///< empty: all
    std::size_t limit = 100;         ///< at most k_most_requests
    RequestId after = 0;             ///< ids above this
};

/// Of one bundle, and of one filter.
inline constexpr std::size_t k_most_requests = 5000;

class RequestStore {
public:
    virtual ~RequestStore() = default;

    struct NewRequest {
        SystemId system = 0;
        pki::CertificateRequest request;
        std::optional<pki::PrivateKey> key;  ///< nothing: the system made it, and keeps it
        std::string key_type;
        std::string reason;
        std::string key_note{};  ///< why the manager made the key of a system that makes its own; for the record
    };
    /// Takes the place of the one in hand, if there is one, which is superseded for the reason `instead`. GEN-003 (the system).
    virtual net::Task<Result<RequestEntry>> make(NewRequest fresh, std::string instead) = 0;

    virtual net::Task<Result<RequestEntry>> get(RequestId id) = 0;  ///< GEN-003
    /// Oldest first.
    virtual net::Task<Result<std::vector<RequestEntry>>> list(RequestFilter filter) = 0;
    virtual net::Task<Result<std::size_t>> count(RequestFilter filter) = 0;
    virtual net::Task<Result<void>> note_downloaded(std::vector<RequestId> ids, std::string actor) = 0;
    /// Whatever their state; those that nobody made are not among them. `public_keys`: SHA-256.
    virtual net::Task<Result<std::vector<RequestEntry>>> of_keys(std::vector<std::string> public_keys) = 0;

    /// The system's request in hand, and its answer when there is one: leaf first, without the root.
    struct InHand {
        RequestEntry request;
        std::vector<pki::Certificate> answer;
    };
    virtual net::Task<Result<std::optional<InHand>>> in_hand(SystemId system) = 0;

    struct Answer {
        RequestId id = 0;
        std::vector<pki::Certificate> chain;  ///< leaf first, without the root
        UtcTime renew_at{};                   ///< when its successor is to be asked for
    };
    /// Certificates of authorities that came with earlier answers or were seen in chains, for issuers of these names and those above them.
    /// Candidates only: nothing says that they signed anything.
    virtual net::Task<Result<std::vector<pki::Certificate>>> known_authorities(std::vector<std::string> subjects) = 0;

    /// All in one transaction, with their records. Answers to requests that are not in hand any more are left out: who asks again is told
    /// so. The requests that were answered.
    virtual net::Task<Result<std::vector<RequestEntry>>> accept(std::vector<Answer> answers, std::string actor) = 0;
    struct Ready {
        RequestId id = 0;
        std::vector<pki::Certificate> chain;
        std::optional<pki::PrivateKey> key;  ///< nothing: the system has it
    };
    /// What is to be installed; nothing while the answer is awaited.
    virtual net::Task<Result<std::optional<Ready>>> ready(SystemId system) = 0;
    /// The system shows it and it verifies: the key is forgotten here.
    virtual net::Task<Result<void>> installed(RequestId id) = 0;

    /// GEN-003, MGR-174 when it is not in hand.
    virtual net::Task<Result<RequestEntry>> supersede(RequestId id, std::string note, std::string actor) = 0;
    /// The system's request in hand, if there is one. Whether there was.
    virtual net::Task<Result<bool>> retire(SystemId system, std::string note) = 0;
};

}  // namespace countersign::manager
