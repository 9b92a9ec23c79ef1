#include "manager/store/folder_store.hpp"
#include "manager/store/list_store.hpp"
#include "store_fixture.hpp"

#include "countersign/errors/gen.hpp"
#include "countersign/errors/mgr.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <random>

namespace countersign::manager {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class StoreLists : public testing::StoreTest {
protected:
    /// All pages, by number.
    std::vector<SystemId> walk(SystemFilter filter, ListOrder order) {
        std::vector<SystemId> out;
        std::string cursor;
        do {
            auto page = get(store_->lists().page(filter, order, cursor));
            for (auto const& one : page.systems) out.push_back(one.system.id);
            cursor = page.next;
        } while (!cursor.empty() && out.size() < 10000);
        return out;
    }
    std::vector<SystemId> add_many(int count) {
        auto systems = std::make_shared<std::vector<AddedSystem>>();
        std::mt19937 random(7);
        for (int i = 0; i < count; ++i) {
            AddedSystem one;
            one.line = static_cast<std::size_t>(i) + 2;
            one.folder = i % 3 == 0 ? "/A" : (i % 3 == 1 ? "/B/C" : "/");
            one.system = {.name = (i % 2 == 0 ? "Room " : "room ") + std::to_string(random() % 50),
                          .family = i % 5 == 0 ? "mcu" : "c-series",
                          .host_name = "h" + std::to_string(i) + ".example.test",
                          .address = "10.0." + std::to_string(random() % 200) + "." + std::to_string(i % 250 + 1),
                          .serial_number = i % 4 == 0 ? "S" + std::to_string(i) : "",
                          .level = static_cast<int>(random() % 5)};
            if (i % 2 == 0) one.system.certificate_expires = clock_->now() + std::chrono::days(random() % 30);
            systems->push_back(std::move(one));
        }
        return get(store_->lists().add_all(systems, "admin"));
    }
};

TEST_F(StoreLists, every_order_shows_every_system_once_and_in_order) {
    add_many(97);
    for (auto const* name : {"id", "name", "host_name", "address", "family", "software", "level", "reachability", "capable", "track_by",
                             "serial_number", "mac_address", "certificate_expires", "observed_at", "last_call_at", "created", "folder"}) {
        for (auto const* sign : {"", "-"}) {
            auto order = parse_list_order(std::string(sign) + name);
            ASSERT_TRUE(order) << name;
            auto ids = walk({.limit = 10}, *order);
            auto whole = walk({.limit = 1000}, *order);
            EXPECT_EQ(ids, whole) << sign << name << ": pages and the whole";
            std::ranges::sort(ids);
            ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
            EXPECT_THAT(ids, SizeIs(97)) << sign << name;
        }
    }
    EXPECT_FALSE(parse_list_order("password"));
}

TEST_F(StoreLists, addresses_are_sorted_by_value_and_names_without_case) {
    auto with = [&](std::string name, std::string address) {
        System system{.name = std::move(name), .family = "mcu", .address = std::move(address)};
        return get(store_->add_system(std::move(system), std::nullopt, "admin"));
    };
    auto ten = with("beta", "10.0.0.10"), nine = with("Alpha", "10.0.0.9"), six = with("gamma", "2001:db8::1");
    EXPECT_THAT(walk({}, {SortColumn::address}), ElementsAre(nine, ten, six));
    EXPECT_THAT(walk({}, {SortColumn::name}), ElementsAre(nine, ten, six));
    get(store_->update_system(nine, [](System& system) { return system.address = "10.0.0.99", ""; }, "admin"));
    EXPECT_THAT(walk({}, {SortColumn::address, true}), ElementsAre(six, nine, ten));
}

TEST_F(StoreLists, systems_without_a_certificate_come_after_those_whose_certificate_ends) {
    auto none = add("none"), late = add("late"), soon = add("soon");
    get(store_->update_system(late, [&](System& one) { return one.certificate_expires = clock_->now() + std::chrono::days(9), ""; }, "x"));
    get(store_->update_system(soon, [&](System& one) { return one.certificate_expires = clock_->now() + std::chrono::days(1), ""; }, "x"));
    EXPECT_THAT(walk({.limit = 1}, {SortColumn::certificate_expires}), ElementsAre(soon, late, none));
}

TEST_F(StoreLists, narrow_and_wide_selections_find_the_same_as_the_plain_condition) {
    add_many(200);
    auto a = *get(store_->folders().find("/A"));
    auto b = *get(store_->folders().find("/B"));
    SystemFilter const filters[] = {
        {.text = "room"},      {.text = "ro 1"},
        {.text = "h19 c-ser"}, {.level = 2},
        {.family = "mcu"},     {.folder = a.id},
        {.text = "/b/c"},      {.level = 3, .folder = b.id},
        {.has_ticket = true},  {.has_ticket = false, .certificate_expires_before = clock_->now() + std::chrono::days(9)}};
    for (auto filter : filters) {
        auto expected = get(store_->lists().select(filter));
        for (auto column : {SortColumn::id, SortColumn::name, SortColumn::level, SortColumn::folder, SortColumn::certificate_expires}) {
            filter.limit = 7;
            auto found = walk(filter, {column, true});
            std::ranges::sort(found);
            EXPECT_EQ(found, expected) << filter.text << " " << to_string(column);
        }
    }
}

TEST_F(StoreLists, pages_stay_in_place_while_systems_come_and_go) {
    auto ids = add_many(30);
    ListOrder const by_host{SortColumn::host_name};
    auto first = get(store_->lists().page({.limit = 10}, by_host, ""));
    get(store_->remove_system(first.systems.front().system.id, "admin"));
    get(store_->remove_system(first.systems.back().system.id, "admin"));
    add("a-new-one-before-all");
    auto rest = get(store_->lists().page({.limit = 1000}, by_host, first.next));
    EXPECT_THAT(rest.systems, SizeIs(20)) << "none left out, none twice";
}

TEST_F(StoreLists, a_cursor_of_another_order_or_of_nobody_is_refused) {
    add_many(3);
    auto page = get(store_->lists().page({.limit = 1}, {SortColumn::name}, ""));
    EXPECT_EQ(error_of(store_->lists().page({}, {SortColumn::name, true}, page.next)), errors::gen::invalid_input);
    EXPECT_EQ(error_of(store_->lists().page({}, {SortColumn::level}, page.next)), errors::gen::invalid_input);
    for (auto const* bad : {"x", "!!!!", "aWQKMQ", "bmFtZQp4CnkK"})
        EXPECT_EQ(error_of(store_->lists().page({}, {SortColumn::name}, bad)), errors::gen::invalid_input) << bad;
}

TEST_F(StoreLists, a_row_says_folder_why_and_tickets) {
    auto id = add("c1");
    get(store_->folders().move_systems({id}, get(store_->folders().ensure("/A/B", "admin")).id, "admin"));
    get(store_->record_assessment(get(store_->get_system(id)), Assessment{.level = 2, .why = "HTTP is open"}, {}));
    get(store_->open_ticket(id, TicketType::connection_error, "gone", ""));
    auto page = get(store_->lists().page({}, {}, ""));
    ASSERT_THAT(page.systems, SizeIs(1));
    EXPECT_EQ(page.systems.front().folder_path, "/A/B");
    EXPECT_EQ(page.systems.front().why, "HTTP is open");
    EXPECT_EQ(page.systems.front().open_tickets, 1);
    EXPECT_EQ(page.next, "");
}

TEST_F(StoreLists, text_follows_what_changes) {
    auto id = add("kitchen");
    EXPECT_THAT(walk({.text = "kitch"}, {}), ElementsAre(id));
    get(store_->update_system(id, [](System& system) { return system.name = "board", system.host_name = "b.example.test", ""; }, "x"));
    EXPECT_THAT(walk({.text = "kitch"}, {}), IsEmpty());
    EXPECT_THAT(walk({.text = "BOARD"}, {}), ElementsAre(id));
    for (auto const* odd : {"\"", "\"\"\"", "a\"b\"c", "AND OR NOT", "***", "%%%", "_____", "'--"})
        EXPECT_THAT(walk({.text = odd}, {}), IsEmpty()) << odd;
    get(store_->remove_system(id, "admin"));
    EXPECT_THAT(walk({.text = "board"}, {}), IsEmpty());
}

TEST_F(StoreLists, views_belong_to_an_account) {
    get(store_->lists().save_view("ann", {"bad ones", {{"level", "1"}, {"sort", "-name"}}}));
    get(store_->lists().save_view("ann", {"BAD ones", {{"level", "2"}}}));
    EXPECT_THAT(get(store_->lists().list_views("ann")), SizeIs(1)) << "a name is one name in any case";
    EXPECT_EQ(get(store_->lists().find_view("ann", "Bad Ones"))->fields.at("level"), "2");
    EXPECT_FALSE(get(store_->lists().find_view("bob", "bad ones")));
    EXPECT_EQ(error_of(store_->lists().remove_view("bob", "bad ones")), errors::gen::not_found);
    get(store_->lists().remove_view("ann", "bad ones"));
    EXPECT_THAT(get(store_->lists().list_views("ann")), IsEmpty());
}

TEST_F(StoreLists, many_are_added_together_or_not_at_all) {
    add("taken");
    auto systems = std::make_shared<std::vector<AddedSystem>>();
    systems->push_back(
        {.system = {.name = "a", .host_name = "a.example.test"}, .password = SecretText("secret-4711"), .line = 2, .folder = "/New"});
    systems->push_back({.system = {.name = "b", .host_name = "taken.example.test"}, .line = 3});
    EXPECT_EQ(error_of(store_->lists().add_all(systems, "admin")), errors::mgr::duplicate_system);
    EXPECT_FALSE(get(store_->folders().find("/New")));
    EXPECT_THAT(get(store_->all_system_ids()), SizeIs(1));
    auto conflicts = get(store_->lists().find_conflicts(systems, ListStore::Folders::must_exist));
    ASSERT_THAT(conflicts, SizeIs(2));
    EXPECT_EQ(conflicts[0].parameter("column"), "folder");
    EXPECT_EQ(conflicts[1].parameter("line"), "3");
    systems->pop_back();
    auto ids = get(store_->lists().add_all(systems, "admin"));
    ASSERT_THAT(ids, SizeIs(1));
    EXPECT_EQ(get(store_->get_passwords(ids.front())).current->reveal(), "secret-4711");
    EXPECT_EQ(get(store_->list_jobs(ids.front(), std::nullopt, 10)).size(), 1U);
    EXPECT_EQ((folder_.read("manager.db") + folder_.read("manager.db-wal")).find("secret-4711"), std::string::npos);
}

}  // namespace
}  // namespace countersign::manager
