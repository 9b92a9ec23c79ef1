#include "manager/store/sqlite_phonebooks.hpp"

#include "base/text.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <map>
#include <set>

namespace countersign::manager::store {
namespace {

namespace json = boost::json;

std::string subject_of_book(BookId id) { return "phone book " + std::to_string(id); }

Failure no_such_book(BookId id) { return fail(errors::gen::not_found, {{"what", "phone book"}, {"name", std::to_string(id)}}); }

std::string to_document(std::vector<PhonebookRoute> const& routes) {
    json::array out;
    for (auto const& route : routes) out.push_back(json::array{route.protocol, route.dial_string, route.call_type, route.description});
    return json::serialize(out);
}

std::vector<PhonebookRoute> parse_routes(std::string const& document) {
    std::vector<PhonebookRoute> out;
    boost::system::error_code failed;
    auto const parsed = json::parse(document, failed);
    if (failed || !parsed.is_array()) return out;
    for (auto const& one : parsed.get_array()) {
        if (!one.is_array() || one.get_array().size() != 4) continue;
        auto const text = [&one](std::size_t i) {
            auto const& part = one.get_array()[i];
            return part.is_string() ? std::string(part.get_string()) : std::string();
        };
        out.push_back({text(0), text(1), text(2), text(3)});
    }
    return out;
}

/// For the search by number: each dial string on a line of its own.
std::string numbers_of(std::vector<PhonebookRoute> const& routes) {
    std::string out;
    for (auto const& route : routes) out += "\n" + fold_case(route.dial_string);
    return out;
}

std::string kind_of(PhonebookTarget const& target) {
    switch (target.kind) {
        case PhonebookTarget::Kind::all: return "all";
        case PhonebookTarget::Kind::folder: return "folder";
        case PhonebookTarget::Kind::system: return "system";
    }
    return "";
}

std::string text_of(PhonebookTarget const& target) {
    return target.kind == PhonebookTarget::Kind::all ? "all" : kind_of(target) + " " + std::to_string(target.id);
}

std::vector<std::string_view> const k_book = {"id", "name", "changed",
                                              "(SELECT count(*) FROM phonebook_entries WHERE book = phonebooks.id)"};

Phonebook read_book(Database& database, Row const& row) {
    Phonebook book{.id = row.number(0), .name = row.text(1), .entries = row.number(3), .changed = row.time(2), .assignments = {}};
    for (auto const& assigned :
         database.select({"kind", "target"}, "FROM phonebook_assignments WHERE book = :book ORDER BY kind, target", {value(book.id)}))
        book.assignments.push_back(assigned.text(0) == "all" ? "all" : assigned.text(0) + " " + assigned.text(1));
    return book;
}

std::vector<Phonebook> read_books(Database& database, std::string_view rest, std::vector<Value> values) {
    std::vector<Phonebook> out;
    for (auto const& row : database.select(k_book, rest, std::move(values))) out.push_back(read_book(database, row));
    return out;
}

BookId ensure_book(Database& database, std::string const& name, UtcTime now) {
    if (auto known = database.select_one({"id"}, "FROM phonebooks WHERE name = :name", {value(name)})) return known->number(0);
    database.execute("INSERT INTO phonebooks (name, changed) VALUES (:name, :changed)", {value(name), value(now)});
    return database.last_id();
}

/// One import: what the book holds is read once and compared, so that only differences are written.
class Importer {
public:
    Importer(Database& database, BookId book) : database_(database), book_(book) {
        for (auto const& row : database.select({"id", "path"}, "FROM phonebook_folders WHERE book = :book", {value(book)}))
            folders_[row.text(1)] = row.number(0);
        for (auto const& row :
             database.select({"id", "folder", "name", "routes"}, "FROM phonebook_entries WHERE book = :book", {value(book)}))
            known_[{row.number(1), row.text(2)}] = {row.number(0), row.text(3)};
    }

    void take(PhonebookLine const& line) {
        auto const folder = ensure_folder(line.folder);
        auto const routes = to_document(line.routes);
        auto const known = known_.find({folder, line.name});
        if (known == known_.end()) {
            database_.execute(
                "INSERT INTO phonebook_entries (book, folder, name, sort_name, numbers, routes) VALUES (:book, :folder, :name, :sort, "
                ":numbers, :routes)",
                {value(book_), value(folder), value(line.name), value(fold_case(line.name)), value(numbers_of(line.routes)),
                 value(routes)});
            known_[{folder, line.name}] = {database_.last_id(), routes};
            ++result_.added;
        } else if (known->second.routes != routes) {
            database_.execute("UPDATE phonebook_entries SET routes = :routes, numbers = :numbers WHERE id = :id",
                              {value(routes), value(numbers_of(line.routes)), value(known->second.id)});
            ++result_.changed;
        }
        named_.insert(known_[{folder, line.name}].id);
    }

    void remove_others() {
        for (auto const& [place, entry] : known_) {
            if (named_.contains(entry.id)) continue;
            database_.execute("DELETE FROM phonebook_entries WHERE id = :id", {value(entry.id)});
            ++result_.removed;
        }
        // From the innermost: a folder that holds nothing any more goes, too.
        while (database_.execute("DELETE FROM phonebook_folders WHERE book = :book AND NOT EXISTS (SELECT 1 FROM phonebook_entries WHERE "
                                 "folder = phonebook_folders.id) AND NOT EXISTS (SELECT 1 FROM phonebook_folders AS inner_folder WHERE "
                                 "inner_folder.parent = phonebook_folders.id)",
                                 {value(book_)}) > 0) {
        }
    }

    [[nodiscard]] PhonebookStore::Imported const& result() const { return result_; }

private:
    std::int64_t ensure_folder(std::string const& path) {
        if (path.empty()) return 0;
        if (auto known = folders_.find(path); known != folders_.end()) return known->second;
        auto const slash = path.rfind('/');
        auto const parent = slash == std::string::npos ? 0 : ensure_folder(path.substr(0, slash));
        database_.execute("INSERT INTO phonebook_folders (book, parent, name, path) VALUES (:book, :parent, :name, :path)",
                          {value(book_), value(parent), value(slash == std::string::npos ? path : path.substr(slash + 1)), value(path)});
        return folders_[path] = database_.last_id();
    }

    struct Known {
        std::int64_t id = 0;
        std::string routes;
    };
    Database& database_;
    BookId book_;
    std::map<std::string, std::int64_t> folders_;
    std::map<std::pair<std::int64_t, std::string>, Known> known_;
    std::set<std::int64_t> named_;
    PhonebookStore::Imported result_;
};

/// ":p0, :p1" and the values that go there.
std::string places(std::string_view prefix, std::vector<std::int64_t> const& ids, std::vector<Value>& values) {
    std::string out;
    for (std::size_t i = 0; i < ids.size(); ++i) {
        if (i > 0) out += ", ";
        out += ":" + std::string(prefix) + std::to_string(i);
        values.push_back(value(ids[i]));
    }
    return out;
}

}  // namespace

net::Task<Result<PhonebookStore::Imported>> SqlitePhonebooks::import_phonebook(std::string name, std::vector<PhonebookLine> lines,
                                                                               Import how, std::string actor) {
    return backing_.write(
        [this, name = std::move(name), lines = std::move(lines), how, actor = std::move(actor)](Database& database) -> Result<Imported> {
            auto const book = ensure_book(database, name, backing_.now());
            Importer importer(database, book);
            for (auto const& line : lines) importer.take(line);
            if (how == Import::replace) importer.remove_others();
            database.execute("UPDATE phonebooks SET changed = :now WHERE id = :id", {value(backing_.now()), value(book)});
            auto result = importer.result();
            result.book = book;
            result.entries = database.select_one({"count(*)"}, "FROM phonebook_entries WHERE book = :book", {value(book)})->number(0);
            backing_.record(database, actor, "phonebook.import", subject_of_book(book),
                            name + ": " + std::to_string(result.added) + " added, " + std::to_string(result.changed) + " changed, " +
                                std::to_string(result.removed) + " removed");
            return result;
        });
}

net::Task<Result<std::vector<Phonebook>>> SqlitePhonebooks::list_phonebooks() {
    return backing_.read([](Database& database) -> Result<std::vector<Phonebook>> {
        return read_books(database, "FROM phonebooks ORDER BY name LIMIT 1000", {});
    });
}

net::Task<Result<Phonebook>> SqlitePhonebooks::get_phonebook(BookId id) {
    return backing_.read([id](Database& database) -> Result<Phonebook> {
        auto row = database.select_one(k_book, "FROM phonebooks WHERE id = :id", {value(id)});
        if (!row) return no_such_book(id);
        return read_book(database, *row);
    });
}

net::Task<Result<void>> SqlitePhonebooks::remove_phonebook(BookId id, std::string actor) {
    return backing_.write([this, id, actor = std::move(actor)](Database& database) -> Result<void> {
        auto row = database.select_one({"name"}, "FROM phonebooks WHERE id = :id", {value(id)});
        if (!row) return no_such_book(id);
        database.execute("DELETE FROM phonebooks WHERE id = :id", {value(id)});
        backing_.record(database, actor, "phonebook.remove", subject_of_book(id), row->text(0));
        return {};
    });
}

net::Task<Result<void>> SqlitePhonebooks::assign_phonebook(BookId id, PhonebookTarget target, std::string actor) {
    return backing_.write([this, id, target, actor = std::move(actor)](Database& database) -> Result<void> {
        if (!database.select_one({"id"}, "FROM phonebooks WHERE id = :id", {value(id)})) return no_such_book(id);
        if (target.kind == PhonebookTarget::Kind::system && !database.select_one({"id"}, "FROM systems WHERE id = :id", {value(target.id)}))
            return no_such_system(target.id);
        auto made =
            database.execute("INSERT INTO phonebook_assignments (book, kind, target) VALUES (:book, :kind, :target) ON CONFLICT DO NOTHING",
                             {value(id), value(kind_of(target)), value(target.id)});
        if (made > 0) backing_.record(database, actor, "phonebook.assign", subject_of_book(id), text_of(target));
        return {};
    });
}

net::Task<Result<void>> SqlitePhonebooks::unassign_phonebook(BookId id, PhonebookTarget target, std::string actor) {
    return backing_.write([this, id, target, actor = std::move(actor)](Database& database) -> Result<void> {
        auto gone = database.execute("DELETE FROM phonebook_assignments WHERE book = :book AND kind = :kind AND target = :target",
                                     {value(id), value(kind_of(target)), value(target.id)});
        if (gone == 0) return fail(errors::gen::not_found, {{"what", "assignment"}, {"name", text_of(target)}});
        backing_.record(database, actor, "phonebook.unassign", subject_of_book(id), text_of(target));
        return {};
    });
}

net::Task<Result<std::vector<Phonebook>>> SqlitePhonebooks::phonebooks_for(SystemId system, std::vector<std::int64_t> folders) {
    return backing_.read([system, folders = std::move(folders)](Database& database) -> Result<std::vector<Phonebook>> {
        std::vector<Value> values{value(system)};
        std::string rest =
            "FROM phonebooks WHERE id IN (SELECT book FROM phonebook_assignments WHERE kind = 'all' OR (kind = 'system' AND target = "
            ":system)";
        if (!folders.empty()) {
            rest += " OR (kind = 'folder' AND target IN (";
            rest += places("folder", folders, values);
            rest += "))";
        }
        return read_books(database, rest + ") ORDER BY name LIMIT 1000", std::move(values));
    });
}

net::Task<Result<PhonebookStore::Found>> SqlitePhonebooks::search_phonebooks(Question question) {
    return backing_.read([question = std::move(question)](Database& database) -> Result<Found> {
        Found found;
        if (question.books.empty()) return found;
        std::vector<Value> values;
        std::string rest = "FROM phonebook_entries WHERE book IN (" + places("book", question.books, values) + ")";
        if (!question.text.empty()) {
            rest += question.case_sensitive ? " AND (instr(name, :text) > 0" : " AND (instr(sort_name, :text) > 0";
            rest += " OR instr(numbers, :number) > 0)";
            values.push_back(value(question.case_sensitive ? question.text : fold_case(question.text)));
            values.push_back(value("\n" + fold_case(question.text)));
        }
        if (question.folder != 0 && question.subtree) {
            rest +=
                " AND folder IN (SELECT one.id FROM phonebook_folders AS one JOIN phonebook_folders AS top ON top.id = :top WHERE one.book "
                "= "
                "top.book AND (one.id = top.id OR substr(one.path, 1, length(top.path) + 1) = top.path || '/'))";
            values.push_back(value(question.folder));
        } else if (!question.subtree) {
            rest += " AND folder = :folder";
            values.push_back(value(question.folder));
        }
        if (question.start_from != 0) {
            rest += std::string(" AND (sort_name, id) ") + (question.start_inclusive ? ">=" : ">") +
                    " (SELECT sort_name, id FROM phonebook_entries WHERE id = :start)";
            values.push_back(value(question.start_from));
        }
        auto const limit = std::clamp<std::size_t>(question.limit, 1, 1000);
        rest += " ORDER BY sort_name, id LIMIT :limit";
        values.push_back(value(static_cast<std::int64_t>(limit + 1)));
        for (auto const& row : database.select({"id", "book", "name", "routes", "(SELECT name FROM phonebooks WHERE id = book)",
                                                "(SELECT path FROM phonebook_folders WHERE phonebook_folders.id = folder)"},
                                               rest, std::move(values))) {
            if (found.entries.size() == limit) {
                found.more = true;
                break;
            }
            found.entries.push_back({row.number(0), row.number(1), row.text(4), row.text(5), row.text(2), parse_routes(row.text(3))});
        }
        return found;
    });
}

net::Task<Result<std::vector<PhonebookFolder>>> SqlitePhonebooks::phonebook_folders(BookId book, std::int64_t folder) {
    return backing_.read([book, folder](Database& database) -> Result<std::vector<PhonebookFolder>> {
        std::vector<PhonebookFolder> out;
        for (auto const& row :
             database.select({"id", "name"}, "FROM phonebook_folders WHERE book = :book AND parent = :parent ORDER BY name LIMIT 1000",
                             {value(book), value(folder)}))
            out.push_back({row.number(0), row.text(1)});
        return out;
    });
}

net::Task<Result<PhonebookStore::FolderPlace>> SqlitePhonebooks::find_phonebook_folder(std::int64_t folder) {
    return backing_.read([folder](Database& database) -> Result<FolderPlace> {
        auto row = database.select_one({"book", "name"}, "FROM phonebook_folders WHERE id = :id", {value(folder)});
        if (!row) return fail(errors::gen::not_found, {{"what", "phone book folder"}, {"name", std::to_string(folder)}});
        return FolderPlace{row->number(0), row->text(1)};
    });
}

}  // namespace countersign::manager::store
