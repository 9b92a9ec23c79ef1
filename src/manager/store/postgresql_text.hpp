#pragma once

/// Statements of this room are written in the SQL that SQLite reads. This is the one place that knows how PostgreSQL wants them.

#include <string>
#include <string_view>

namespace countersign::manager::store {

/// The same statement for PostgreSQL 15. It knows the forms that this room uses and no others: types of columns, `INDEXED BY`, the
/// order and comparison without case (`COLLATE NOCASE`), `LIKE`, some functions, and the sign that keeps a column from leading a
/// query. Texts in quotation marks stay as they are.
std::string to_postgresql(std::string_view sql);

}  // namespace countersign::manager::store
