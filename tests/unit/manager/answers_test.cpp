#include "manager/certificates/answers.hpp"

#include "company_authority.hpp"
#include "dialect/archive/archive.hpp"
#include "manager/certificates/by_hand.hpp"
#include "manager/certificates/request_desk.hpp"
#include "pki/contents.hpp"

#include "countersign/errors/crt.hpp"
#include "countersign/errors/gen.hpp"
#include "countersign/errors/mgr.hpp"

#include <gmock/gmock.h>

namespace countersign::manager {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

class Answers : public ::testing::Test {
protected:
    /// Number, names and key of request and system are as their number says.
    struct Asked {
        RequestEntry entry;
        pki::CertificateRequest request;
    };
    Asked ask(RequestId id) const {
        auto made = *make_system_request({.name = "c" + std::to_string(id), .host_name = host(id)}, Policy());
        return {{.id = id,
                 .system = id,
                 .system_name = "c" + std::to_string(id),
                 .state = RequestState::open,
                 .names = {host(id)},
                 .key_type = "ec:p256",
                 .public_key = made.request.public_key_sha256(),
                 .pem = made.request.to_pem()},
                made.request};
    }
    static std::string host(RequestId id) { return "c" + std::to_string(id) + ".example.test"; }
    JudgedAnswers judge(std::vector<AnswerFile> const& files, std::vector<RequestEntry> requests) const {
        auto const read = read_answers(files);
        return judge_answers(read, {.now = now_, .roots = {company_.root()}, .requests = std::move(requests)});
    }
    static std::vector<ErrorId> ids(Error const& error) {
        if (error.id() != errors::gen::several_problems) return {error.id()};
        std::vector<ErrorId> out;
        for (auto const& one : error.causes()) out.push_back(one.id());
        return out;
    }
    /// What is refused of one certificate for the request, with the company's chain.
    std::vector<ErrorId> faults(pki::Certificate const& certificate, RequestEntry const& request) const {
        auto const judged = judge({{"answer.pem", company_.bundle(certificate)}}, {request});
        EXPECT_THAT(judged.taken, IsEmpty());
        if (judged.refused.size() != 1) return {};
        EXPECT_EQ(judged.refused.front().subject, certificate.subject());
        return ids(judged.refused.front().error);
    }
    static AnswerFile der_file(std::string name, pki::Certificate const& certificate) {
        auto const der = certificate.to_der();
        return {std::move(name), std::string(der.begin(), der.end())};
    }

    UtcTime now_ = *parse_utc_time("2026-11-21T12:00:00Z");
    testing::CompanyAuthority company_{now_};
};

TEST_F(Answers, are_matched_by_their_public_key_in_every_form) {
    std::vector<Asked> asked;
    for (RequestId id = 1; id <= 4; ++id) asked.push_back(ask(id));
    std::vector<pki::Certificate> signed_ones;
    for (auto const& one : asked) signed_ones.push_back(company_.sign(one.request));
    auto const pkcs7 = pki::write_pkcs7_der({signed_ones[2], company_.intermediate()});
    auto const packed = dialect::archive::write_zip({{"manifest.json", "{}"},
                                                     {"4-c4.csr", asked[3].entry.pem},
                                                     {"notes.txt", "signed on Monday"},
                                                     {"done/4.pem", signed_ones[3].to_pem()}},
                                                    now_);
    auto const judged = judge({{"two.pem", pki::to_pem({signed_ones[1], signed_ones[0]})},
                               {"third.p7b", std::string(pkcs7.begin(), pkcs7.end())},
                               {"all.zip", packed},
                               der_file("again.der", signed_ones[0])},
                              {asked[0].entry, asked[1].entry, asked[2].entry, asked[3].entry});
    EXPECT_THAT(judged.refused, IsEmpty());
    ASSERT_THAT(judged.taken, SizeIs(4));
    for (auto const& one : judged.taken) {
        EXPECT_EQ(one.chain.front(), signed_ones.at(static_cast<std::size_t>(one.request.id) - 1));
        EXPECT_THAT(one.chain, ElementsAre(one.chain.front(), company_.intermediate())) << "without the root";
        EXPECT_EQ(one.advice, "");
    }
    EXPECT_EQ(judged.taken.back().file, "all.zip: done/4.pem");
}

TEST_F(Answers, that_fit_are_taken_though_others_do_not) {
    auto const good = ask(1), bad = ask(2);
    auto const judged = judge({{"all.pem", pki::to_pem({company_.sign(good.request), company_.sign(bad.request, pki::Profile::client)})},
                               {"chain.pem", company_.intermediate().to_pem()},
                               {"broken.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"}},
                              {good.entry, bad.entry});
    ASSERT_THAT(judged.taken, SizeIs(1));
    EXPECT_EQ(judged.taken.front().request.id, 1);
    ASSERT_THAT(judged.refused, SizeIs(2));
    EXPECT_EQ(judged.refused.front().file, "broken.pem");
    EXPECT_EQ(judged.refused.back().request, 2);
    EXPECT_THAT(ids(judged.refused.back().error), ElementsAre(errors::crt::wrong_purpose));
}

TEST_F(Answers, with_another_key_answer_no_request) {
    auto const asked = ask(1);
    auto const stranger = company_.issue(host(1)).certificate;
    EXPECT_THAT(faults(stranger, asked.entry), ElementsAre(errors::mgr::answer_of_no_request));
}

TEST_F(Answers, for_a_request_that_was_superseded_come_too_late) {
    auto asked = ask(1);
    asked.entry.state = RequestState::superseded;
    asked.entry.note = "discarded by admin";
    EXPECT_THAT(faults(company_.sign(asked.request), asked.entry), ElementsAre(errors::mgr::answer_too_late));
}

TEST_F(Answers, are_not_taken_twice_and_another_one_only_while_the_first_is_not_in_place) {
    auto asked = ask(1);
    auto const first = company_.sign(asked.request);
    asked.entry.state = RequestState::answered;
    asked.entry.certificate = first.fingerprint();
    auto judged = judge({{"a.pem", company_.bundle(first)}}, {asked.entry});
    EXPECT_THAT(judged.taken, IsEmpty());
    ASSERT_THAT(judged.left_out, SizeIs(1));
    EXPECT_THAT(judged.left_out.front().why, HasSubstr("taken before"));
    auto const second = company_.sign(asked.request, pki::Profile::device, std::chrono::days(200));
    EXPECT_THAT(judge({{"b.pem", company_.bundle(second)}}, {asked.entry}).taken, SizeIs(1));
    asked.entry.installed = now_;
    EXPECT_THAT(faults(second, asked.entry), ElementsAre(errors::mgr::answer_in_place));
}

TEST_F(Answers, of_several_for_one_request_the_one_that_ends_last_is_taken) {
    auto const asked = ask(1);
    auto const brief = company_.sign(asked.request, pki::Profile::device, std::chrono::days(30)), lasting = company_.sign(asked.request);
    auto const judged = judge({{"a.pem", lasting.to_pem() + brief.to_pem()}, {"c.pem", company_.intermediate().to_pem()}}, {asked.entry});
    ASSERT_THAT(judged.taken, SizeIs(1));
    EXPECT_EQ(judged.taken.front().chain.front(), lasting);
    EXPECT_THAT(judged.left_out, SizeIs(1));
}

TEST_F(Answers, without_a_name_that_was_asked_for_are_refused) {
    auto const asked = ask(1);
    auto const other = *pki::CertificateRequest::create(*pki::PrivateKey::generate(pki::KeyType::ec_p256), {.common_name = "x"},
                                                        {{pki::AlternativeName::Kind::dns, "other.example.test"}});
    auto wanted = asked.entry;
    wanted.public_key = other.public_key_sha256();
    EXPECT_THAT(faults(company_.sign(other), wanted), ElementsAre(errors::mgr::answer_lacks_name));
}

TEST_F(Answers, whose_dates_do_not_hold_now_are_refused) {
    auto const asked = ask(1);
    testing::CompanyAuthority const past(now_ - std::chrono::days(400));
    auto const old = past.sign(asked.request, pki::Profile::device, std::chrono::days(30));
    auto judged =
        judge_answers(read_answers({{"a.pem", past.bundle(old)}}), {.now = now_, .roots = {past.root()}, .requests = {asked.entry}});
    ASSERT_THAT(judged.refused, SizeIs(1));
    EXPECT_THAT(ids(judged.refused.front().error), ElementsAre(errors::crt::expired));
    testing::CompanyAuthority const future(now_ + std::chrono::days(1));
    judged = judge_answers(read_answers({{"a.pem", future.bundle(future.sign(asked.request))}}),
                           {.now = now_, .roots = {future.root()}, .requests = {asked.entry}});
    ASSERT_THAT(judged.refused, SizeIs(1));
    EXPECT_THAT(ids(judged.refused.front().error), ::testing::Contains(errors::crt::not_yet_valid));
}

TEST_F(Answers, need_their_chain_up_to_a_trusted_root) {
    auto const asked = ask(1);
    auto const leaf = company_.sign(asked.request);
    auto alone = judge({{"a.pem", leaf.to_pem()}}, {asked.entry});
    ASSERT_THAT(alone.refused, SizeIs(1));
    EXPECT_THAT(ids(alone.refused.front().error), ElementsAre(errors::mgr::answer_chain_incomplete));
    EXPECT_EQ(alone.refused.front().error.parameter("issuer"), company_.intermediate().subject());
    testing::CompanyAuthority const stranger(now_, "Stranger");
    auto const foreign = stranger.sign(asked.request);
    auto untrusted = judge({{"a.pem", stranger.bundle(foreign)}}, {asked.entry});
    ASSERT_THAT(untrusted.refused, SizeIs(1));
    EXPECT_THAT(ids(untrusted.refused.front().error), ElementsAre(errors::mgr::answer_root_not_trusted));
    EXPECT_EQ(untrusted.refused.front().error.parameter("sha256"), stranger.root().fingerprint());
}

TEST_F(Answers, tell_all_that_is_wrong_with_one_certificate_at_once) {
    auto const other = *pki::CertificateRequest::create(*pki::PrivateKey::generate(pki::KeyType::ec_p256), {.common_name = "x"},
                                                        {{pki::AlternativeName::Kind::dns, "other.example.test"}});
    auto wanted = ask(1).entry;
    wanted.public_key = other.public_key_sha256();
    auto const judged = judge({{"a.pem", company_.sign(other, pki::Profile::client).to_pem()}}, {wanted});
    ASSERT_THAT(judged.refused, SizeIs(1));
    EXPECT_THAT(ids(judged.refused.front().error),
                UnorderedElementsAre(errors::crt::wrong_purpose, errors::mgr::answer_lacks_name, errors::mgr::answer_chain_incomplete));
}

TEST_F(Answers, for_servers_alone_are_taken_and_said_to_be_so) {
    auto const asked = ask(1);
    auto const judged = judge({{"a.pem", company_.bundle(company_.sign(asked.request, pki::Profile::server))}}, {asked.entry});
    ASSERT_THAT(judged.taken, SizeIs(1));
    EXPECT_THAT(judged.taken.front().advice, HasSubstr("TLS clients"));
}

TEST_F(Answers, that_are_no_certificates_are_named) {
    auto const asked = ask(1);
    auto const error_of = [&](std::string bytes) {
        auto const judged = judge({{"file", std::move(bytes)}}, {asked.entry});
        return judged.refused.size() == 1 ? ids(judged.refused.front().error) : std::vector<ErrorId>();
    };
    EXPECT_THAT(error_of(asked.entry.pem), ElementsAre(errors::crt::request_instead_of_certificate));
    EXPECT_THAT(error_of("Dear colleague"), ElementsAre(errors::crt::not_pem));
    EXPECT_THAT(error_of(pki::PrivateKey::generate(pki::KeyType::ec_p256)->to_pem().reveal()),
                ElementsAre(errors::crt::certificate_missing));
    EXPECT_THAT(error_of(dialect::archive::write_zip({{"a", "b"}}, now_).substr(0, 40)), ElementsAre(errors::mgr::archive_unreadable));
    EXPECT_THAT(error_of(dialect::archive::write_tar({{"a.pem", "nothing"}}, now_)), ElementsAre(errors::crt::not_pem));
    auto const strange = judge(
        {{"file", dialect::archive::write_zip({{"\xff\xfe", asked.entry.pem + "\n-----BEGIN CERTIFICATE-----\nA"}}, now_)}}, {asked.entry});
    ASSERT_THAT(strange.refused, SizeIs(1));
    EXPECT_EQ(strange.refused.front().file, "file: (a name that is no short text)") << "what is shown is UTF-8";
}

TEST_F(Answers, come_from_bundles_with_a_file_for_each_request_and_names_that_no_system_chooses) {
    auto asked = ask(7);
    asked.entry.names = {"../../etc/passwd\n"};
    asked.entry.made = now_;
    auto const files = bundle_files({asked.entry}, now_);
    ASSERT_THAT(files, SizeIs(2));
    EXPECT_EQ(files[0].first, "manifest.json");
    EXPECT_THAT(files[0].second, HasSubstr(asked.entry.public_key));
    EXPECT_EQ(files[1].first, "7-..-..-etc-passwd-.csr");
    EXPECT_EQ(files[1].second, asked.entry.pem);
}

TEST(ByHandRequests, fit_while_name_and_type_of_key_are_as_they_were) {
    System system{.name = "c1", .host_name = "c1.example.test", .address = "192.0.2.1"};
    Policy policy;
    RequestEntry const request{.names = {"c1.example.test"}, .key_type = policy.key_type};
    EXPECT_TRUE(fits(request, system, policy));
    policy.key_type = "rsa:3072";
    EXPECT_FALSE(fits(request, system, policy));
    policy.key_type = request.key_type;
    system.host_name = "c2.example.test";
    EXPECT_FALSE(fits(request, system, policy));
}

}  // namespace
}  // namespace countersign::manager
