#include "manager/store/database.hpp"

#include "base/log_shown.hpp"
#include "base/text.hpp"
#include "host/crypto.hpp"
#include "host/files.hpp"
#include "manager/store/change_feed.hpp"
#include "manager/store/postgresql_text.hpp"

#include "countersign/errors/fil.hpp"
#include "countersign/errors/sto.hpp"

#include <soci/postgresql/soci-postgresql.h>
#include <soci/soci.h>
#include <soci/sqlite3/soci-sqlite3.h>

#include <deque>
#include <unordered_map>

namespace countersign::manager::store {
namespace {

/// Owns what SOCI points at while a statement runs.
struct Bound {
    long long number = 0;
    std::string text;
    soci::indicator state = soci::i_ok;
};

/// Statements that a connection keeps prepared; more texts than this only come from lists with many filters.
constexpr std::size_t k_kept_statements = 256;

bool is_number(Value const& value) { return std::holds_alternative<std::int64_t>(value); }

/// A prepared statement with places of its own for what goes in and comes out. Between two uses it has run to its end.
class Statement {
public:
    Statement(soci::session& session, std::string const& sql, std::size_t columns, std::vector<Value> const& values, bool only_text)
        : statement_(session), only_text_(only_text) {
        for (std::size_t i = 0; i < columns; ++i) {
            auto& cell = cells_.emplace_back();
            statement_.exchange(soci::into(cell.text, cell.state));
        }
        for (auto const& value : values) {
            auto& place = bound_.emplace_back();
            if (is_number(value))
                statement_.exchange(soci::use(place.number, place.state));
            else
                statement_.exchange(soci::use(place.text, place.state));
        }
        statement_.alloc();
        statement_.prepare(sql);
        statement_.define_and_bind();
    }

    std::vector<Row> read(std::vector<Value> values) {
        bind(std::move(values));
        statement_.execute(false);
        std::vector<Row> rows;
        while (statement_.fetch()) {
            std::vector<std::optional<std::string>> row;
            row.reserve(cells_.size());
            for (auto const& cell : cells_) row.push_back(cell.state == soci::i_null ? std::optional<std::string>() : cell.text);
            rows.emplace_back(std::move(row));
        }
        return rows;
    }

    Result<void> walk(std::function<Result<void>(std::vector<std::optional<std::string>> const&)> const& take) {
        statement_.execute(false);
        std::vector<std::optional<std::string>> row(cells_.size());
        while (statement_.fetch()) {
            for (std::size_t i = 0; i < cells_.size(); ++i)
                row[i] = cells_[i].state == soci::i_null ? std::optional<std::string>() : cells_[i].text;
            CS_CHECK(take(row));
        }
        return {};
    }

    std::int64_t execute(std::vector<Value> values) {
        bind(std::move(values));
        statement_.execute(true);
        return statement_.get_affected_rows();
    }

private:
    void bind(std::vector<Value> values) {
        for (std::size_t i = 0; i < values.size(); ++i) {
            auto& place = bound_.at(i);
            place.state = std::holds_alternative<std::monostate>(values[i]) ? soci::i_null : soci::i_ok;
            if (auto* number = std::get_if<std::int64_t>(&values[i])) place.number = *number;
            if (auto* text = std::get_if<std::string>(&values[i])) place.text = only_text_ ? storable(std::move(*text)) : std::move(*text);
        }
    }

    /// PostgreSQL keeps no zero byte and nothing that is not UTF-8; systems send both.
    static std::string storable(std::string text) {
        bool const good = is_utf8(text);
        for (char& c : text)
            if (c == '\0' || (!good && static_cast<unsigned char>(c) >= 0x80)) c = '?';
        return text;
    }

    soci::statement statement_;
    std::deque<Bound> cells_, bound_;
    bool only_text_;
};

/// SOCI's connection texts know double quotes and no way to write one inside.
bool can_stand_in_connection_text(std::string const& path) { return path.find('"') == std::string::npos; }

}  // namespace

std::int64_t Row::number(std::size_t column) const {
    auto const& cell = cells_.at(column);
    return cell ? parse_number<std::int64_t>(*cell).value_or(0) : 0;
}

std::optional<UtcTime> Row::optional_time(std::size_t column) const {
    if (is_null(column)) return std::nullopt;
    return time(column);
}

struct Database::Session {
    Engine engine = Engine::sqlite;
    std::string origin = to_hex(host::random_bytes(8));
    soci::session sql;
    std::unordered_map<std::string, std::unique_ptr<Statement>> kept;

    /// Runs `use` with the statement of this text, prepared when it was not used before. One that failed is not used again.
    auto with(std::string_view text, std::size_t columns, std::vector<Value> const& values, auto&& use) {
        std::string key(text);
        for (auto const& value : values) key += is_number(value) ? '\x01' : '\x02';
        auto place = kept.find(key);
        if (place == kept.end()) {
            if (kept.size() >= k_kept_statements) kept.clear();
            bool const foreign = engine == Engine::postgresql;
            if (!foreign && log::is_shown(log::Level::debug)) report_walks(text, values);
            auto fresh = std::make_unique<Statement>(sql, foreign ? to_postgresql(text) : std::string(text), columns, values, foreign);
            place = kept.emplace(std::move(key), std::move(fresh)).first;
        }
        try {
            return use(*place->second);
        } catch (...) {
            kept.erase(place);
            throw;
        }
    }

    /// For those who look for what gets slow with many rows: statements that go through the whole of a table.
    void report_walks(std::string_view text, std::vector<Value> const& values) {
        constexpr std::size_t columns = 4, detail = 3;
        if (!text.starts_with("SELECT") && !text.starts_with("UPDATE") && !text.starts_with("DELETE") && !text.starts_with("INSERT"))
            return;
        Statement plan(sql, "EXPLAIN QUERY PLAN " + std::string(text), columns, values, false);
        for (auto const& row : plan.read(values))
            if (auto const step = row.text(detail); step.starts_with("SCAN"))
                log::debug("store.walk", {{"step", step}, {"statement", text}});
    }

    /// Nothing after an attempt to connect again that failed.
    [[nodiscard]] PGconn* server() {
        auto* backend = static_cast<soci::postgresql_session_backend*>(sql.get_backend());
        return backend == nullptr ? nullptr : backend->conn_;
    }

    std::vector<Row> read(std::string_view text, std::size_t columns, std::vector<Value> values) {
        return with(text, columns, values, [&values](Statement& statement) { return statement.read(std::move(values)); });
    }
};

Database::Database(std::unique_ptr<Session> session) : session_(std::move(session)) {}
Database::~Database() = default;

Result<std::unique_ptr<Database>> Database::open(std::filesystem::path const& file) {
    auto refuse = [&file](std::string_view detail) {
        return fail(errors::sto::cannot_open, {{"database", file.string()}, {"detail", detail}});
    };
    if (!can_stand_in_connection_text(file.string())) return refuse("the path holds a quotation mark");
    // Made beforehand so that it, its log and its shared-memory file are readable by the owner only.
    if (auto made = host::create_file(file, "", host::Privacy::owner_only); !made && made.error().id() != errors::fil::exists)
        return refuse(made.error().message());
    try {
        auto session = std::make_unique<Session>();
        session->sql.open(soci::sqlite3, "dbname=\"" + file.string() + "\" timeout=10");
        std::unique_ptr<Database> database(new Database(std::move(session)));
        if (database->ask("PRAGMA journal_mode = WAL") != "wal") return refuse("no write-ahead log is possible there");
        database->execute("PRAGMA synchronous = FULL");
        // 64 MiB at most: with its usual 2 MiB, lists and the inventory of a large estate are read from the file again and again.
        database->execute("PRAGMA cache_size = -65536");
        database->execute("PRAGMA foreign_keys = ON");
        if (database->ask("PRAGMA foreign_keys") != "1") return refuse("foreign keys are not supported");
        return database;
    } catch (soci::soci_error const& error) {
        return refuse(error.what());
    }
}

Result<std::unique_ptr<Database>> Database::connect(SecretText const& connection_text, std::string name) {
    try {
        auto session = std::make_unique<Session>();
        session->engine = Engine::postgresql;
        session->sql.open(soci::postgresql, std::string(connection_text.reveal()));
        std::unique_ptr<Database> database(new Database(std::move(session)));
        database->prepare_postgresql();
        return database;
    } catch (soci::soci_error const& error) {
        return fail(errors::sto::cannot_open, {{"database", name}, {"detail", trim(error.what())}});
    }
}

void Database::prepare_postgresql() {
    PQsetNoticeProcessor(session_->server(), [](void*, char const* text) { log::debug("store.notice", {{"text", trim(text)}}); }, nullptr);
    // A manager that stands still in the middle of a change is cut off, so that the others go on.
    run("SET client_min_messages = warning; SET statement_timeout = '120s'; SET lock_timeout = '60s'; "
        "SET idle_in_transaction_session_timeout = '30s'; SET countersign.origin = '" +
        session_->origin + "'");
}

Engine Database::engine() const { return session_->engine; }
std::string const& Database::origin() const { return session_->origin; }

void Database::run(std::string_view sql) {
    std::unique_ptr<PGresult, decltype(&PQclear)> const result(PQexec(session_->server(), std::string(sql).c_str()), &PQclear);
    auto const status = PQresultStatus(result.get());
    if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK) return;
    auto const* state = PQresultErrorField(result.get(), PG_DIAG_SQLSTATE);
    throw soci::postgresql_soci_error(PQerrorMessage(session_->server()), state == nullptr ? "     " : state);
}

void Database::begin(Access access) {
    if (session_->engine == Engine::sqlite) {
        // A transaction that starts as a reader and then writes can fail for good when another program wrote between.
        execute(access == Access::read ? "BEGIN" : "BEGIN IMMEDIATE");
        return;
    }
    switch (access) {
        case Access::read: return run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
        case Access::rows: return run("BEGIN");
        // The lock comes first, so that each statement sees what the holder before committed.
        case Access::write:
            return run("BEGIN; SELECT pg_advisory_xact_lock(" + std::to_string(static_cast<std::int32_t>(LockClass::write)) +
                       ", hashtext(current_schema()))");
    }
}

void Database::commit() {
    if (session_->engine == Engine::sqlite) {
        execute("COMMIT");
        return;
    }
    // What failed before would be rolled back by COMMIT without a word.
    if (PQtransactionStatus(session_->server()) != PQTRANS_INTRANS) throw soci::soci_error("the transaction had failed before its end");
    run("COMMIT");
}

void Database::roll_back() {
    if (session_->engine == Engine::sqlite)
        execute("ROLLBACK");
    else
        run("ROLLBACK");
}

bool Database::is_lost() const { return session_->engine == Engine::postgresql && PQstatus(session_->server()) != CONNECTION_OK; }

void Database::reconnect() {
    session_->kept.clear();
    session_->sql.reconnect();
    prepare_postgresql();
    log::info("store.reconnected", {});
}

bool is_conflict(std::exception const& error) {
    auto const* theirs = dynamic_cast<soci::postgresql_soci_error const*>(&error);
    return theirs != nullptr && (theirs->sqlstate() == "40001" || theirs->sqlstate() == "40P01");
}

std::vector<Row> Database::select(std::vector<std::string_view> const& columns, std::string_view rest, std::vector<Value> values) {
    std::string sql = "SELECT ";
    bool first = true;
    for (auto column : columns) {
        if (!first) sql += ", ";
        first = false;
        sql += column;
    }
    sql += ' ';
    sql += rest;
    return session_->read(sql, columns.size(), std::move(values));
}

std::optional<Row> Database::select_one(std::vector<std::string_view> const& columns, std::string_view rest, std::vector<Value> values) {
    auto rows = select(columns, rest, std::move(values));
    if (rows.empty()) return std::nullopt;
    return std::move(rows.front());
}

std::int64_t Database::execute(std::string_view sql, std::vector<Value> values) {
    auto const changed = session_->with(sql, 0, values, [&values](Statement& statement) { return statement.execute(std::move(values)); });
    if (changed != 0) ++changes_;
    return changed;
}

Result<void> Database::each(std::string const& sql, std::size_t columns,
                            std::function<Result<void>(std::vector<std::optional<std::string>> const&)> const& take) {
    if (session_->engine == Engine::sqlite) return Statement(session_->sql, sql, columns, {}, false).walk(take);
    run("DECLARE every_row NO SCROLL CURSOR FOR " + sql);
    std::vector<std::optional<std::string>> row(columns);
    while (true) {
        std::unique_ptr<PGresult, decltype(&PQclear)> const page(PQexec(session_->server(), "FETCH 1000 FROM every_row"), &PQclear);
        if (PQresultStatus(page.get()) != PGRES_TUPLES_OK) throw soci::soci_error(PQerrorMessage(session_->server()));
        int const count = PQntuples(page.get());
        for (int i = 0; i < count; ++i) {
            for (std::size_t j = 0; j < columns; ++j) {
                auto const column = static_cast<int>(j);
                row[j] = PQgetisnull(page.get(), i, column) != 0 ? std::optional<std::string>() : PQgetvalue(page.get(), i, column);
            }
            CS_CHECK(take(row));
        }
        if (count == 0) break;
    }
    run("CLOSE every_row");
    return {};
}

void Database::define(std::string_view sql) {
    ++changes_;
    if (session_->engine == Engine::postgresql)
        run(sql);
    else
        execute(sql);
}

std::optional<std::int64_t> Database::insert(std::string_view sql, std::vector<Value> values) {
    if (session_->engine == Engine::sqlite) {
        // Not RETURNING: SQLite takes that for a statement that may have to be taken back in parts, and FTS5 writes its index out before.
        if (execute(sql, std::move(values)) == 0) return std::nullopt;
        auto* backend = static_cast<soci::sqlite3_session_backend*>(session_->sql.get_backend());
        return sqlite_api::sqlite3_last_insert_rowid(backend->conn_);
    }
    auto const rows = session_->read(std::string(sql) + " RETURNING id", 1, std::move(values));
    if (!rows.empty()) ++changes_;
    return rows.empty() ? std::nullopt : std::optional(rows.front().number(0));
}

std::int64_t Database::last_id() {
    return session_->read(session_->engine == Engine::sqlite ? "SELECT last_insert_rowid()" : "SELECT lastval()", 1, {}).at(0).number(0);
}

std::string Database::ask(std::string_view sql) {
    auto rows = session_->read(sql, 1, {});
    return rows.empty() ? std::string() : rows.front().text(0);
}

bool Database::in_transaction() const {
    if (session_->engine == Engine::postgresql) {
        auto const status = PQtransactionStatus(session_->server());
        return status == PQTRANS_INTRANS || status == PQTRANS_INERROR;
    }
    auto* backend = static_cast<soci::sqlite3_session_backend*>(session_->sql.get_backend());
    return sqlite_api::sqlite3_get_autocommit(backend->conn_) == 0;
}

void Database::checkpoint(Checkpoint mode) {
    if (session_->engine == Engine::postgresql) return;
    ask(mode == Checkpoint::truncate ? "PRAGMA wal_checkpoint(TRUNCATE)" : "PRAGMA wal_checkpoint(PASSIVE)");
}

}  // namespace countersign::manager::store
