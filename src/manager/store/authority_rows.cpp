#include "manager/store/authority_rows.hpp"

#include "base/text.hpp"

#include "countersign/errors/gen.hpp"
#include "countersign/errors/mgr.hpp"

#include <algorithm>
#include <array>

namespace countersign::manager {
namespace {

constexpr std::array<std::string_view, 4> k_states{"next", "current", "former", "withdrawn"};
constexpr std::array<std::string_view, 3> k_phases{"distribute", "change", "withdraw"};

template <class Enum, std::size_t Count>
Enum parse(std::array<std::string_view, Count> const& names, std::string_view text) {
    auto const place = std::ranges::find(names, text);
    return static_cast<Enum>(place == names.end() ? 0 : place - names.begin());
}

}  // namespace

std::string_view to_string(AuthorityState value) { return k_states.at(static_cast<std::size_t>(value)); }
std::string_view to_string(ReplacementPhase value) { return k_phases.at(static_cast<std::size_t>(value)); }

namespace store {
namespace {

/// Where releases with one root that signs by itself kept it.
constexpr std::string_view k_former_secret = "authority", k_former_number = "authority.crl_number";

std::string key_context(std::string_view fingerprint) { return "authority " + std::string(fingerprint); }

NamedSystems named(Database& database, std::string const& which, std::vector<Value> values, std::size_t most) {
    auto const count = database.select_one({"count(*)"}, "FROM systems WHERE " + which, values);
    NamedSystems out{.first = {}, .in_all = static_cast<std::size_t>(count ? count->number(0) : 0)};
    values.push_back(value(static_cast<std::int64_t>(most)));
    for (auto const& row :
         database.select({"id", "name", "observed_at"}, "FROM systems WHERE " + which + " ORDER BY id LIMIT :most", std::move(values)))
        out.first.push_back({row.number(0), row.text(1), row.optional_time(2)});
    return out;
}

std::optional<KeptReplacement> running(Database& database) {
    auto const row = database.select_one({"from_hierarchy", "to_hierarchy", "phase", "begun", "since", "manager_moved", "begun_by"},
                                         "FROM root_replacements WHERE ended IS NULL");
    if (!row) return std::nullopt;
    return KeptReplacement{.from = row->integer(0),
                           .to = row->integer(1),
                           .phase = parse<ReplacementPhase>(k_phases, row->text(2)),
                           .begun = row->time(3),
                           .since = row->time(4),
                           .manager_moved = row->flag(5),
                           .begun_by = row->text(6)};
}

std::string subject_of_replacement(KeptReplacement const& one) {
    return "authority " + std::to_string(one.from) + " to " + std::to_string(one.to);
}

void set_states(Database& database, int hierarchy, AuthorityState before, AuthorityState after) {
    database.execute("UPDATE authorities SET state = :after WHERE hierarchy = :hierarchy AND state = :before",
                     {value(to_string(after)), value(std::int64_t{hierarchy}), value(to_string(before))});
}

}  // namespace

net::Task<Result<std::vector<KeptAuthority>>> AuthorityRows::all() {
    return backing_.read([this](Database& database) -> Result<std::vector<KeptAuthority>> {
        std::vector<KeptAuthority> out;
        for (auto const& row : database.select(
                 {"fingerprint", "certificate", "sealed_key", "token", "is_root", "hierarchy", "state", "made", "made_by", "list"},
                 "FROM authorities ORDER BY place")) {
            CS_TRY(auto certificate, pki::Certificate::parse_pem(row.text(1)));
            KeptAuthority one{.certificate = std::move(certificate),
                              .token = row.text(3),
                              .is_root = row.flag(4),
                              .hierarchy = row.integer(5),
                              .state = parse<AuthorityState>(k_states, row.text(6)),
                              .made = row.time(7),
                              .made_by = row.text(8),
                              .list = row.text(9)};
            if (!row.text(2).empty()) {
                CS_TRY(auto const pem, backing_.sealer().open(row.text(2), key_context(row.text(0))));
                CS_TRY(one.key, pki::PrivateKey::parse_pem(pem.reveal()));
            }
            out.push_back(std::move(one));
        }
        return out;
    });
}

void AuthorityRows::insert(Database& database, KeptAuthority const& one, std::string_view actor) const {
    auto const fingerprint = one.certificate.fingerprint();
    bool const here = one.key && one.key->exportable();
    auto const sealed = here ? value(backing_.sealer().seal(one.key->to_pem(), key_context(fingerprint))) : value(std::string_view());
    if (!one.is_root && one.state == AuthorityState::current)
        database.execute("UPDATE authorities SET state = 'former' WHERE hierarchy = :hierarchy AND is_root = 0 AND state = 'current'",
                         {value(std::int64_t{one.hierarchy})});
    auto const last = database.select_one({"max(place)"}, "FROM authorities");
    // A root of a release before: its number goes on, and its key has one place only.
    auto const number = database.select_one({"value"}, "FROM program_values WHERE name = :name", {value(k_former_number)});
    bool const moved = one.is_root && here && database.execute("DELETE FROM secrets WHERE name = :name", {value(k_former_secret)}) > 0;
    auto const lists = moved && number ? parse_number<std::int64_t>(number->text(0)).value_or(0) : 0;
    database.execute(
        "INSERT INTO authorities (fingerprint, place, hierarchy, is_root, certificate, sealed_key, token, state, list_number, list, made, "
        "made_by) VALUES (:fingerprint, :place, :hierarchy, :is_root, :certificate, :key, :token, :state, :number, :list, :made, :by)",
        {value(fingerprint), value((last ? last->number(0) : 0) + 1), value(std::int64_t{one.hierarchy}),
         value(std::int64_t{one.is_root ? 1 : 0}), value(one.certificate.to_pem()), sealed, value(one.token), value(to_string(one.state)),
         value(lists), value(one.list), value(backing_.now()), value(actor)});
    backing_.record(database, actor, moved ? "authority.adopt" : "authority.make", one.certificate.subject(), "SHA-256 " + fingerprint);
}

net::Task<Result<void>> AuthorityRows::add(std::vector<KeptAuthority> fresh, std::string actor) {
    return backing_.write([this, fresh = std::move(fresh), actor = std::move(actor)](Database& database) -> Result<void> {
        for (auto const& one : fresh) insert(database, one, actor);
        return {};
    });
}

net::Task<Result<std::uint64_t>> AuthorityRows::next_list_number(std::string fingerprint) {
    return backing_.write([fingerprint = std::move(fingerprint)](Database& database) -> Result<std::uint64_t> {
        database.execute("UPDATE authorities SET list_number = list_number + 1 WHERE fingerprint = :fingerprint", {value(fingerprint)});
        auto const row = database.select_one({"list_number"}, "FROM authorities WHERE fingerprint = :fingerprint", {value(fingerprint)});
        if (!row) return fail(errors::gen::not_found, {{"what", "authority"}, {"name", fingerprint}});
        return static_cast<std::uint64_t>(row->number(0));
    });
}

net::Task<Result<std::optional<KeptReplacement>>> AuthorityRows::replacement() {
    return backing_.read([](Database& database) -> Result<std::optional<KeptReplacement>> { return running(database); });
}

net::Task<Result<KeptReplacement>> AuthorityRows::begin_replacement(std::vector<KeptAuthority> fresh, int from, std::string actor) {
    return backing_.write([this, fresh = std::move(fresh), from, actor = std::move(actor)](Database& database) -> Result<KeptReplacement> {
        if (auto const other = running(database))
            return fail(errors::mgr::replacement_runs, {{"since", to_string(other->begun)}, {"phase", to_string(other->phase)}});
        KeptReplacement made{
            .from = from, .to = fresh.front().hierarchy, .begun = backing_.now(), .since = backing_.now(), .begun_by = actor};
        for (auto const& one : fresh) insert(database, one, actor);
        database.execute(
            "INSERT INTO root_replacements (to_hierarchy, from_hierarchy, phase, begun, since, begun_by, manager_moved, ended) "
            "VALUES (:to, :from, :phase, :begun, :since, :actor, 0, NULL)",
            {value(std::int64_t{made.to}), value(std::int64_t{made.from}), value(to_string(made.phase)), value(made.begun),
             value(made.since), value(actor)});
        backing_.record(database, actor, "authority.replace", subject_of_replacement(made),
                        "the new root is " + fresh.front().certificate.subject() + ", SHA-256 " + fresh.front().certificate.fingerprint());
        return made;
    });
}

net::Task<Result<void>> AuthorityRows::enter_phase(ReplacementPhase phase, std::string detail, std::string actor) {
    return backing_.write([this, phase, detail = std::move(detail), actor = std::move(actor)](Database& database) -> Result<void> {
        auto const one = running(database);
        if (!one) return fail(errors::mgr::no_root_replacement);
        if (one->phase >= phase) return {};
        if (phase == ReplacementPhase::change) {
            set_states(database, one->from, AuthorityState::current, AuthorityState::former);
            set_states(database, one->to, AuthorityState::next, AuthorityState::current);
        } else {
            set_states(database, one->from, AuthorityState::former, AuthorityState::withdrawn);
        }
        database.execute("UPDATE root_replacements SET phase = :phase, since = :now WHERE to_hierarchy = :to",
                         {value(to_string(phase)), value(backing_.now()), value(std::int64_t{one->to})});
        backing_.record(database, actor, "authority.replace_" + std::string(to_string(phase)), subject_of_replacement(*one), detail);
        return {};
    });
}

net::Task<Result<void>> AuthorityRows::note_manager_moved(std::string detail) {
    return backing_.write([this, detail = std::move(detail)](Database& database) -> Result<void> {
        auto const one = running(database);
        if (!one) return fail(errors::mgr::no_root_replacement);
        database.execute("UPDATE root_replacements SET manager_moved = 1 WHERE to_hierarchy = :to", {value(std::int64_t{one->to})});
        backing_.record(database, "manager", "authority.replace_own", subject_of_replacement(*one), detail);
        return {};
    });
}

net::Task<Result<void>> AuthorityRows::end_replacement(std::string detail, std::string actor) {
    return backing_.write([this, detail = std::move(detail), actor = std::move(actor)](Database& database) -> Result<void> {
        auto const one = running(database);
        if (!one) return fail(errors::mgr::no_root_replacement);
        database.execute("UPDATE root_replacements SET ended = :now WHERE to_hierarchy = :to",
                         {value(backing_.now()), value(std::int64_t{one->to})});
        backing_.record(database, actor, "authority.replaced", subject_of_replacement(*one), detail);
        return {};
    });
}

net::Task<Result<void>> AuthorityRows::cancel_replacement(std::string actor) {
    return backing_.write([this, actor = std::move(actor)](Database& database) -> Result<void> {
        auto const one = running(database);
        if (!one) return fail(errors::mgr::no_root_replacement);
        if (one->phase != ReplacementPhase::distribute) return fail(errors::mgr::replacement_too_far, {{"phase", to_string(one->phase)}});
        set_states(database, one->to, AuthorityState::next, AuthorityState::withdrawn);
        database.execute("UPDATE root_replacements SET ended = :now WHERE to_hierarchy = :to",
                         {value(backing_.now()), value(std::int64_t{one->to})});
        backing_.record(database, actor, "authority.replace_cancelled", subject_of_replacement(*one), "systems forget the new root");
        return {};
    });
}

net::Task<Result<NamedSystems>> AuthorityRows::users_of(std::vector<std::string> issuers, std::size_t most) {
    return backing_.read([issuers = std::move(issuers), most](Database& database) -> Result<NamedSystems> {
        if (issuers.empty()) return NamedSystems{};
        std::vector<Value> values;
        // A value stands in the statement once for each name; both halves have names of their own.
        auto const among = [&issuers, &values](std::string const& prefix) {
            std::string list;
            for (std::size_t i = 0; i < issuers.size(); ++i) {
                list += (i == 0 ? ":" : ", :") + prefix + std::to_string(i);
                values.push_back(value(issuers[i]));
            }
            return list;
        };
        // What a caller showed once counts only where nothing better is known: it shows another one when it calls again. But not where it
        // has one for its calls alone.
        std::string which =
            "id IN (SELECT used.system FROM inventory_uses used JOIN inventory ON inventory.id = used.certificate WHERE used.until IS NULL "
            "AND inventory.issuer IN (" +
            among("shown") +
            ") AND (used.service <> 'client' OR inventory.purpose = 'system_client' OR NOT EXISTS (SELECT 1 FROM inventory_uses other "
            "WHERE other.system = used.system AND "
            "other.until IS NULL AND other.service <> 'client')))";
        which += " OR id IN (SELECT inventory.system FROM inventory WHERE inventory.state = 'pending' AND inventory.issuer IN (" +
                 among("coming") + "))";
        // Proven in place, and not noted as served yet: that is done by the look with which the enforcement ends.
        which +=
            " OR id IN (SELECT inventory.system FROM inventory JOIN jobs ON jobs.system = inventory.system AND jobs.state = 'running' "
            "WHERE inventory.state = 'issued' AND inventory.purpose IN ('system', 'system_client') AND inventory.issuer IN (" +
            among("proven") + "))";
        return named(database, which, std::move(values), most);
    });
}

net::Task<Result<NamedSystems>> AuthorityRows::holding(std::string root, std::size_t most) {
    return backing_.read([root = std::move(root), most](Database& database) -> Result<NamedSystems> {
        return named(database, "id IN (SELECT system FROM system_trust WHERE trusted LIKE :root AND (verifies IS NULL OR verifies <> 0))",
                     {value("%" + root + "%")}, most);
    });
}

net::Task<Result<std::vector<SystemId>>> AuthorityRows::unreachable_of(std::vector<SystemId> systems) {
    return backing_.read([systems = std::move(systems)](Database& database) -> Result<std::vector<SystemId>> {
        std::vector<SystemId> out;
        for (auto id : systems)
            // A port that takes connections and says nothing is open, too: what was told of the system counts.
            if (database.select_one({"id"},
                                    "FROM systems WHERE id = :id AND (reachability = 'unreachable' OR EXISTS (SELECT 1 FROM tickets WHERE "
                                    "tickets.system = systems.id AND tickets.state = 'open' AND tickets.type IN ('no_https_response', "
                                    "'connection_error', 'login_failed', 'certificate_validation_error')))",
                                    {value(id)}))
                out.push_back(id);
        return out;
    });
}

net::Task<Result<void>> AuthorityRows::drop_key(std::string fingerprint, std::string actor) {
    return backing_.write([this, fingerprint = std::move(fingerprint), actor = std::move(actor)](Database& database) -> Result<void> {
        auto const dropped = database.execute(
            "UPDATE authorities SET sealed_key = '' WHERE fingerprint = :fingerprint AND sealed_key <> ''", {value(fingerprint)});
        if (dropped == 0) return fail(errors::mgr::root_is_offline, {{"root", fingerprint}});
        backing_.record(database, actor, "authority.offline", fingerprint, "its key is not kept here any more");
        return {};
    });
}

net::Task<Result<void>> AuthorityRows::keep_list(std::string fingerprint, std::string pem, std::string actor) {
    return backing_.write(
        [this, fingerprint = std::move(fingerprint), pem = std::move(pem), actor = std::move(actor)](Database& database) -> Result<void> {
            database.execute("UPDATE authorities SET list = :list WHERE fingerprint = :fingerprint", {value(pem), value(fingerprint)});
            backing_.record(database, actor, "authority.list", fingerprint, "a revocation list was brought");
            return {};
        });
}

}  // namespace store
}  // namespace countersign::manager
