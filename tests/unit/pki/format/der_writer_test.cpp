#include "pki/format/der_writer.hpp"

#include "pki/format/der_reader.hpp"
#include "pki/openssl.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <random>

namespace countersign::pki {
namespace {

template <class Write>
Bytes written(Write write) {
    DerWriter out(0);
    write(out);
    return std::move(out).take();
}

UtcTime at(std::string_view text) {
    auto const time = parse_utc_time(text);
    EXPECT_TRUE(time) << text;
    return time.value_or(UtcTime());
}

Bytes by_openssl(ASN1_INTEGER const* number) { return der_of(number, i2d_ASN1_INTEGER, "encode a number"); }

TEST(DerWriter, writes_lengths_in_their_shortest_form) {
    for (std::size_t size : {0U, 1U, 127U, 128U, 255U, 256U, 65'535U, 65'536U, 70'000U}) {
        Bytes const content(size, 'x');
        auto const plain = written([&](DerWriter& out) { out.element(der::k_octet_string, content); });
        auto const wrapped = written([&](DerWriter& out) { out.wrap(der::k_octet_string, [&] { out.raw(content); }); });
        EXPECT_EQ(plain, wrapped) << size;
        DerReader reader(plain);  // refuses longer forms
        auto const read = reader.next(der::k_octet_string);
        ASSERT_TRUE(read) << size;
        EXPECT_TRUE(std::ranges::equal(read->content, content)) << size;
        EXPECT_TRUE(reader.at_end());
    }
}

TEST(DerWriter, nests_elements_of_every_length) {
    for (std::size_t size = 0; size < 300; ++size) {
        Bytes const content(size, 'x');
        auto const all = written([&](DerWriter& out) {
            out.wrap(der::k_sequence, [&] {
                out.integer(1);
                out.wrap(der::wrapped(3), [&] { out.wrap(der::k_sequence, [&] { out.element(der::k_octet_string, content); }); });
                out.boolean(true);
            });
        });
        DerReader outside(all);
        auto const whole = outside.next(der::k_sequence);
        ASSERT_TRUE(whole && outside.at_end()) << size;
        DerReader inside(whole->content);
        ASSERT_TRUE(inside.next(der::k_integer)) << size;
        auto const wrapped = inside.next(der::wrapped(3));
        ASSERT_TRUE(wrapped) << size;
        auto const list = DerReader(wrapped->content).next(der::k_sequence);
        ASSERT_TRUE(list) << size;
        auto const value = DerReader(list->content).next(der::k_octet_string);
        ASSERT_TRUE(value) << size;
        EXPECT_EQ(value->content.size(), size);
        auto const last = inside.next(der::k_boolean);
        ASSERT_TRUE(last && inside.at_end()) << size;
        EXPECT_EQ(last->content[0], 0xff);
    }
}

TEST(DerWriter, writes_integers_as_openssl_does) {
    std::vector<std::int64_t> values{std::numeric_limits<std::int64_t>::min() + 1, std::numeric_limits<std::int64_t>::max()};
    for (std::int64_t near : {0LL, 128LL, 256LL, 32'768LL, 65'536LL, 8'388'608LL, 2'147'483'648LL, 4'294'967'296LL}) {
        for (std::int64_t offset = -2; offset <= 2; ++offset) {
            values.push_back(near + offset);
            values.push_back(-near + offset);
        }
    }
    for (auto const value : values) {
        Asn1IntegerPtr const number(ASN1_INTEGER_new());
        ASSERT_EQ(ASN1_INTEGER_set_int64(number.get(), value), 1);
        EXPECT_EQ(written([&](DerWriter& out) { out.integer(value); }), by_openssl(number.get())) << value;
    }
}

TEST(DerWriter, writes_positive_integers_as_openssl_does) {
    std::vector<Bytes> const magnitudes{
        {}, {0}, {0, 0}, {1}, {0x7f}, {0x80}, {0xff, 0xff}, {0, 0, 0x80, 0}, {0, 0x7f, 1}, Bytes(16, 0xff), Bytes(16, 0x7f), Bytes(20, 1)};
    for (auto const& magnitude : magnitudes) {
        BignumPtr const number(BN_bin2bn(magnitude.data(), static_cast<int>(magnitude.size()), nullptr));
        Asn1IntegerPtr const integer(BN_to_ASN1_INTEGER(number.get(), nullptr));
        EXPECT_EQ(written([&](DerWriter& out) { out.positive_integer(magnitude); }), by_openssl(integer.get())) << to_hex(magnitude);
    }
}

TEST(DerWriter, writes_bit_strings_of_whole_octets) {
    EXPECT_EQ(written([](DerWriter& out) { out.bit_string({}); }), (Bytes{0x03, 0x01, 0x00}));
    Bytes const bits(127, 0xab);
    auto const long_one = written([&](DerWriter& out) { out.bit_string(bits); });
    Bytes expected{0x03, 0x81, 0x80, 0x00};
    expected.insert(expected.end(), bits.begin(), bits.end());
    EXPECT_EQ(long_one, expected);
}

TEST(DerWriter, writes_dates_as_openssl_does) {
    std::vector<UtcTime> times;
    for (auto const* text : {"1949-12-31T23:59:59Z", "1950-01-01T00:00:00Z", "1969-12-31T23:59:59Z", "1970-01-01T00:00:00Z",
                             "1999-12-31T23:59:59Z", "2000-02-29T12:34:56Z", "2024-02-29T00:00:01Z", "2049-12-31T23:59:59Z",
                             "2050-01-01T00:00:00Z", "2100-02-28T23:59:59Z", "9999-12-31T23:59:59Z", "0000-01-01T00:00:00Z"}) {
        times.push_back(at(text));
    }
    std::mt19937_64 random(1);
    std::uniform_int_distribution<std::int64_t> any(at("0000-01-01T00:00:00Z").time_since_epoch().count(),
                                                    at("9999-12-31T23:59:59Z").time_since_epoch().count());
    for (int i = 0; i < 2000; ++i) times.emplace_back(std::chrono::seconds(any(random)));
    for (auto const time : times) {
        auto const theirs = time_from(time);
        ASSERT_TRUE(theirs) << to_string(time);
        bool good = false;
        EXPECT_EQ(written([&](DerWriter& out) { good = out.time(time); }), der_of(theirs.get(), i2d_ASN1_TIME, "encode a time"))
            << to_string(time);
        EXPECT_TRUE(good);
    }
}

TEST(DerWriter, refuses_years_that_four_digits_cannot_say) {
    auto const last = at("9999-12-31T23:59:59Z");
    for (auto const time : {last + std::chrono::seconds(1), last + std::chrono::years(60'000), UtcTime::max(), UtcTime::min(),
                            UtcTime(std::chrono::sys_days(std::chrono::year(-1) / 12 / 31))}) {
        bool good = true;
        EXPECT_EQ(written([&](DerWriter& out) { good = out.time(time); }), Bytes());
        EXPECT_FALSE(good);
    }
}

}  // namespace
}  // namespace countersign::pki
