#include "manager/store/audit_trail.hpp"
#include "manager/store/backing.hpp"
#include "manager/store/migrations.hpp"
#include "manager/store/offline.hpp"
#include "store_fixture.hpp"

#include "countersign/errors/gen.hpp"
#include "countersign/errors/mgr.hpp"

#include <gmock/gmock.h>

namespace countersign::manager::store {
namespace {

using Kind = host::AuditBreak::Kind;

/// A trail of twelve records, and somebody who has the database file and an SQL shell.
class AuditTest : public testing::StoreTest {
protected:
    AuditTest() {
        for (int i = 1; i <= 12; ++i) get(store_->audit("admin", "test.step", "system " + std::to_string(i), "detail"));
    }
    void tamper(std::string_view sql) {
        store_.reset();
        EXPECT_GT(open()->execute(sql), 0) << sql;
    }
    /// As who has the file or the password: on either engine.
    std::unique_ptr<Database> open() {
        auto database = open_database(place());
        if (!database) throw std::runtime_error(database.error().explanation());
        return *std::move(database);
    }
    AuditVerdict verdict() {
        auto found = verify_audit(place());
        if (!found) ADD_FAILURE() << found.error().explanation();
        return found ? *found : AuditVerdict();
    }
    void expect_broken(Kind kind, std::int64_t id) {
        auto const found = verdict();
        ASSERT_TRUE(found.first_bad);
        EXPECT_EQ(to_string(found.first_bad->kind), to_string(kind)) << found.first_bad->text;
        EXPECT_EQ(found.first_bad->id, id) << found.first_bad->text;
    }
};

TEST_F(AuditTest, a_trail_that_nobody_touched_holds_also_after_a_restart) {
    reopen();
    add("codec");
    auto const found = verdict();
    EXPECT_FALSE(found.first_bad) << found.first_bad->text;
    EXPECT_EQ(found.records, 13);
    EXPECT_EQ(found.head, get(store_->audit_trail().head()));
    EXPECT_EQ(found.head.hash, get(store_->audit_trail().list(12, 100)).at(0).hash);
}

TEST_F(AuditTest, the_bytes_that_are_hashed_are_those_of_the_description) {
    // SHA-256 of the fields as docs/audit.md says, computed with Python's hashlib.
    EXPECT_EQ(host::audit_hash(
                  host::audit_chain_start(),
                  {.id = 1, .at = 1795262400, .actor = "admin", .action = "system.add", .subject = "system 12", .detail = "Z\xC3\xBCrich"}),
              "a1f6873d43b4790cf8555ecb50a7ada3b28dd085b67d5b6f1a901e44769be5bd");
}

TEST_F(AuditTest, each_field_of_a_record_counts) {
    for (std::string_view change : {"at = at + 1", "actor = 'guest'", "action = 'test.stop'", "subject = 'system 6'", "detail = ''",
                                    "actor = 'admintest.step', action = ''", "hash = replace(hash, substr(hash, 1, 1), 'x')"}) {
        tamper("UPDATE audit SET " + std::string(change) + " WHERE id = 5");
        expect_broken(Kind::changed, 5);
        tamper("DELETE FROM audit");
        if (!schema_) tamper("DELETE FROM sqlite_sequence WHERE name = 'audit'");
        tamper("DELETE FROM audit_head");
        // A new trail for the next change: the lost head is its first record.
        reopen();
        for (int i = 2; i <= 12; ++i) get(store_->audit("admin", "test.step", "system " + std::to_string(i), "detail"));
        EXPECT_FALSE(verdict().first_bad);
    }
}

TEST_F(AuditTest, a_record_that_was_removed_is_missed) {
    tamper("DELETE FROM audit WHERE id BETWEEN 5 AND 7");
    expect_broken(Kind::missing, 8);
}

TEST_F(AuditTest, records_that_changed_places_are_found) {
    tamper("UPDATE audit SET id = CASE id WHEN 5 THEN -6 ELSE -5 END WHERE id IN (5, 6)");
    tamper("UPDATE audit SET id = -id WHERE id < 0");
    expect_broken(Kind::changed, 5);
}

TEST_F(AuditTest, records_removed_at_the_end_are_missed_for_good) {
    tamper("DELETE FROM audit WHERE id > 9");
    expect_broken(Kind::end_missing, 10);
    if (!schema_) tamper("UPDATE sqlite_sequence SET seq = 9 WHERE name = 'audit'");
    reopen();
    add("codec");
    get(store_->audit("admin", "test.step", "system 13", "detail"));
    get(store_->audit("admin", "test.step", "system 14", "detail"));
    // Their numbers are never given again, so the place stays empty.
    expect_broken(Kind::missing, 13);
}

TEST_F(AuditTest, a_trail_that_was_computed_anew_is_not_the_one_of_the_head) {
    tamper("DELETE FROM audit WHERE id = 12");
    {
        auto const database = open();
        database->execute("UPDATE audit SET detail = 'nothing happened' WHERE id = 11");
        std::string previous(host::audit_chain_start());
        for (auto const& one : load_audit(*database, 0, 100)) {
            previous = host::audit_hash(previous, link_of(one.record));
            database->execute("UPDATE audit SET hash = :hash WHERE id = :id", {value(previous), value(one.record.id)});
        }
        database->execute(
            "INSERT INTO audit (id, at, actor, action, subject, detail, hash) VALUES (12, 5, 'a', 'b', 'c', 'd', :hash)",
            {value(host::audit_hash(previous, {.id = 12, .at = 5, .actor = "a", .action = "b", .subject = "c", .detail = "d"}))});
    }
    expect_broken(Kind::rewritten, 12);
}

TEST_F(AuditTest, a_record_that_somebody_added_is_not_ours) {
    auto const head = get(store_->audit_trail().head());
    auto const hash = host::audit_hash(head.hash, {.id = 13, .at = 5, .actor = "a", .action = "b", .subject = "c", .detail = "d"});
    tamper("INSERT INTO audit (id, at, actor, action, subject, detail, hash) VALUES (13, 5, 'a', 'b', 'c', 'd', '" + hash + "')");
    expect_broken(Kind::not_ours, 13);
}

TEST_F(AuditTest, a_lost_head_is_said_and_stays_in_the_trail) {
    tamper("DELETE FROM audit_head");
    auto const found = verify_audit(place());
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().id(), errors::mgr::audit_head_lost);
    reopen();
    EXPECT_EQ(error_of(store_->audit_trail().head()), errors::mgr::audit_head_lost) << "nothing was written yet";
    add("codec");
    EXPECT_EQ(get(store_->audit_trail().list(12, 1)).at(0).record.action, "audit.head_lost");
    expect_broken(Kind::changed, 13);
}

TEST_F(AuditTest, a_head_of_an_earlier_day_is_not_believed_while_the_manager_runs) {
    store_.reset();
    auto const old = open()->select_one({"sealed"}, "FROM audit_head")->text(0);
    reopen();
    add("codec");
    open()->execute("UPDATE audit_head SET sealed = :sealed", {value(old)});
    add("mcu");
    EXPECT_FALSE(verdict().first_bad);
    EXPECT_EQ(verdict().records, 14);
}

TEST_F(AuditTest, two_programs_on_one_database_write_one_chain) {
    auto second = Store::open(file(), *host::Sealer::load_or_create(folder_.path() / "sealing.key"), clock_);
    ASSERT_TRUE(second);
    for (int i = 0; i < 5; ++i) {
        get((*second)->audit("console", "test.step", "system", std::to_string(i)));
        get(store_->audit("admin", "test.step", "system", std::to_string(i)));
    }
    EXPECT_FALSE(verdict().first_bad);
    EXPECT_EQ(verdict().records, 22);
}

TEST_F(AuditTest, calls_that_fail_within_one_commit_leave_no_gap) {
    // The second system of each pair has a name that is taken: its call is rolled back alone, after other calls of the same transaction.
    wait([](Store* store) -> net::Task<bool> {
        co_await net::for_each_bounded(200, 200, [store](std::size_t i) -> net::Task<> {
            System system;
            system.name = "room " + std::to_string(i);
            system.host_name = "room" + std::to_string(i / 2) + ".example.test";
            (void)co_await store->add_system(std::move(system), std::nullopt, "admin");
        });
        co_return true;
    }(store_.get()));
    EXPECT_FALSE(verdict().first_bad);
    EXPECT_EQ(verdict().records, 112);
}

TEST_F(AuditTest, a_call_that_fails_after_its_record_takes_the_link_back) {
    store_.reset();
    {
        auto sealer = *host::Sealer::load_or_create(folder_.path() / "sealing.key");
        AuditTrail trail(sealer, *clock_);
        CommitQueue queue(*Database::open(file()), trail.hooks());
        auto const write = [&](bool fails) {
            return net::run(runtime_, queue.run(Access::write, [this, fails](Database& database) -> Result<void> {
                add_audit_record(database, clock_->now(), "admin", "test.step", "system", "detail");
                if (fails) return fail(errors::gen::invalid_input, {{"field", "x"}, {"detail", "y"}});
                return {};
            }));
        };
        EXPECT_FALSE(write(true)) << "the first transaction, before which there was no link to go back to";
        EXPECT_TRUE(write(false));
        EXPECT_FALSE(write(true));
        EXPECT_TRUE(write(false));
    }
    EXPECT_FALSE(verdict().first_bad);
    EXPECT_EQ(verdict().records, 14);
}

TEST_F(AuditTest, records_of_an_older_database_get_their_hashes_once) {
    store_.reset();
    std::filesystem::remove(file());
    {
        auto database = *Database::open(file());
        ASSERT_TRUE(migrate(*database, clock_->now(), k_version_with_audit_chain - 1));
        for (int i = 0; i < 2500; ++i)
            database->execute("INSERT INTO audit (at, actor, action, subject, detail) VALUES (1, 'admin', 'old', 'system', :detail)",
                              {value(std::to_string(i))});
    }
    auto const early = verify_audit(place());
    ASSERT_FALSE(early);
    EXPECT_EQ(early.error().id(), errors::mgr::audit_not_chained);
    reopen();
    add("codec");
    EXPECT_FALSE(verdict().first_bad);
    EXPECT_EQ(verdict().records, 2501);
    tamper("UPDATE audit SET detail = 'x' WHERE id = 1700");
    expect_broken(Kind::changed, 1700);
}

TEST_F(AuditTest, bytes_that_are_no_text_do_not_break_the_chain) {
    get(store_->audit(std::string("a\0b", 3), "x\xff", "\xc3\xbc", "z"));
    auto const last = get(store_->audit_trail().list(12, 1)).at(0).record;
    EXPECT_EQ(last.actor, "a?b");
    EXPECT_EQ(last.action, "x?");
    EXPECT_EQ(last.subject, "\xc3\xbc");
    reopen();
    EXPECT_FALSE(verdict().first_bad);
}

TEST_F(AuditTest, a_folder_without_a_manager_is_an_error_and_stays_as_it_is) {
    testing::TemporaryFolder empty;
    EXPECT_FALSE(verify_audit({empty.path()}));
    EXPECT_TRUE(std::filesystem::is_empty(empty.path()));
}

}  // namespace
}  // namespace countersign::manager::store
