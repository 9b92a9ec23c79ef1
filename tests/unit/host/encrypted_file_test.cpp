#include "host/encrypted_file.hpp"

#include "support/temporary_folder.hpp"

#include "countersign/errors/fil.hpp"
#include "countersign/errors/sto.hpp"

#include <gtest/gtest.h>

#include <sys/stat.h>

namespace countersign::host {
namespace {

class EncryptedFile : public ::testing::Test {
protected:
    void write(std::string_view text, std::size_t pieces = 1) {
        auto writer = EncryptedWriter::create(file_, passphrase_);
        ASSERT_TRUE(writer) << writer.error().explanation();
        for (std::size_t i = 0; i < pieces; ++i) ASSERT_TRUE(writer->write(text));
        ASSERT_TRUE(writer->finish());
    }
    /// The whole content, or what the first failure was.
    Result<std::string> read() {
        CS_TRY(auto reader, EncryptedReader::open(file_, passphrase_));
        std::string out;
        while (true) {
            CS_TRY(auto const piece, reader.read());
            if (!piece) return out;
            out += *piece;
        }
    }
    std::string raw() { return folder_.read("backup"); }

    testing::TemporaryFolder folder_;
    std::filesystem::path file_ = folder_.path() / "backup";
    SecretText passphrase_{std::string("five words by mere chance")};
};

TEST_F(EncryptedFile, comes_back_whole_in_every_size) {
    for (std::size_t size : {0, 1, 65535, 65536, 65537, 200000}) {
        std::filesystem::remove(file_);
        std::string const text(size, 'x');
        write(text);
        auto const back = read();
        ASSERT_TRUE(back) << size;
        EXPECT_EQ(*back, text) << size;
    }
}

TEST_F(EncryptedFile, is_for_its_owner_and_says_nothing) {
    write("the sealing key is in here", 1000);
    struct stat about{};
    ASSERT_EQ(::stat(file_.c_str(), &about), 0);
    EXPECT_EQ(about.st_mode & 0777, 0600U);
    EXPECT_EQ(raw().find("sealing"), std::string::npos);
}

TEST_F(EncryptedFile, another_passphrase_opens_nothing) {
    write("text");
    auto const other = EncryptedReader::open(file_, SecretText(std::string("another passphrase")));
    ASSERT_FALSE(other);
    EXPECT_EQ(other.error().id(), errors::sto::backup_not_opened);
}

TEST_F(EncryptedFile, a_changed_or_cut_file_is_found) {
    write(std::string(1000, 'x'), 200);
    auto const whole = raw();
    auto broken = whole;
    broken[whole.size() / 2] = static_cast<char>(broken[whole.size() / 2] ^ 1);
    (void)folder_.file("backup", broken);
    EXPECT_EQ(read().error().id(), errors::sto::backup_damaged);
    for (std::size_t cut : {std::size_t{1}, std::size_t{17}, whole.size() % 65553, std::size_t{65553}, whole.size() / 2}) {
        (void)folder_.file("backup", whole.substr(0, whole.size() - cut));
        EXPECT_EQ(read().error().id(), errors::sto::backup_damaged) << cut;
    }
    (void)folder_.file("backup", whole + "x");
    EXPECT_EQ(read().error().id(), errors::sto::backup_damaged);
    // Two pieces change places.
    auto swapped = whole;
    auto const first = whole.size() - 3 * 65553 > 0 ? std::string_view("countersign backup 1\n").size() + 16 + 24 : 0;
    std::swap_ranges(swapped.begin() + static_cast<std::ptrdiff_t>(first), swapped.begin() + static_cast<std::ptrdiff_t>(first) + 65553,
                     swapped.begin() + static_cast<std::ptrdiff_t>(first) + 65553);
    (void)folder_.file("backup", swapped);
    EXPECT_FALSE(read());
}

TEST_F(EncryptedFile, what_is_no_backup_is_refused) {
    (void)folder_.file("backup", std::string(1000, 'x'));
    EXPECT_EQ(read().error().id(), errors::sto::not_a_backup);
    (void)folder_.file("backup", "");
    EXPECT_EQ(read().error().id(), errors::sto::not_a_backup);
    std::filesystem::remove(file_);
    EXPECT_EQ(read().error().id(), errors::fil::cannot_read);
}

TEST_F(EncryptedFile, what_was_not_finished_leaves_nothing) {
    {
        auto writer = EncryptedWriter::create(file_, passphrase_);
        ASSERT_TRUE(writer && writer->write("text"));
    }
    EXPECT_TRUE(std::filesystem::is_empty(folder_.path()));
}

TEST_F(EncryptedFile, a_file_that_is_there_stays) {
    (void)folder_.file("backup", "mine");
    EXPECT_EQ(EncryptedWriter::create(file_, passphrase_).error().id(), errors::fil::exists);
    std::filesystem::remove(file_);
    auto writer = EncryptedWriter::create(file_, passphrase_);
    ASSERT_TRUE(writer && writer->write("text"));
    (void)folder_.file("backup", "made meanwhile");
    EXPECT_EQ(writer->finish().error().id(), errors::fil::exists);
    EXPECT_EQ(raw(), "made meanwhile");
}

TEST_F(EncryptedFile, a_short_passphrase_is_refused) {
    EXPECT_EQ(EncryptedWriter::create(file_, SecretText(std::string("short"))).error().id(), errors::sto::weak_passphrase);
}

TEST_F(EncryptedFile, lines_go_over_pieces) {
    std::string text;
    for (int i = 0; i < 20000; ++i) text += "line " + std::to_string(i) + "\n";
    write(text);
    auto reader = EncryptedReader::open(file_, passphrase_);
    ASSERT_TRUE(reader);
    for (int i = 0; i < 20000; ++i) {
        auto const line = reader->read_line(100);
        ASSERT_TRUE(line && *line);
        ASSERT_EQ(**line, "line " + std::to_string(i));
    }
    auto const end = reader->read_line(100);
    EXPECT_TRUE(end && !*end);
}

}  // namespace
}  // namespace countersign::host
