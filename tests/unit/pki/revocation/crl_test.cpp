#include "pki/crl.hpp"

#include "unit/pki/revocation/ocsp_making.hpp"

#include "countersign/errors/crt.hpp"
#include "countersign/errors/fil.hpp"

#include <gmock/gmock.h>

namespace countersign::pki {
namespace {

namespace crt = errors::crt;
using namespace making;

/// Lists made by `openssl ca -gencrl`.
class CrlFile : public ::testing::Test {
protected:
    Issued made_;

    std::string by_openssl(std::string const& extensions = "", std::string const& options = "") {
        made_.save("ca.cnf",
                   "[ca]\ndefault_ca=d\n[d]\ndatabase=index.txt\ncrlnumber=number\ndefault_md=sha256\ndefault_crl_days=7\n"
                   "crl_extensions=x\n[x]\nauthorityKeyIdentifier=keyid\n" +
                       extensions + "\n");
        made_.save("number", "0123\n");
        auto const ran = run_in(made_.folder, "openssl ca -config ca.cnf -cert ca.pem -keyfile ca.key -gencrl -out list.pem " + options);
        EXPECT_EQ(ran.exit_code, 0) << ran.output;
        return made_.folder.read("list.pem");
    }
};

TEST_F(CrlFile, complete_list_is_read_in_both_forms) {
    made_.write_index("R", "260301120000Z,affiliationChanged");
    auto const pem = by_openssl();
    ASSERT_EQ(run_in(made_.folder, "openssl crl -in list.pem -outform DER -out list.der").exit_code, 0);
    auto const der = made_.folder.read("list.der");
    for (auto const& text : {pem, der, "Some words before\n" + pem}) {
        auto const list = must(Crl::parse(text));
        EXPECT_EQ(list.issuer(), "/CN=Root");
        EXPECT_EQ(list.number(), "0123");
        EXPECT_FALSE(list.delta_of());
        EXPECT_FALSE(list.is_indirect());
        EXPECT_EQ(list.signature_algorithm(), "ecdsa-with-SHA256");
        ASSERT_TRUE(list.next_update());
        EXPECT_EQ(*list.next_update() - list.this_update(), std::chrono::days(7));
        ASSERT_EQ(list.size(), 1u);
        auto const entry = list.entries().front();
        EXPECT_EQ(entry.serial, made_.leaf.serial());
        EXPECT_EQ(entry.at, parse_utc_time("2026-03-01T12:00:00Z"));
        EXPECT_EQ(reason_name(entry.reason), "affiliationChanged");
        EXPECT_TRUE(list.is_signed_by(made_.authority.certificate()));
        EXPECT_EQ(text_of(list.to_der()), der);
        EXPECT_EQ(list.to_pem(), pem);
    }
}

TEST_F(CrlFile, list_without_entries_is_one) {
    made_.save("index.txt", "");
    auto const list = must(Crl::parse(by_openssl()));
    EXPECT_EQ(list.size(), 0u);
    EXPECT_TRUE(list.entries().empty());
}

TEST_F(CrlFile, list_of_version_1_has_no_number) {
    made_.save("index.txt", "");
    made_.save("ca.cnf", "[ca]\ndefault_ca=d\n[d]\ndatabase=index.txt\ndefault_md=sha256\ndefault_crl_days=7\n");
    ASSERT_EQ(run_in(made_.folder, "openssl ca -config ca.cnf -cert ca.pem -keyfile ca.key -gencrl -out list.pem").exit_code, 0);
    EXPECT_EQ(must(Crl::parse(made_.folder.read("list.pem"))).number(), "");
}

TEST_F(CrlFile, delta_and_indirect_lists_are_told_from_complete_ones) {
    made_.save("index.txt", "");
    auto const delta = must(Crl::parse(by_openssl("2.5.29.27=critical,DER:02020120")));
    EXPECT_EQ(delta.delta_of(), "0120");
    EXPECT_FALSE(delta.is_indirect());
    auto const indirect =
        must(Crl::parse(by_openssl("issuingDistributionPoint=critical,@idp\n[idp]\nfullname=URI:http://a.test/i.crl\nindirectCRL=TRUE")));
    EXPECT_TRUE(indirect.is_indirect());
    auto const direct =
        must(Crl::parse(by_openssl("issuingDistributionPoint=critical,@idp\n[idp]\nfullname=URI:http://a.test/i.crl\nonlyuser=TRUE")));
    EXPECT_FALSE(direct.is_indirect());
}

TEST_F(CrlFile, signature_is_that_of_one_key) {
    made_.save("index.txt", "");
    auto const list = must(Crl::parse(by_openssl()));
    Issued const same_name;
    EXPECT_FALSE(list.is_signed_by(same_name.authority.certificate()));
    EXPECT_FALSE(list.is_signed_by(made_.leaf));
    auto der = list.to_der();
    der.back() ^= 1;
    if (auto const touched = Crl::parse_der(der)) EXPECT_FALSE(touched->is_signed_by(made_.authority.certificate()));
}

TEST_F(CrlFile, broken_lists_are_refused) {
    made_.write_index("V");
    auto const pem = by_openssl();
    auto const der = must(Crl::parse(pem)).to_der();
    auto broken = [](std::string_view text) {
        auto const list = Crl::parse(text);
        EXPECT_FALSE(list);
        return !list && list.error().id() == crt::broken_crl;
    };
    EXPECT_TRUE(broken(""));
    EXPECT_TRUE(broken("<html>Not found</html>"));
    EXPECT_TRUE(broken(text_of(der).substr(0, der.size() - 1)));
    EXPECT_TRUE(broken(text_of(der) + '\0'));
    EXPECT_TRUE(broken(pem.substr(0, pem.size() - 10)));
    EXPECT_TRUE(broken(replace_all(pem, "X509 CRL", "CERTIFICATE")));
    EXPECT_TRUE(broken("-----BEGIN X509 CRL-----\n!!!!\n-----END X509 CRL-----\n"));
    // A month 13: the text of a date is not looked at when a list is decoded.
    auto odd = text_of(der);
    auto const date = odd.find("\x17\x0d");
    ASSERT_NE(date, std::string::npos);
    odd.replace(date + 4, 2, "13");
    EXPECT_TRUE(broken(odd));
    auto const huge = Crl::parse_der(Bytes(k_crl_limit + 1));
    ASSERT_FALSE(huge);
    EXPECT_EQ(huge.error().id(), errors::fil::too_large);
}

TEST_F(CrlFile, entries_are_given_up_to_a_limit) {
    auto const list = must(Crl::parse(must(
        made_.authority.sign_crl({{.serial = "01", .at = made_.now}, {.serial = "02", .at = made_.now}, {.serial = "03", .at = made_.now}},
                                 1, made_.now, made_.now + std::chrono::days(1)))));
    EXPECT_EQ(list.entries(2).size(), 2u);
    EXPECT_EQ(list.entries().size(), 3u);
}

TEST(RevocationReason, has_a_name_both_ways) {
    for (int reason : {0, 1, 2, 3, 4, 5, 6, 8, 9, 10}) EXPECT_EQ(parse_reason(reason_name(reason)), reason);
    EXPECT_EQ(reason_name(7), "unspecified");
    EXPECT_EQ(reason_name(11), "unspecified");
    EXPECT_EQ(reason_name(-1), "unspecified");
    EXPECT_FALSE(parse_reason(""));
    EXPECT_FALSE(parse_reason("stolen"));
}

}  // namespace
}  // namespace countersign::pki
