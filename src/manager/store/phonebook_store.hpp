#pragma once

/// The phone books that the manager serves to systems (REQ MGR-10): books with folders and entries, and who sees which. A part of
/// Store.

#include "manager/estate/model.hpp"
#include "net/task.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace countersign::manager {

using BookId = std::int64_t;

struct PhonebookRoute {
    std::string protocol;     ///< "SIP", "H323", "ISDN" ...
    std::string dial_string;  ///< at most 255 bytes
    std::string call_type;    ///< "Video", "Audio", "768" ...
    std::string description;
    bool operator==(PhonebookRoute const&) const = default;
};

/// One line of a list: folders of the book from the outermost, "Berlin/Second floor"; empty: the book itself.
struct PhonebookLine {
    std::string folder;
    std::string name;
    std::vector<PhonebookRoute> routes;
};

struct Phonebook {
    BookId id = 0;
    std::string name;
    std::int64_t entries = 0;
    UtcTime changed{};
    std::vector<std::string> assignments;  ///< "all", "system 12", "folder 3"
};

struct PhonebookEntry {
    std::int64_t id = 0;
    BookId book = 0;
    std::string book_name;
    std::string folder;  ///< path within the book
    std::string name;
    std::vector<PhonebookRoute> routes;
};

struct PhonebookFolder {
    std::int64_t id = 0;
    std::string name;
};

/// Whom a book is for.
struct PhonebookTarget {
    enum class Kind { all, folder, system } kind = Kind::all;
    std::int64_t id = 0;  ///< of the folder or system
    bool operator==(PhonebookTarget const&) const = default;
};

class PhonebookStore {
public:
    virtual ~PhonebookStore() = default;

    struct Imported {
        BookId book = 0;
        std::int64_t entries = 0;  ///< in the book afterwards
        std::int64_t added = 0, changed = 0, removed = 0;
    };
    enum class Import { merge, replace };
    /// Into the book of that name, which is made when there is none. Lines of equal folder and name are one entry: merge replaces its
    /// routes. replace: entries that the list does not name go. One transaction.
    virtual net::Task<Result<Imported>> import_phonebook(std::string name, std::vector<PhonebookLine> lines, Import how,
                                                         std::string actor) = 0;
    virtual net::Task<Result<std::vector<Phonebook>>> list_phonebooks() = 0;
    virtual net::Task<Result<Phonebook>> get_phonebook(BookId id) = 0;  ///< GEN-003
    virtual net::Task<Result<void>> remove_phonebook(BookId id, std::string actor) = 0;
    virtual net::Task<Result<void>> assign_phonebook(BookId id, PhonebookTarget target, std::string actor) = 0;
    virtual net::Task<Result<void>> unassign_phonebook(BookId id, PhonebookTarget target, std::string actor) = 0;
    /// Books for all, for one of these folders, or for the system itself (0: nobody of ours asks), by name.
    virtual net::Task<Result<std::vector<Phonebook>>> phonebooks_for(SystemId system, std::vector<std::int64_t> folders) = 0;

    struct Question {
        std::vector<BookId> books;
        std::string text;  ///< part of the name, or the beginning of a dial string; empty: everything
        bool case_sensitive = false;
        std::int64_t folder = 0;      ///< only below this folder; 0: the whole books
        bool subtree = true;          ///< false: only what stands directly there
        std::int64_t start_from = 0;  ///< the entry after which the answer begins; 0: the first
        bool start_inclusive = false;
        std::size_t limit = 100;  ///< at most 1,000
    };
    struct Found {
        std::vector<PhonebookEntry> entries;  ///< by name
        bool more = false;
    };
    virtual net::Task<Result<Found>> search_phonebooks(Question question) = 0;
    /// Folders directly in the folder, or in the book when `folder` is 0; at most 1,000, by name.
    virtual net::Task<Result<std::vector<PhonebookFolder>>> phonebook_folders(BookId book, std::int64_t folder) = 0;
    struct FolderPlace {
        BookId book = 0;
        std::string name;
    };
    virtual net::Task<Result<FolderPlace>> find_phonebook_folder(std::int64_t folder) = 0;  ///< GEN-003
};

}  // namespace countersign::manager
