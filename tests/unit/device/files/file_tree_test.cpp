#include "device/files/file_tree.hpp"

#include <gtest/gtest.h>

namespace countersign::device {
namespace {

TEST(AbsolutePath, walks_from_a_folder) {
    EXPECT_EQ(absolute_path("/", ""), "/");
    EXPECT_EQ(absolute_path("/certificates", "trust.pem"), "/certificates/trust.pem");
    EXPECT_EQ(absolute_path("/certificates", "./..//configuration.xml"), "/configuration.xml");
    EXPECT_EQ(absolute_path("/certificates", "/status.xml"), "/status.xml");
}

TEST(AbsolutePath, never_leaves_the_root) {
    EXPECT_EQ(absolute_path("/", "../../../etc/passwd"), "/etc/passwd");
    EXPECT_EQ(absolute_path("/a/b", "../../../../.."), "/");
}

TEST(AbsolutePath, takes_no_control_characters_and_nothing_long) {
    EXPECT_FALSE(absolute_path("/", std::string_view("a\0b", 3)));
    EXPECT_FALSE(absolute_path("/", "a\nb"));
    EXPECT_FALSE(absolute_path("/", std::string(k_path_limit + 1, 'a')));
    EXPECT_FALSE(absolute_path("/" + std::string(k_path_limit - 10, 'a'), std::string(20, 'b'))) << "together";
}

TEST(ListingLine, looks_like_ls) {
    FileEntry const entry{.path = "/certificates/trust.pem",
                          .folder = false,
                          .writable = true,
                          .size = 2744,
                          .changed = *parse_utc_time("2026-11-02T08:06:25Z")};
    EXPECT_EQ(listing_line(entry), "-rw-r--r-- 1 system system       2744 Nov  2 08:06 trust.pem");
    EXPECT_EQ(listing_line({.path = "/", .folder = true}).substr(0, 10), "dr-xr-xr-x");
}

}  // namespace
}  // namespace countersign::device
