#include "dialect/archive/archive.hpp"

#include "base/text.hpp"
#include "dialect/archive/inflate.hpp"

#include "countersign/errors/mgr.hpp"

#include <gmock/gmock.h>

namespace countersign::dialect::archive {
namespace {

using ::testing::HasSubstr;

UtcTime const k_time = *parse_utc_time("2026-11-21T12:34:56Z");

std::vector<File> files() { return {{"manifest.json", "{}\n"}, {"1-a.csr", std::string(1500, 'x')}, {"empty", ""}}; }

std::string bytes_of(std::string_view hex) {
    auto const bytes = from_hex(hex);
    return bytes ? std::string(bytes->begin(), bytes->end()) : std::string();
}

std::string detail_of(std::string_view bytes, Limits limits = {}) {
    auto const found = read(bytes, limits);
    if (found) return {};
    EXPECT_EQ(found.error().id(), errors::mgr::archive_unreadable);
    return std::string(found.error().parameter("detail"));
}

TEST(Archives, give_back_what_was_packed) {
    for (auto const& packed : {write_tar(files(), k_time), write_zip(files(), k_time)}) {
        auto const found = read(packed);
        ASSERT_TRUE(found) << found.error().explanation();
        EXPECT_EQ(*found, files());
    }
    EXPECT_EQ(form_of(write_tar(files(), k_time)), Form::tar);
    EXPECT_EQ(form_of(write_zip(files(), k_time)), Form::zip);
    EXPECT_EQ(form_of("-----BEGIN CERTIFICATE-----"), Form::none);
    EXPECT_EQ(form_of(""), Form::none);
}

/// Made by another program (Python's zipfile, ZIP_DEFLATED): a folder, a file with repeated text, one that is stored.
constexpr std::string_view k_foreign_zip =
    "504b03041400000000000060755d000000000000000000000000070000007369676e65642f504b03041400000008000060755d607acaf37a000000de"
    "0300000c0000007369676e65642f612e70656d75d24b0a83401045d1b9abe8255855e6e372445a68900482fb27649e33bdb3c37be778f536b7f7d1b6"
    "b6f7cf358eb16f579fce5f0ff4442ff405fd867e477fa03fd157b9089638440e9943e8903ac40eb943f0903c254f6e2d794a9e92a7e429794a9e92a7"
    "e42579495ebcb9e42579495e9297e42579fd917f01504b03041400000000000060755db3244e96080000000800000009000000706c61696e2e747874"
    "6173206974206973504b010214031400000000000060755d0000000000000000000000000700000000000000000000008001000000007369676e6564"
    "2f504b010214031400000008000060755d607acaf37a000000de0300000c00000000000000000000008001250000007369676e65642f612e70656d50"
    "4b010214031400000000000060755db3244e9608000000080000000900000000000000000000008001c9000000706c61696e2e747874504b05060000"
    "000003000300a6000000f80000000000";
TEST(Archives, read_what_other_programs_deflate) {
    auto const found = read(bytes_of(k_foreign_zip));
    ASSERT_TRUE(found) << found.error().explanation();
    ASSERT_EQ(found->size(), 2U) << "the folder is left out";
    EXPECT_EQ((*found)[0].name, "signed/a.pem");
    std::string wanted;
    for (int i = 0; i < 40; ++i) wanted += "line " + std::to_string(i) + " of a certificate\n";
    EXPECT_EQ((*found)[0].content, wanted);
    EXPECT_EQ((*found)[1].content, "as it is");
}

TEST(Archives, cut_anywhere_are_refused_and_nothing_is_read_beyond) {
    auto const zip = bytes_of(k_foreign_zip);
    for (std::size_t size = 4; size < zip.size(); ++size) EXPECT_FALSE(read(zip.substr(0, size))) << size;
    auto const tar = write_tar(files(), k_time);
    EXPECT_THAT(detail_of(tar.substr(0, 512 + 512 + 512 + 100)), HasSubstr("cut off"));
}

TEST(Archives, with_any_byte_changed_are_refused_or_tell_the_truth_of_what_they_hold) {
    auto const whole = *read(bytes_of(k_foreign_zip));
    for (std::size_t at = 0; at < bytes_of(k_foreign_zip).size(); ++at) {
        auto broken = bytes_of(k_foreign_zip);
        broken[at] = static_cast<char>(broken[at] ^ 0x55);
        auto const found = read(broken);
        if (!found) continue;
        // Names and times are not under the check sum; contents are.
        for (auto const& file : *found)
            EXPECT_TRUE(std::ranges::any_of(whole, [&file](File const& one) { return one.content == file.content; }) ||
                        file.content.empty())
                << at;
    }
}

TEST(Archives, over_the_limits_are_refused) {
    for (auto const& packed : {write_tar(files(), k_time), write_zip(files(), k_time)}) {
        EXPECT_THAT(detail_of(packed, {.files = 2}), HasSubstr("more than 2 files"));
        EXPECT_THAT(detail_of(packed, {.bytes = 1000}), HasSubstr("larger than 1000 bytes"));
        EXPECT_EQ(detail_of(packed, {.files = 3, .bytes = 1503}), "");
    }
    EXPECT_THAT(detail_of(bytes_of(k_foreign_zip), {.bytes = 900}), HasSubstr("larger than 900 bytes"));
}

TEST(Archives, that_are_encrypted_or_packed_otherwise_are_named) {
    auto zip = write_zip({{"a", "content"}}, k_time);
    auto const entry = zip.find("PK\1\2");
    auto encrypted = zip;
    encrypted[entry + 8] = 1;
    EXPECT_THAT(detail_of(encrypted), HasSubstr("encrypted"));
    auto other = zip;
    other[entry + 10] = 14;
    EXPECT_THAT(detail_of(other), HasSubstr("stored or deflate"));
    EXPECT_THAT(detail_of("neither"), HasSubstr("neither tar nor zip"));
}

TEST(Inflate, stops_at_the_limit_and_at_the_end_of_what_is_there) {
    // zlib, raw, level 9: 100,000 times "a".
    auto const bomb = bytes_of(
        "edc13101000000c2a0aceb5fc21a1e400100000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
        "0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000af06");
    EXPECT_EQ(inflate(bomb, 100'000)->size(), 100'000U);
    EXPECT_FALSE(inflate(bomb, 99'999));
    EXPECT_FALSE(inflate(bomb.substr(0, bomb.size() / 2), 100'000));
    EXPECT_FALSE(inflate("", 10));
    EXPECT_FALSE(inflate(std::string("\7", 1), 10)) << "the kind of block that is reserved";
}

}  // namespace
}  // namespace countersign::dialect::archive
