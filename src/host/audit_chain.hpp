#pragma once

/// The hash chain of the manager's audit trail (docs/audit.md defines its bytes): each record holds a SHA-256 over its own fields and the
/// hash of the record before, so that no record can be changed, removed or moved alone. Whoever may write the database could compute the
/// whole chain anew; the head, which the manager keeps sealed, tells that, and that the end is missing.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace countersign::host {

/// The fields of a record that are hashed. The caller owns the texts.
struct AuditLink {
    std::int64_t id = 0;
    std::int64_t at = 0;  ///< seconds since 1970, UTC
    std::string_view actor;
    std::string_view action;
    std::string_view subject;
    std::string_view detail;
};

/// What stands for the hash before the first record: 64 times "0".
std::string_view audit_chain_start();
/// Lower-case hexadecimal. `previous` as 64 hexadecimal digits; of anything else the hash of no record can come out.
std::string audit_hash(std::string_view previous, AuditLink const& record);

/// The newest record, as the manager keeps it sealed.
struct AuditHead {
    std::int64_t count = 0;   ///< of all records
    std::int64_t newest = 0;  ///< id; 0: there is none
    std::string hash{audit_chain_start()};
    bool operator==(AuditHead const&) const = default;
};

/// The first place where a trail does not hold.
struct AuditBreak {
    enum class Kind {
        changed,       ///< the record is not what was written, or does not stand in its place
        missing,       ///< records before this one are not there
        out_of_order,  ///< its number is not above the one before
        end_missing,   ///< records after this one are not there
        rewritten,     ///< the newest is not the one that the manager wrote: the chain was computed anew
        not_ours       ///< stands behind the newest that the manager wrote
    };
    Kind kind = Kind::changed;
    std::int64_t id = 0;  ///< the first bad record; for end_missing the first that is missing
    std::string text;     ///< for people
};
std::string_view to_string(AuditBreak::Kind kind);

/// Takes the records in order of their numbers, the oldest first. After the first break nothing more is looked at.
class AuditVerifier {
public:
    /// False: the trail is broken (here or before).
    bool take(AuditLink const& record, std::string_view hash);
    /// When all records were taken: nothing if the trail holds and ends at the head.
    std::optional<AuditBreak> finish(AuditHead const& head);
    [[nodiscard]] std::int64_t taken() const { return head_.count; }
    /// Of the newest record that was taken and holds.
    [[nodiscard]] AuditHead const& head() const { return head_; }

private:
    bool broken(AuditBreak::Kind kind, std::int64_t id, std::string text);
    AuditHead head_;
    std::optional<AuditBreak> break_;
};

}  // namespace countersign::host
