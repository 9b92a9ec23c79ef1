#include "unit/pki/revocation/ocsp_making.hpp"

#include "countersign/errors/crt.hpp"

#include <gmock/gmock.h>

namespace countersign::pki {
namespace {

namespace crt = errors::crt;
using namespace making;
using ::testing::HasSubstr;

constexpr auto k_delegate = "extendedKeyUsage=OCSPSigning\nkeyUsage=digitalSignature\nnoCheck=ignored";

/// Why the response is not relied on; the id is CRT-023.
std::string objection(Result<OcspAnswer> const& answer) {
    EXPECT_FALSE(answer);
    if (answer) return "it was accepted";
    EXPECT_EQ(answer.error().id(), crt::bad_ocsp_response) << answer.error().message();
    return std::string(answer.error().parameter("detail"));
}

class OcspClient : public ::testing::Test {
protected:
    Issued made_;
    OcspRequest request_ = make_ocsp_request(made_.leaf, made_.authority.certificate());

    [[nodiscard]] Result<OcspAnswer> check(OcspResponse const& response, UtcTime at) const {
        return response.check(made_.leaf, made_.authority.certificate(), at, request_.nonce);
    }
    [[nodiscard]] Result<OcspAnswer> check(OcspResponse const& response) const { return check(response, made_.now); }
};

TEST_F(OcspClient, request_is_read_by_openssl) {
    made_.save("request.der", text_of(request_.der));
    auto const ran = run_in(made_.folder, "openssl ocsp -reqin request.der -req_text");
    EXPECT_EQ(ran.exit_code, 0);
    EXPECT_THAT(ran.output, HasSubstr("Serial Number: " + to_upper(made_.leaf.serial())));
    EXPECT_THAT(ran.output, HasSubstr("OCSP Nonce: \n            0420" + to_upper(to_hex(request_.nonce)) + "\n"));
    auto const plain = make_ocsp_request(made_.leaf, made_.authority.certificate(), false);
    EXPECT_TRUE(plain.nonce.empty());
    made_.save("request.der", text_of(plain.der));
    EXPECT_THAT(run_in(made_.folder, "openssl ocsp -reqin request.der -req_text").output, Not(HasSubstr("Nonce")));
}

TEST_F(OcspClient, takes_good_from_the_issuer_itself) {
    made_.write_index("V");
    auto const answer = must(check(made_.answer_of_openssl(request_, "ca")));
    EXPECT_EQ(answer.state, RevocationState::good);
    EXPECT_EQ(answer.responder, "/CN=Root");
    EXPECT_FALSE(answer.revoked_at);
    EXPECT_GE(answer.this_update, made_.now - std::chrono::minutes(1));
    ASSERT_TRUE(answer.next_update);
    EXPECT_EQ(*answer.next_update - answer.this_update, std::chrono::days(1));
}

TEST_F(OcspClient, takes_revoked_with_date_and_reason) {
    made_.write_index("R", "260301120000Z,keyCompromise");
    auto const answer = must(check(made_.answer_of_openssl(request_, "ca")));
    EXPECT_EQ(answer.state, RevocationState::revoked);
    EXPECT_EQ(answer.revoked_at, parse_utc_time("2026-03-01T12:00:00Z"));
    EXPECT_EQ(reason_name(answer.reason), "keyCompromise");
}

TEST_F(OcspClient, takes_unknown_as_an_answer) {
    made_.save("index.txt", "");
    EXPECT_EQ(must(check(made_.answer_of_openssl(request_, "ca"))).state, RevocationState::unknown);
}

TEST_F(OcspClient, takes_the_answer_of_a_delegate_whether_named_by_key_or_by_name) {
    made_.write_index("V");
    made_.make_delegate("delegate", k_delegate);
    for (auto const* options : {"-ndays 1", "-ndays 1 -resp_key_id"})
        EXPECT_EQ(must(check(made_.answer_of_openssl(request_, "delegate", options))).responder, "/CN=delegate") << options;
}

TEST_F(OcspClient, refuses_who_may_not_sign) {
    made_.write_index("V");
    Issued const stranger;
    made_.save("stranger.pem", stranger.authority.certificate().to_pem());
    made_.save("stranger.key", stranger.authority.key().to_pem().reveal());
    auto refused = [this](std::string const& signer, std::string const& options = "-ndays 1") {
        return objection(check(made_.answer_of_openssl(request_, signer, options)));
    };
    // Of the same name as the issuer, but with another key.
    EXPECT_THAT(refused("stranger"), HasSubstr("neither the issuer nor"));
    made_.make_delegate("cousin", k_delegate, "stranger");
    EXPECT_THAT(refused("cousin"), HasSubstr("neither the issuer nor"));
    made_.make_delegate("server", "extendedKeyUsage=serverAuth");
    EXPECT_THAT(refused("server"), HasSubstr("OCSPSigning"));
    made_.make_delegate("anything", "extendedKeyUsage=anyExtendedKeyUsage");
    EXPECT_THAT(refused("anything"), HasSubstr("OCSPSigning"));
    made_.make_delegate("plain", "basicConstraints=CA:FALSE");
    EXPECT_THAT(refused("plain"), HasSubstr("OCSPSigning"));
    made_.make_delegate("wrapper", "extendedKeyUsage=OCSPSigning\nkeyUsage=keyAgreement");
    EXPECT_THAT(refused("wrapper"), HasSubstr("not for signatures"));
    made_.make_delegate("odd", "extendedKeyUsage=OCSPSigning\n1.2.3.4=critical,ASN1:NULL");
    EXPECT_THAT(refused("odd"), HasSubstr("cannot be read"));
    made_.make_delegate("delegate", k_delegate);
    EXPECT_THAT(refused("delegate", "-ndays 1 -resp_no_certs"), HasSubstr("certificate is missing"));
}

TEST_F(OcspClient, refuses_a_delegate_whose_time_is_over) {
    made_.write_index("V");
    made_.make_delegate("delegate", k_delegate, "ca", "-days 1");
    auto const response = made_.answer_of_openssl(request_, "delegate", "-ndays 8");
    EXPECT_TRUE(check(response));
    EXPECT_THAT(objection(check(response, made_.now + std::chrono::days(2))), HasSubstr("signer's certificate is not valid"));
}

TEST_F(OcspClient, a_delegate_that_is_not_the_first_certificate_is_found) {
    made_.write_index("V");
    made_.make_delegate("server", "extendedKeyUsage=serverAuth");
    made_.make_delegate("delegate", k_delegate);
    made_.save("others.pem", made_.folder.read("server.pem") + made_.folder.read("ca.pem"));
    EXPECT_TRUE(check(made_.answer_of_openssl(request_, "delegate", "-ndays 1 -rother others.pem")));
}

TEST_F(OcspClient, refuses_signatures_with_sha1) {
    made_.write_index("V");
    EXPECT_TRUE(check(made_.answer_of_openssl(request_, "ca", "-ndays 1 -rmd sha384")));
    EXPECT_THAT(objection(check(made_.answer_of_openssl(request_, "ca", "-ndays 1 -rmd sha1"))), HasSubstr("hash"));
}

TEST_F(OcspClient, refuses_a_signature_that_was_touched) {
    made_.write_index("V");
    made_.make_delegate("delegate", k_delegate);
    for (auto const* signer : {"ca", "delegate"})
        EXPECT_THAT(objection(check(made_.answer_of_openssl(request_, signer, "-ndays 1 -badsig"))), HasSubstr("does not verify"))
            << signer;
}

TEST_F(OcspClient, looks_at_the_dates_with_five_minutes_of_tolerance) {
    made_.write_index("V");
    auto const response = made_.answer_of_openssl(request_, "ca", "-nmin 60");
    auto const answer = must(check(response));
    using std::chrono::minutes;
    using std::chrono::seconds;
    EXPECT_TRUE(check(response, answer.this_update - minutes(5)));
    EXPECT_THAT(objection(check(response, answer.this_update - minutes(5) - seconds(1))), HasSubstr("from the future"));
    EXPECT_TRUE(check(response, *answer.next_update + minutes(5)));
    EXPECT_THAT(objection(check(response, *answer.next_update + minutes(5) + seconds(1))), HasSubstr("out of date"));
}

TEST_F(OcspClient, takes_a_response_without_an_end_for_a_day) {
    made_.write_index("V");
    auto const response = made_.answer_of_openssl(request_, "ca", "");
    auto const answer = must(check(response));
    EXPECT_FALSE(answer.next_update);
    EXPECT_TRUE(check(response, answer.this_update + std::chrono::hours(24)));
    EXPECT_THAT(objection(check(response, answer.this_update + std::chrono::hours(25))), HasSubstr("out of date"));
}

TEST_F(OcspClient, refuses_the_answer_to_another_request) {
    made_.write_index("V");
    auto const other = make_ocsp_request(made_.leaf, made_.authority.certificate());
    EXPECT_THAT(objection(check(made_.answer_of_openssl(other, "ca"))), HasSubstr("nonce"));
    // One that was made in advance has no nonce.
    auto const plain = make_ocsp_request(made_.leaf, made_.authority.certificate(), false);
    EXPECT_TRUE(check(made_.answer_of_openssl(plain, "ca")));
}

TEST_F(OcspClient, tells_answers_about_other_certificates_from_bad_ones) {
    made_.write_index("V");
    auto const response = made_.answer_of_openssl(request_, "ca");
    auto const other = making::leaf(made_.authority);
    auto answer = response.check(other, made_.authority.certificate(), made_.now);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().id(), crt::ocsp_other_certificate);
    Issued const stranger;
    answer = response.check(made_.leaf, stranger.authority.certificate(), made_.now);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().id(), crt::ocsp_other_certificate);
}

TEST_F(OcspClient, finds_its_answer_among_many_and_under_other_hashes) {
    auto const other = making::leaf(made_.authority);
    made_.save("other.pem", other.to_pem());
    made_.write_index("V");
    for (auto const* hash : {"sha1", "sha256", "sha384", "sha512"}) {
        auto const ran = run_in(made_.folder, std::string("openssl ocsp -") + hash + " -issuer ca.pem -cert other.pem -" + hash +
                                                  " -cert leaf.pem -no_nonce -reqout many.der");
        ASSERT_EQ(ran.exit_code, 0) << ran.output;
        auto const response = made_.answer_of_openssl({bytes_from(made_.folder.read("many.der")), {}}, "ca");
        EXPECT_EQ(must(check(response)).state, RevocationState::good) << hash;
        EXPECT_EQ(must(response.check(other, made_.authority.certificate(), made_.now)).state, RevocationState::unknown) << hash;
    }
}

TEST_F(OcspClient, says_what_a_responder_says_instead_of_an_answer) {
    struct Case {
        Bytes der;
        std::string status;
    };
    for (auto const& [der, status] : std::vector<Case>{{{0x30, 0x03, 0x0a, 0x01, 0x01}, "malformedRequest"},
                                                       {{0x30, 0x03, 0x0a, 0x01, 0x02}, "internalError"},
                                                       {{0x30, 0x03, 0x0a, 0x01, 0x03}, "tryLater"},
                                                       {{0x30, 0x03, 0x0a, 0x01, 0x05}, "sigRequired"},
                                                       {{0x30, 0x03, 0x0a, 0x01, 0x06}, "unauthorized"},
                                                       {{0x30, 0x03, 0x0a, 0x01, 0x2a}, "status 42"}}) {
        auto const response = must(OcspResponse::parse_der(der));
        EXPECT_EQ(response.status(), status);
        EXPECT_THAT(objection(check(response)), HasSubstr(status));
        EXPECT_EQ(response.to_der(), der);
    }
}

TEST_F(OcspClient, refuses_what_is_no_response) {
    made_.write_index("V");
    auto const whole = made_.answer_of_openssl(request_, "ca").to_der();
    auto broken = [](Bytes const& der) {
        auto const response = OcspResponse::parse_der(der);
        EXPECT_FALSE(response);
        return !response && response.error().id() == crt::bad_ocsp_response;
    };
    EXPECT_TRUE(broken({}));
    EXPECT_TRUE(broken(bytes_from("<html>")));
    EXPECT_TRUE(broken({0x30, 0x03, 0x0a, 0x01, 0x00}));  // successful, without an answer
    EXPECT_TRUE(broken(Bytes(whole.begin(), whole.end() - 1)));
    auto longer = whole;
    longer.push_back(0);
    EXPECT_TRUE(broken(longer));
    EXPECT_TRUE(broken(Bytes(k_ocsp_limit + 1)));
}

}  // namespace
}  // namespace countersign::pki
