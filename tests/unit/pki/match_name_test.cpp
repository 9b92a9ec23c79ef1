#include "unit/pki/making.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace countersign::pki {
namespace {

using namespace making;

Certificate with(std::string_view names, SubjectFields const& subject = {.common_name = "cn.example.test"}) {
    auto const key = new_key();
    auto const asked = must(CertificateRequest::create(key, subject, must(parse_alternative_names(names))));
    return must(self_sign(asked, key, Profile::server, k_this_decade));
}

/// The certificate with the last place of a text in it replaced by another of the same length. Its signature is broken then.
Certificate changed(Certificate const& certificate, std::string_view from, std::string_view to) {
    auto der = certificate.to_der();
    auto const wanted = bytes_of(from);
    auto const found = std::find_end(der.begin(), der.end(), wanted.begin(), wanted.end());
    EXPECT_NE(found, der.end());
    std::ranges::copy(bytes_of(to), found);
    return must(Certificate::parse_der(der));
}

TEST(MatchesName, of_any_dns_name_without_regard_to_case_and_final_dot) {
    auto const certificate = with("dns:a.example.test,dns:B.example.test");
    for (auto const* good : {"a.example.test", "A.EXAMPLE.test", "b.example.test", "a.example.test."}) {
        EXPECT_TRUE(matches_name(certificate, good)) << good;
    }
    for (auto const* bad : {"", ".", "example.test", "x.a.example.test", "a.example.tes", "a.example.test..", "cn.example.test"}) {
        EXPECT_FALSE(matches_name(certificate, bad)) << bad;
    }
}

TEST(MatchesName, a_wildcard_stands_for_exactly_one_left_most_label) {
    auto const certificate = with("dns:*.example.test");
    EXPECT_TRUE(matches_name(certificate, "a.example.test"));
    EXPECT_TRUE(matches_name(certificate, "xn--bcher-kva.Example.test"));
    for (auto const* bad : {"example.test", "a.b.example.test", ".example.test", "aexample.test"}) {
        EXPECT_FALSE(matches_name(certificate, bad)) << bad;
    }
}

TEST(MatchesName, a_wildcard_over_a_whole_top_level_or_inside_a_label_matches_nothing) {
    EXPECT_FALSE(matches_name(with("dns:*.test"), "example.test"));
    EXPECT_FALSE(matches_name(changed(with("dns:axb.example.test"), "axb.example", "a*b.example"), "axb.example.test"));
    EXPECT_FALSE(matches_name(changed(with("dns:a.xx.example.test"), "a.xx", "a.**"), "a.xx.example.test"));
}

TEST(MatchesName, a_wildcard_stands_for_host_names_only) {
    auto const certificate = with("dns:*.example.test,dns:c.example.test");
    for (auto const* bad : {"a_b.example.test", "-a.example.test", ".example.test", "b\xc3\xbc.example.test", "*.example.test"}) {
        EXPECT_FALSE(matches_name(certificate, bad)) << bad;
    }
    EXPECT_TRUE(matches_name(changed(certificate, "c.example", "c_example"), "C_example.test"))
        << "without a wildcard it is compared as it stands";
}

TEST(MatchesName, addresses_match_only_address_entries) {
    auto const certificate = with("ip:192.0.2.1,ip:2001:db8::1,dns:a.example.test");
    EXPECT_TRUE(matches_name(certificate, "192.0.2.1"));
    EXPECT_TRUE(matches_name(certificate, "2001:DB8:0::0:1"));
    EXPECT_FALSE(matches_name(certificate, "192.0.2.2"));
    EXPECT_FALSE(matches_name(certificate, "::ffff:192.0.2.1"));
    EXPECT_FALSE(matches_name(changed(with("dns:a92.0.2.1"), "a92.0.2.1", "192.0.2.1"), "192.0.2.1")) << "a dNSName is no address";
}

TEST(MatchesName, the_common_name_counts_only_without_any_alternative_name) {
    EXPECT_TRUE(matches_name(with(""), "cn.example.test"));
    EXPECT_TRUE(matches_name(with("", {.common_name = "*.example.test"}), "x.example.test"));
    EXPECT_FALSE(matches_name(with("dns:other.example.test"), "cn.example.test"));
    EXPECT_FALSE(matches_name(with("email:a@example.test"), "cn.example.test"));
    EXPECT_FALSE(matches_name(with("", {.common_name = "192.0.2.1"}), "192.0.2.1")) << "addresses never";
    EXPECT_FALSE(matches_name(with("", {.organization = "Polycom"}), "polycom")) << "no common name at all";
}

TEST(MatchesName, a_broken_alternative_name_extension_is_no_way_back_to_the_common_name) {
    // The inner SEQUENCE of subjectAltName becomes something else.
    auto const certificate = with("dns:other.example.test", {.common_name = "cn.example.test"});
    EXPECT_FALSE(matches_name(changed(certificate, "\x30\x14\x82\x12other", "\x31\x14\x82\x12other"), "cn.example.test"));
}

TEST(MatchesName, names_with_nul_bytes_match_nothing) {
    using namespace std::string_view_literals;
    auto const dns = changed(with("dns:good.example.testxevil.test"), "testxevil", "test\0evil"sv);
    EXPECT_FALSE(matches_name(dns, "good.example.test"));
    EXPECT_FALSE(matches_name(dns, "good.example.test\0evil.test"sv));
    EXPECT_EQ(dns.alternative_names().front().value, "good.example.test\\x00evil.test");
    auto const cn = changed(with("", {.common_name = "good.example.testxevil.test"}), "testxevil", "test\0evil"sv);
    EXPECT_FALSE(matches_name(cn, "good.example.test"));
    EXPECT_EQ(cn.common_name(), "good.example.test\\x00evil.test");
}

TEST(MatchesName, two_common_names_leave_open_which_is_meant) {
    TemporaryFolder const folder;
    auto const ran = run_in(folder,
                            "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout k.pem -out c.pem -subj "
                            "/CN=a.example.test/CN=b.example.test");
    ASSERT_EQ(ran.exit_code, 0) << ran.output;
    auto const certificate = must(Certificate::parse_pem(folder.read("c.pem")));
    EXPECT_FALSE(matches_name(certificate, "a.example.test"));
    EXPECT_FALSE(matches_name(certificate, "b.example.test"));
}

}  // namespace
}  // namespace countersign::pki
