#include "manager/store/database.hpp"

#include "base/text.hpp"
#include "host/files.hpp"

#include "countersign/errors/fil.hpp"
#include "countersign/errors/sto.hpp"

#include <soci/soci.h>
#include <soci/sqlite3/soci-sqlite3.h>

#include <deque>

namespace countersign::manager::store {
namespace {

/// Owns what SOCI points at while a statement runs.
struct Bound {
    long long number = 0;
    std::string text;
    soci::indicator state = soci::i_ok;
};

void bind(soci::statement& statement, std::deque<Bound>& bound, std::vector<Value>& values) {
    for (auto& value : values) {
        auto& place = bound.emplace_back();
        if (auto* number = std::get_if<std::int64_t>(&value)) {
            place.number = *number;
            statement.exchange(soci::use(place.number, place.state));
        } else {
            if (auto* text = std::get_if<std::string>(&value))
                place.text = std::move(*text);
            else
                place.state = soci::i_null;
            statement.exchange(soci::use(place.text, place.state));
        }
    }
}

std::vector<Row> read(soci::session& session, std::string const& sql, std::size_t columns, std::vector<Value> values) {
    soci::statement statement(session);
    std::deque<Bound> cells;
    for (std::size_t i = 0; i < columns; ++i) {
        auto& cell = cells.emplace_back();
        statement.exchange(soci::into(cell.text, cell.state));
    }
    std::deque<Bound> bound;
    bind(statement, bound, values);
    statement.alloc();
    statement.prepare(sql);
    statement.define_and_bind();
    statement.execute(false);
    std::vector<Row> rows;
    while (statement.fetch()) {
        std::vector<std::optional<std::string>> row;
        row.reserve(columns);
        for (auto const& cell : cells) row.push_back(cell.state == soci::i_null ? std::optional<std::string>() : cell.text);
        rows.emplace_back(std::move(row));
    }
    return rows;
}

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
    soci::session sql;
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
        database->execute("PRAGMA foreign_keys = ON");
        if (database->ask("PRAGMA foreign_keys") != "1") return refuse("foreign keys are not supported");
        return database;
    } catch (soci::soci_error const& error) {
        return refuse(error.what());
    }
}

std::vector<Row> Database::select(std::vector<std::string_view> const& columns, std::string_view rest, std::vector<Value> values) {
    std::string sql = "SELECT ";
    for (auto column : columns) {
        if (column != columns.front()) sql += ", ";
        sql += column;
    }
    sql += ' ';
    sql += rest;
    return read(session_->sql, sql, columns.size(), std::move(values));
}

std::optional<Row> Database::select_one(std::vector<std::string_view> const& columns, std::string_view rest, std::vector<Value> values) {
    auto rows = select(columns, rest, std::move(values));
    if (rows.empty()) return std::nullopt;
    return std::move(rows.front());
}

std::int64_t Database::execute(std::string_view sql, std::vector<Value> values) {
    soci::statement statement(session_->sql);
    std::deque<Bound> bound;
    bind(statement, bound, values);
    statement.alloc();
    statement.prepare(std::string(sql));
    statement.define_and_bind();
    statement.execute(true);
    return statement.get_affected_rows();
}

std::int64_t Database::last_id() { return read(session_->sql, "SELECT last_insert_rowid()", 1, {}).at(0).number(0); }

std::string Database::ask(std::string_view sql) {
    auto rows = read(session_->sql, std::string(sql), 1, {});
    return rows.empty() ? std::string() : rows.front().text(0);
}

bool Database::in_transaction() const {
    auto* backend = static_cast<soci::sqlite3_session_backend*>(session_->sql.get_backend());
    return sqlite_api::sqlite3_get_autocommit(backend->conn_) == 0;
}

void Database::checkpoint(Checkpoint mode) {
    ask(mode == Checkpoint::truncate ? "PRAGMA wal_checkpoint(TRUNCATE)" : "PRAGMA wal_checkpoint(PASSIVE)");
}

}  // namespace countersign::manager::store
