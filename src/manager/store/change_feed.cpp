#include "manager/store/change_feed.hpp"

#include "base/log.hpp"
#include "base/text.hpp"
#include "manager/store/database.hpp"

#include <array>
#include <chrono>
#include <deque>
#include <libpq-fe.h>
#include <memory>
#include <poll.h>
#include <set>
#include <sys/eventfd.h>
#include <unistd.h>

namespace countersign::manager::store {
namespace {

constexpr int k_try_to_lead_ms = 1000;
/// More changes at once than this are told as "everything".
constexpr std::size_t k_most_changes = 2000;

using Connection = std::unique_ptr<PGconn, decltype(&PQfinish)>;

/// The first cell of the answer; nothing when the statement failed.
std::optional<std::string> ask(PGconn* connection, std::string const& sql) {
    std::unique_ptr<PGresult, decltype(&PQclear)> const result(PQexec(connection, sql.c_str()), &PQclear);
    auto const status = PQresultStatus(result.get());
    if (status == PGRES_COMMAND_OK) return std::string();
    if (status != PGRES_TUPLES_OK) return std::nullopt;
    return PQntuples(result.get()) > 0 ? std::string(PQgetvalue(result.get(), 0, 0)) : std::string();
}

std::string number(LockClass which) { return std::to_string(static_cast<std::int32_t>(which)); }

}  // namespace

std::optional<SharedChange> parse_change(std::string_view payload, std::string_view own_origin) {
    auto const parts = split(payload, ' ');
    if (parts.size() < 3 || parts[0] == own_origin) return std::nullopt;
    auto const id = parse_number<std::int64_t>(parts[2]);
    if (!id || parts[1].empty()) return std::nullopt;
    return SharedChange{std::string(parts[1]), *id, parts.size() > 3 ? std::string(parts[3]) : std::string()};
}

ChangeFeed::ChangeFeed(SecretText text, std::string origin, std::string owner, Listener listener)
    : text_(std::move(text)),
      origin_(std::move(origin)),
      owner_(std::move(owner)),
      listener_(std::move(listener)),
      wake_(eventfd(0, EFD_CLOEXEC)),
      thread_([this] { serve(); }) {}

ChangeFeed::~ChangeFeed() {
    stopping_ = true;
    std::uint64_t const one = 1;
    (void)!write(wake_, &one, sizeof one);
    thread_.join();
    close(wake_);
}

void ChangeFeed::serve() {
    bool first = true;
    while (!stopping_) {
        listen();
        leads_ = false;
        if (stopping_) return;
        if (first) log::warning("store.feed_lost", {});
        first = false;
        std::array<pollfd, 1> places{{{wake_, POLLIN, 0}}};
        poll(places.data(), places.size(), k_try_to_lead_ms);
    }
}

void ChangeFeed::listen() {
    Connection const connection(PQconnectdb(text_.reveal().c_str()), &PQfinish);
    auto* const server = connection.get();
    if (server == nullptr || PQstatus(server) != CONNECTION_OK) return;
    PQsetNoticeProcessor(server, [](void*, char const*) {}, nullptr);
    auto const schema = ask(server, "SELECT current_schema()");
    if (!schema) return;
    std::unique_ptr<char, decltype(&PQfreemem)> const channel(
        PQescapeIdentifier(server, ("countersign_" + *schema).c_str(), schema->size() + std::string_view("countersign_").size()),
        &PQfreemem);
    std::unique_ptr<char, decltype(&PQfreemem)> const owner(PQescapeLiteral(server, owner_.c_str(), owner_.size()), &PQfreemem);
    if (!channel || !owner || !ask(server, std::string("LISTEN ") + channel.get())) return;
    if (!ask(server, "SELECT pg_advisory_lock_shared(" + number(LockClass::presence) + ", hashtext(" + owner.get() + "))")) return;
    listener_({"all", 0, {}});
    auto next_try = std::chrono::steady_clock::now();
    while (!stopping_) {
        if (!leads_ && std::chrono::steady_clock::now() >= next_try) {
            auto const held = ask(server, "SELECT pg_try_advisory_lock(" + number(LockClass::lead) + ", hashtext(current_schema()))");
            if (!held) return;
            if (*held == "t") {
                leads_ = true;
                log::info("store.leads", {{"owner", owner_}});
                listener_({"lead", 0, {}});
            }
            next_try = std::chrono::steady_clock::now() + std::chrono::milliseconds(k_try_to_lead_ms);
        }
        if (PQconsumeInput(server) == 0) return;
        std::deque<SharedChange> changes;
        std::set<std::string> told;
        while (true) {
            std::unique_ptr<PGnotify, decltype(&PQfreemem)> const one(PQnotifies(server), &PQfreemem);
            if (!one) break;
            if (!told.insert(one->extra).second) continue;
            if (auto change = parse_change(one->extra, origin_)) changes.push_back(std::move(*change));
        }
        if (changes.size() > k_most_changes) changes = {SharedChange{"all", 0, {}}};
        for (auto& change : changes) listener_(std::move(change));
        std::array<pollfd, 2> places{{{PQsocket(server), POLLIN, 0}, {wake_, POLLIN, 0}}};
        if (poll(places.data(), places.size(), k_try_to_lead_ms) < 0 && errno != EINTR) return;
    }
}

namespace {

struct Watched {
    std::string_view table;
    std::string_view when;  ///< of the trigger
    std::string_view kind;
    std::string_view id;  ///< a column; empty: once for a statement, with 0
};

/// What others keep in memory, show live, or wait for.
constexpr std::array k_watched{
    Watched{"systems", "INSERT OR DELETE OR UPDATE OF name, host_name, address, serial_number, mac_address, pins, family", "known", "id"},
    Watched{"systems", "UPDATE", "system", "id"},
    Watched{"jobs", "INSERT OR UPDATE OF state, not_before", "job", "id"},
    Watched{"tickets", "INSERT OR UPDATE", "ticket", "system"},
    Watched{"outbox", "INSERT", "channel", ""},
    Watched{"channels", "INSERT OR DELETE OR UPDATE OF settings, enabled", "channel", ""},
    Watched{"campaigns", "INSERT OR UPDATE", "campaign", "id"},
    Watched{"policy", "INSERT OR UPDATE", "policy", ""},
    Watched{"own_certificates", "INSERT OR DELETE OR UPDATE", "settings", ""},
    Watched{"authorities", "INSERT OR DELETE OR UPDATE OF state, certificate, sealed_key, token", "settings", ""},
    Watched{"root_replacements", "INSERT OR DELETE OR UPDATE", "settings", ""},
    Watched{"foreign_roots", "INSERT OR DELETE OR UPDATE", "settings", ""},
    Watched{"program_values", "INSERT OR DELETE OR UPDATE", "settings", ""},
    Watched{"secrets", "INSERT OR DELETE OR UPDATE", "settings", ""},
    Watched{"preregistrations", "INSERT OR DELETE OR UPDATE OF system, confirmed", "settings", ""},
    Watched{"connections", "INSERT OR DELETE OR UPDATE", "settings", ""},
};

}  // namespace

void make_change_triggers(Database& database) {
    database.define(
        "CREATE OR REPLACE FUNCTION countersign_tell() RETURNS trigger LANGUAGE plpgsql AS $$ DECLARE id text := '0'; BEGIN "
        "IF TG_LEVEL = 'ROW' THEN id := coalesce(to_jsonb(CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END) ->> TG_ARGV[1], '0'); END IF; "
        "PERFORM pg_notify('countersign_' || TG_TABLE_SCHEMA, coalesce(current_setting('countersign.origin', true), '-') || ' ' || "
        "TG_ARGV[0] || ' ' || id); RETURN NULL; END $$");
    for (auto const& one : k_watched) {
        auto const table = std::string(one.table);
        bool const each = !one.id.empty();
        database.define("CREATE OR REPLACE TRIGGER tell_" + table + "_" + std::string(one.kind) + " AFTER " + std::string(one.when) +
                        " ON " + table + " FOR EACH " + (each ? "ROW" : "STATEMENT") + " EXECUTE FUNCTION countersign_tell('" +
                        std::string(one.kind) + "'" + (each ? ", '" + std::string(one.id) + "'" : std::string()) + ")");
    }
}

}  // namespace countersign::manager::store
