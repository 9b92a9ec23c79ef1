#include "manager/store/dump.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <set>

namespace countersign::manager::store {
namespace {

std::string identifier(std::string_view name) { return '"' + replace_all(std::string(name), "\"", "\"\"") + '"'; }
std::string literal(std::string_view text) { return "'" + replace_all(std::string(text), "'", "''") + "'"; }

/// The text of each row, for search. In SQLite it is a table of an index.
bool is_text_index(std::string_view table) { return table == "systems_text" || table == "inventory_text"; }

bool is_kept(std::string_view table) {
    static std::set<std::string, std::less<>> const left_out{"schema_version", "sessions"};
    if (left_out.contains(table) || table.starts_with("sqlite_")) return false;
    for (std::string_view index : {"systems_text_", "inventory_text_"})
        if (table.starts_with(index)) return false;
    return true;
}

std::vector<std::string> columns_of(Database& database, std::string const& table) {
    if (is_text_index(table)) return {"rowid", "words"};
    std::vector<std::string> out;
    if (database.engine() == Engine::sqlite) {
        for (auto const& row : database.select({"name"}, "FROM pragma_table_info(:table) ORDER BY cid", {value(table)}))
            out.push_back(row.text(0));
    } else {
        for (auto const& row : database.select({"column_name"},
                                               "FROM information_schema.columns WHERE table_schema = current_schema() AND table_name = "
                                               ":table ORDER BY ordinal_position",
                                               {value(table)}))
            // What SQLite has of its own.
            if (row.text(0) != "rowid") out.push_back(row.text(0));
    }
    return out;
}

std::string list_of(std::vector<std::string> const& columns) {
    std::string out;
    for (auto const& one : columns) out += (out.empty() ? "" : ", ") + identifier(one);
    return out;
}

/// What keeps the order of rows.
std::string order_of(Table const& table) {
    auto const has = [&table](std::string_view name) { return std::ranges::find(table.columns, name) != table.columns.end(); };
    if (has("id")) return " ORDER BY id";
    if (has("rowid") || table.name == "issued" || table.name == "inventory_uses") return " ORDER BY rowid";
    return "";
}

}  // namespace

std::vector<Table> list_tables(Database& database) {
    std::vector<Table> out;
    auto const found =
        database.engine() == Engine::sqlite
            ? database.select({"name"}, "FROM sqlite_master WHERE type = 'table' ORDER BY name")
            : database.select({"table_name"},
                              "FROM information_schema.tables WHERE table_schema = current_schema() AND table_type = 'BASE TABLE' "
                              "ORDER BY table_name");
    for (auto const& row : found)
        if (is_kept(row.text(0))) out.push_back({row.text(0), columns_of(database, row.text(0))});
    auto const folders = std::ranges::find(out, "folders", &Table::name);
    if (folders != out.end()) std::rotate(out.begin(), folders, folders + 1);
    return out;
}

Result<void> read_rows(Database& database, Table const& table, std::function<Result<void>(Cells const&)> const& take) {
    return database.each("SELECT " + list_of(table.columns) + " FROM " + identifier(table.name) + order_of(table), table.columns.size(),
                         take);
}

namespace {

/// The columns that PostgreSQL numbers; what it has of its own for the order of rows is not among them.
std::optional<std::string> numbered_column(Database& database, Table const& table) {
    auto const row =
        database.select_one({"column_name"},
                            "FROM information_schema.columns WHERE table_schema = current_schema() AND table_name = :table AND "
                            "is_identity = 'YES' AND column_name <> 'rowid'",
                            {value(table.name)});
    return row ? std::optional(row->text(0)) : std::nullopt;
}

std::string sequence_of(Table const& table, std::string const& column) {
    return "pg_get_serial_sequence(" + literal(identifier(table.name)) + ", " + literal(column) + ")";
}

}  // namespace

std::int64_t last_number(Database& database, Table const& table) {
    if (database.engine() == Engine::sqlite) {
        auto const row = database.select_one({"seq"}, "FROM sqlite_sequence WHERE name = :name", {value(table.name)});
        return row ? row->number(0) : 0;
    }
    auto const column = numbered_column(database, table);
    if (!column) return 0;
    return parse_number<std::int64_t>(database.ask("SELECT coalesce(pg_sequence_last_value(" + sequence_of(table, *column) + "), 0)"))
        .value_or(0);
}

void Loader::prepare() {
    if (database_.engine() == Engine::sqlite) database_.define("PRAGMA foreign_keys = OFF");
}

void Loader::begin(std::vector<Table> const& tables) {
    if (database_.engine() == Engine::sqlite) return;
    for (auto const& row :
         database_.select({"conrelid::regclass", "conname", "pg_get_constraintdef(oid)"},
                          "FROM pg_constraint WHERE contype = 'f' AND connamespace = CAST(current_schema() AS regnamespace)")) {
        database_.define("ALTER TABLE " + row.text(0) + " DROP CONSTRAINT " + identifier(row.text(1)));
        dropped_.push_back("ALTER TABLE " + row.text(0) + " ADD CONSTRAINT " + identifier(row.text(1)) + " " + row.text(2));
    }
    for (auto const& table : tables) {
        database_.define("ALTER TABLE " + identifier(table.name) + " DISABLE TRIGGER USER");
        database_.define("DELETE FROM " + identifier(table.name));
    }
}

void Loader::put(Table const& table, Cells cells) {
    if (last_table_ != table.name) {
        // A step of the schema makes the root folder, which may not be removed; and the text of rows that are put in now is put in, too.
        bool const replaces = database_.engine() == Engine::sqlite && !is_text_index(table.name);
        std::string places;
        for (std::size_t i = 0; i < table.columns.size(); ++i) places += (i == 0 ? ":v" : ", :v") + std::to_string(i);
        last_statement_ = (replaces ? "INSERT OR REPLACE INTO " : "INSERT INTO ") + identifier(table.name) + " (" + list_of(table.columns) +
                          ") VALUES (" + places + ")";
        last_table_ = table.name;
    }
    std::vector<Value> values;
    values.reserve(cells.size());
    for (auto& cell : cells) values.push_back(cell ? Value(std::move(*cell)) : Value(std::string()));
    for (std::size_t i = 0; i < cells.size(); ++i)
        if (!cells[i]) values[i] = Value();
    database_.execute(last_statement_, std::move(values));
}

bool Loader::end(std::vector<Table> const& tables) {
    if (database_.engine() == Engine::sqlite) {
        for (auto const& [table, number] : last_numbers_) {
            auto const known =
                database_.execute("UPDATE sqlite_sequence SET seq = max(seq, :number) WHERE name = :name", {value(number), value(table)});
            if (known == 0)
                database_.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :number)", {value(table), value(number)});
        }
        return !database_.select_one({"\"table\""}, "FROM pragma_foreign_key_check()");
    }
    for (auto const& statement : dropped_) database_.define(statement);
    for (auto const& table : tables) {
        database_.define("ALTER TABLE " + identifier(table.name) + " ENABLE TRIGGER USER");
        auto const column = numbered_column(database_, table);
        if (!column) continue;
        auto const newest = "greatest(coalesce(max(" + identifier(*column) + "), 0), " + std::to_string(last_numbers_[table.name]) + ")";
        database_.define("SELECT setval(" + sequence_of(table, *column) + ", greatest(" + newest + ", 1), " + newest + " > 0) FROM " +
                         identifier(table.name));
    }
    return true;
}

}  // namespace countersign::manager::store
