#include "base/text.hpp"
#include "manager/api/connection_fields.hpp"
#include "manager/api/routes.hpp"
#include "manager/api/selection.hpp"
#include "manager/phonebook/directory_service.hpp"
#include "manager/phonebook/list_reader.hpp"

#include "countersign/errors/gen.hpp"

namespace countersign::manager::api {
namespace http = net::http;
namespace {

constexpr std::size_t k_longest_name = 100;
/// A search of a system is small.
constexpr std::size_t k_search_limit = 32 * 1024;

json::object to_json(Phonebook const& book) {
    return {{"id", book.id},
            {"name", book.name},
            {"entries", book.entries},
            {"changed", to_string(book.changed)},
            {"assignments", json::array(book.assignments.begin(), book.assignments.end())}};
}

json::object to_json(PhonebookEntry const& entry) {
    json::array routes;
    for (auto const& route : entry.routes)
        routes.push_back(json::object{{"protocol", route.protocol},
                                      {"number", route.dial_string},
                                      {"call_type", route.call_type},
                                      {"description", route.description}});
    return {{"id", entry.id}, {"book", entry.book_name}, {"folder", entry.folder}, {"name", entry.name}, {"routes", std::move(routes)}};
}

/// By number or name.
net::Task<Result<Phonebook>> find_book(Doors doors, std::string key) {
    auto& books = doors.manager->store().phonebooks();
    if (auto id = parse_number<BookId>(key)) co_return co_await books.get_phonebook(*id);
    CS_CO_TRY(auto const list, co_await books.list_phonebooks());
    for (auto const& book : list)
        if (iequals(book.name, key)) co_return book;
    co_return fail(errors::gen::not_found, {{"what", "phone book"}, {"name", key}});
}

net::Task<http::Response> list_books(Doors doors, http::Request request) {
    (void)request;
    auto list = co_await doors.manager->store().phonebooks().list_phonebooks();
    co_return answer_or_problem(list, [](std::vector<Phonebook> const& books) {
        json::array out;
        for (auto const& book : books) out.push_back(to_json(book));
        return json::object{{"phonebooks", std::move(out)}};
    });
}

/// {"name": "Company", "mode": "replace", "csv": "name,number..."}: merge unless replace is said.
net::Task<http::Response> import_book(Doors doors, http::Request request) {
    auto object = parse_object(request.body);
    if (!object) co_return http::problem(object.error());
    Reader reader(*std::move(object));
    reader.required("name");
    reader.required("csv");
    auto name = std::string(trim(reader.text("name").value_or("")));
    auto const mode = reader.text("mode").value_or("merge");
    auto const csv = reader.text("csv", k_largest_phonebook).value_or("");
    if (name.empty() || name.size() > k_longest_name || parse_number<BookId>(name))
        reader.problem("name", "1 to 100 bytes of UTF-8, and not only digits");
    if (mode != "merge" && mode != "replace") reader.problem("mode", "merge or replace is expected");
    if (auto good = reader.finish(); !good) co_return http::problem(good.error());
    auto lines = read_phonebook(csv);
    if (!lines) co_return http::problem(lines.error());
    auto const how = mode == "replace" ? PhonebookStore::Import::replace : PhonebookStore::Import::merge;
    auto done = co_await doors.manager->store().phonebooks().import_phonebook(std::move(name), *std::move(lines), how, request.user);
    co_return answer_or_problem(done, [](PhonebookStore::Imported const& result) {
        return json::object{{"phonebook", result.book},
                            {"entries", result.entries},
                            {"added", result.added},
                            {"changed", result.changed},
                            {"removed", result.removed}};
    });
}

net::Task<http::Response> show_book(Doors doors, http::Request request) {
    auto book = co_await find_book(doors, request.parameters["id"]);
    co_return answer_or_problem(book, [](Phonebook const& value) { return to_json(value); });
}

net::Task<http::Response> remove_book(Doors doors, http::Request request) {
    auto book = co_await find_book(doors, request.parameters["id"]);
    if (!book) co_return http::problem(book.error());
    auto done = co_await doors.manager->store().phonebooks().remove_phonebook(book->id, request.user);
    if (!done) co_return http::problem(done.error());
    co_return http::Response{204, {}, {}, {}};
}

net::Task<http::Response> search(Doors doors, http::Request request) {
    auto& books = doors.manager->store().phonebooks();
    PhonebookStore::Question question{
        .books = {}, .text = request.query["text"], .start_from = after_of(request), .limit = limit_of(request)};
    if (auto key = request.query["book"]; !key.empty()) {
        auto book = co_await find_book(doors, key);
        if (!book) co_return http::problem(book.error());
        question.books.push_back(book->id);
    } else {
        auto all = co_await books.list_phonebooks();
        if (!all) co_return http::problem(all.error());
        for (auto const& book : *all) question.books.push_back(book.id);
    }
    auto found = co_await books.search_phonebooks(std::move(question));
    co_return answer_or_problem(found, [](PhonebookStore::Found const& value) {
        json::array out;
        for (auto const& entry : value.entries) out.push_back(to_json(entry));
        return json::object{{"entries", std::move(out)},
                            {"next", value.more ? json::value(value.entries.back().id) : json::value(nullptr)}};
    });
}

/// {"all": true}, {"folder": "/Europe"} or {"system": "room1"}.
net::Task<Result<PhonebookTarget>> read_target(Doors doors, std::string body) {
    CS_CO_TRY(auto object, parse_object(body));
    Reader reader(std::move(object));
    auto const all = reader.boolean("all").value_or(false);
    auto const folder = reader.text("folder", 4096);
    auto const system = reader.text("system");
    if (static_cast<int>(all) + static_cast<int>(folder.has_value()) + static_cast<int>(system.has_value()) != 1)
        reader.problem("target", "one of all, folder and system is expected");
    CS_CO_CHECK(reader.finish());
    if (folder) {
        CS_CO_TRY(auto const id, co_await read_folder(doors.manager, *folder));
        co_return PhonebookTarget{PhonebookTarget::Kind::folder, id};
    }
    if (system) {
        CS_CO_TRY(auto const one, co_await find_system(doors.manager, *system));
        co_return PhonebookTarget{PhonebookTarget::Kind::system, one.id};
    }
    co_return PhonebookTarget{};
}

net::Task<http::Response> change_assignment(Doors doors, http::Request request, bool assign) {
    auto book = co_await find_book(doors, request.parameters["id"]);
    if (!book) co_return http::problem(book.error());
    auto target = co_await read_target(doors, request.body);
    if (!target) co_return http::problem(target.error());
    auto& books = doors.manager->store().phonebooks();
    auto done = assign ? co_await books.assign_phonebook(book->id, *target, request.user)
                       : co_await books.unassign_phonebook(book->id, *target, request.user);
    if (!done) co_return http::problem(done.error());
    auto now = co_await books.get_phonebook(book->id);
    co_return answer_or_problem(now, [](Phonebook const& value) { return to_json(value); });
}

net::Task<http::Response> assign(Doors doors, http::Request request) {
    return change_assignment(std::move(doors), std::move(request), true);
}
net::Task<http::Response> unassign(Doors doors, http::Request request) {
    return change_assignment(std::move(doors), std::move(request), false);
}

/// A search that a system asks (protocols 1.9). Anonymous: it sees what the system that it says to be may see.
net::Task<http::Response> search_of_system(std::shared_ptr<Manager> manager, http::Request request) {
    auto search = dialect::phonebook::parse_search(request.body);
    if (!search) co_return http::problem(search.error());
    auto const system = manager->guess_caller(search->mac_address, request.peer.address);
    auto found = co_await search_directory(manager->store(), system, *std::move(search));
    if (!found) co_return http::problem(found.error());
    co_return http::Response::xml(200, dialect::phonebook::write_answer(*found));
}

}  // namespace

void add_phonebook_routes(http::Router& router, Doors const& doors) {
    auto route = [&](std::string method, std::string pattern, auto function, std::size_t limit = 16 * 1024) {
        router.add({std::move(method), std::move(pattern), limit,
                    [doors, function](http::Request request) { return function(doors, std::move(request)); }});
    };
    route("GET", "/api/v1/phonebooks", list_books);
    // As JSON a list may be twice as long.
    route("POST", "/api/v1/phonebooks/import", import_book, 2 * k_largest_phonebook);
    route("GET", "/api/v1/phonebooks/{id}", show_book);
    route("DELETE", "/api/v1/phonebooks/{id}", remove_book);
    route("POST", "/api/v1/phonebooks/{id}/assign", assign);
    route("POST", "/api/v1/phonebooks/{id}/unassign", unassign);
    route("GET", "/api/v1/phonebook-entries", search);
}

void add_phonebook_call_routes(http::Router& router, std::shared_ptr<Manager> manager) {
    router.add({"POST", "/" + std::string(k_phonebook_path), k_search_limit,
                [manager](http::Request request) { return search_of_system(manager, std::move(request)); }});
}

}  // namespace countersign::manager::api
