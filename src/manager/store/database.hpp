#pragma once

/// One connection to the database, SQLite or PostgreSQL, and the few ways in which this room talks to it. Statements are written for
/// SQLite and translated for PostgreSQL (postgresql_text.hpp). Values are always bound, never written into the SQL text. Rows come back
/// as text cells that are turned into types by the caller: one form for every column type, and no 32-bit surprises in times. Statements
/// stay prepared for their next use.
///
/// Not for use from several threads at once. Functions throw soci::soci_error; CommitQueue turns it into STO-002.

#include "base/result.hpp"
#include "base/secret.hpp"
#include "base/utc_time.hpp"
#include "host/audit_chain.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace countersign::manager::store {

/// A bound value: nothing is NULL.
using Value = std::variant<std::monostate, std::int64_t, std::string>;

inline Value value(std::string_view text) { return std::string(text); }
inline Value value(std::int64_t number) { return number; }
inline Value value(UtcTime time) { return std::int64_t{time.time_since_epoch().count()}; }
inline Value value(std::optional<UtcTime> const& time) { return time ? value(*time) : Value(); }

/// One row of an answer. Columns count from 0.
class Row {
public:
    explicit Row(std::vector<std::optional<std::string>> cells) : cells_(std::move(cells)) {}
    [[nodiscard]] bool is_null(std::size_t column) const { return !cells_.at(column); }
    /// Empty for NULL.
    [[nodiscard]] std::string text(std::size_t column) const { return cells_.at(column).value_or(std::string()); }
    /// 0 for NULL.
    [[nodiscard]] std::int64_t number(std::size_t column) const;
    [[nodiscard]] int integer(std::size_t column) const { return static_cast<int>(number(column)); }
    /// PostgreSQL says t and f of what a comparison yields.
    [[nodiscard]] bool flag(std::size_t column) const { return cells_.at(column) == "t" || number(column) != 0; }
    [[nodiscard]] UtcTime time(std::size_t column) const { return UtcTime(std::chrono::seconds(number(column))); }
    [[nodiscard]] std::optional<UtcTime> optional_time(std::size_t column) const;

private:
    std::vector<std::optional<std::string>> cells_;
};

enum class Engine { sqlite, postgresql };

/// What a call does. With several managers on one database:
enum class Access {
    read,  ///< sees one state of everything; changes nothing
    rows,  ///< changes rows that it locks itself (FOR UPDATE SKIP LOCKED), and writes no record of the trail: runs beside others
    write  ///< whatever it reads stays true until it is done: one at a time among all managers
};

/// Where the trail goes on (audit_trail.hpp). It follows the transactions of its connection: CommitQueue puts it back with them.
struct AuditTip {
    host::AuditHead head;
    std::int64_t last_id = 0;  ///< of all records that there are, also those that somebody else put behind the head
};

class Database {
public:
    /// Opens the file, or makes it with mode 0600, and sets what this room relies on: WAL, synchronous=FULL, foreign keys, a
    /// busy time-out of 10 s. STO-001.
    static Result<std::unique_ptr<Database>> open(std::filesystem::path const& file);
    /// Connects to PostgreSQL with what connection_text() made (postgresql_address.hpp); `name` stands for it in errors. STO-001.
    static Result<std::unique_ptr<Database>> connect(SecretText const& connection_text, std::string name);
    ~Database();
    Database(Database const&) = delete;
    Database& operator=(Database const&) = delete;

    /// SELECT <columns> <rest>. `columns` is the list that the rows' cells follow; `rest` begins with FROM. Values in the
    /// order in which their names first stand in the text.
    std::vector<Row> select(std::vector<std::string_view> const& columns, std::string_view rest, std::vector<Value> values = {});
    /// The first row, if any.
    std::optional<Row> select_one(std::vector<std::string_view> const& columns, std::string_view rest, std::vector<Value> values = {});
    /// Any other statement; returns how many rows it changed.
    std::int64_t execute(std::string_view sql, std::vector<Value> values = {});
    /// A statement of the schema as it stands, without values; PostgreSQL takes several in one text.
    void define(std::string_view sql);
    /// Carries out an INSERT of one row, without RETURNING; returns the row's id. Nothing when a conflict was to do nothing.
    std::optional<std::int64_t> insert(std::string_view sql, std::vector<Value> values = {});
    /// The id that the last INSERT of this connection made.
    std::int64_t last_id();
    /// Every row of a whole SELECT, one at a time; inside of a transaction. Ends with the first failure of `take`.
    Result<void> each(std::string const& sql, std::size_t columns,
                      std::function<Result<void>(std::vector<std::optional<std::string>> const&)> const& take);
    /// A statement such as PRAGMA that answers with one value.
    std::string ask(std::string_view sql);
    [[nodiscard]] Engine engine() const;
    /// Counts statements that changed rows, to tell whether anything happened between two moments.
    [[nodiscard]] std::uint64_t changes() const { return changes_; }
    /// What others see changes of this connection by (change_feed.hpp).
    [[nodiscard]] std::string const& origin() const;

    void begin(Access access);
    void commit();
    void roll_back();
    /// False when SQLite gave up the transaction by itself (disk full, I/O error), or the server is gone.
    [[nodiscard]] bool in_transaction() const;
    /// The server is gone, or has ended the connection.
    [[nodiscard]] bool is_lost() const;
    /// Connects again; what belonged to the connection (temporary tables) is gone. Throws when that fails.
    void reconnect();

    /// Nothing before the first transaction that writes.
    std::optional<AuditTip>& audit_tip() { return audit_tip_; }

    /// Moves the write-ahead log into the database file. The log is cut to nothing when `truncate`.
    enum class Checkpoint { passive, truncate };
    void checkpoint(Checkpoint mode);

private:
    struct Session;
    void run(std::string_view sql);
    void prepare_postgresql();
    explicit Database(std::unique_ptr<Session> session);
    std::unique_ptr<Session> session_;
    std::optional<AuditTip> audit_tip_;
    std::uint64_t changes_ = 0;
};

/// Two transactions were in each other's way, and this one was ended: it may be tried again.
bool is_conflict(std::exception const& error);

}  // namespace countersign::manager::store
