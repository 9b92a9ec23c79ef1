#include "device/hooks/delivery.hpp"

#include "host/files.hpp"
#include "support/temporary_folder.hpp"

#include "countersign/errors/dev.hpp"

#include <gtest/gtest.h>

#include <sys/stat.h>

namespace countersign::device {
namespace {

using countersign::testing::TemporaryFolder;

namespace fs = std::filesystem;

class Delivery : public ::testing::Test {
protected:
    Delivery() {
        hook.name = "test";
        hook.files = {{HookPart::certificate, folder.path() / "cert.pem"}, {HookPart::key, folder.path() / "key.pem"}};
    }
    Result<Delivered> deliver_now(std::string const& version) {
        return deliver(hook, {"leaf " + version + "\n", "chain\n", SecretText("key " + version), "trust\n"}, record());
    }
    [[nodiscard]] fs::path record() const { return folder.path() / "record"; }
    [[nodiscard]] std::string certificate() const { return host::read_file(folder.path() / "cert.pem").value_or("none"); }
    [[nodiscard]] std::string key() const { return host::read_file(folder.path() / "key.pem").value_or("none"); }
    void check_with(std::string const& script) { hook.check = {"sh", "-c", script}; }

    TemporaryFolder folder;
    Hook hook;
};

TEST_F(Delivery, WritesFilesWithTheirMode) {
    auto const done = deliver_now("1");
    ASSERT_TRUE(done) << done.error().explanation();
    EXPECT_EQ(*done, Delivered::delivered);
    EXPECT_EQ(certificate(), "leaf 1\nchain\n");
    EXPECT_EQ(key(), "key 1");
    struct stat about{};
    ASSERT_EQ(::stat((folder.path() / "key.pem").c_str(), &about), 0);
    EXPECT_EQ(about.st_mode & 0777U, 0640U);
}

TEST_F(Delivery, LeavesAloneWhatIsInPlace) {
    hook.reload = {"sh", "-c", "echo x >> " + (folder.path() / "reloads").string()};
    ASSERT_TRUE(deliver_now("1"));
    auto const again = deliver_now("1");
    ASSERT_TRUE(again);
    EXPECT_EQ(*again, Delivered::fresh);
    EXPECT_EQ(host::read_file(folder.path() / "reloads").value_or(""), "x\n");
    ASSERT_TRUE(host::write_file(folder.path() / "key.pem", "changed by somebody", host::Privacy::shared));
    EXPECT_EQ(deliver_now("1").value_or(Delivered::fresh), Delivered::delivered);
    EXPECT_EQ(key(), "key 1");
}

TEST_F(Delivery, PutsTheOldFilesBackWhenTheCheckSaysNo) {
    ASSERT_TRUE(deliver_now("1"));
    check_with("echo no such thing; exit 3");
    auto const refused = deliver_now("2");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().id(), errors::dev::hook_failed);
    EXPECT_EQ(refused.error().parameter("step"), "check");
    EXPECT_NE(refused.error().message().find("no such thing"), std::string::npos);
    EXPECT_EQ(certificate(), "leaf 1\nchain\n");
    EXPECT_EQ(key(), "key 1");
}

TEST_F(Delivery, RemovesFilesThatWereNotThereBefore) {
    check_with("exit 1");
    ASSERT_FALSE(deliver_now("1"));
    EXPECT_FALSE(fs::exists(folder.path() / "cert.pem"));
    EXPECT_FALSE(fs::exists(folder.path() / "key.pem"));
}

TEST_F(Delivery, KnowsTheOldFilesAfterADeathBeforeTheCheck) {
    ASSERT_TRUE(deliver_now("1"));
    // As a power cut leaves it: the new files written, the check not made.
    ASSERT_TRUE(host::write_file(folder.path() / "cert.pem.previous", certificate(), host::Privacy::owner_only));
    ASSERT_TRUE(host::write_file(folder.path() / "key.pem.previous", key(), host::Privacy::owner_only));
    ASSERT_TRUE(host::write_file(record(), "writing something\n", host::Privacy::owner_only));
    ASSERT_TRUE(host::write_file(folder.path() / "cert.pem", "leaf 2\nchain\n", host::Privacy::shared));
    check_with("exit 1");
    ASSERT_FALSE(deliver_now("2"));
    EXPECT_EQ(certificate(), "leaf 1\nchain\n");
    EXPECT_EQ(key(), "key 1");
}

TEST_F(Delivery, KeepsCheckedFilesWhenTheReloadFails) {
    ASSERT_TRUE(deliver_now("1"));
    hook.reload = {"false"};
    auto const failed = deliver_now("2");
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().parameter("step"), "reload");
    EXPECT_EQ(key(), "key 2");
    hook.reload = {"true"};
    EXPECT_EQ(deliver_now("2").value_or(Delivered::fresh), Delivered::delivered);
}

TEST_F(Delivery, ThatCannotWriteOneFileTakesTheOthersBack) {
    ASSERT_TRUE(deliver_now("1"));
    hook.files.emplace_back(HookPart::trust, folder.path() / "no-such-folder" / "trust.pem");
    auto const failed = deliver_now("2");
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().parameter("step"), "write");
    EXPECT_EQ(key(), "key 1");
    EXPECT_EQ(certificate(), "leaf 1\nchain\n");
}

TEST_F(Delivery, EndsACommandInTime) {
    hook.timeout = std::chrono::seconds(1);
    // What it started holds the pipe open; nobody waits for that.
    check_with("sleep 600 & sleep 600");
    auto const failed = deliver_now("1");
    ASSERT_FALSE(failed);
    EXPECT_NE(failed.error().message().find("took over 1 s"), std::string::npos);
}

TEST_F(Delivery, GivesCommandsNoSecretsAndTheirNames) {
    check_with("env > " + (folder.path() / "env").string());
    ASSERT_TRUE(deliver_now("1"));
    auto const seen = host::read_file(folder.path() / "env").value_or("");
    EXPECT_NE(seen.find("COUNTERSIGN_HOOK=test\n"), std::string::npos);
    EXPECT_EQ(seen.find("HOME="), std::string::npos);
}

}  // namespace
}  // namespace countersign::device
