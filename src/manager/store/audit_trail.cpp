#include "manager/store/audit_trail.hpp"

#include "base/log.hpp"
#include "manager/store/backing.hpp"

#include "countersign/errors/mgr.hpp"

#include <algorithm>

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

std::optional<std::string> sealed_head(Database& database) {
    auto row = database.select_one({"sealed"}, "FROM audit_head WHERE id = 1");
    return row ? std::optional(row->text(0)) : std::nullopt;
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

std::optional<host::AuditHead> tip_of(Database& database) {
    auto row = database.select_one({"count", "newest", "hash"}, "FROM temp.audit_tip");
    return row ? std::optional(host::AuditHead{row->number(0), row->number(1), row->text(2)}) : std::nullopt;
}

void set_tip(Database& database, host::AuditHead const& head) {
    database.execute(
        "INSERT INTO temp.audit_tip (id, count, newest, hash) VALUES (1, :count, :newest, :hash) ON CONFLICT (id) DO UPDATE SET "
        "count = excluded.count, newest = excluded.newest, hash = excluded.hash",
        {value(head.count), value(head.newest), value(head.hash)});
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
    auto tip = tip_of(database).value_or(host::AuditHead());
    AuditRecord const record{
        .id = 0, .at = now, .actor = storable(actor), .action = storable(action), .subject = storable(subject), .detail = storable(detail)};
    // The number is part of what is hashed, and it is never used again, also when its record was removed.
    database.execute("INSERT INTO audit (at, actor, action, subject, detail, hash) VALUES (:at, :actor, :action, :subject, :detail, '')",
                     {value(record.at), value(record.actor), value(record.action), value(record.subject), value(record.detail)});
    auto link = link_of(record);
    link.id = database.last_id();
    tip = {tip.count + 1, link.id, host::audit_hash(tip.hash, link)};
    database.execute("UPDATE audit SET hash = :hash WHERE id = :id", {value(tip.hash), value(link.id)});
    set_tip(database, tip);
}

CommitQueue::Hooks AuditTrail::hooks() {
    return {.begun = [this](Database& database) { begun(database); },
            .committing = [this](Database& database) { committing(database); },
            .lost =
                [this] {
                    // The temporary table went back with it, or is gone.
                    ready_ = false;
                    sealed_.reset();
                    sealed_count_ = -1;
                }};
}

void AuditTrail::begun(Database& database) {
    if (!ready_) {
        database.execute(
            "CREATE TEMP TABLE IF NOT EXISTS audit_tip (id INTEGER PRIMARY KEY, count INTEGER NOT NULL, newest INTEGER NOT NULL, hash TEXT "
            "NOT NULL)");
    }
    auto const sealed = sealed_head(database);
    if (ready_ && sealed && sealed == sealed_) return;
    auto const tip = tip_of(database);
    auto const head = open_head(sealer_, sealed);
    if (head && (!tip || head->count > tip->count)) {
        set_tip(database, *head);
        sealed_count_ = head->count;
    } else if (!tip) {
        log::error("audit.head_lost", {{"detail", "the sealed head of the audit trail is missing or was sealed with another key"}});
        auto const found = database.select_one({"count(*)", "ifnull(max(id), 0)"}, "FROM audit");
        // From here on a new chain: the break stands in the trail for whoever verifies it.
        set_tip(database, {found->number(0), found->number(1), std::string(host::audit_chain_start())});
        add_audit_record(database, clock_.now(), "manager", "audit.head_lost", "audit trail",
                         "the sealed head was missing or sealed with another key");
    } else if (!head || head->count < tip->count) {
        if (ready_) log::error("audit.head_changed", {{"detail", "somebody else changed the sealed head; it is written again"}});
        sealed_count_ = -1;
    }
    sealed_ = sealed;
    ready_ = true;
}

void AuditTrail::committing(Database& database) {
    auto const tip = tip_of(database);
    if (!tip || tip->count == sealed_count_) return;
    sealed_ = write_head(database, sealer_, *tip);
    sealed_count_ = tip->count;
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
    auto head = open_head(sealer, sealed_head(database));
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
