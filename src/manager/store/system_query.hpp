#pragma once

/// A SystemFilter as conditions of queries on the table systems.

#include "manager/store/database.hpp"
#include "manager/store/store.hpp"

#include <string>
#include <vector>

namespace countersign::manager::store {

/// SQL text in which each value got a name of its own.
class Query {
public:
    /// `sql` has a "?" for each value.
    Query& add(std::string_view sql, std::vector<Value> values = {});
    [[nodiscard]] std::string const& sql() const { return sql_; }
    [[nodiscard]] std::vector<Value> const& values() const { return values_; }

private:
    std::string sql_;
    std::vector<Value> values_;
};

/// One restriction of a filter, in two forms: as a test of a row, which keeps SQLite from choosing an index by it; and as the
/// query that finds all systems that pass it, by an index.
struct Restriction {
    std::string test;
    std::vector<Value> test_values;
    std::string ids;  ///< "SELECT id FROM ..."
    std::vector<Value> ids_values;
};

/// Without `limit` and `after`.
std::vector<Restriction> restrictions_of(Engine engine, SystemFilter const& filter);

/// "SELECT rowid AS id FROM `table` WHERE ..." with one value: the rows whose text holds `word`, by the index of its parts.
struct TextSearch {
    std::string sql;
    Value value;
};
TextSearch text_search(Engine engine, std::string_view table, std::string_view word);

/// The columns of a System, the id first.
std::vector<std::string_view> const& system_columns();
System system_of(Row const& row);
/// DNS names have no case; kept in one form so that the unique index sees equal names.
void normalise(System& system);
/// MGR-001.
Result<void> check_unique(Database& database, System const& system);
SystemId insert_system(Database& database, System const& system);
/// The text of new systems, for search; once for all that were inserted.
void index_text(Database& database, SystemId first, SystemId last);
/// What the sealed password of a system is bound to.
std::string password_context(SystemId id);
std::string candidate_context(SystemId id);
/// Text in the order of the addresses: IPv4 by value, then IPv6; empty for what is no address.
std::string address_key(std::string_view address);

}  // namespace countersign::manager::store
