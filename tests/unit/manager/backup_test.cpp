#include "manager/store/backup.hpp"

#include "manager/store/account_store.hpp"
#include "manager/store/folder_store.hpp"
#include "manager/store/list_store.hpp"
#include "manager/store/migrations.hpp"
#include "manager/store/offline.hpp"
#include "store_fixture.hpp"

#include "countersign/errors/gen.hpp"
#include "countersign/errors/sto.hpp"

#include <gmock/gmock.h>
#include <soci/error.h>

namespace countersign::manager {
namespace {

using testing::StoreTest;

class Backup : public StoreTest {
protected:
    void write() {
        auto const made = write_backup(place(), file_, passphrase_, clock_->now());
        ASSERT_TRUE(made) << made.error().explanation();
        EXPECT_GT(made->rows, 0);
    }
    Result<BackupSummary> restore(StorePlace const& target) { return restore_backup(file_, passphrase_, target, clock_); }
    /// What must be the same, as a text.
    std::string told(Store& store) {
        std::string out;
        for (auto const& system : get(store.list_systems({.limit = 1000})))
            out += std::to_string(system.id) + " " + system.name + " " + system.host_name + " " + std::to_string(system.folder) + "\n";
        for (auto const& folder : get(store.folders().list(std::nullopt, 1000))) out += folder.path + "\n";
        for (auto const& one : get(store.list_audit(1000, 0)))
            if (one.action != "backup.restore") out += std::to_string(one.id) + " " + one.action + " " + one.detail + "\n";
        return out;
    }

    std::filesystem::path file_ = folder_.path() / "backup";
    SecretText passphrase_{std::string("five words by mere chance")};
};

/// In the environment of a server also from and to PostgreSQL.
TEST_F(Backup, everything_comes_back_in_either_database) {
    auto const berlin = get(store_->folders().ensure("/Europe/Berlin", "admin"));
    for (int i = 0; i < 20; ++i) {
        auto const id = add("room" + std::to_string(i));
        get(store_->update_system(
            id,
            [&berlin](System& system) {
                system.folder = berlin.id;
                return "moved";
            },
            "admin"));
        get(store_->set_password(id, SecretText("secret " + std::to_string(i)), PasswordOrigin::given, "admin"));
    }
    get(store_->remove_system(20, "admin"));
    get(store_->queue_job(JobKind::observe, 1, "admin"));
    get(store_->set_secret("authority", SecretText(std::string("a key"))));
    auto const before = told(*store_);
    write();
    std::vector<std::unique_ptr<testing::PostgresqlSchema>> schemas;
    std::vector<StorePlace> targets{{folder_.path() / "restored"}};
    if (schema_) {
        schemas.push_back(testing::PostgresqlSchema::make());
        targets.push_back({folder_.path() / "other", schemas.back()->address()});
    }
    for (auto const& target : targets) {
        auto const restored = restore(target);
        ASSERT_TRUE(restored) << restored.error().explanation();
        EXPECT_TRUE(restored->trail_holds);
        auto opened = open_store(target, clock_);
        ASSERT_TRUE(opened) << opened.error().explanation();
        auto& store = **opened;
        EXPECT_EQ(told(store), before);
        EXPECT_EQ(get(store.get_passwords(3)).current->reveal(), "secret 2");
        EXPECT_EQ(get(store.get_secret("authority"))->reveal(), "a key");
        // Found by a part of a word, numbered after all that there ever was, and one job of a kind for a system.
        EXPECT_EQ(get(store.list_systems({.text = "oom1"})).size(), 10U);
        get(store.update_system(
            3,
            [](System& system) {
                system.name = "lounge";
                return "renamed";
            },
            "admin"));
        EXPECT_EQ(get(store.lists().page({.text = "oung"}, {}, {})).systems.size(), 1U);
        System fresh{.name = "fresh", .family = "c-series", .host_name = "fresh.example.test"};
        EXPECT_GT(get(store.add_system(fresh, std::nullopt, "admin")), 20);
        EXPECT_EQ(get(store.queue_job(JobKind::observe, 1, "admin")), 1);
        opened->reset();
        auto const verdict = verify_audit(target);
        ASSERT_TRUE(verdict);
        EXPECT_FALSE(verdict->first_bad);
    }
}

TEST_F(Backup, is_not_restored_over_a_manager) {
    add("room");
    write();
    auto const again = restore(place());
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().id(), errors::sto::not_empty);
    EXPECT_EQ(get(store_->list_systems({})).size(), 1U);
}

TEST_F(Backup, a_damaged_one_leaves_nothing) {
    for (int i = 0; i < 2000; ++i) get(store_->audit("admin", "test", std::string(100, 'x'), ""));
    write();
    auto text = folder_.read("backup");
    text[text.size() / 2] = static_cast<char>(text[text.size() / 2] ^ 1);
    (void)folder_.file("backup", text);
    StorePlace const target{folder_.path() / "restored"};
    auto const restored = restore(target);
    ASSERT_FALSE(restored);
    EXPECT_EQ(restored.error().id(), errors::sto::backup_damaged);
    EXPECT_TRUE(std::filesystem::is_empty(target.data));
}

TEST_F(Backup, sessions_of_people_are_left_out) {
    get(store_->add_account("anna", "hash", "admin"));
    get(store_->add_session("session", "anna", clock_->now() + std::chrono::hours(1)));
    write();
    StorePlace const target{folder_.path() / "restored"};
    ASSERT_TRUE(restore(target));
    auto opened = *open_store(target, clock_);
    EXPECT_FALSE(get(opened->find_session("session")));
    EXPECT_EQ(get(opened->get_password_hash("anna")), "hash");
}

}  // namespace
}  // namespace countersign::manager
