#pragma once

/// From an observation to a level, with evidence (REQ LVL-1..7, MGR-15). Pure: no I/O, no clock, no database.

#include "family/family.hpp"
#include "manager/assess/client_side.hpp"
#include "manager/estate/model.hpp"
#include "manager/observe/observation.hpp"

#include <optional>
#include <string>
#include <vector>

namespace countersign::manager {

/// One row of the per-protocol table.
struct ProtocolLevel {
    std::string id;    ///< service or client id
    std::string name;  ///< "HTTP Server", "External services/feedback"
    bool client = false;
    bool open = false;     ///< services: it answers (or is switched on); clients: it is in use
    int level = 0;         ///< 1..4; 0 when closed or unused
    bool counts = true;    ///< LVL-6: signalling and physical doors do not
    std::string evidence;  ///< what was seen
    std::string raise_by;  ///< what would raise it by one; empty at 4
    /// Of a TLS port that is open: the version that was agreed on, and broken ones that it takes too. Empty: not TLS, or not seen.
    std::vector<std::string> tls_versions{};
};

/// One item of the readiness checklists of the seeds (MGR-15).
struct ReadinessItem {
    enum class State { yes, no, unknown };
    std::string id;  ///< "software", "feature_key", "host_name_resolves", "ntp", "dns", "own_certificate", "trusted_root", "logon" ...
    std::string text;
    State state = State::unknown;
    std::string evidence;
};

struct Assessment {
    int level = 0;    ///< lowest level of what is really open; 0 when nothing could be seen
    std::string why;  ///< one sentence: what holds it there
    std::vector<ProtocolLevel> protocols;
    std::vector<ReadinessItem> readiness;
    std::vector<std::string> findings;  ///< further sentences: factory password, weak keys, missing preconditions, expiry
    bool secure_only_capable = false;   ///< REQ MGR-2
    std::vector<OldTls> old_tls{};      ///< kept for the next looks
    /// SHA-256 of the roots that the system trusts; nothing when it was not asked (no log-in).
    std::optional<std::vector<std::string>> trusted_roots;
};

struct AssessInput {
    family::Family const& family;
    System const& system;
    Observation const& observation;
    Policy const& policy;
    UtcTime now;
    std::vector<pki::Certificate> estate_roots = {};  ///< for the checklist: does the system trust them
    ClientSide client = {};
};

Assessment assess(AssessInput const& input);

}  // namespace countersign::manager
