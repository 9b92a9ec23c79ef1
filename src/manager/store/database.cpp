#include "manager/store/database.hpp"

#include "base/text.hpp"
#include "host/files.hpp"

#include "countersign/errors/fil.hpp"
#include "countersign/errors/sto.hpp"

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
    Statement(soci::session& session, std::string const& sql, std::size_t columns, std::vector<Value> const& values) : statement_(session) {
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
            if (auto* text = std::get_if<std::string>(&values[i])) place.text = std::move(*text);
        }
    }

    soci::statement statement_;
    std::deque<Bound> cells_, bound_;
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
    soci::session sql;
    std::unordered_map<std::string, std::unique_ptr<Statement>> kept;

    /// Runs `use` with the statement of this text, prepared when it was not used before. One that failed is not used again.
    auto with(std::string_view text, std::size_t columns, std::vector<Value> const& values, auto&& use) {
        std::string key(text);
        for (auto const& value : values) key += is_number(value) ? '\x01' : '\x02';
        auto place = kept.find(key);
        if (place == kept.end()) {
            if (kept.size() >= k_kept_statements) kept.clear();
            auto fresh = std::make_unique<Statement>(sql, std::string(text), columns, values);
            place = kept.emplace(std::move(key), std::move(fresh)).first;
        }
        try {
            return use(*place->second);
        } catch (...) {
            kept.erase(place);
            throw;
        }
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
        database->execute("PRAGMA foreign_keys = ON");
        if (database->ask("PRAGMA foreign_keys") != "1") return refuse("foreign keys are not supported");
        return database;
    } catch (soci::soci_error const& error) {
        return refuse(error.what());
    }
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
    return session_->with(sql, 0, values, [&values](Statement& statement) { return statement.execute(std::move(values)); });
}

std::int64_t Database::last_id() { return session_->read("SELECT last_insert_rowid()", 1, {}).at(0).number(0); }

std::string Database::ask(std::string_view sql) {
    auto rows = session_->read(sql, 1, {});
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
