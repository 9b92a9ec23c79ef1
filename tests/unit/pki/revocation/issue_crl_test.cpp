#include "pki/issue.hpp"
#include "unit/pki/revocation/ocsp_making.hpp"

#include "countersign/errors/crt.hpp"

#include <gmock/gmock.h>

namespace countersign::pki {
namespace {

namespace crt = errors::crt;
using namespace making;
using std::chrono::days;
using ::testing::HasSubstr;
using ::testing::Not;

template <class T>
std::string detail_of(Result<T> const& result) {
    EXPECT_FALSE(result);
    if (result) return "it was made";
    EXPECT_EQ(result.error().id(), crt::signing_failed);
    return std::string(result.error().parameter("detail"));
}

template <class T>
ErrorId refusal(Result<T> const& result) {
    EXPECT_FALSE(result);
    return result ? ErrorId{} : result.error().id();
}

std::string shown(TemporaryFolder const& folder, std::string const& list) {
    static_cast<void>(folder.file("list.pem", list));
    return run_in(folder, "openssl crl -in list.pem -CAfile ca.pem -noout -text").output;
}

TEST(RevocationList, is_read_and_believed_by_openssl) {
    auto const now = SystemClock().now();
    auto const top = must(CertificateAuthority::create_root(new_key(), {.common_name = "Root"}, valid_for(now, std::chrono::days(10))));
    auto const good = leaf(top, "dns:a.test", Profile::server, valid_for(now, std::chrono::days(1)));
    auto const bad = leaf(top, "dns:b.test", Profile::server, valid_for(now, std::chrono::days(1)));
    auto const list = must(
        top.sign_crl({{.serial = bad.serial(), .at = now, .reason = 1}, {.serial = "0f", .at = now}}, 7, now, now + std::chrono::days(1)));
    TemporaryFolder const folder;
    static_cast<void>(folder.file("root.pem", top.certificate().to_pem()));
    static_cast<void>(folder.file("list.pem", list));
    static_cast<void>(folder.file("good.pem", good.to_pem()));
    static_cast<void>(folder.file("bad.pem", bad.to_pem()));
    auto const text = run_in(folder, "openssl crl -in list.pem -CAfile root.pem -noout -text");
    EXPECT_THAT(text.output, HasSubstr("verify OK"));
    EXPECT_THAT(text.output, HasSubstr("Version 2"));
    EXPECT_THAT(text.output, HasSubstr("X509v3 CRL Number: \n                7\n"));
    EXPECT_THAT(text.output, HasSubstr("Serial Number: " + to_upper(bad.serial())));
    EXPECT_THAT(text.output, HasSubstr("Key Compromise"));
    EXPECT_THAT(text.output, HasSubstr("Serial Number: 0F"));
    EXPECT_EQ(run_in(folder, "openssl verify -crl_check -CRLfile list.pem -CAfile root.pem good.pem").exit_code, 0);
    auto const refused = run_in(folder, "openssl verify -crl_check -CRLfile list.pem -CAfile root.pem bad.pem");
    EXPECT_THAT(refused.output, HasSubstr("certificate revoked"));
}

TEST(RevocationList, without_entries_is_a_list_too) {
    auto const top = root();
    auto const list = must(top.sign_crl({}, 1, k_noon, k_noon + std::chrono::days(1)));
    TemporaryFolder const folder;
    static_cast<void>(folder.file("list.pem", list));
    EXPECT_THAT(run_in(folder, "openssl crl -in list.pem -noout -text").output, HasSubstr("No Revoked Certificates"));
}

TEST(RevocationList, refuses_entries_that_are_not_valid) {
    auto const top = root();
    auto with = [&top](RevokedEntry entry) {
        entry.at = k_noon;
        return refusal(top.sign_crl({std::move(entry)}, 1, k_noon, k_noon + std::chrono::days(1)));
    };
    EXPECT_EQ(with({.serial = ""}), crt::signing_failed);
    EXPECT_EQ(with({.serial = "xyz"}), crt::signing_failed);
    EXPECT_EQ(with({.serial = "0a", .reason = 7}), crt::signing_failed);
    EXPECT_EQ(with({.serial = "0a", .reason = 11}), crt::signing_failed);
    EXPECT_EQ(with({.serial = "0a", .reason = -1}), crt::signing_failed);
    EXPECT_EQ(refusal(top.sign_crl({}, 1, k_noon, k_noon)), crt::signing_failed);
}

TEST(RevocationList, is_believed_by_certtool) {
    Issued const made;
    made.save("list.pem", must(made.authority.sign_crl({{.serial = made.leaf.serial(), .at = made.now, .reason = 1}}, 7, made.now,
                                                       made.now + days(1))));
    auto const ran = run_in(
        made.folder, "certtool --verify-crl --load-ca-certificate ca.pem --infile list.pem && certtool --crl-info --infile list.pem");
    EXPECT_EQ(ran.exit_code, 0) << ran.output;
    EXPECT_THAT(ran.output, HasSubstr("Verified"));
    EXPECT_THAT(ran.output, HasSubstr("Revoked certificates (1)"));
    EXPECT_THAT(ran.output, HasSubstr(made.leaf.serial()));
}

TEST(RevocationList, of_a_delta_is_marked_and_may_release) {
    Issued const made;
    auto const list = must(made.authority.sign_crl({.revoked = {{.serial = "0a", .at = made.now, .reason = 8, .issuer = std::nullopt}},
                                                    .number = 9,
                                                    .now = made.now,
                                                    .next_update = made.now + days(1),
                                                    .delta_of = 7}));
    auto const text = shown(made.folder, list);
    EXPECT_THAT(text, HasSubstr("verify OK"));
    EXPECT_THAT(text, HasSubstr("X509v3 Delta CRL Indicator: critical\n                7\n"));
    EXPECT_THAT(text, HasSubstr("Remove From CRL"));
    auto const read = must(Crl::parse(list));
    EXPECT_EQ(read.delta_of(), "07");
    EXPECT_EQ(read.number(), "09");
    EXPECT_EQ(read.entries().front().reason, 8);
    auto const plan = [&made](std::uint64_t number, std::optional<std::uint64_t> base, int reason) {
        return CrlPlan{.revoked = {{.serial = "0a", .at = made.now, .reason = reason, .issuer = std::nullopt}},
                       .number = number,
                       .now = made.now,
                       .next_update = made.now + days(1),
                       .delta_of = base};
    };
    EXPECT_THAT(detail_of(made.authority.sign_crl(plan(7, 7, 1))), HasSubstr("higher number"));
    EXPECT_THAT(detail_of(made.authority.sign_crl(plan(7, std::nullopt, 8))), HasSubstr("is not valid"));
}

TEST(RevocationList, of_several_authorities_is_an_indirect_one_that_openssl_reads) {
    Issued const made;
    Issued const other;
    auto const theirs = must(CertificateAuthority::create_root(new_key(), {.common_name = "Other Root"}, valid_for(made.now, days(9))));
    auto const list =
        must(made.authority.sign_crl({.revoked = {{.serial = "0a", .at = made.now, .reason = 1, .issuer = theirs.certificate()},
                                                  {.serial = "0b", .at = made.now, .reason = 0, .issuer = std::nullopt}},
                                      .number = 3,
                                      .now = made.now,
                                      .next_update = made.now + days(1),
                                      .delta_of = std::nullopt}));
    auto const text = shown(made.folder, list);
    EXPECT_THAT(text, HasSubstr("verify OK"));
    EXPECT_THAT(text, HasSubstr("Issuing Distribution Point: critical\n"));
    EXPECT_THAT(text, HasSubstr("Indirect CRL"));
    EXPECT_THAT(text, HasSubstr("Certificate Issuer: critical\n                DirName:/CN=Other Root"));
    EXPECT_THAT(text, HasSubstr("DirName:/CN=Root"));
    EXPECT_TRUE(must(Crl::parse(list)).is_indirect());
    EXPECT_FALSE(must(Crl::parse(must(made.authority.sign_crl({}, 1, made.now, made.now + days(1))))).is_indirect());
}

TEST(NextRevocationList, keeps_what_was_there_adds_and_counts_on) {
    Issued const made;
    auto const first = must(Crl::parse(
        must(made.authority.sign_crl({{.serial = "0a", .at = made.now - days(2), .reason = 3}}, 41, made.now, made.now + days(1)))));
    auto const list = must(made.authority.sign_next_crl(first, {{.serial = made.leaf.serial(), .at = made.now, .reason = 4}},
                                                        made.now + days(1), made.now + days(2)));
    EXPECT_THAT(shown(made.folder, list), HasSubstr("verify OK"));
    auto const read = must(Crl::parse(list));
    EXPECT_EQ(read.number(), "2a");
    EXPECT_EQ(read.this_update(), made.now + days(1));
    ASSERT_EQ(read.size(), 2u);
    auto const entries = read.entries();
    auto const old = std::ranges::find(entries, "0a", &Crl::Entry::serial);
    ASSERT_NE(old, entries.end());
    EXPECT_EQ(old->at, made.now - days(2));
    EXPECT_EQ(old->reason, 3);
    EXPECT_NE(std::ranges::find(entries, made.leaf.serial(), &Crl::Entry::serial), entries.end());
}

TEST(NextRevocationList, a_second_revocation_changes_the_reason_and_not_the_date) {
    Issued const made;
    auto const first =
        must(Crl::parse(must(made.authority.sign_crl({{.serial = "0a", .at = made.now - days(2)}}, 1, made.now, made.now + days(1)))));
    auto const read = must(Crl::parse(
        must(made.authority.sign_next_crl(first, {{.serial = "0A", .at = made.now, .reason = 1}}, made.now, made.now + days(1)))));
    ASSERT_EQ(read.size(), 1u);
    EXPECT_EQ(read.entries().front().reason, 1);
    EXPECT_EQ(read.entries().front().at, made.now - days(2));
}

TEST(NextRevocationList, releases_what_is_on_hold_and_nothing_else) {
    Issued const made;
    auto const first = must(Crl::parse(must(made.authority.sign_crl(
        {{.serial = "0a", .at = made.now, .reason = 6}, {.serial = "0b", .at = made.now, .reason = 1}}, 1, made.now, made.now + days(1)))));
    auto release = [&](std::string const& serial) {
        return made.authority.sign_next_crl(first, {{.serial = serial, .at = made.now, .reason = 8}}, made.now, made.now + days(1));
    };
    auto const read = must(Crl::parse(must(release("0a"))));
    ASSERT_EQ(read.size(), 1u);
    EXPECT_EQ(read.entries().front().serial, "0b");
    EXPECT_THAT(detail_of(release("0b")), HasSubstr("not on hold"));
    EXPECT_THAT(detail_of(release("0c")), HasSubstr("not on hold"));
}

TEST(NextRevocationList, continues_a_list_of_openssl_with_all_that_stands_in_it) {
    Issued const made;
    made.save("ca.cnf",
              "[ca]\ndefault_ca=d\n[d]\ndatabase=index.txt\ncrlnumber=number\ndefault_md=sha256\ndefault_crl_days=1\ncrl_extensions=x\n"
              "[x]\nauthorityKeyIdentifier=keyid\n");
    made.save("number", "FF\n");
    made.write_index("R", "260301120000Z,keyTime,20260201120000Z");
    auto const ran = run_in(made.folder, "openssl ca -config ca.cnf -cert ca.pem -keyfile ca.key -gencrl -out first.pem");
    ASSERT_EQ(ran.exit_code, 0) << ran.output;
    auto const first = must(Crl::parse(made.folder.read("first.pem")));
    EXPECT_EQ(first.entries().front().reason, 1);
    auto const list = must(made.authority.sign_next_crl(first, {{.serial = "0a", .at = made.now}}, made.now, made.now + days(1)));
    auto const text = shown(made.folder, list);
    EXPECT_THAT(text, HasSubstr("verify OK"));
    EXPECT_THAT(text, HasSubstr("CRL Number: \n                256\n"));
    EXPECT_THAT(text, HasSubstr("Invalidity Date: \n                Feb  1 12:00:00 2026 GMT"));
}

TEST(NextRevocationList, continues_only_a_complete_list_of_its_own) {
    Issued const made;
    Issued const other;
    auto next = [&made](std::string const& list) {
        return made.authority.sign_next_crl(must(Crl::parse(list)), {}, made.now, made.now + days(1));
    };
    // The other one has the same name, but not the same key.
    EXPECT_THAT(detail_of(next(must(other.authority.sign_crl({}, 1, made.now, made.now + days(1))))),
                HasSubstr("not signed by this authority"));
    EXPECT_THAT(detail_of(next(must(made.authority.sign_crl(
                    {.revoked = {}, .number = 2, .now = made.now, .next_update = made.now + days(1), .delta_of = 1})))),
                HasSubstr("complete list"));
}

TEST(RevocationList, needs_the_right_to_sign_lists) {
    Issued const made;
    made.make_delegate("sub", "basicConstraints=critical,CA:TRUE\nkeyUsage=keyCertSign");
    auto const sub = must(CertificateAuthority::create(must(Certificate::parse_pem(made.folder.read("sub.pem"))),
                                                       must(PrivateKey::parse_pem(made.folder.read("sub.key")))));
    EXPECT_EQ(refusal(sub.sign_crl({}, 1, made.now, made.now + days(1))), crt::not_an_authority);
}

}  // namespace
}  // namespace countersign::pki
