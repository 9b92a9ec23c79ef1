#pragma once

/// Tables as values, in a form that SQLite and PostgreSQL share: what backups are made of. Inside of somebody's transaction.

#include "manager/store/database.hpp"

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace countersign::manager::store {

struct Table {
    std::string name;
    std::vector<std::string> columns;
};

/// Every table that holds what the manager remembers, those first that triggers ask for. Without the record of the schema's steps and
/// sessions, and without what SQLite keeps for its index of texts.
std::vector<Table> list_tables(Database& database);

using Cells = std::vector<std::optional<std::string>>;
/// Every row, in the order in which they were made as far as that is known. Stops at the first failure.
Result<void> read_rows(Database& database, Table const& table, std::function<Result<void>(Cells const&)> const& take);

/// The newest number that a row of the table ever got, also when the row is gone: numbers are never used again. 0: none, or the table
/// numbers nothing.
std::int64_t last_number(Database& database, Table const& table);

/// Puts rows back into tables that a new schema made. Between begin() and end() rows may refer to others that come later.
class Loader {
public:
    explicit Loader(Database& database) : database_(database) {}
    /// Before the transaction.
    void prepare();
    /// In the transaction, after the schema was made: takes out what its steps put in.
    void begin(std::vector<Table> const& tables);
    void put(Table const& table, Cells cells);
    /// See last_number().
    void go_on_after(Table const& table, std::int64_t number) { last_numbers_[table.name] = number; }
    /// Everything refers to what there is, and new rows get new numbers. False when not.
    bool end(std::vector<Table> const& tables);

private:
    Database& database_;
    std::vector<std::string> dropped_;  ///< statements that make the references again
    std::map<std::string, std::int64_t> last_numbers_;
    std::string last_table_, last_statement_;
};

}  // namespace countersign::manager::store
