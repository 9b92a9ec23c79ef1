#include "host/files.hpp"

#include "countersign/errors/fil.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <string>
#include <sys/stat.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace countersign::host {
namespace {

using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

/// A folder of its own for each test, removed afterwards.
class Files : public ::testing::Test {
protected:
    void SetUp() override {
        std::string pattern = (fs::temp_directory_path() / "countersign-files-XXXXXX").string();
        ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
        folder_ = pattern;
        old_mask_ = ::umask(022);
    }
    void TearDown() override {
        ::umask(old_mask_);
        std::error_code ignored;
        fs::remove_all(folder_, ignored);
    }
    [[nodiscard]] fs::path in(std::string_view name) const { return folder_ / name; }
    [[nodiscard]] std::vector<std::string> names() const {
        std::vector<std::string> out;
        for (auto const& entry : fs::directory_iterator(folder_)) out.push_back(entry.path().filename().string());
        return out;
    }

private:
    fs::path folder_;
    mode_t old_mask_ = 0;
};

unsigned mode_of(fs::path const& file) {
    struct stat about{};
    return ::stat(file.c_str(), &about) == 0 ? about.st_mode & 07777U : 0;
}

TEST_F(Files, are_read_back_as_written) {
    std::string content("one\0two\xff\n", 9);
    ASSERT_TRUE(write_file(in("a"), content, Privacy::shared));
    EXPECT_EQ(read_file(in("a")).value(), content);
    ASSERT_TRUE(write_file(in("a"), "", Privacy::shared));
    EXPECT_EQ(read_file(in("a")).value(), "");
}

TEST_F(Files, have_the_mode_of_their_privacy) {
    ASSERT_TRUE(write_file(in("shared"), "x", Privacy::shared));
    ASSERT_TRUE(write_file(in("private"), "x", Privacy::owner_only));
    ASSERT_TRUE(create_file(in("created"), "x", Privacy::owner_only));
    EXPECT_EQ(mode_of(in("shared")), 0644U);
    EXPECT_EQ(mode_of(in("private")), 0600U);
    EXPECT_EQ(mode_of(in("created")), 0600U);
}

TEST_F(Files, become_private_when_they_are_replaced_as_private) {
    ASSERT_TRUE(write_file(in("a"), "x", Privacy::shared));
    ASSERT_TRUE(write_file(in("a"), "y", Privacy::owner_only));
    EXPECT_EQ(mode_of(in("a")), 0600U);
}

TEST_F(Files, are_read_up_to_the_limit_and_refused_above) {
    ASSERT_TRUE(write_file(in("a"), std::string(100'000, 'x'), Privacy::shared, Durability::none));
    EXPECT_EQ(read_file(in("a"), 100'000).value().size(), 100'000U);
    auto refused = read_file(in("a"), 99'999);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().id(), errors::fil::too_large);
    EXPECT_EQ(refused.error().parameter("limit"), "99999");
}

TEST_F(Files, without_an_end_are_refused_at_the_limit) {
    auto refused = read_file("/dev/zero", 1000);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().id(), errors::fil::too_large);
}

TEST_F(Files, that_are_absent_or_folders_cannot_be_read) {
    auto absent = read_file(in("absent"));
    ASSERT_FALSE(absent);
    EXPECT_EQ(absent.error().id(), errors::fil::cannot_read);
    EXPECT_EQ(absent.error().parameter("file"), in("absent").string());
    auto folder = read_file(in("."));
    ASSERT_FALSE(folder);
    EXPECT_EQ(folder.error().parameter("detail"), "it is a folder");
}

TEST_F(Files, leave_no_temporary_file_behind) {
    ASSERT_TRUE(write_file(in("a"), "x", Privacy::shared));
    ASSERT_TRUE(create_file(in("b"), "x", Privacy::shared));
    ASSERT_FALSE(create_file(in("b"), "y", Privacy::shared));
    EXPECT_THAT(names(), UnorderedElementsAre("a", "b"));
}

TEST_F(Files, stay_as_they_were_when_a_write_fails) {
    ASSERT_TRUE(ensure_folder(in("target/inside")));
    auto failed = write_file(in("target"), "x", Privacy::shared);
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().id(), errors::fil::cannot_write);
    EXPECT_TRUE(fs::is_directory(in("target/inside")));
    EXPECT_THAT(names(), UnorderedElementsAre("target"));
    EXPECT_FALSE(write_file(in("absent/a"), "x", Privacy::shared));
}

TEST_F(Files, are_created_only_when_absent) {
    ASSERT_TRUE(create_file(in("a"), "first", Privacy::shared));
    auto again = create_file(in("a"), "second", Privacy::shared);
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().id(), errors::fil::exists);
    EXPECT_EQ(read_file(in("a")).value(), "first");
}

TEST_F(Files, are_created_by_one_of_many_who_try_at_once) {
    std::vector<int> made(8, 0);
    {
        std::vector<std::jthread> threads;
        for (std::size_t i = 0; i < made.size(); ++i)
            threads.emplace_back([this, &made, i] { made[i] = create_file(in("a"), std::to_string(i), Privacy::shared) ? 1 : 0; });
    }
    EXPECT_EQ(std::ranges::count(made, 1), 1);
    auto winner = static_cast<std::size_t>(std::ranges::find(made, 1) - made.begin());
    EXPECT_EQ(read_file(in("a")).value(), std::to_string(winner));
    EXPECT_THAT(names(), UnorderedElementsAre("a"));
}

TEST_F(Files, that_are_links_are_replaced_and_not_written_through) {
    ASSERT_TRUE(write_file(in("elsewhere"), "old", Privacy::shared));
    fs::create_symlink(in("elsewhere"), in("link"));
    ASSERT_TRUE(write_file(in("link"), "new", Privacy::shared));
    EXPECT_EQ(read_file(in("elsewhere")).value(), "old");
    EXPECT_FALSE(fs::is_symlink(in("link")));
}

TEST_F(Files, are_removed_once_and_twice) {
    ASSERT_TRUE(write_file(in("a"), "x", Privacy::shared));
    EXPECT_TRUE(remove_file(in("a")));
    EXPECT_TRUE(remove_file(in("a")));
    EXPECT_THAT(names(), IsEmpty());
}

TEST_F(Files, stand_in_folders_that_only_their_owner_enters) {
    ASSERT_TRUE(ensure_folder(in("a/b/c")));
    ASSERT_TRUE(ensure_folder(in("a/b/c")));
    EXPECT_EQ(mode_of(in("a")), 0700U);
    EXPECT_EQ(mode_of(in("a/b/c")), 0700U);
}

TEST_F(Files, are_not_taken_for_folders) {
    ASSERT_TRUE(write_file(in("a"), "x", Privacy::shared));
    auto refused = ensure_folder(in("a"));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().id(), errors::fil::cannot_write);
    EXPECT_FALSE(ensure_folder(in("a/b")));
}

/// A version of a file whose every byte tells which version it is, long enough to need several write calls.
std::string version(unsigned number) { return std::string(300'000, static_cast<char>('a' + number % 26)); }

/// Writes version after version until it is killed. Tells through the pipe that the first one stands.
[[noreturn]] void write_for_ever(fs::path const& file, int ready) {
    for (unsigned number = 1;; ++number) {
        if (!write_file(file, version(number), Privacy::owner_only, Durability::none)) ::_exit(1);
        if (number == 1 && ::write(ready, "x", 1) != 1) ::_exit(1);
    }
}

TEST_F(Files, are_old_or_new_but_whole_when_the_writer_is_killed) {
    auto file = in("key.pem");
    ASSERT_TRUE(write_file(file, version(0), Privacy::owner_only));
    for (int round = 0; round < 40; ++round) {
        int ready[2];
        ASSERT_EQ(::pipe(ready), 0);
        auto child = ::fork();
        ASSERT_GE(child, 0);
        if (child == 0) write_for_ever(file, ready[1]);
        ::close(ready[1]);
        char byte = 0;
        ASSERT_EQ(::read(ready[0], &byte, 1), 1) << "the writer failed";
        ::close(ready[0]);
        // Let it get a different way each time: every read here takes about as long as a part of its write.
        for (int i = 0; i < round % 8; ++i) EXPECT_TRUE(read_file(file));
        ::kill(child, SIGKILL);
        int status = 0;
        ASSERT_EQ(::waitpid(child, &status, 0), child);
        ASSERT_TRUE(WIFSIGNALED(status)) << "the writer ended by itself";

        auto found = read_file(file);
        ASSERT_TRUE(found);
        ASSERT_EQ(found->size(), version(0).size());
        ASSERT_EQ(found->find_first_not_of(found->front()), std::string::npos) << "two versions in one file, round " << round;
        ASSERT_EQ(mode_of(file), 0600U);
        // And it can be written again, whatever the dead one left beside it.
        ASSERT_TRUE(write_file(file, version(0), Privacy::owner_only, Durability::none));
    }
}

TEST_F(Files, can_be_written_beside_what_a_dead_process_of_our_number_left) {
    // Made without our own writer, which would count on while it makes them.
    for (int i = 0; i < 1000; ++i) std::ofstream(in("a.new." + std::to_string(::getpid()) + "." + std::to_string(i))) << "half";
    EXPECT_TRUE(write_file(in("a"), "whole", Privacy::shared));
}

TEST_F(Files, read_as_secrets_have_a_smaller_limit) {
    ASSERT_TRUE(write_file(in("key"), "k", Privacy::owner_only));
    EXPECT_EQ(read_secret_file(in("key")).value().reveal(), "k");
    ASSERT_TRUE(write_file(in("key"), std::string(64 * 1024 + 1, 'k'), Privacy::owner_only, Durability::none));
    auto refused = read_secret_file(in("key"));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().id(), errors::fil::too_large);
}

}  // namespace
}  // namespace countersign::host
