// Reading the inventory of certificates: pages, one certificate, revocation, what is to be renewed.

#include "manager/store/sqlite_inventory.hpp"

#include "base/text.hpp"
#include "manager/store/system_query.hpp"

#include "countersign/errors/gen.hpp"

#include <algorithm>
#include <array>

namespace countersign::manager {
namespace {

struct StateName {
    CertificateState state;
    std::string_view name;
};
constexpr std::array<StateName, 8> k_states{{{CertificateState::issued, "issued"},
                                             {CertificateState::pending, "pending"},
                                             {CertificateState::served, "served"},
                                             {CertificateState::trusted, "trusted"},
                                             {CertificateState::replaced, "replaced"},
                                             {CertificateState::unused, "unused"},
                                             {CertificateState::revoked, "revoked"},
                                             {CertificateState::expired, "expired"}}};

}  // namespace

std::string_view to_string(CertificateState value) {
    for (auto const& one : k_states)
        if (one.state == value) return one.name;
    return "";
}

std::optional<CertificateState> parse_certificate_state(std::string_view text) {
    for (auto const& one : k_states)
        if (one.name == text) return one.state;
    return std::nullopt;
}

namespace store {
namespace {

/// A restriction with no more rows than this is looked up and sorted; a wider one is met on the way along the order.
constexpr std::int64_t k_narrow = 5000;
constexpr std::size_t k_most_per_page = 1000;
constexpr std::size_t k_shortest_indexed = 3;
constexpr std::size_t k_most_issuers = 8;
constexpr std::size_t k_most_named = 100;
constexpr std::size_t k_fewest_digits = 8;
constexpr std::size_t k_all_digits = 64;

/// Purposes of certificates whose keys the manager made, unless the row says that the system did.
constexpr std::array<std::string_view, 3> k_made_for_systems{"system", "system_client", "by_hand"};

constexpr std::string_view k_of_system =
    "SELECT certificate AS id FROM inventory_uses WHERE system = ? UNION SELECT id FROM inventory WHERE system = ? AND system <> 0";

struct Cursor {
    std::int64_t end = 0;
    std::int64_t id = 0;
};

std::optional<Cursor> cursor_of(std::string_view text) {
    auto const dot = text.find('.');
    if (dot == std::string_view::npos) return std::nullopt;
    auto const end = parse_number<std::int64_t>(text.substr(0, dot));
    auto const id = parse_number<std::int64_t>(text.substr(dot + 1));
    if (!end || !id) return std::nullopt;
    return Cursor{*end, *id};
}

/// Whether no more than k_narrow rows are meant.
bool is_narrow(Database& database, Restriction const& one) {
    Query query;
    query.add("FROM (SELECT 1 FROM (" + one.ids + ") AS found LIMIT ", one.ids_values).add("?) AS counted", {value(k_narrow + 1)});
    return database.select_one({"count(*)"}, query.sql(), query.values())->number(0) <= k_narrow;
}

Restriction word_of(Engine engine, std::string_view word) {
    auto const pattern = value("%" + escape_like(word) + "%");
    Restriction out{.test = R"((inventory.subject LIKE ? ESCAPE '\' OR inventory.names LIKE ? ESCAPE '\')"
                            R"( OR inventory.serial LIKE ? ESCAPE '\' OR inventory.fingerprint LIKE ? ESCAPE '\'))",
                    .test_values = {pattern, pattern, pattern, pattern},
                    .ids = {},
                    .ids_values = {}};
    if (word.size() < k_shortest_indexed) return out;
    auto search = text_search(engine, "inventory_text", word);
    out.ids = std::move(search.sql);
    out.ids_values = {std::move(search.value)};
    return out;
}

/// What does not come from an index in the order of ends.
std::vector<Restriction> lookups_of(Engine engine, InventoryFilter const& filter) {
    std::vector<Restriction> out;
    for (auto word : words(filter.text)) out.push_back(word_of(engine, word));
    if (filter.system) {
        std::string const ids(k_of_system);
        std::vector<Value> const values{value(*filter.system), value(*filter.system)};
        out.push_back({.test = "inventory.id IN (" + ids + ")", .test_values = values, .ids = ids, .ids_values = values});
    }
    return out;
}

void add_order_tests(Query& query, InventoryFilter const& filter, UtcTime now, bool led) {
    // The sign keeps the planner from another index than the one that leads.
    std::string const sign = led ? "+" : "";
    if (!filter.issuer.empty()) query.add(" AND " + sign + "inventory.issuer = ?", {value(filter.issuer)});
    if (filter.state) {
        if (*filter.state == CertificateState::expired) {
            query.add(" AND " + sign + "inventory.not_after <= ? AND +inventory.state <> 'revoked'", {value(now)});
        } else {
            query.add(" AND " + sign + "inventory.state = ?", {value(to_string(*filter.state))});
            if (*filter.state != CertificateState::revoked) query.add(" AND " + sign + "inventory.not_after > ?", {value(now)});
        }
    }
    if (filter.expires_before) query.add(" AND " + sign + "inventory.not_after < ?", {value(*filter.expires_before)});
    if (filter.expires_after) query.add(" AND " + sign + "inventory.not_after >= ?", {value(*filter.expires_after)});
}

/// "AB:CD ..." and "abcd..." are one fingerprint.
std::string plain(std::string_view fingerprint) {
    std::string out;
    for (char c : fingerprint)
        if (c != ':' && c != ' ') out += c;
    return to_lower(out);
}

Failure no_such_certificate(std::string_view name) {
    return fail(errors::gen::not_found, {{"what", "certificate"}, {"name", std::string(name.substr(0, 100))}});
}

Result<std::int64_t> number_of(Database& database, std::string const& name) {
    auto const digits = plain(name);
    bool const hexadecimal = digits.find_first_not_of("0123456789abcdef") == std::string::npos;
    if (!hexadecimal || digits.size() < k_fewest_digits || digits.size() > k_all_digits) return no_such_certificate(name);
    // A range of the index: what begins so.
    auto const rows = database.select({"id"}, "FROM inventory WHERE fingerprint >= :from AND fingerprint <= :to LIMIT 2",
                                      {value(digits), value(digits + "g")});
    if (rows.empty()) return no_such_certificate(name);
    if (rows.size() > 1)
        return fail(errors::gen::invalid_input,
                    {{"field", "fingerprint"}, {"detail", "several certificates begin with " + digits + ": more digits are needed"}});
    return rows.front().number(0);
}

std::vector<CertificateUse> uses_of(Database& database, std::int64_t certificate) {
    std::vector<CertificateUse> out;
    for (auto const& row :
         database.select({"inventory_uses.system", "systems.name", "service", "since", "until"},
                         "FROM inventory_uses LEFT JOIN systems ON systems.id = inventory_uses.system WHERE certificate = :certificate "
                         "ORDER BY until IS NOT NULL, since DESC, inventory_uses.rowid DESC LIMIT :most",
                         {value(certificate), value(static_cast<std::int64_t>(k_most_named))}))
        out.push_back({row.number(0), row.text(1), row.text(2), row.time(3), row.optional_time(4)});
    return out;
}

std::vector<pki::Certificate> issuers_of(Database& database, InventoryEntry const& entry) {
    std::vector<pki::Certificate> out;
    auto below = entry.fingerprint;
    auto next = entry.issuer;
    while (!next.empty() && next != below && out.size() < k_most_issuers) {
        auto const row = database.select_one({"pem", "issuer"}, "FROM inventory WHERE fingerprint = :fingerprint", {value(next)});
        if (!row || row->text(0).empty()) break;
        auto certificate = pki::Certificate::parse_pem(row->text(0));
        if (!certificate) break;
        out.push_back(*std::move(certificate));
        below = next;
        next = row->text(1);
    }
    return out;
}

NamedSystems trusting(Database& database, std::string const& fingerprint) {
    NamedSystems out;
    constexpr std::string_view which = "FROM system_trust JOIN systems ON system = id WHERE instr(trusted, :root) > 0";
    auto const count = database.select_one({"count(*)"}, which, {value(fingerprint)});
    out.in_all = static_cast<std::size_t>(count ? count->number(0) : 0);
    for (auto const& row : database.select({"id", "name", "observed_at"}, std::string(which) + " ORDER BY id LIMIT :most",
                                           {value(fingerprint), value(static_cast<std::int64_t>(k_most_named))}))
        out.first.push_back({row.number(0), row.text(1), row.optional_time(2)});
    return out;
}

}  // namespace

Result<std::string> fingerprint_of(Database& database, std::string const& name) {
    CS_TRY(auto const id, number_of(database, name));
    return database.select_one({"fingerprint"}, "FROM inventory WHERE id = :id", {value(id)})->text(0);
}

std::vector<std::string_view> const& entry_columns() {
    static std::vector<std::string_view> const columns = {
        "inventory.id",        "inventory.fingerprint", "inventory.serial",    "inventory.subject",     "inventory.names",
        "issuer_subject",      "inventory.issuer",      "inventory.purpose",   "inventory.system",      "systems.name",
        "inventory.key_kind",  "inventory.not_before",  "inventory.not_after", "inventory.state",       "inventory.first_seen",
        "inventory.last_seen", "inventory.revoked",     "inventory.reason",    "inventory.replaced_by", "inventory.renew_at",
        "systems.observed_at", "inventory.pem",         "inventory.key_made",  "inventory.rekey"};
    return columns;
}

InventoryEntry entry_of(Row const& row, UtcTime now) {
    InventoryEntry out{.id = row.number(0),
                       .fingerprint = row.text(1),
                       .serial = row.text(2),
                       .subject = row.text(3),
                       .names = {},
                       .issuer_subject = row.text(5),
                       .issuer = row.text(6),
                       .purpose = row.text(7),
                       .system = row.number(8),
                       .system_name = row.text(9),
                       .key = row.text(10),
                       .not_before = row.time(11),
                       .not_after = row.time(12),
                       .state = parse_certificate_state(row.text(13)).value_or(CertificateState::unused),
                       .first_seen = row.time(14),
                       .last_seen = row.time(15),
                       .revoked = row.optional_time(16),
                       .reason = row.integer(17),
                       .replaced_by = row.text(18),
                       .renew_at = row.optional_time(19),
                       .pem = row.text(21)};
    out.key_made = row.text(22);
    out.to_be_replaced = !row.is_null(23);
    if (out.key_made.empty() && std::ranges::find(k_made_for_systems, out.purpose) != k_made_for_systems.end())
        out.key_made = k_made_by_manager;
    auto const names = row.text(4);
    for (auto name : split(names, '\n'))
        if (!name.empty()) out.names.emplace_back(name);
    if (out.state == CertificateState::served)
        if (auto const seen = row.optional_time(20); seen && *seen > out.last_seen) out.last_seen = *seen;
    if (out.state != CertificateState::revoked && out.not_after <= now) out.state = CertificateState::expired;
    return out;
}

net::Task<Result<InventoryPage>> SqliteInventory::page(InventoryFilter filter, std::string after) {
    return backing_.read([filter = std::move(filter), after = std::move(after), this](Database& database) -> Result<InventoryPage> {
        auto const now = backing_.now();
        auto const place = cursor_of(after);
        if (!after.empty() && !place)
            return fail(errors::gen::invalid_input, {{"field", "after"}, {"detail", "it is none that a page gave as next"}});
        auto const lookups = lookups_of(database.engine(), filter);
        auto const leading =
            std::ranges::find_if(lookups, [&database](auto const& one) { return !one.ids.empty() && is_narrow(database, one); });
        bool const led = leading != lookups.end();
        Query query;
        query.add("FROM inventory WHERE 1 = 1");
        for (auto one = lookups.begin(); one != lookups.end(); ++one) {
            if (one == leading)
                query.add(" AND inventory.id IN (" + one->ids + ")", one->ids_values);
            else
                query.add(" AND " + one->test, one->test_values);
        }
        add_order_tests(query, filter, now, led);
        std::string const sign = led ? "+" : "";
        std::string const later = filter.latest_first ? "<" : ">";
        if (place)
            query.add(" AND (" + sign + "inventory.not_after, inventory.id) " + later + " (?, ?)", {value(place->end), value(place->id)});
        std::string const way = filter.latest_first ? " DESC" : "";
        auto const limit = std::clamp<std::size_t>(filter.limit, 1, k_most_per_page);
        query.add(" ORDER BY " + sign + "inventory.not_after" + way + ", inventory.id" + way + " LIMIT ?",
                  {value(static_cast<std::int64_t>(limit + 1))});
        InventoryPage out;
        auto found = database.select({"inventory.id"}, query.sql(), query.values());
        bool const more = found.size() > limit;
        if (more) found.pop_back();
        for (auto const& one : found) {
            auto const row =
                database.select_one(entry_columns(), std::string(k_from_inventory) + " WHERE inventory.id = :id", {value(one.number(0))});
            if (row) out.entries.push_back(entry_of(*row, now));
        }
        if (more && !out.entries.empty()) {
            auto const& last = out.entries.back();
            out.next = std::to_string(last.not_after.time_since_epoch().count()) + "." + std::to_string(last.id);
        }
        return out;
    });
}

net::Task<Result<InventoryDetails>> SqliteInventory::find(std::string fingerprint) {
    return backing_.read([this, fingerprint = std::move(fingerprint)](Database& database) -> Result<InventoryDetails> {
        CS_TRY(auto const id, number_of(database, fingerprint));
        auto const row = database.select_one(entry_columns(), std::string(k_from_inventory) + " WHERE inventory.id = :id", {value(id)});
        if (!row) return no_such_certificate(fingerprint);
        InventoryDetails out{.entry = entry_of(*row, backing_.now()), .uses = uses_of(database, id), .issuers = {}, .trusted_by = {}};
        out.issuers = issuers_of(database, out.entry);
        out.trusted_by = trusting(database, out.entry.fingerprint);
        return out;
    });
}

net::Task<Result<std::vector<RevokedCertificate>>> SqliteInventory::revoked_of(std::string issuer) {
    return backing_.read([this, issuer = std::move(issuer)](Database& database) -> Result<std::vector<RevokedCertificate>> {
        std::vector<RevokedCertificate> out;
        for (auto const& row :
             database.select({"serial", "revoked", "reason"},
                             "FROM inventory WHERE issuer = :issuer AND state = 'revoked' AND not_after > :now ORDER BY revoked, id",
                             {value(issuer), value(backing_.now())}))
            out.push_back({row.text(0), row.time(1), row.integer(2)});
        return out;
    });
}

net::Task<Result<CertificateStanding>> SqliteInventory::standing(std::string issuer, std::string serial) {
    return backing_.read([issuer = std::move(issuer), serial = std::move(serial)](Database& database) -> Result<CertificateStanding> {
        auto const row = database.select_one({"revoked", "reason"}, "FROM inventory WHERE serial = :serial AND +issuer = :issuer",
                                             {value(serial), value(issuer)});
        if (!row) return CertificateStanding{};
        return CertificateStanding{.known = true, .revoked = row->optional_time(0), .reason = row->integer(1)};
    });
}

net::Task<Result<std::map<std::int64_t, int>>> SqliteInventory::planned_renewals() {
    return backing_.read([](Database& database) -> Result<std::map<std::int64_t, int>> {
        std::map<std::int64_t, int> out;
        for (auto const& row : database.select({"renew_at / 3600", "count(*)"},
                                               "FROM inventory INDEXED BY inventory_planned WHERE renew_at IS NOT NULL AND state IN "
                                               "('issued', 'pending', 'served') GROUP BY renew_at / 3600"))
            out[row.number(0)] = row.integer(1);
        return out;
    });
}

net::Task<Result<std::vector<DueRenewal>>> SqliteInventory::due_renewals(std::size_t most) {
    return backing_.read([this, most](Database& database) -> Result<std::vector<DueRenewal>> {
        std::vector<DueRenewal> out;
        for (auto const& row : database.select(
                 {"fingerprint", "inventory_uses.system", "not_before", "not_after", "renew_at", "attempts"},
                 "FROM inventory INDEXED BY inventory_renewal JOIN inventory_uses ON certificate = inventory.id AND until IS NULL "
                 "WHERE renew_at IS NOT NULL AND state = 'served' AND renew_at <= :now AND held <= :same AND inventory_uses.system <> 0 "
                 "AND (inventory_uses.service <> 'client' OR purpose = 'system_client') ORDER BY renew_at LIMIT :most",
                 {value(backing_.now()), value(backing_.now()), value(static_cast<std::int64_t>(most))}))
            out.push_back({row.text(0), row.number(1), row.time(2), row.time(3), row.time(4), row.integer(5)});
        return out;
    });
}

net::Task<Result<std::optional<InventoryStore::ToReplace>>> SqliteInventory::to_replace(SystemId system, Side side) {
    return backing_.read([this, system, side](Database& database) -> Result<std::optional<ToReplace>> {
        auto const row = database.select_one(
            {"fingerprint", "not_before", "not_after", "CASE WHEN state = 'revoked' OR rekey IS NOT NULL THEN 1 ELSE 0 END AS at_once"},
            "FROM inventory_uses JOIN inventory ON inventory.id = certificate WHERE inventory_uses.system = :system AND until IS NULL "
            "AND " +
                std::string(side == Side::server ? "service <> 'client'" : "service = 'client' AND purpose = 'system_client'") +
                " AND (state = 'revoked' OR rekey IS NOT NULL OR (state = 'served' AND renew_at <= :now) OR "
                // Below a root that is being replaced, and whose successor every system has (authority_store.hpp).
                "issuer IN (SELECT authorities.fingerprint FROM authorities JOIN root_replacements ON from_hierarchy = hierarchy "
                "WHERE ended IS NULL AND phase <> 'distribute')) "
                "ORDER BY at_once DESC LIMIT 1",
            {value(system), value(backing_.now())});
        if (!row) return std::nullopt;
        return ToReplace{.fingerprint = row->text(0), .not_before = row->time(1), .not_after = row->time(2), .at_once = row->flag(3)};
    });
}

}  // namespace store
}  // namespace countersign::manager
