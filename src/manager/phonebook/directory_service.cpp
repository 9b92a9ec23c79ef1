#include "manager/phonebook/directory_service.hpp"

#include "base/text.hpp"
#include "manager/store/folder_store.hpp"
#include "manager/store/phonebook_store.hpp"

#include "countersign/errors/gen.hpp"

#include <algorithm>

namespace countersign::manager {
namespace {

namespace phonebook = dialect::phonebook;

/// Ids as systems give them back: books "b_3", folders "c_51", entries "e_7".
std::string book_id(BookId id) { return "b_" + std::to_string(id); }
std::string folder_id(std::int64_t id) { return "c_" + std::to_string(id); }
std::string entry_id(std::int64_t id) { return "e_" + std::to_string(id); }

std::int64_t number_after(std::string_view text, std::string_view prefix) {
    return text.starts_with(prefix) ? parse_number<std::int64_t>(text.substr(prefix.size())).value_or(0) : 0;
}

phonebook::Entry to_entry(PhonebookEntry const& one) {
    phonebook::Entry entry{.name = one.name, .id = entry_id(one.id), .base_dn = {}, .system_type = {}, .routes = {}};
    for (auto const& route : one.routes)
        entry.routes.push_back({.call_type = route.call_type,
                                .protocol = route.protocol,
                                .dial_string = route.dial_string,
                                .restriction = {},
                                .description = route.description,
                                .system_type = {}});
    return entry;
}

void mark_ends(phonebook::Answer& answer, bool more) {
    if (!answer.catalogs.empty()) {
        answer.catalogs.front().is_first = true;
        answer.catalogs.back().is_last = true;
    }
    if (!answer.entries.empty()) {
        answer.entries.front().is_first = true;
        answer.entries.back().is_last = !more;
    }
}

net::Task<Result<void>> add_folders(Store& store, BookId book, std::int64_t folder, phonebook::Answer& answer) {
    CS_CO_TRY(auto const folders, co_await store.phonebooks().phonebook_folders(book, folder));
    for (auto const& one : folders)
        if (answer.catalogs.size() < phonebook::k_max_items / 2) answer.catalogs.push_back({one.name, folder_id(one.id)});
    co_return Result<void>();
}

}  // namespace

net::Task<Result<std::vector<Phonebook>>> phonebooks_of(Store& store, SystemId system) {
    std::vector<std::int64_t> folders;
    if (system != 0) {
        CS_CO_TRY(auto const one, co_await store.get_system(system));
        for (auto id = one.folder; id != 0 && folders.size() <= k_deepest_folder;) {
            folders.push_back(id);
            CS_CO_TRY(auto const folder, co_await store.folders().get(id));
            id = folder.parent;
        }
    }
    co_return co_await store.phonebooks().phonebooks_for(system, std::move(folders));
}

net::Task<Result<phonebook::Answer>> search_directory(Store& store, SystemId system, phonebook::Search search) {
    CS_CO_TRY(auto const books, co_await phonebooks_of(store, system));
    PhonebookStore::Question question{.books = {},
                                      .text = search.text,
                                      .case_sensitive = search.case_sensitive,
                                      .folder = number_after(search.path, "c_"),
                                      .subtree = search.scope == phonebook::Scope::subtree,
                                      .start_from = number_after(search.start_from, "e_"),
                                      .start_inclusive = search.start_inclusive,
                                      .limit = static_cast<std::size_t>(std::max(search.max_result, 1))};
    phonebook::Answer answer{.name = "Phone books", .id = {}, .catalogs = {}, .entries = {}};
    auto only = number_after(search.path, "b_");
    if (question.folder != 0) {
        auto place = co_await store.phonebooks().find_phonebook_folder(question.folder);
        // A folder that is gone meanwhile has no entries.
        if (!place) co_return answer;
        only = place->book;
        answer.name = place->name;
        answer.id = search.path;
    }
    for (auto const& book : books) {
        if (only != 0 && book.id != only) continue;
        question.books.push_back(book.id);
        if (only != 0 && question.folder == 0) {
            answer.name = book.name;
            answer.id = book_id(book.id);
        }
    }
    // What stands in a place is shown while nothing is searched for: books at the top, then folders.
    bool const browsing = search.text.empty() && search.start_from.empty();
    bool const at_top = only == 0;
    if (browsing && at_top && books.size() > 1)
        for (auto const& book : books) answer.catalogs.push_back({book.name, book_id(book.id)});
    else if (browsing && !question.books.empty())
        CS_CO_CHECK(co_await add_folders(store, question.books.front(), question.folder, answer));
    bool more = false;
    if (question.subtree || !at_top || books.size() == 1) {
        question.limit = std::min<std::size_t>(question.limit, phonebook::k_max_items - answer.catalogs.size());
        CS_CO_TRY(auto const found, co_await store.phonebooks().search_phonebooks(std::move(question)));
        for (auto const& one : found.entries) answer.entries.push_back(to_entry(one));
        more = found.more;
    }
    mark_ends(answer, more);
    co_return answer;
}

}  // namespace countersign::manager
