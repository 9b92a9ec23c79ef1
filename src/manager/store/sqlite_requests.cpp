#include "manager/store/sqlite_requests.hpp"

#include "base/text.hpp"
#include "manager/store/pending_rows.hpp"
#include "manager/store/sqlite_inventory.hpp"
#include "manager/store/system_query.hpp"

#include "countersign/errors/gen.hpp"
#include "countersign/errors/mgr.hpp"

#include <algorithm>
#include <array>
#include <set>

namespace countersign::manager {
namespace {

struct StateName {
    RequestState state;
    std::string_view name;
};
constexpr std::array<StateName, 3> k_states{
    {{RequestState::open, "open"}, {RequestState::answered, "answered"}, {RequestState::superseded, "superseded"}}};

}  // namespace

std::string_view to_string(RequestState value) {
    for (auto const& one : k_states)
        if (one.state == value) return one.name;
    return "";
}

std::optional<RequestState> parse_request_state(std::string_view text) {
    for (auto const& one : k_states)
        if (one.name == text) return one.state;
    return std::nullopt;
}

namespace store {
namespace {

std::vector<std::string_view> const k_columns = {"r.id",          "r.system",         "systems.name", "folders.path", "r.state",
                                                 "r.subject",     "r.names",          "r.key_type",   "r.public_key", "r.request",
                                                 "r.reason",      "r.made",           "r.downloaded", "r.answered",   "r.answered_by",
                                                 "r.certificate", "r.issuer_subject", "r.not_after",  "r.installed",  "r.superseded",
                                                 "r.note",        "r.key_made",       "r.chain",      "r.sealed_key"};
constexpr std::size_t k_chain = 22, k_sealed_key = 23;
constexpr std::string_view k_from =
    "FROM certificate_requests AS r JOIN systems ON systems.id = r.system JOIN folders ON folders.id = systems.folder ";
constexpr std::string_view k_in_hand = "(r.state = 'open' OR (r.state = 'answered' AND r.installed IS NULL))";
/// Of one statement with a list of values.
constexpr std::size_t k_values = 500;

std::string key_context(std::string_view public_key) { return "certificate request " + std::string(public_key); }

std::vector<std::string> lines_of(std::string const& text) {
    std::vector<std::string> out;
    for (auto const line : split(text, '\n'))
        if (!line.empty()) out.emplace_back(line);
    return out;
}

/// The CHECK constraint keeps other states out.
RequestEntry entry_of(Row const& row) {
    return {.id = row.number(0),
            .system = row.number(1),
            .system_name = row.text(2),
            .folder = row.text(3),
            .state = parse_request_state(row.text(4)).value_or(RequestState::superseded),
            .subject = row.text(5),
            .names = lines_of(row.text(6)),
            .key_type = row.text(7),
            .key_made = row.text(21),
            .public_key = row.text(8),
            .pem = row.text(9),
            .reason = row.text(10),
            .made = row.time(11),
            .downloaded = row.optional_time(12),
            .answered = row.optional_time(13),
            .answered_by = row.text(14),
            .certificate = row.text(15),
            .issuer = row.text(16),
            .not_after = row.optional_time(17),
            .installed = row.optional_time(18),
            .superseded = row.optional_time(19),
            .note = row.text(20)};
}

Result<RequestEntry> load(Database& database, RequestId id) {
    auto const row = database.select_one(k_columns, std::string(k_from) + "WHERE r.id = :id", {value(id)});
    if (!row) return fail(errors::gen::not_found, {{"what", "certificate request"}, {"name", std::to_string(id)}});
    return entry_of(*row);
}

std::optional<Row> load_in_hand(Database& database, SystemId system) {
    return database.select_one(k_columns, std::string(k_from) + "WHERE r.system = :system AND " + std::string(k_in_hand), {value(system)});
}

bool is_in_hand(RequestEntry const& entry) {
    return entry.state == RequestState::open || (entry.state == RequestState::answered && !entry.installed);
}

/// An answer that nobody installs any more.
void give_up_answer(Database& database, std::string const& certificate) {
    if (!certificate.empty())
        database.execute("UPDATE inventory SET state = 'unused', renew_at = NULL WHERE fingerprint = :fingerprint AND state = 'pending'",
                         {value(certificate)});
}

void supersede_one(Database& database, UtcTime now, RequestEntry const& entry, std::string_view note, std::string_view actor) {
    database.execute(
        "UPDATE certificate_requests SET state = 'superseded', superseded = :now, note = :note, sealed_key = '' WHERE id = :id",
        {value(now), value(note), value(entry.id)});
    give_up_answer(database, entry.certificate);
    add_audit_record(database, now, actor, "request.supersede", subject_of(entry.system),
                     "request " + std::to_string(entry.id) + ": " + std::string(note));
}

Query query_of(RequestFilter const& filter) {
    Query query;
    query.add(k_from).add("WHERE r.id > ?", {value(filter.after)});
    if (filter.state) query.add(" AND r.state = ?", {value(to_string(*filter.state))});
    if (filter.system) query.add(" AND r.system = ?", {value(*filter.system)});
    if (filter.folder && *filter.folder != k_root_folder)
        query.add(
            " AND systems.folder IN (WITH RECURSIVE below (id) AS (SELECT CAST(? AS INTEGER) UNION ALL SELECT folders.id FROM folders JOIN "
            "below ON folders.parent = below.id) SELECT id FROM below)",
            {value(*filter.folder)});
    if (filter.ids.empty()) return query;
    query.add(" AND r.id IN (");
    for (std::size_t i = 0; i < filter.ids.size(); ++i) query.add(i == 0 ? "?" : ", ?", {value(filter.ids[i])});
    query.add(")");
    return query;
}

}  // namespace

bool retire_request(Database& database, UtcTime now, SystemId system, std::string_view note, std::string_view actor) {
    auto const row = load_in_hand(database, system);
    if (row) supersede_one(database, now, entry_of(*row), note, actor);
    return row.has_value();
}

std::string why_waiting(Database& database, SystemId system) {
    auto const row = database.select_one({"id"}, "FROM certificate_requests WHERE system = :system AND state = 'open'", {value(system)});
    return row ? "It waits for the answer of the authority to certificate request " + row->text(0) + "." : std::string();
}

bool awaits_proof(Database& database, SystemId system) {
    return database
        .select_one({"id"}, "FROM certificate_requests WHERE system = :system AND state = 'answered' AND installed IS NULL",
                    {value(system)})
        .has_value();
}

net::Task<Result<RequestEntry>> SqliteRequests::make(NewRequest fresh, std::string instead) {
    auto const public_key = fresh.request.public_key_sha256();
    // Sealing takes longer than storing: not on the database's thread.
    auto sealed = fresh.key ? backing_.sealer().seal(fresh.key->to_pem(), key_context(public_key)) : std::string();
    auto why = fresh.key_note.empty() ? std::string() : "; with a key of the manager: " + fresh.key_note;
    if (!fresh.key) why = "; the system made the key and keeps it";
    std::vector<std::string> names;
    for (auto const& name : fresh.request.alternative_names()) names.push_back(name.value);
    RequestEntry entry{.system = fresh.system,
                       .subject = fresh.request.subject(),
                       .names = std::move(names),
                       .key_type = std::move(fresh.key_type),
                       .key_made = std::string(fresh.key ? k_made_by_manager : k_made_by_system),
                       .public_key = public_key,
                       .pem = fresh.request.to_pem(),
                       .reason = std::move(fresh.reason)};
    return backing_.write([this, entry = std::move(entry), sealed = std::move(sealed), why = std::move(why),
                           instead = std::move(instead)](Database& database) -> Result<RequestEntry> {
        auto const now = backing_.now();
        if (!database.select_one({"id"}, "FROM systems WHERE id = :id", {value(entry.system)})) return no_such_system(entry.system);
        (void)retire_request(database, now, entry.system, instead, "manager");
        database.execute(
            "INSERT INTO certificate_requests (system, state, subject, names, key_type, key_made, public_key, request, sealed_key, reason, "
            "made) VALUES (:system, 'open', :subject, :names, :key_type, :key_made, :public_key, :request, :sealed, :reason, :made)",
            {value(entry.system), value(entry.subject), value(join(entry.names, "\n")), value(entry.key_type), value(entry.key_made),
             value(entry.public_key), value(entry.pem), value(sealed), value(entry.reason), value(now)});
        CS_TRY(auto made, load(database, database.last_id()));
        backing_.record(
            database, "manager", "request.make", subject_of(made.system),
            "request " + std::to_string(made.id) + " for " + join(made.names, ", ") + ", public key SHA-256 " + made.public_key + why);
        return made;
    });
}

net::Task<Result<RequestEntry>> SqliteRequests::get(RequestId id) {
    return backing_.read([id](Database& database) { return load(database, id); });
}

net::Task<Result<std::vector<RequestEntry>>> SqliteRequests::list(RequestFilter filter) {
    return backing_.read([filter = std::move(filter)](Database& database) -> Result<std::vector<RequestEntry>> {
        auto query = query_of(filter);
        query.add(" ORDER BY r.id LIMIT ?", {value(static_cast<std::int64_t>(std::min(filter.limit, k_most_requests)))});
        std::vector<RequestEntry> out;
        for (auto const& row : database.select(k_columns, query.sql(), query.values())) out.push_back(entry_of(row));
        return out;
    });
}

net::Task<Result<std::size_t>> SqliteRequests::count(RequestFilter filter) {
    return backing_.read([filter = std::move(filter)](Database& database) -> Result<std::size_t> {
        auto const query = query_of(filter);
        return static_cast<std::size_t>(database.select_one({"count(*)"}, query.sql(), query.values())->number(0));
    });
}

net::Task<Result<void>> SqliteRequests::note_downloaded(std::vector<RequestId> ids, std::string actor) {
    return backing_.write([this, ids = std::move(ids), actor = std::move(actor)](Database& database) -> Result<void> {
        for (auto id : ids)
            database.execute("UPDATE certificate_requests SET downloaded = :now WHERE id = :id", {value(backing_.now()), value(id)});
        backing_.record(database, actor, "request.download", "certificate requests", std::to_string(ids.size()) + " requests");
        return {};
    });
}

net::Task<Result<std::vector<RequestEntry>>> SqliteRequests::of_keys(std::vector<std::string> public_keys) {
    return backing_.read([keys = std::move(public_keys)](Database& database) -> Result<std::vector<RequestEntry>> {
        std::vector<RequestEntry> out;
        for (std::size_t begin = 0; begin < keys.size(); begin += k_values) {
            Query query;
            query.add(k_from).add("WHERE r.public_key IN (");
            for (auto i = begin; i < std::min(keys.size(), begin + k_values); ++i) query.add(i == begin ? "?" : ", ?", {value(keys[i])});
            query.add(")");
            for (auto const& row : database.select(k_columns, query.sql(), query.values())) out.push_back(entry_of(row));
        }
        return out;
    });
}

net::Task<Result<std::vector<pki::Certificate>>> SqliteRequests::known_authorities(std::vector<std::string> subjects) {
    return backing_.read([subjects = std::move(subjects)](Database& database) -> Result<std::vector<pki::Certificate>> {
        constexpr std::size_t most = 100;
        std::vector<pki::Certificate> out;
        std::set<std::string> asked;
        std::vector<std::string> open = subjects;
        while (!open.empty() && out.size() < most) {
            auto const subject = std::move(open.back());
            open.pop_back();
            if (!asked.insert(subject).second) continue;
            for (auto const& row : database.select({"pem"},
                                                   "FROM inventory WHERE purpose IN ('root', 'authority', 'seen authority') AND subject = "
                                                   ":subject AND pem <> '' ORDER BY not_after DESC LIMIT 20",
                                                   {value(subject)})) {
                CS_TRY(auto one, pki::Certificate::parse_pem(row.text(0)));
                open.push_back(one.issuer());
                out.push_back(std::move(one));
            }
        }
        return out;
    });
}

net::Task<Result<std::optional<RequestStore::InHand>>> SqliteRequests::in_hand(SystemId system) {
    return backing_.read([system](Database& database) -> Result<std::optional<InHand>> {
        auto const row = load_in_hand(database, system);
        if (!row) return std::nullopt;
        InHand found{.request = entry_of(*row), .answer = {}};
        if (row->text(k_chain).empty()) return found;
        CS_TRY(found.answer, pki::parse_bundle(row->text(k_chain)));
        return found;
    });
}

net::Task<Result<std::vector<RequestEntry>>> SqliteRequests::accept(std::vector<Answer> answers, std::string actor) {
    return backing_.write([this, answers = std::move(answers),
                           actor = std::move(actor)](Database& database) -> Result<std::vector<RequestEntry>> {
        auto const now = backing_.now();
        std::vector<RequestEntry> out;
        for (auto const& answer : answers) {
            CS_TRY(auto const before, load(database, answer.id));
            if (!is_in_hand(before)) continue;
            auto const& leaf = answer.chain.front();
            if (before.certificate != leaf.fingerprint()) give_up_answer(database, before.certificate);
            database.execute(
                "UPDATE certificate_requests SET state = 'answered', answered = :now, answered_by = :actor, certificate = :fingerprint, "
                "chain = :chain, issuer_subject = :issuer, not_after = :end WHERE id = :id",
                {value(now), value(actor), value(leaf.fingerprint()), value(pki::to_pem(answer.chain)), value(leaf.issuer()),
                 value(leaf.not_after()), value(answer.id)});
            take_in_answer(database, now, before.system, answer.chain, answer.renew_at);
            note_key_made(database, leaf.fingerprint(), before.key_made);
            backing_.record(
                database, actor, "request.answer", subject_of(before.system),
                "request " + std::to_string(answer.id) + ": " + leaf.subject() + " serial " + leaf.serial() + " of " + leaf.issuer());
            CS_TRY(auto entry, load(database, answer.id));
            out.push_back(std::move(entry));
        }
        return out;
    });
}

net::Task<Result<std::optional<RequestStore::Ready>>> SqliteRequests::ready(SystemId system) {
    return backing_.read([this, system](Database& database) -> Result<std::optional<Ready>> {
        auto const row = load_in_hand(database, system);
        if (!row || row->text(k_chain).empty()) return std::nullopt;
        auto const entry = entry_of(*row);
        CS_TRY(auto chain, pki::parse_bundle(row->text(k_chain)));
        if (entry.key_made == k_made_by_system) return Ready{.id = entry.id, .chain = std::move(chain), .key = std::nullopt};
        CS_TRY(auto const pem, backing_.sealer().open(row->text(k_sealed_key), key_context(entry.public_key)));
        CS_TRY(auto key, pki::PrivateKey::parse_pem(pem.reveal()));
        return Ready{.id = entry.id, .chain = std::move(chain), .key = std::move(key)};
    });
}

net::Task<Result<void>> SqliteRequests::installed(RequestId id) {
    return backing_.write([this, id](Database& database) -> Result<void> {
        CS_TRY(auto const entry, load(database, id));
        if (entry.state != RequestState::answered || entry.installed) return {};
        database.execute("UPDATE certificate_requests SET installed = :now, sealed_key = '' WHERE id = :id",
                         {value(backing_.now()), value(id)});
        settle_answer(database, backing_.now(), entry.certificate);
        backing_.record(database, "manager", "request.installed", subject_of(entry.system),
                        "request " + std::to_string(id) + ": the certificate is proven in place, and its key is not kept any more");
        return {};
    });
}

net::Task<Result<RequestEntry>> SqliteRequests::supersede(RequestId id, std::string note, std::string actor) {
    return backing_.write([this, id, note = std::move(note), actor = std::move(actor)](Database& database) -> Result<RequestEntry> {
        CS_TRY(auto const entry, load(database, id));
        if (!is_in_hand(entry))
            return fail(errors::mgr::request_not_in_hand, {{"request", std::to_string(id)},
                                                           {"system", entry.system_name},
                                                           {"state", entry.installed ? "answered" : to_string(entry.state)}});
        supersede_one(database, backing_.now(), entry, note, actor);
        return load(database, id);
    });
}

net::Task<Result<bool>> SqliteRequests::retire(SystemId system, std::string note) {
    return backing_.write([this, system, note = std::move(note)](Database& database) -> Result<bool> {
        return retire_request(database, backing_.now(), system, note, "manager");
    });
}

}  // namespace store
}  // namespace countersign::manager
