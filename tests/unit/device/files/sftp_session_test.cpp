#include "device/files/sftp_session.hpp"

#include "support/memory_tree.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace countersign::device {
namespace {

using countersign::testing::MemoryTree;
using sftp::Status;
using sftp::Type;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

std::string number(std::uint64_t value, unsigned bytes = 4) {
    std::string out;
    for (unsigned i = bytes; i-- > 0;) out += static_cast<char>((value >> (8U * i)) & 0xffU);
    return out;
}
std::string text(std::string_view value) { return number(value.size()) + std::string(value); }
std::string packet(Type type, std::string const& rest) {
    auto const body = static_cast<char>(type) + rest;
    return number(body.size()) + body;
}

struct Answer {
    Type type{};
    std::uint64_t first = 0;  ///< of a status its code, of names their count
    std::string rest;         ///< behind the id
};

class Sftp : public ::testing::Test {
protected:
    Sftp() { (void)session_->handle(packet(Type::init, number(3))); }

    Answer ask(Type type, std::string const& rest) { return take(session_->handle(packet(type, number(7) + rest)).bytes); }
    static Answer take(std::string_view bytes) {
        auto const whole = sftp::first_packet(bytes);
        if (!whole.content || whole.content->size() < 5) return {};
        Answer out{.type = static_cast<Type>(whole.content->front()), .first = 0, .rest = std::string(whole.content->substr(5))};
        for (char const c : out.rest.substr(0, 4)) out.first = (out.first << 8U) | static_cast<unsigned char>(c);
        return out;
    }
    Status status(Type type, std::string const& rest) {
        auto const answer = ask(type, rest);
        EXPECT_EQ(answer.type, Type::status);
        return static_cast<Status>(answer.first);
    }
    std::string open(std::string_view path, std::uint32_t flags) {
        auto const answer = ask(Type::open, text(path) + number(flags) + number(0));
        return answer.type == Type::handle ? answer.rest : std::string();  // with its length, as it goes back
    }

    static constexpr std::uint32_t k_write = 0x1a;  // write, create, truncate
    std::shared_ptr<MemoryTree> tree_ = std::make_shared<MemoryTree>();
    std::unique_ptr<SftpSession> session_ = std::make_unique<SftpSession>(tree_);
};

TEST_F(Sftp, reads_a_file_in_parts) {
    auto const handle = open("folder/b.txt", 1);
    auto const read = [&](std::uint64_t at, std::uint32_t count) { return ask(Type::read, handle + number(at, 8) + number(count)); };
    EXPECT_EQ(read(0, 3).rest, text("sec"));
    EXPECT_EQ(read(3, 100).rest, text("ond"));
    EXPECT_EQ(static_cast<Status>(read(6, 1).first), Status::end);
    EXPECT_EQ(status(Type::close, handle), Status::ok);
    EXPECT_EQ(status(Type::close, handle), Status::failure) << "closed already";
}

TEST_F(Sftp, hands_a_file_over_when_it_is_closed_and_not_before) {
    auto const handle = open("/a.txt", k_write);
    EXPECT_EQ(status(Type::write, handle + number(0, 8) + text("hello ")), Status::ok);
    EXPECT_EQ(status(Type::write, handle + number(6, 8) + text("world")), Status::ok);
    EXPECT_THAT(tree_->written, IsEmpty());
    EXPECT_EQ(status(Type::close, handle), Status::ok);
    EXPECT_THAT(tree_->written, ElementsAre(Pair("/a.txt", "hello world")));
}

TEST_F(Sftp, forgets_what_was_not_closed) {
    auto const handle = open("/a.txt", k_write);
    (void)ask(Type::write, handle + number(0, 8) + text("half"));
    EXPECT_TRUE(session_->finish().ended);
    session_.reset();
    EXPECT_THAT(tree_->written, IsEmpty());
}

TEST_F(Sftp, takes_no_file_with_a_hole_or_over_the_limit) {
    for (std::uint64_t const at : {std::uint64_t{1}, std::uint64_t{k_file_limit}, ~std::uint64_t{0}}) {
        auto const handle = open("/a.txt", k_write);
        EXPECT_EQ(status(Type::write, handle + number(at, 8) + text("x")), Status::failure) << at;
        EXPECT_EQ(status(Type::write, handle + number(0, 8) + text("x")), Status::failure) << "it stays refused";
        EXPECT_EQ(status(Type::close, handle), Status::failure);
    }
    EXPECT_THAT(tree_->written, IsEmpty());
}

TEST_F(Sftp, says_why_contents_are_refused) {
    tree_->refuses_contents = true;
    auto const handle = open("/a.txt", k_write);
    auto const answer = ask(Type::close, handle);
    EXPECT_EQ(static_cast<Status>(answer.first), Status::failure);
    EXPECT_THAT(answer.rest, ::testing::HasSubstr("GEN-001"));
}

TEST_F(Sftp, keeps_to_what_the_peer_may) {
    EXPECT_EQ(status(Type::open, text("/folder/fixed.txt") + number(k_write) + number(0)), Status::denied);
    EXPECT_EQ(status(Type::open, text("/../../etc/passwd") + number(1) + number(0)), Status::no_such_file);
    EXPECT_EQ(status(Type::open, text("/new.txt") + number(k_write) + number(0)), Status::no_such_file);
    EXPECT_EQ(status(Type::open, text("/a.txt") + number(0x0e) + number(0)), Status::unsupported) << "append";
    EXPECT_EQ(status(Type::open, text("/a.txt") + number(3) + number(0)), Status::unsupported) << "read and write";
    tree_->read_only_peer = true;
    EXPECT_EQ(status(Type::open, text("/a.txt") + number(k_write) + number(0)), Status::denied);
    for (auto const type : {Type::remove, Type::rmdir, Type::rename}) EXPECT_EQ(status(type, text("/a.txt") + text("/b")), Status::denied);
    EXPECT_EQ(status(Type::mkdir, text("/x") + number(0)), Status::denied);
    for (auto const type : {Type::symlink, Type::readlink, Type::extended})
        EXPECT_EQ(status(type, text("/etc") + text("/a.txt")), Status::unsupported);
}

TEST_F(Sftp, lists_a_folder_to_its_end) {
    auto const handle = ask(Type::opendir, text("/folder/..")).rest;
    auto const names = ask(Type::readdir, handle);
    EXPECT_EQ(names.type, Type::name);
    EXPECT_EQ(names.first, 2U);
    EXPECT_THAT(names.rest, ::testing::HasSubstr(text("folder")));
    EXPECT_EQ(status(Type::readdir, handle), Status::end);
    EXPECT_EQ(status(Type::opendir, text("/a.txt")), Status::no_such_file);
}

TEST_F(Sftp, has_sixteen_handles) {
    for (std::size_t i = 0; i < k_sftp_handles; ++i) EXPECT_FALSE(open("/a.txt", 1).empty());
    EXPECT_TRUE(open("/a.txt", 1).empty());
}

TEST_F(Sftp, answers_in_pieces_and_goes_on_when_asked) {
    tree_->files["/a.txt"] = std::string(64 * 1024, 'x');
    auto const handle = open("/a.txt", 1);
    std::string questions;
    for (int i = 0; i < 10; ++i) questions += packet(Type::read, number(7) + handle + number(0, 8) + number(64 * 1024));
    auto reply = session_->handle(questions);
    std::size_t total = reply.bytes.size();
    int turns = 1;
    for (; reply.more; ++turns) {
        EXPECT_LE(reply.bytes.size(), k_sftp_answer_limit + sftp::k_packet_limit);
        reply = session_->handle({});
        total += reply.bytes.size();
    }
    EXPECT_EQ(total, 10U * (4 + 1 + 4 + 4 + 64 * 1024));
    EXPECT_GT(turns, 1);
}

TEST_F(Sftp, ends_with_a_packet_that_never_ends) {
    auto const reply = session_->handle(number(sftp::k_packet_limit + 1) + "x");
    EXPECT_TRUE(reply.ended);
    EXPECT_EQ(reply.exit_status, 1);
}

TEST_F(Sftp, says_so_when_a_message_is_malformed) {
    EXPECT_EQ(status(Type::read, number(1000) + "x"), Status::bad_message);
    EXPECT_EQ(status(Type::init, ""), Status::bad_message) << "once is enough";
    EXPECT_EQ(status(static_cast<Type>(99), ""), Status::unsupported);
}

TEST_F(Sftp, pretends_to_set_times_but_no_size) {
    EXPECT_EQ(status(Type::setstat, text("/a.txt") + number(8) + number(1) + number(2)), Status::ok);
    EXPECT_EQ(status(Type::setstat, text("/a.txt") + number(1) + number(0, 8)), Status::unsupported);
    EXPECT_EQ(status(Type::setstat, text("/folder/fixed.txt") + number(8) + number(1) + number(2)), Status::denied);
}

}  // namespace
}  // namespace countersign::device
