#include "unit/pki/revocation/ocsp_making.hpp"

#include "countersign/errors/crt.hpp"

#include <gmock/gmock.h>

namespace countersign::pki {
namespace {

using namespace making;
using ::testing::HasSubstr;
using ::testing::Not;
using State = std::function<OcspStatus(std::string const&)>;

/// Our responder asked by `openssl ocsp`.
class OcspResponder : public ::testing::Test {
protected:
    Issued made_;

    void ask(std::string const& options) const {
        auto const ran = run_in(made_.folder, "openssl ocsp " + options + " -reqout request.der");
        ASSERT_EQ(ran.exit_code, 0) << ran.output;
    }
    [[nodiscard]] Bytes answer(State const& state_of, std::chrono::seconds valid_for = std::chrono::hours(1)) const {
        return must(answer_ocsp_request(bytes_from(made_.folder.read("request.der")), made_.authority.certificate(),
                                        made_.authority.certificate(), made_.authority.key(), state_of, made_.now, valid_for));
    }
    [[nodiscard]] std::string judged_by_openssl(Bytes const& response, std::string const& options = "") const {
        made_.save("response.der", text_of(response));
        return run_in(
                   made_.folder,
                   "openssl ocsp -respin response.der -reqin request.der -CAfile ca.pem -issuer ca.pem -cert leaf.pem -no_nonce " + options)
            .output;
    }
    [[nodiscard]] State says(OcspStatus status) const {
        return [status, serial = made_.leaf.serial()](std::string const& asked) { return asked == serial ? status : OcspStatus{}; };
    }
};

TEST_F(OcspResponder, says_good_and_openssl_believes_it) {
    ask("-issuer ca.pem -cert leaf.pem");
    auto const text = judged_by_openssl(answer(says({.state = RevocationState::good})));
    EXPECT_THAT(text, HasSubstr("Response verify OK"));
    EXPECT_THAT(text, HasSubstr("leaf.pem: good"));
    EXPECT_THAT(text, Not(HasSubstr("WARNING: no nonce")));
    EXPECT_THAT(text, Not(HasSubstr("Nonce Verify error")));
}

TEST_F(OcspResponder, says_revoked_with_date_and_reason) {
    ask("-issuer ca.pem -cert leaf.pem");
    auto const text = judged_by_openssl(
        answer(says({.state = RevocationState::revoked, .revoked_at = *parse_utc_time("2026-03-01T12:00:00Z"), .reason = 4})));
    EXPECT_THAT(text, HasSubstr("leaf.pem: revoked"));
    EXPECT_THAT(text, HasSubstr("Reason: superseded"));
    EXPECT_THAT(text, HasSubstr("Revocation Time: Mar  1 12:00:00 2026 GMT"));
    EXPECT_THAT(judged_by_openssl(answer(says({.state = RevocationState::revoked, .revoked_at = made_.now}))), Not(HasSubstr("Reason")));
}

TEST_F(OcspResponder, is_believed_by_gnutls_too) {
    ask("-issuer ca.pem -cert leaf.pem");
    made_.save("response.der", text_of(answer(says({.state = RevocationState::good}))));
    auto const ran = run_in(made_.folder,
                            "ocsptool --verify-response --load-response response.der --load-trust ca.pem && ocsptool --response-info "
                            "--load-response response.der");
    EXPECT_EQ(ran.exit_code, 0) << ran.output;
    EXPECT_THAT(ran.output, HasSubstr("Certificate Status: good"));
}

TEST_F(OcspResponder, knows_nothing_of_the_certificates_of_others) {
    Issued const stranger;
    made_.save("stranger.pem", stranger.authority.certificate().to_pem());
    made_.save("theirs.pem", stranger.leaf.to_pem());
    ask("-issuer stranger.pem -cert theirs.pem");
    int asked = 0;
    auto const response = must(OcspResponse::parse_der(answer([&asked](std::string const&) {
        ++asked;
        return OcspStatus{.state = RevocationState::good};
    })));
    EXPECT_EQ(asked, 0);
    made_.save("response.der", text_of(response.to_der()));
    EXPECT_THAT(run_in(made_.folder, "openssl ocsp -respin response.der -noverify -resp_text").output, HasSubstr("Cert Status: unknown"));
}

TEST_F(OcspResponder, answers_for_all_that_were_asked_for_under_every_hash) {
    made_.save("other.pem", making::leaf(made_.authority).to_pem());
    ask("-issuer ca.pem -cert leaf.pem -sha256 -cert other.pem -sha384 -cert leaf.pem -sha512 -cert leaf.pem -no_nonce");
    auto const text = judged_by_openssl(answer(says({.state = RevocationState::good})), "-resp_text");
    std::size_t good = 0;
    for (auto at = text.find("Cert Status: good"); at != std::string::npos; at = text.find("Cert Status: good", at + 1)) ++good;
    EXPECT_EQ(good, 3u) << text;
    EXPECT_THAT(text, HasSubstr("Cert Status: unknown"));
    EXPECT_THAT(text, Not(HasSubstr("OCSP Nonce")));
}

TEST_F(OcspResponder, a_delegate_shows_its_certificate) {
    made_.make_delegate("delegate", "extendedKeyUsage=OCSPSigning\nnoCheck=ignored");
    auto const signer = must(Certificate::parse_pem(made_.folder.read("delegate.pem")));
    auto const key = must(PrivateKey::parse_pem(made_.folder.read("delegate.key")));
    ask("-issuer ca.pem -cert leaf.pem");
    auto const request = bytes_from(made_.folder.read("request.der"));
    auto const& issuer = made_.authority.certificate();
    auto const good = says({.state = RevocationState::good});
    auto const response = must(answer_ocsp_request(request, issuer, signer, key, good, made_.now, std::chrono::hours(1)));
    EXPECT_THAT(judged_by_openssl(response), HasSubstr("Response verify OK"));
    EXPECT_EQ(must(must(OcspResponse::parse_der(response)).check(made_.leaf, issuer, made_.now)).responder, "/CN=delegate");
    auto const wrong = answer_ocsp_request(request, issuer, signer, made_.authority.key(), good, made_.now, std::chrono::hours(1));
    ASSERT_FALSE(wrong);
    EXPECT_EQ(wrong.error().id(), errors::crt::key_does_not_match_certificate);
}

TEST_F(OcspResponder, signs_with_every_kind_of_key) {
    for (auto type : {KeyType::ec_p384, KeyType::rsa_2048, KeyType::ed25519}) {
        Issued const made(type);
        auto const& issuer = made.authority.certificate();
        auto const request = make_ocsp_request(made.leaf, issuer);
        auto const good = [](std::string const&) { return OcspStatus{.state = RevocationState::good}; };
        auto const response =
            must(answer_ocsp_request(request.der, issuer, issuer, made.authority.key(), good, made.now, std::chrono::hours(1)));
        EXPECT_EQ(must(must(OcspResponse::parse_der(response)).check(made.leaf, issuer, made.now, request.nonce)).state,
                  RevocationState::good)
            << to_string(type);
    }
}

TEST_F(OcspResponder, stamps_with_the_time_it_was_given) {
    ask("-issuer ca.pem -cert leaf.pem");
    auto const& issuer = made_.authority.certificate();
    auto const then = *parse_utc_time("2031-05-06T07:08:09Z");
    auto const request = bytes_from(made_.folder.read("request.der"));
    auto const response = must(answer_ocsp_request(request, issuer, issuer, made_.authority.key(), says({.state = RevocationState::good}),
                                                   then, std::chrono::hours(2)));
    auto const text = judged_by_openssl(response, "-resp_text -noverify");
    EXPECT_THAT(text, HasSubstr("Produced At: May  6 07:08:09 2031 GMT"));
    EXPECT_THAT(text, HasSubstr("This Update: May  6 07:08:09 2031 GMT"));
    EXPECT_THAT(text, HasSubstr("Next Update: May  6 09:08:09 2031 GMT"));
}

TEST_F(OcspResponder, calls_a_broken_request_malformed) {
    auto const& issuer = made_.authority.certificate();
    auto status = [this, &issuer](Bytes const& request) {
        auto const answer =
            must(answer_ocsp_request(request, issuer, issuer, made_.authority.key(), says({}), made_.now, std::chrono::hours(1)));
        return must(OcspResponse::parse_der(answer)).status();
    };
    auto const whole = make_ocsp_request(made_.leaf, issuer).der;
    EXPECT_EQ(status(whole), "successful");
    EXPECT_EQ(status({}), "malformedRequest");
    EXPECT_EQ(status(bytes_from("GET / HTTP/1.1")), "malformedRequest");
    EXPECT_EQ(status(Bytes(whole.begin(), whole.end() - 1)), "malformedRequest");
    auto longer = whole;
    longer.push_back(0);
    EXPECT_EQ(status(longer), "malformedRequest");
    EXPECT_EQ(status(Bytes(65 * 1024, 0x30)), "malformedRequest");
    EXPECT_EQ(status({0x30, 0x04, 0x30, 0x02, 0x30, 0x00}), "malformedRequest");  // asks for nothing
}

}  // namespace
}  // namespace countersign::pki
