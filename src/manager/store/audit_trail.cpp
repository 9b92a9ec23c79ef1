#include "manager/store/audit_trail.hpp"

#include "base/log.hpp"
#include "manager/store/backing.hpp"

#include "countersign/errors/mgr.hpp"

#include <algorithm>
#include <stdexcept>

namespace countersign::manager::store {
namespace {

constexpr std::string_view k_context = "audit head";
constexpr std::size_t k_page = 1000;

std::string text_of(host::AuditHead const& head) {
    return std::to_string(head.count) + " " + std::to_string(head.newest) + " " + head.hash;
}

std::optional<host::AuditHead> parse_head(std::string_view text) {
    auto const parts = split(text, ' ');
    if (parts.size() != 3 || parts[2].size() != host::audit_chain_start().size()) return std::nullopt;
    auto const count = parse_number<std::int64_t>(parts[0]);
    auto const newest = parse_number<std::int64_t>(parts[1]);
    if (!count || !newest) return std::nullopt;
    return host::AuditHead{*count, *newest, std::string(parts[2])};
}

/// What a transaction finds.
struct Found {
    std::optional<std::string> sealed;  ///< the head
    std::int64_t last_id = 0;           ///< of all records
};

Found look(Database& database) {
    auto const row = database.select_one({"max(id)", "(SELECT sealed FROM audit_head WHERE id = 1)"}, "FROM audit");
    return {row->is_null(1) ? std::nullopt : std::optional(row->text(1)), row->number(0)};
}

std::optional<host::AuditHead> open_head(host::Sealer const& sealer, std::optional<std::string> const& sealed) {
    if (!sealed) return std::nullopt;
    auto opened = sealer.open(*sealed, k_context);
    return opened ? parse_head(opened->reveal()) : std::nullopt;
}

std::string write_head(Database& database, host::Sealer const& sealer, host::AuditHead const& head) {
    auto sealed = sealer.seal(SecretText(text_of(head)), k_context);
    database.execute("INSERT INTO audit_head (id, sealed) VALUES (1, :sealed) ON CONFLICT (id) DO UPDATE SET sealed = excluded.sealed",
                     {value(sealed)});
    return sealed;
}

/// What is hashed must come back from the database and from JSON as the same bytes.
std::string storable(std::string_view text) {
    bool const good = is_utf8(text);
    std::string out(text);
    for (char& c : out)
        if (c == '\0' || (!good && static_cast<unsigned char>(c) >= 0x80)) c = '?';
    return out;
}

}  // namespace

void add_audit_record(Database& database, UtcTime now, std::string_view actor, std::string_view action, std::string_view subject,
                      std::string_view detail) {
    auto& tip = database.audit_tip();
    if (!tip) throw std::logic_error("a record outside of a transaction that writes");
    // The number is part of what is hashed, and it is never used again, also when its record was removed.
    AuditRecord const record{.id = std::max(tip->last_id, tip->head.newest) + 1,
                             .at = now,
                             .actor = storable(actor),
                             .action = storable(action),
                             .subject = storable(subject),
                             .detail = storable(detail)};
    auto hash = host::audit_hash(tip->head.hash, link_of(record));
    database.execute(
        "INSERT INTO audit (id, at, actor, action, subject, detail, hash) VALUES (:id, :at, :actor, :action, :subject, :detail, :hash)",
        {value(record.id), value(record.at), value(record.actor), value(record.action), value(record.subject), value(record.detail),
         value(hash)});
    tip = AuditTip{.head = {tip->head.count + 1, record.id, std::move(hash)}, .last_id = record.id};
}

CommitQueue::Hooks AuditTrail::hooks() {
    return {.begun = [this](Database& database) { begun(database); },
            .committing = [this](Database& database) { committing(database); },
            .committed = [this] { under_way_ = false; },
            .lost =
                [this](Database& database) {
                    // Outside of a transaction there is nothing to go back to.
                    if (under_way_) database.audit_tip() = before_;
                    under_way_ = false;
                    sealed_.reset();
                    sealed_count_ = -1;
                }};
}

void AuditTrail::begun(Database& database) {
    auto& tip = database.audit_tip();
    before_ = tip;
    under_way_ = true;
    auto const [sealed, last] = look(database);
    bool const known = tip.has_value();
    if (known) tip->last_id = std::max(tip->last_id, last);
    if (known && sealed && sealed == sealed_) return;
    auto const head = open_head(sealer_, sealed);
    if (head && (!known || head->count > tip->head.count)) {
        tip = AuditTip{.head = *head, .last_id = last};
        sealed_count_ = head->count;
    } else if (!known) {
        log::error("audit.head_lost", {{"detail", "the sealed head of the audit trail is missing or was sealed with another key"}});
        auto const count = database.select_one({"count(*)"}, "FROM audit")->number(0);
        // From here on a new chain: the break stands in the trail for whoever verifies it.
        tip = AuditTip{.head = {count, last, std::string(host::audit_chain_start())}, .last_id = last};
        add_audit_record(database, clock_.now(), "manager", "audit.head_lost", "audit trail",
                         "the sealed head was missing or sealed with another key");
    } else if (!head || head->count < tip->head.count) {
        log::error("audit.head_changed", {{"detail", "somebody else changed the sealed head; it is written again"}});
        sealed_count_ = -1;
    }
    sealed_ = sealed;
}

void AuditTrail::committing(Database& database) {
    auto const& tip = database.audit_tip();
    if (!tip || tip->head.count == sealed_count_) return;
    sealed_ = write_head(database, sealer_, tip->head);
    sealed_count_ = tip->head.count;
}

std::vector<ChainedRecord> load_audit(Database& database, std::int64_t after, std::size_t limit) {
    std::vector<ChainedRecord> out;
    for (auto const& row : database.select({"id", "at", "actor", "action", "subject", "detail", "hash"},
                                           "FROM audit WHERE id > :after ORDER BY id LIMIT :limit",
                                           {value(after), value(static_cast<std::int64_t>(std::clamp<std::size_t>(limit, 1, k_page)))}))
        out.push_back({{row.number(0), row.time(1), row.text(2), row.text(3), row.text(4), row.text(5)}, row.text(6)});
    return out;
}

Result<host::AuditHead> load_audit_head(Database& database, host::Sealer const& sealer) {
    auto head = open_head(sealer, look(database).sealed);
    if (!head) return fail(errors::mgr::audit_head_lost);
    return *std::move(head);
}

void begin_audit_chain(Database& database) {
    std::string previous(host::audit_chain_start());
    for (std::int64_t after = 0;;) {
        auto const page = load_audit(database, after, k_page);
        for (auto const& one : page) {
            previous = host::audit_hash(previous, link_of(one.record));
            database.execute("UPDATE audit SET hash = :hash WHERE id = :id", {value(previous), value(one.record.id)});
        }
        if (page.size() < k_page) return;
        after = page.back().record.id;
    }
}

void seal_first_audit_head(Database& database, host::Sealer const& sealer) {
    host::AuditHead head;
    if (auto newest = database.select_one({"id", "hash"}, "FROM audit ORDER BY id DESC LIMIT 1")) {
        head.count = database.select_one({"count(*)"}, "FROM audit")->number(0);
        head.newest = newest->number(0);
        head.hash = newest->text(1);
    }
    (void)write_head(database, sealer, head);
}

net::Task<Result<std::vector<ChainedRecord>>> SqliteAudit::list(std::int64_t after, std::size_t limit) {
    return queue_.run(Access::read, [after, limit](Database& database) -> Result<std::vector<ChainedRecord>> {
        return load_audit(database, after, limit);
    });
}

net::Task<Result<host::AuditHead>> SqliteAudit::head() {
    return queue_.run(Access::read, [this](Database& database) { return load_audit_head(database, sealer_); });
}

}  // namespace countersign::manager::store
