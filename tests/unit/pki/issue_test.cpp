#include "pki/issue.hpp"

#include "unit/pki/making.hpp"

#include "countersign/errors/crt.hpp"
#include "countersign/errors/gen.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace countersign::pki {
namespace {

namespace crt = errors::crt;
using namespace making;
using ::testing::HasSubstr;
using ::testing::Not;

template <class T>
ErrorId refusal(Result<T> const& result) {
    EXPECT_FALSE(result);
    return result ? ErrorId{} : result.error().id();
}

/// What `openssl x509 -text` says.
std::string shown(Certificate const& certificate) {
    TemporaryFolder const folder;
    static_cast<void>(folder.file("c.pem", certificate.to_pem()));
    auto const ran = run_in(folder, "openssl x509 -in c.pem -noout -text");
    EXPECT_EQ(ran.exit_code, 0) << ran.output;
    return ran.output;
}

TEST(Authority, is_believed_by_openssl_with_every_kind_of_key) {
    for (auto type : {KeyType::ec_p256, KeyType::ec_p384, KeyType::rsa_2048, KeyType::ed25519}) {
        auto const now = SystemClock().now();
        auto const top =
            must(CertificateAuthority::create_root(new_key(type), {.common_name = "Root"}, valid_for(now, std::chrono::days(10))));
        auto const middle_key = new_key(type);
        auto const middle = must(top.sign(request(middle_key, "Middle"), Profile::authority, valid_for(now, std::chrono::days(5))));
        auto const issuer = must(CertificateAuthority::create(middle, middle_key));
        auto const end = must(issuer.sign(request(new_key(type), "device", "dns:a.example.test,ip:192.0.2.1"), Profile::device,
                                          valid_for(now, std::chrono::days(2))));
        TemporaryFolder const folder;
        static_cast<void>(folder.file("root.pem", top.certificate().to_pem()));
        static_cast<void>(folder.file("middle.pem", middle.to_pem()));
        static_cast<void>(folder.file("end.pem", end.to_pem()));
        for (auto const* purpose : {"sslserver -verify_hostname a.example.test", "sslclient -verify_ip 192.0.2.1"}) {
            auto const ran = run_in(
                folder, std::string("openssl verify -x509_strict -CAfile root.pem -untrusted middle.pem -purpose ") + purpose + " end.pem");
            EXPECT_EQ(ran.exit_code, 0) << to_string(type) << ": " << ran.output;
        }
    }
}

TEST(Authority, gives_each_profile_its_extensions) {
    auto const top = root();
    auto const text = shown(top.certificate());
    EXPECT_THAT(text, HasSubstr("Basic Constraints: critical\n                CA:TRUE, pathlen:1"));
    EXPECT_THAT(text, HasSubstr("Key Usage: critical\n                Certificate Sign, CRL Sign\n"));
    EXPECT_THAT(text, Not(HasSubstr("Extended Key Usage")));

    auto const below_it = shown(below(top).certificate());
    EXPECT_THAT(below_it, HasSubstr("CA:TRUE, pathlen:0"));

    auto const server = shown(leaf(top));
    EXPECT_THAT(server, HasSubstr("Version: 3 (0x2)"));
    EXPECT_THAT(server, HasSubstr("Basic Constraints: critical\n                CA:FALSE"));
    EXPECT_THAT(server, HasSubstr("Key Usage: critical\n                Digital Signature\n"));
    EXPECT_THAT(server, HasSubstr("Extended Key Usage: \n                TLS Web Server Authentication\n"));
    EXPECT_THAT(server, HasSubstr("Subject Alternative Name: \n                DNS:device.example.test\n"));

    EXPECT_THAT(shown(leaf(top, "dns:a.test", Profile::client)), HasSubstr("TLS Web Client Authentication\n"));
    EXPECT_THAT(shown(leaf(top, "dns:a.test", Profile::device)),
                HasSubstr("TLS Web Server Authentication, TLS Web Client Authentication\n"));

    auto const rsa = request(new_key(KeyType::rsa_2048), "rsa", "dns:a.test");
    EXPECT_THAT(shown(must(top.sign(rsa, Profile::server, k_this_decade))), HasSubstr("Digital Signature, Key Encipherment\n"));
    EXPECT_THAT(shown(must(top.sign(rsa, Profile::client, k_this_decade))), Not(HasSubstr("Key Encipherment")));
}

TEST(Authority, key_identifiers_link_the_chain) {
    auto identifier = [](std::string const& text, std::string const& title) {
        auto const at = text.find(title);
        return at == std::string::npos ? std::string() : std::string(trim(text.substr(text.find('\n', at), 80)));
    };
    auto const top = root();
    auto const own = identifier(shown(top.certificate()), "Subject Key Identifier");
    EXPECT_EQ(own.size(), 20 * 3 - 1);
    auto const end = shown(leaf(top));
    EXPECT_EQ(identifier(end, "Authority Key Identifier"), own);
    EXPECT_NE(identifier(end, "Subject Key Identifier"), own);
}

TEST(Authority, names_are_critical_when_there_is_no_subject) {
    auto const ask = must(CertificateRequest::create(new_key(), {}, must(parse_alternative_names("dns:a.example.test"))));
    EXPECT_THAT(shown(must(root().sign(ask, Profile::server, k_this_decade))), HasSubstr("Subject Alternative Name: critical"));
}

TEST(Authority, serial_numbers_are_positive_different_and_long) {
    auto const top = root();
    auto const ask = request(new_key(), "x");
    std::set<std::string> seen;
    std::size_t longest = 0;
    for (int i = 0; i < 200; ++i) {
        auto const serial = must(top.sign(ask, Profile::server, k_this_decade)).serial();
        EXPECT_FALSE(serial.starts_with('-'));
        EXPECT_NE(serial.find_first_not_of('0'), std::string::npos);
        longest = std::max(longest, serial.size());
        seen.insert(serial);
    }
    EXPECT_EQ(seen.size(), 200u);
    EXPECT_EQ(longest, 32u);
}

TEST(Authority, does_not_outlive_itself) {
    auto const top = root();
    auto const end = leaf(top, "dns:a.test", Profile::server, {day("2025-01-01"), day("2045-01-01")});
    EXPECT_EQ(end.not_after(), top.certificate().not_after());
    auto const ask = request(new_key(), "x");
    EXPECT_EQ(refusal(top.sign(ask, Profile::server, {day("2031-01-01"), day("2032-01-01")})), crt::not_an_authority);
    EXPECT_EQ(refusal(top.sign(ask, Profile::server, {day("2025-01-01"), day("2024-01-01")})), crt::signing_failed);
    EXPECT_EQ(refusal(top.sign(ask, Profile::server, {day("2025-01-01"), day("2025-01-01")})), crt::signing_failed);
}

TEST(Authority, writes_dates_from_2050_in_the_long_form) {
    auto const top = root("Root", {day("2020-01-01"), day("2090-01-01")});
    auto holds = [](Certificate const& certificate, std::string_view text) {
        auto const der = certificate.to_der();
        return std::search(der.begin(), der.end(), text.begin(), text.end()) != der.end();
    };
    EXPECT_TRUE(holds(top.certificate(),
                      "\x17\x0d"
                      "200101000000Z"));
    EXPECT_TRUE(holds(top.certificate(),
                      "\x18\x0f"
                      "20900101000000Z"));
    auto const end = leaf(top, "dns:a.test", Profile::server, {day("2049-12-31"), day("2050-01-01")});
    EXPECT_TRUE(holds(end,
                      "\x17\x0d"
                      "491231000000Z"));
    EXPECT_TRUE(holds(end,
                      "\x18\x0f"
                      "20500101000000Z"));
}

TEST(Authority, takes_the_subject_and_names_of_a_request_of_openssl_and_nothing_else) {
    TemporaryFolder const folder;
    auto const ran = run_in(folder,
                            "openssl req -new -newkey rsa:2048 -nodes -keyout k.pem -subj /O=Example/CN=mps -addext "
                            "subjectAltName=DNS:mps.example.test,IP:2001:db8::2 -addext basicConstraints=critical,CA:TRUE -addext "
                            "keyUsage=keyCertSign -out r.pem");
    ASSERT_EQ(ran.exit_code, 0) << ran.output;
    auto const ask = must(CertificateRequest::parse_pem(folder.read("r.pem")));
    auto const made = must(root().sign(ask, Profile::server, k_this_decade));
    EXPECT_EQ(made.subject(), "/O=Example/CN=mps");
    EXPECT_EQ(made.alternative_names(), ask.alternative_names());
    EXPECT_EQ(made.public_key_sha256(), ask.public_key_sha256());
    EXPECT_FALSE(made.is_authority());
}

TEST(Authority, refuses_weak_keys_and_names_it_cannot_vouch_for) {
    auto asked = [](std::string const& options) {
        TemporaryFolder const folder;
        auto const ran = run_in(folder, "openssl req -new -nodes -keyout k.pem -out r.pem " + options);
        EXPECT_EQ(ran.exit_code, 0) << ran.output;
        return must(CertificateRequest::parse_pem(folder.read("r.pem")));
    };
    auto const top = root();
    auto refused = [&](std::string const& options) { return refusal(top.sign(asked(options), Profile::server, k_this_decade)); };
    std::string const ec = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 ";
    EXPECT_EQ(refused("-newkey rsa:1024 -subj /CN=x"), crt::key_too_weak);
    EXPECT_EQ(refused(ec + "-subj /CN=x -addext 'subjectAltName=otherName:1.2.3.4;UTF8:x'"), crt::invalid_name);
    EXPECT_EQ(refused(ec + "-subj /CN=x -addext 'subjectAltName=DNS:under_score.test'"), crt::invalid_name);
    EXPECT_EQ(refused(ec + "-subj \"/CN=$(printf 'a\\tb')\""), crt::invalid_name);
    EXPECT_EQ(refused(ec + "-subj /"), crt::invalid_name);
}

TEST(Authority, must_be_one_and_must_have_its_key) {
    auto const top = root();
    auto const key = new_key();
    auto const end = must(top.sign(request(key, "x", "dns:a.test"), Profile::server, k_this_decade));
    EXPECT_EQ(refusal(CertificateAuthority::create(end, key)), crt::not_an_authority);
    EXPECT_EQ(refusal(CertificateAuthority::create(top.certificate(), key)), crt::key_does_not_match_certificate);
}

TEST(Authority, below_a_root_issues_no_further_authorities) {
    auto const middle = below(root());
    EXPECT_EQ(refusal(middle.sign(request(new_key(), "Third"), Profile::authority, k_this_decade)), crt::not_an_authority);
}

/// Own bytes are read without OpenSSL's decoder; it must come to the same.
void expect_read_alike(Certificate const& written) {
    auto const read = must(Certificate::parse_der(written.to_der()));
    EXPECT_EQ(written.serial(), read.serial());
    EXPECT_EQ(written.subject(), read.subject());
    EXPECT_EQ(written.issuer(), read.issuer());
    EXPECT_EQ(written.not_before(), read.not_before());
    EXPECT_EQ(written.not_after(), read.not_after());
    EXPECT_EQ(written.alternative_names(), read.alternative_names());
    EXPECT_EQ(written.key_algorithm(), read.key_algorithm());
    EXPECT_EQ(written.key_bits(), read.key_bits());
    EXPECT_EQ(written.common_name(), read.common_name());
}

TEST(Authority, issues_for_a_key_at_hand_what_it_signs_for_its_request) {
    auto const authority = root("R\xC3\xB6\xC3\xB6t / Test \\ 1");
    auto const names = must(parse_alternative_names("dns:a.example.test,ip:192.0.2.1,ip:2001:db8:0:0::1,email:a@example.test,uri:sip:a@b"));
    for (auto const type : {KeyType::ec_p256, KeyType::ec_p384, KeyType::rsa_2048, KeyType::ed25519}) {
        auto const key = new_key(type);
        for (auto const profile : {Profile::device, Profile::server, Profile::client}) {
            for (auto const& validity : {k_this_decade, Validity{day("2049-12-30"), day("2050-01-02")}}) {
                auto const by = validity.not_after > day("2049-01-01") ? root("Long", {day("2020-01-01"), day("2060-01-01")}) : authority;
                auto const request = must(CertificateRequest::create(key, {.common_name = "device"}, names));
                auto const signed_for = must(by.sign(request, profile, validity));
                auto const issued = must(by.issue(key, {.common_name = "device"}, names, profile, validity));
                expect_read_alike(signed_for);
                expect_read_alike(issued);
                EXPECT_EQ(issued.subject(), signed_for.subject());
                EXPECT_EQ(issued.alternative_names(), signed_for.alternative_names());
                EXPECT_EQ(issued.public_key_sha256(), signed_for.public_key_sha256());
                EXPECT_TRUE(check_key_matches(issued, key));
                EXPECT_TRUE(check_order({issued, by.certificate()}));
            }
        }
    }
    expect_read_alike(authority.certificate());
    expect_read_alike(must(authority.issue(new_key(), {}, names, Profile::device, k_this_decade)));
}

TEST(Authority, refuses_for_a_key_at_hand_what_it_refuses_for_a_request) {
    auto const authority = root();
    auto const refused = [&](SubjectFields const& subject, std::vector<AlternativeName> const& names, Profile profile, Validity validity) {
        auto const made = authority.issue(new_key(), subject, names, profile, validity);
        return made ? ErrorId{} : made.error().id();
    };
    using Kind = AlternativeName::Kind;
    EXPECT_EQ(refused({.common_name = "a"}, {{Kind::dns, "not a name"}}, Profile::device, k_this_decade), crt::invalid_name);
    EXPECT_EQ(refused({.common_name = std::string("a\nb")}, {}, Profile::device, k_this_decade), crt::invalid_name);
    EXPECT_EQ(refused({}, {}, Profile::device, k_this_decade), crt::invalid_name);
    EXPECT_EQ(refused({.common_name = "a"}, {}, Profile::device, {day("2031-01-01"), day("2032-01-01")}), crt::not_an_authority);
}

TEST(SelfSigned, certificate_is_verified_by_openssl_as_its_own_anchor) {
    auto const key = new_key();
    auto const own = must(
        self_sign(request(key, "mcu", "dns:mcu.example.test"), key, Profile::device, valid_for(SystemClock().now(), std::chrono::days(1))));
    TemporaryFolder const folder;
    static_cast<void>(folder.file("c.pem", own.to_pem()));
    auto const ran = run_in(folder, "openssl verify -check_ss_sig -CAfile c.pem c.pem");
    EXPECT_EQ(ran.exit_code, 0) << ran.output;
    EXPECT_EQ(refusal(self_sign(request(key, "x"), new_key(), Profile::device, k_this_decade)), crt::key_does_not_match_certificate);
}

TEST(Profile, is_read_by_name) {
    EXPECT_EQ(must(parse_profile("device")), Profile::device);
    EXPECT_EQ(must(parse_profile("Authority")), Profile::authority);
    EXPECT_EQ(refusal(parse_profile("router")), errors::gen::invalid_input);
}

TEST(Validity, begins_a_little_before_now) {
    auto const validity = valid_for(k_noon, std::chrono::hours(1));
    EXPECT_EQ(validity.not_before, k_noon - std::chrono::minutes(5));
    EXPECT_EQ(validity.not_after, k_noon + std::chrono::hours(1));
}

}  // namespace
}  // namespace countersign::pki
