#include "manager/phonebook/directory_service.hpp"
#include "manager/phonebook/list_reader.hpp"
#include "manager/store/folder_store.hpp"
#include "manager/store/network_store.hpp"
#include "manager/store/sqlite_phonebooks.hpp"
#include "store_fixture.hpp"

#include "countersign/errors/gen.hpp"

namespace countersign::testing {
namespace {

using manager::PhonebookStore;
using manager::PhonebookTarget;

class Phonebook : public StoreTest {
protected:
    manager::BookId import(std::string name, std::string csv, PhonebookStore::Import how = PhonebookStore::Import::merge) {
        auto lines = manager::read_phonebook(csv);
        if (!lines) {
            ADD_FAILURE() << lines.error().explanation();
            return 0;
        }
        result_ = get(store_->phonebooks().import_phonebook(std::move(name), *std::move(lines), how, "test"));
        return result_.book;
    }
    std::vector<std::string> names(PhonebookStore::Question question) {
        std::vector<std::string> out;
        for (auto const& entry : get(store_->phonebooks().search_phonebooks(std::move(question))).entries) out.push_back(entry.name);
        return out;
    }
    PhonebookStore::Imported result_;
};

TEST(PhonebookList, gathers_the_numbers_of_an_entry) {
    auto const lines = manager::read_phonebook("name,number,protocol\nAnna,anna@x.test,\nAnna,4711,\nAnna,4711,h.323\n");
    ASSERT_TRUE(lines);
    ASSERT_EQ(lines->size(), 1U);
    ASSERT_EQ(lines->front().routes.size(), 2U);
    EXPECT_EQ(lines->front().routes[0].protocol, "SIP");
    EXPECT_EQ(lines->front().routes[1].protocol, "H323");
}

TEST(PhonebookList, tells_every_problem_with_its_line) {
    auto const lines = manager::read_phonebook("name,number,protocol,call_type\n,1,SIP,\nB,,SIP,\nC,3,SMOKE,\nD,4,SIP,Smell\n");
    ASSERT_FALSE(lines);
    ASSERT_EQ(lines.error().causes().size(), 4U);
    EXPECT_EQ(lines.error().causes()[2].parameter("line"), "4");
    EXPECT_FALSE(manager::read_phonebook("who,where\nA,1\n"));
}

TEST(FoldCase, knows_letters_beyond_ascii) {
    using manager::store::fold_case;
    EXPECT_EQ(fold_case("ÄÖÜ ÉÑ Łódź ΑΒΓ ЖЁ Az"), fold_case("äöü éñ łÓDŹ αβγ жё aZ"));
    EXPECT_NE(fold_case("×"), fold_case("÷"));
    EXPECT_EQ(fold_case("日本"), "日本");
}

TEST_F(Phonebook, is_searched_by_part_of_the_name_and_beginning_of_a_number) {
    auto const book = import("Company", "name,number,folder\nZoë,200,\nanna,100,Berlin\nBert Hannover,300,Berlin/Roof\n");
    EXPECT_EQ(names({.books = {book}}), (std::vector<std::string>{"anna", "Bert Hannover", "Zoë"}));
    EXPECT_EQ(names({.books = {book}, .text = "ANN"}), (std::vector<std::string>{"anna", "Bert Hannover"}));
    EXPECT_EQ(names({.books = {book}, .text = "ANN", .case_sensitive = true}), (std::vector<std::string>{}));
    EXPECT_EQ(names({.books = {book}, .text = "20"}), (std::vector<std::string>{"Zoë"}));
    EXPECT_EQ(names({.books = {book}, .text = "00"}), (std::vector<std::string>{})) << "numbers from their beginning only";
    EXPECT_EQ(names({.books = {book}, .text = "%"}), (std::vector<std::string>{}));
    EXPECT_EQ(names({.books = {book + 1}}), (std::vector<std::string>{}));
    auto const folders = get(store_->phonebooks().phonebook_folders(book, 0));
    ASSERT_EQ(folders.size(), 1U);
    EXPECT_EQ(names({.books = {book}, .folder = folders[0].id}), (std::vector<std::string>{"anna", "Bert Hannover"}));
    EXPECT_EQ(names({.books = {book}, .folder = folders[0].id, .subtree = false}), (std::vector<std::string>{"anna"}));
    EXPECT_EQ(names({.books = {book}, .subtree = false}), (std::vector<std::string>{"Zoë"}));
}

TEST_F(Phonebook, is_read_a_page_at_a_time) {
    std::string csv = "name,number\n";
    for (int i = 0; i < 15; ++i)
        csv += "Room," + std::to_string(i) + "\n" + "Room " + std::to_string(i % 5) + "-" + std::to_string(i) + ",1\n";
    auto const book = import("Company", csv.substr(0, csv.size()));
    std::vector<std::string> all;
    std::int64_t after = 0;
    while (true) {
        auto const page = get(store_->phonebooks().search_phonebooks({.books = {book}, .start_from = after, .limit = 7}));
        for (auto const& one : page.entries) all.push_back(one.name);
        if (!page.more) break;
        after = page.entries.back().id;
    }
    EXPECT_EQ(all.size(), 16U);
    EXPECT_TRUE(std::ranges::is_sorted(all));
}

TEST_F(Phonebook, import_merges_or_replaces) {
    import("Company", "name,number,folder\nA,1,X\nB,2,Y\n");
    import("company", "name,number,folder\nA,9,X\nC,3,\n");
    EXPECT_EQ(result_.entries, 3);
    EXPECT_EQ(result_.added, 1);
    EXPECT_EQ(result_.changed, 1);
    auto const book = import("Company", "name,number,folder\nC,3,\n", PhonebookStore::Import::replace);
    EXPECT_EQ(result_.entries, 1);
    EXPECT_EQ(result_.removed, 2);
    EXPECT_TRUE(get(store_->phonebooks().phonebook_folders(book, 0)).empty()) << "empty folders go";
}

TEST_F(Phonebook, is_seen_by_those_it_is_assigned_to) {
    auto const everybody = import("Everybody", "name,number\nA,1\n");
    auto const berlin = import("Berlin", "name,number\nB,2\n");
    auto const own = import("Own", "name,number\nC,3\n");
    auto const folder = get(store_->folders().ensure("/Europe/Berlin", "test"));
    auto const europe = get(store_->folders().find("/Europe"))->id;
    manager::System system{.name = "room", .family = "c-series", .address = "192.0.2.7"};
    system.folder = folder.id;
    auto const id = get(store_->add_system(system, std::nullopt, "test"));
    EXPECT_FALSE(get(store_->network().get_link(id)).phonebook);
    get(store_->phonebooks().assign_phonebook(berlin, {PhonebookTarget::Kind::folder, europe}, "test"));
    EXPECT_TRUE(get(store_->network().get_link(id)).phonebook) << "by a folder above";
    get(store_->phonebooks().assign_phonebook(own, {PhonebookTarget::Kind::system, id}, "test"));
    get(store_->phonebooks().assign_phonebook(everybody, {}, "test"));
    EXPECT_EQ(get(manager::phonebooks_of(*store_, id)).size(), 3U);
    EXPECT_EQ(get(manager::phonebooks_of(*store_, 0)).size(), 1U);
    dialect::phonebook::Search search;
    EXPECT_EQ(get(manager::search_directory(*store_, id, search)).entries.size(), 3U);
    EXPECT_EQ(get(manager::search_directory(*store_, id, search)).catalogs.size(), 3U) << "several books are shown as catalogues";
    EXPECT_EQ(get(manager::search_directory(*store_, 0, search)).entries.size(), 1U);
    search.path = "b_" + std::to_string(own);
    EXPECT_EQ(get(manager::search_directory(*store_, id, search)).entries.size(), 1U);
    EXPECT_EQ(get(manager::search_directory(*store_, 0, search)).entries.size(), 0U) << "a stranger who names the book";
    get(store_->remove_system(id, "test"));
    get(store_->phonebooks().remove_phonebook(own, "test"));
    EXPECT_EQ(get(store_->phonebooks().list_phonebooks()).size(), 2U);
}

}  // namespace
}  // namespace countersign::testing
