#include "manager/store/folder_store.hpp"
#include "manager/store/list_store.hpp"
#include "store_fixture.hpp"

#include "countersign/errors/gen.hpp"
#include "countersign/errors/mgr.hpp"
#include "countersign/errors/sto.hpp"

#include <gmock/gmock.h>

namespace countersign::manager {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class StoreFolders : public testing::StoreTest {
protected:
    Folder make(std::string path) { return get(store_->folders().ensure(std::move(path), "admin")); }
    std::vector<std::string> paths() {
        std::vector<std::string> out;
        for (auto const& folder : get(store_->folders().list(std::nullopt, 1000))) out.push_back(folder.path);
        return out;
    }
    void put(SystemId system, FolderId folder) { get(store_->folders().move_systems({system}, folder, "admin")); }
};

TEST_F(StoreFolders, the_root_is_there_and_stays) {
    EXPECT_THAT(paths(), ElementsAre("/"));
    EXPECT_EQ(get(store_->get_system(add("c1"))).folder, k_root_folder);
    EXPECT_EQ(error_of(store_->folders().remove(k_root_folder, std::nullopt, "admin")), errors::mgr::root_folder_stays);
    EXPECT_EQ(error_of(store_->folders().change(k_root_folder, {.name = "x"}, "admin")), errors::mgr::root_folder_stays);
}

TEST_F(StoreFolders, a_path_makes_what_is_missing_and_finds_it_in_any_case) {
    auto berlin = make(" Europe/ Berlin/");
    EXPECT_EQ(berlin.path, "/Europe/Berlin");
    EXPECT_EQ(make("/europe/BERLIN").id, berlin.id);
    EXPECT_THAT(paths(), ElementsAre("/", "/Europe", "/Europe/Berlin"));
    EXPECT_EQ(get(store_->folders().find("europe/berlin"))->id, berlin.id);
    EXPECT_FALSE(get(store_->folders().find("europe/paris")));
    auto rest = get(store_->folders().list("/Europe", 1));
    ASSERT_THAT(rest, SizeIs(1));
    EXPECT_EQ(rest.front().path, "/Europe/Berlin");
}

TEST_F(StoreFolders, what_cannot_be_a_name_or_a_path_changes_nothing) {
    for (auto const* bad : {"", " ", ".", "..", "a/b", "a\nb", "\xff"})
        EXPECT_EQ(error_of(store_->folders().add(k_root_folder, bad, "admin")), errors::gen::invalid_input) << bad;
    EXPECT_EQ(error_of(store_->folders().add(k_root_folder, std::string(k_longest_folder_name + 1, 'x'), "admin")),
              errors::gen::invalid_input);
    std::string deep;
    for (std::size_t i = 0; i <= k_deepest_folder; ++i) deep += "/x";
    EXPECT_EQ(error_of(store_->folders().ensure(deep, "admin")), errors::gen::invalid_input);
    EXPECT_EQ(error_of(store_->folders().add(77, "x", "admin")), errors::gen::not_found);
    EXPECT_THAT(paths(), ElementsAre("/"));
}

TEST_F(StoreFolders, a_name_is_taken_once_within_a_folder) {
    auto europe = make("/Europe");
    EXPECT_EQ(error_of(store_->folders().add(k_root_folder, "EUROPE", "admin")), errors::mgr::folder_exists);
    EXPECT_EQ(get(store_->folders().add(europe.id, "Europe", "admin")).path, "/Europe/Europe");
}

TEST_F(StoreFolders, a_folder_takes_what_is_below_it_along) {
    auto berlin = make("/Europe/Berlin/Mitte");
    auto europe = *get(store_->folders().find("/Europe"));
    auto old = make("/Old");
    EXPECT_EQ(get(store_->folders().change(europe.id, {.name = "EU", .parent = old.id}, "admin")).path, "/Old/EU");
    EXPECT_EQ(get(store_->folders().get(berlin.id)).path, "/Old/EU/Berlin/Mitte");
    EXPECT_EQ(error_of(store_->folders().change(europe.id, {.parent = berlin.id}, "admin")), errors::mgr::folder_into_itself);
    EXPECT_EQ(error_of(store_->folders().change(europe.id, {.parent = europe.id}, "admin")), errors::mgr::folder_into_itself);
    EXPECT_EQ(get(store_->folders().change(europe.id, {.name = "eu"}, "admin")).path, "/Old/eu") << "only its case";
}

TEST_F(StoreFolders, what_would_get_too_deep_stays_where_it_is) {
    std::string deep;
    for (std::size_t i = 0; i < k_deepest_folder; ++i) deep += "/x";
    auto bottom = make(deep);
    auto tree = make("/a/b");
    EXPECT_EQ(error_of(store_->folders().change(tree.parent, {.parent = bottom.id}, "admin")), errors::gen::invalid_input);
    EXPECT_EQ(get(store_->folders().get(tree.id)).path, "/a/b");
}

TEST_F(StoreFolders, only_an_empty_folder_goes_unless_its_contents_have_a_place) {
    auto berlin = make("/Europe/Berlin");
    auto europe = *get(store_->folders().find("/Europe"));
    auto system = add("c1");
    put(system, europe.id);
    EXPECT_EQ(error_of(store_->folders().remove(europe.id, std::nullopt, "admin")), errors::mgr::folder_not_empty);
    EXPECT_EQ(error_of(store_->folders().remove(europe.id, berlin.id, "admin")), errors::mgr::folder_into_itself);
    get(store_->folders().remove(europe.id, k_root_folder, "admin"));
    EXPECT_THAT(paths(), ElementsAre("/", "/Berlin"));
    EXPECT_EQ(get(store_->get_system(system)).folder, k_root_folder);
    get(store_->folders().remove(berlin.id, std::nullopt, "admin"));
    EXPECT_THAT(paths(), ElementsAre("/"));
}

TEST_F(StoreFolders, a_child_may_take_the_place_of_the_folder_that_goes) {
    make("/Europe/Europe");
    auto outer = *get(store_->folders().find("/Europe"));
    get(store_->folders().remove(outer.id, k_root_folder, "admin"));
    EXPECT_THAT(paths(), ElementsAre("/", "/Europe"));
    make("/Asia");
    make("/Old/Asia");
    auto old = *get(store_->folders().find("/Old"));
    EXPECT_EQ(error_of(store_->folders().remove(old.id, k_root_folder, "admin")), errors::mgr::folder_exists);
    EXPECT_THAT(paths(), ElementsAre("/", "/Asia", "/Europe", "/Old", "/Old/Asia"));
}

TEST_F(StoreFolders, systems_move_together_or_not_at_all) {
    auto berlin = make("/Berlin");
    auto one = add("c1");
    EXPECT_EQ(error_of(store_->folders().move_systems({one, 99}, berlin.id, "admin")), errors::gen::not_found);
    EXPECT_EQ(get(store_->get_system(one)).folder, k_root_folder);
    put(one, berlin.id);
    EXPECT_EQ(get(store_->folders().get(berlin.id)).systems, 1);
}

TEST_F(StoreFolders, a_system_is_never_in_a_folder_that_does_not_exist) {
    auto one = add("c1");
    EXPECT_EQ(
        error_of(store_->update_system(one, [](System& system) { return system.folder = 99, ""; }, "admin")), errors::sto::query_failed);
    EXPECT_EQ(get(store_->get_system(one)).folder, k_root_folder);
}

TEST_F(StoreFolders, a_selection_means_what_all_its_parts_mean) {
    auto berlin = make("/Europe/Berlin");
    auto europe = *get(store_->folders().find("/Europe"));
    auto one = add("c1"), two = add("c2"), three = add("x3");
    put(one, europe.id);
    put(two, berlin.id);
    get(store_->update_system(
        two, [](System& system) { return system.serial_number = "S77", system.secure_only_capable = true, system.level = 2, ""; },
        "admin"));
    get(store_->update_system(
        three,
        [&](System& system) {
            system.reachability = Reachability::reachable;
            system.certificate_expires = clock_->now();
            return "";
        },
        "admin"));
    get(store_->open_ticket(one, TicketType::connection_error, "gone", ""));
    auto select = [&](SystemFilter filter) { return get(store_->lists().select(std::move(filter))); };
    EXPECT_THAT(select({}), ElementsAre(one, two, three));
    EXPECT_THAT(select({.folder = europe.id}), ElementsAre(one, two)) << "with what is below";
    EXPECT_THAT(select({.folder = berlin.id}), ElementsAre(two));
    EXPECT_THAT(select({.folder = k_root_folder}), SizeIs(3));
    EXPECT_THAT(select({.text = "berlin"}), ElementsAre(two)) << "the folder is text, too";
    EXPECT_THAT(select({.text = "europe c1"}), ElementsAre(one)) << "each word";
    EXPECT_THAT(select({.text = "s77"}), ElementsAre(two));
    EXPECT_THAT(select({.level = 0, .folder = europe.id}), ElementsAre(one));
    EXPECT_THAT(select({.reachability = Reachability::reachable}), ElementsAre(three));
    EXPECT_THAT(select({.secure_only_capable = true}), ElementsAre(two));
    EXPECT_THAT(select({.has_ticket = true}), ElementsAre(one));
    EXPECT_THAT(select({.has_ticket = false}), ElementsAre(two, three));
    EXPECT_THAT(select({.track_by = TrackBy::host_name}), IsEmpty());
    EXPECT_THAT(select({.certificate_expires_before = clock_->now() + std::chrono::seconds(1)}), ElementsAre(three));
    EXPECT_THAT(select({.certificate_expires_after = clock_->now()}), ElementsAre(three)) << "and not those without one";
    EXPECT_THAT(select({.certificate_expires_after = clock_->now() + std::chrono::seconds(1)}), IsEmpty());
    EXPECT_THAT(get(store_->list_systems({.limit = 1, .folder = europe.id})), SizeIs(1));
}

}  // namespace
}  // namespace countersign::manager
