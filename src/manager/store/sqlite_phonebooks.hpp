#pragma once

#include "manager/store/backing.hpp"
#include "manager/store/phonebook_store.hpp"

#include <string_view>

namespace countersign::manager::store {

class SqlitePhonebooks final : public PhonebookStore {
public:
    explicit SqlitePhonebooks(Backing& backing) : backing_(backing) {}
    net::Task<Result<Imported>> import_phonebook(std::string name, std::vector<PhonebookLine> lines, Import how,
                                                 std::string actor) override;
    net::Task<Result<std::vector<Phonebook>>> list_phonebooks() override;
    net::Task<Result<Phonebook>> get_phonebook(BookId id) override;
    net::Task<Result<void>> remove_phonebook(BookId id, std::string actor) override;
    net::Task<Result<void>> assign_phonebook(BookId id, PhonebookTarget target, std::string actor) override;
    net::Task<Result<void>> unassign_phonebook(BookId id, PhonebookTarget target, std::string actor) override;
    net::Task<Result<std::vector<Phonebook>>> phonebooks_for(SystemId system, std::vector<std::int64_t> folders) override;
    net::Task<Result<Found>> search_phonebooks(Question question) override;
    net::Task<Result<std::vector<PhonebookFolder>>> phonebook_folders(BookId book, std::int64_t folder) override;
    net::Task<Result<FolderPlace>> find_phonebook_folder(std::int64_t folder) override;

private:
    Backing& backing_;
};

/// For comparing names without case: ASCII, Latin, Greek and Cyrillic letters in lower case. Anything else stays.
std::string fold_case(std::string_view text);

}  // namespace countersign::manager::store
