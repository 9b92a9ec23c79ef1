#include "manager/store/backup.hpp"

#include "base/log.hpp"
#include "host/encrypted_file.hpp"
#include "host/files.hpp"
#include "manager/store/audit_trail.hpp"
#include "manager/store/dump.hpp"
#include "manager/store/migrations.hpp"
#include "manager/store/offline.hpp"

#include "countersign/errors/fil.hpp"
#include "countersign/errors/mgr.hpp"
#include "countersign/errors/sto.hpp"

#include <boost/json.hpp>
#include <soci/error.h>

#include <algorithm>

namespace countersign::manager {
namespace {

namespace json = boost::json;
namespace fs = std::filesystem;

constexpr int k_format = 1;
/// Certificates with their chains are some kilobytes, documents of assessments some more.
constexpr std::size_t k_longest_line = std::size_t{64} << 20;

Failure query_failed(std::exception const& error) { return fail(errors::sto::query_failed, {{"detail", error.what()}}); }

Result<void> put(host::EncryptedWriter& out, json::value const& line) { return out.write(json::serialize(line) + "\n"); }

Result<BackupSummary> write_tables(store::Database& database, SecretText const& key, host::EncryptedWriter& out, UtcTime now) {
    BackupSummary summary{.schema = store::schema_of(database), .made = now};
    CS_CHECK(put(out, json::object{{"format", k_format}, {"schema", summary.schema}, {"made", to_string(now)}}));
    CS_CHECK(put(out, json::object{{"sealing_key", key.reveal()}}));
    for (auto const& table : store::list_tables(database)) {
        json::array columns;
        for (auto const& column : table.columns) columns.emplace_back(column);
        CS_CHECK(put(out, json::object{{"table", table.name}, {"columns", std::move(columns)}}));
        ++summary.tables;
        CS_CHECK(store::read_rows(database, table, [&out, &summary](store::Cells const& cells) -> Result<void> {
            json::array row;
            row.reserve(cells.size());
            for (auto const& cell : cells) row.emplace_back(cell ? json::value(*cell) : json::value(nullptr));
            ++summary.rows;
            return put(out, row);
        }));
        if (auto const last = store::last_number(database, table); last > 0) CS_CHECK(put(out, json::object{{"last_number", last}}));
    }
    CS_CHECK(put(out, json::object{{"rows", summary.rows}}));
    return summary;
}

/// The lines of a backup, which may be anything: nothing of them is trusted but that they are whole.
class Source {
public:
    Source(host::EncryptedReader reader, fs::path file) : reader_(std::move(reader)), file_(std::move(file)) {}

    Result<json::value> next() {
        CS_TRY(auto const line, reader_.read_line(k_longest_line));
        if (!line) return damaged("its last line is missing");
        boost::system::error_code error;
        auto parsed = json::parse(*line, error);
        if (error) return damaged("a line of it cannot be read");
        return parsed;
    }
    [[nodiscard]] Failure damaged(std::string_view detail) const {
        return fail(errors::sto::backup_damaged, {{"file", file_.string()}, {"detail", detail}});
    }

private:
    host::EncryptedReader reader_;
    fs::path file_;
};

Result<BackupSummary> read_head(Source& source) {
    CS_TRY(auto const line, source.next());
    auto const* head = line.if_object();
    auto const number = [head](std::string_view name) {
        auto const* found = head == nullptr ? nullptr : head->if_contains(name);
        return found != nullptr && found->is_int64() ? found->as_int64() : -1;
    };
    if (number("format") != k_format) return source.damaged("its form is of another version of this program");
    auto const* made = head->if_contains("made");
    BackupSummary summary{.schema = static_cast<int>(number("schema"))};
    if (made != nullptr && made->is_string()) summary.made = parse_utc_time(made->as_string()).value_or(UtcTime());
    if (summary.schema < 1) return source.damaged("its schema is missing");
    if (summary.schema > store::newest_schema())
        return fail(errors::sto::schema_too_new,
                    {{"found", std::to_string(summary.schema)}, {"known", std::to_string(store::newest_schema())}});
    return summary;
}

Result<SecretText> read_key(Source& source) {
    CS_TRY(auto const line, source.next());
    auto const* object = line.if_object();
    auto const* key = object == nullptr ? nullptr : object->if_contains("sealing_key");
    if (key == nullptr || !key->is_string()) return source.damaged("the sealing key is missing");
    return SecretText(std::string(key->as_string()));
}

Result<void> load(store::Database& database, Source& source, BackupSummary& summary) {
    // The schema in which it was written; what came later is made of its rows when it is opened.
    auto const tables = store::list_tables(database);
    store::Loader loader(database);
    loader.begin(tables);
    store::Table const* table = nullptr;
    while (true) {
        CS_TRY(auto const line, source.next());
        if (auto const* row = line.if_array()) {
            if (table == nullptr || row->size() != table->columns.size()) return source.damaged("a row is not of its table");
            store::Cells cells;
            for (auto const& cell : *row) {
                if (!cell.is_string() && !cell.is_null()) return source.damaged("a row has a value that is none");
                cells.push_back(cell.is_null() ? std::optional<std::string>() : std::string(cell.as_string()));
            }
            loader.put(*table, std::move(cells));
            ++summary.rows;
            continue;
        }
        auto const* object = line.if_object();
        if (object == nullptr) return source.damaged("a line is neither a row nor a table");
        if (auto const* end = object->if_contains("rows")) {
            if (!end->is_int64() || end->as_int64() != summary.rows) return source.damaged("rows are missing");
            break;
        }
        if (auto const* last = object->if_contains("last_number")) {
            if (!last->is_int64() || table == nullptr) return source.damaged("the newest number of a table cannot be read");
            loader.go_on_after(*table, last->as_int64());
            continue;
        }
        auto const* name = object->if_contains("table");
        auto const* columns = object->if_contains("columns");
        if (name == nullptr || !name->is_string() || columns == nullptr || !columns->is_array())
            return source.damaged("a table has no name");
        auto const found = std::ranges::find(tables, std::string_view(name->as_string()), &store::Table::name);
        if (found == tables.end()) return source.damaged("it has a table that its schema does not have");
        table = &*found;
        bool const same = std::ranges::equal(columns->as_array(), table->columns, [](json::value const& one, std::string const& other) {
            return one.is_string() && one.as_string() == other;
        });
        if (!same) return source.damaged("the columns of a table are not those of its schema");
        ++summary.tables;
    }
    if (!loader.end(tables)) return source.damaged("rows refer to others that are missing");
    return {};
}

Result<void> fill(store::Database& database, Source& source, BackupSummary& summary, UtcTime now) {
    try {
        store::Loader(database).prepare();
        database.begin(store::Access::write);
        store::make_schema(database, summary.schema, now);
        CS_CHECK(load(database, source, summary));
        database.commit();
        return {};
    } catch (soci::soci_error const& error) {
        return query_failed(error);
    }
}

Result<void> check_empty(StorePlace const& place) {
    std::error_code ignored;
    for (auto const& file : {place.file(), place.key()})
        if (fs::exists(file, ignored)) return fail(errors::sto::not_empty, {{"place", place.data.string()}});
    if (!place.is_shared()) return {};
    CS_TRY(auto const database, open_database(place));
    try {
        if (!store::is_empty(*database)) return fail(errors::sto::not_empty, {{"place", place.name()}});
    } catch (soci::soci_error const& error) {
        return query_failed(error);
    }
    return {};
}

Result<bool> trail_holds(StorePlace const& place, int schema) {
    if (schema < store::k_version_with_audit_chain) return true;
    CS_TRY(auto const verdict, verify_audit(place));
    if (verdict.first_bad) log::warning("restore.audit_broken", {{"detail", verdict.first_bad->text}});
    return !verdict.first_bad;
}

/// Everything is made in `place`, which is not the one that the caller wants yet, when that is a folder.
Result<BackupSummary> restore_into(Source& source, StorePlace const& place, UtcTime now) {
    CS_TRY(auto summary, read_head(source));
    CS_TRY(auto const key, read_key(source));
    CS_CHECK(host::create_file(place.key(), key.reveal(), host::Privacy::owner_only));
    {
        CS_TRY(auto const database, open_database(place));
        CS_CHECK(fill(*database, source, summary, now));
        database->checkpoint(store::Database::Checkpoint::truncate);
    }
    CS_TRY(summary.trail_holds, trail_holds(place, summary.schema));
    return summary;
}

}  // namespace

Result<BackupSummary> write_backup(StorePlace const& place, fs::path const& file, SecretText const& passphrase, UtcTime now) {
    CS_CHECK(check_present(place));
    CS_TRY(auto const key, host::read_secret_file(place.key()));
    CS_TRY(auto const database, open_database(place));
    try {
        auto const found = store::schema_of(*database);
        if (found > store::newest_schema())
            return fail(errors::sto::schema_too_new, {{"found", std::to_string(found)}, {"known", std::to_string(store::newest_schema())}});
        if (found == 0) return fail(errors::sto::cannot_open, {{"database", place.name()}, {"detail", "it holds no manager's data"}});
        CS_TRY(auto out, host::EncryptedWriter::create(file, passphrase));
        database->begin(store::Access::read);
        auto summary = write_tables(*database, key, out, now);
        database->roll_back();
        if (!summary) return summary;
        CS_CHECK(out.finish());
        return summary;
    } catch (soci::soci_error const& error) {
        return query_failed(error);
    }
}

Result<BackupSummary> restore_backup(fs::path const& file, SecretText const& passphrase, StorePlace const& place,
                                     std::shared_ptr<Clock const> clock) {
    CS_TRY(auto reader, host::EncryptedReader::open(file, passphrase));
    CS_CHECK(host::ensure_folder(place.data));
    CS_CHECK(check_empty(place));
    Source source(std::move(reader), file);
    auto workshop = place;
    workshop.data = place.data / (".restore-" + to_hex(host::random_bytes(4)));
    CS_CHECK(host::ensure_folder(workshop.data));
    auto restored = restore_into(source, workshop, clock->now());
    std::error_code ignored;
    if (restored) {
        std::error_code error;
        // The key last: without it nothing is a manager's data.
        if (!place.is_shared()) fs::rename(workshop.file(), place.file(), error);
        if (!error) fs::rename(workshop.key(), place.key(), error);
        if (error) restored = fail(errors::fil::cannot_write, {{"file", place.data.string()}, {"detail", error.message()}});
    }
    fs::remove_all(workshop.data, ignored);
    if (!restored) return restored;
    // Opening brings the schema forward, and the trail remembers.
    net::Runtime runtime(1);
    runtime.start();
    CS_TRY(auto store, open_store(place, clock));
    CS_CHECK(net::run(runtime, store->audit("console", "backup.restore", "manager",
                                            "made " + to_string(restored->made) + ", " + std::to_string(restored->rows) + " rows")));
    return restored;
}

}  // namespace countersign::manager
