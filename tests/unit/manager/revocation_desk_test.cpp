#include "manager/certificates/revocation_desk.hpp"

#include "pki/crl.hpp"
#include "pki/ocsp.hpp"
#include "pki/revocation_pointers.hpp"
#include "pki/verify.hpp"
#include "store_fixture.hpp"

#include "countersign/errors/gen.hpp"
#include "countersign/errors/mgr.hpp"

#include <gmock/gmock.h>

namespace countersign::manager {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

class RevocationDeskTest : public testing::StoreTest {
protected:
    void SetUp() override {
        auto opened = wait(InternalCa::open(*store_, runtime_.blocking(), clock_, "Example Estate"));
        ASSERT_TRUE(opened) << opened.error().explanation();
        authority_ = *std::move(opened);
        root_ = authority_->roots().front();
        note();
        desk_ = std::make_unique<RevocationDesk>(
            RevocationDesk::Links{.store = *store_, .authority = signing_side(*authority_), .pool = runtime_.blocking(), .clock = clock_});
    }
    /// As EstateRoots does when authorities changed.
    void note() {
        std::vector<InventoryStore::Authority> all{{*root_, "root"}};
        for (auto& one : authority_->issuing()) all.push_back({std::move(one), "authority"});
        get(store_->inventory().note_authorities(std::move(all)));
        issuer_ = signing_side(*authority_).hierarchies()->issuing().kept.certificate;
    }
    pki::Certificate issue(std::string const& name) {
        auto const id = add(name);
        auto issued = *wait(authority_->issue_for_system(get(store_->get_system(id)), {}));
        get(store_->set_pending_certificate(id, issued));
        return issued.certificate;
    }
    pki::OcspAnswer ask(pki::Certificate const& certificate, bool with_nonce = true) { return ask_of(certificate, *issuer_, with_nonce); }
    pki::OcspAnswer ask_of(pki::Certificate const& certificate, pki::Certificate const& issuer, bool with_nonce = true) {
        auto const request = pki::make_ocsp_request(certificate, issuer, with_nonce);
        auto const response = pki::OcspResponse::parse_der(get(desk_->answer(request.der)));
        EXPECT_TRUE(response);
        auto answer = response->check(certificate, issuer, clock_->now(), request.nonce);
        EXPECT_TRUE(answer) << answer.error().explanation();
        return answer.value_or(pki::OcspAnswer{});
    }

    std::unique_ptr<InternalCa> authority_;
    std::optional<pki::Certificate> root_, issuer_;
    std::unique_ptr<RevocationDesk> desk_;
};

TEST_F(RevocationDeskTest, the_responder_says_good_revoked_and_unknown_and_is_a_delegate) {
    auto const good = issue("c1"), bad = issue("c2");
    auto const answer = ask(good);
    EXPECT_EQ(answer.state, pki::RevocationState::good);
    EXPECT_NE(answer.responder, issuer_->subject());
    auto const at = clock_->now();
    get(desk_->revoke(bad.fingerprint(), 1, "admin"));
    EXPECT_EQ(ask(bad).state, pki::RevocationState::revoked);
    EXPECT_EQ(ask(bad).reason, 1);
    EXPECT_EQ(ask(bad).revoked_at, at);
    EXPECT_EQ(ask(good).state, pki::RevocationState::good);
    auto const never_kept = wait(authority_->issue_for_system(get(store_->get_system(add("c3"))), {}))->certificate;
    EXPECT_EQ(ask(never_kept).state, pki::RevocationState::unknown);
}

TEST_F(RevocationDeskTest, a_kept_answer_is_forgotten_when_something_is_revoked) {
    auto const certificate = issue("c1");
    auto const request = pki::make_ocsp_request(certificate, *issuer_, false).der;
    auto const first = get(desk_->answer(request));
    EXPECT_EQ(get(desk_->answer(request)), first) << "the signature of an elliptic curve differs each time: it was kept";
    get(desk_->revoke(certificate.fingerprint(), 0, "admin"));
    EXPECT_EQ(ask(certificate, false).state, pki::RevocationState::revoked);
}

TEST_F(RevocationDeskTest, a_kept_answer_is_not_given_for_what_the_store_revoked_by_itself) {
    auto const certificate = issue("c1");
    auto const id = get(store_->inventory().find(certificate.fingerprint())).entry.system;
    get(store_->inventory().note_served(id, "https", {certificate}));
    get(store_->clear_pending_certificate(id));
    EXPECT_EQ(ask(certificate, false).state, pki::RevocationState::good);
    get(store_->inventory().rekey({.systems = {id}, .issuer = {}, .then_revoke = 1}, "admin"));
    EXPECT_EQ(ask(certificate, false).state, pki::RevocationState::good) << "the new one is not proven";
    auto const next = *wait(authority_->issue_for_system(get(store_->get_system(id)), {}));
    get(store_->set_pending_certificate(id, next));
    get(store_->inventory().note_served(id, "https", {next.certificate}));
    get(store_->clear_pending_certificate(id));
    EXPECT_EQ(ask(certificate, false).state, pki::RevocationState::revoked);
    EXPECT_EQ(ask(next.certificate, false).state, pki::RevocationState::good);
}

TEST_F(RevocationDeskTest, what_is_no_request_has_an_answer_too) {
    auto const response = pki::OcspResponse::parse_der(get(desk_->answer({1, 2, 3})));
    ASSERT_TRUE(response);
    EXPECT_EQ(response->status(), "malformedRequest");
}

TEST_F(RevocationDeskTest, the_delegate_is_renewed_before_it_ends) {
    auto const certificate = issue("c1");
    (void)ask(certificate);
    auto const count = get(store_->list_issued(0)).size();
    clock_->advance(std::chrono::days(15));
    (void)ask(certificate);
    EXPECT_EQ(get(store_->list_issued(0)).size(), count);
    clock_->advance(std::chrono::days(10));
    EXPECT_EQ(ask(certificate).state, pki::RevocationState::good);
    EXPECT_EQ(get(store_->list_issued(0)).size(), count + 1);
}

TEST_F(RevocationDeskTest, lists_have_rising_numbers_and_say_at_once_what_was_revoked) {
    auto const certificate = issue("c1");
    auto const empty = get(desk_->list());
    EXPECT_EQ(get(desk_->list()).number, empty.number) << "one list for a day";
    get(desk_->revoke(certificate.fingerprint(), 4, "admin"));
    auto const made = get(desk_->list());
    EXPECT_EQ(made.number, empty.number + 1);
    auto const list = *pki::Crl::parse_der(made.der);
    EXPECT_TRUE(list.is_signed_by(*issuer_));
    ASSERT_THAT(list.entries(), SizeIs(1));
    EXPECT_EQ(list.entries().front().serial, certificate.serial());
    EXPECT_EQ(list.entries().front().reason, 4);
    EXPECT_EQ(list.next_update(), clock_->now() + std::chrono::days(7));
    auto const verdict =
        pki::verify_chain({.presented = authority_->chain_of(certificate),
                           .anchors = pki::Anchors({*root_}),
                           .at = clock_->now(),
                           .revocation = {.policy = pki::RevocationPolicy::hard_fail, .lists = std::span(&list, 1), .responses = {}}});
    EXPECT_TRUE(verdict.has(pki::Finding::Kind::revoked));
    clock_->advance(std::chrono::days(1));
    EXPECT_EQ(get(desk_->list()).number, made.number + 1) << "a new one each day";
}

TEST_F(RevocationDeskTest, certificates_name_the_places_once_a_base_is_set) {
    EXPECT_TRUE(pki::revocation_pointers(issue("c1")).empty());
    for (auto const* bad :
         {"https://tms.example.test", "ftp://tms.example.test", "http://", "http://a b", "http://tms.example.test:99999", "tms"})
        EXPECT_EQ(error_of(desk_->set_base(bad, "admin")), errors::gen::invalid_input) << bad;
    get(desk_->set_base("http://tms.example.test:8080/", "admin"));
    note();
    auto const pointers = pki::revocation_pointers(issue("c2"));
    auto const name = issuer_->fingerprint();
    EXPECT_THAT(pointers.crls, ElementsAre("http://tms.example.test:8080/pki/crl/" + name));
    EXPECT_THAT(pointers.responders, ElementsAre("http://tms.example.test:8080/pki/ocsp"));
    EXPECT_THAT(pointers.issuers, ElementsAre("http://tms.example.test:8080/pki/ca/" + name));
    auto const of_issuer = pki::revocation_pointers(*issuer_);
    EXPECT_THAT(of_issuer.crls, ElementsAre("http://tms.example.test:8080/pki/crl/" + root_->fingerprint()))
        << "there is an issuing authority that says where the root's list is";
    EXPECT_THAT(of_issuer.responders, SizeIs(0)) << "the root's key may go away";
    get(desk_->set_base("", "admin"));
    EXPECT_TRUE(pki::revocation_pointers(issue("c3")).empty());
}

TEST_F(RevocationDeskTest, the_roots_list_and_answers_are_about_issuing_authorities) {
    auto const first = *issuer_;
    EXPECT_EQ(ask_of(first, *root_).state, pki::RevocationState::good);
    EXPECT_THAT(pki::Crl::parse_der(get(desk_->list(root_->fingerprint())).der)->entries(), SizeIs(0));
    EXPECT_EQ(error_of(desk_->revoke(first.fingerprint(), 1, "admin")), errors::mgr::authority_in_use) << "it issues";
    auto const leaf = issue("c1");
    ASSERT_TRUE(wait(desk_->renew_issuing({}, "admin")));
    note();
    EXPECT_EQ(error_of(desk_->revoke(first.fingerprint(), 1, "admin")), errors::mgr::authority_in_use) << "c1's is below it";
    EXPECT_EQ(ask_of(leaf, first).state, pki::RevocationState::good) << "it answers for what it issued";
    get(store_->remove_system(get(store_->find_system("c1"))->id, "admin"));
    get(desk_->revoke(first.fingerprint(), 1, "admin"));
    EXPECT_EQ(ask_of(first, *root_).state, pki::RevocationState::revoked);
    auto const list = *pki::Crl::parse_der(get(desk_->list(root_->fingerprint())).der);
    EXPECT_TRUE(list.is_signed_by(*root_));
    ASSERT_THAT(list.entries(), SizeIs(1));
    EXPECT_EQ(list.entries().front().serial, first.serial());
    EXPECT_EQ(error_of(desk_->list(std::string(64, 'a'))), errors::gen::not_found);
}

TEST_F(RevocationDeskTest, the_certificate_that_the_manager_serves_is_not_revoked) {
    auto const own = wait(authority_->manager_certificate({"tms.example.test"}, {}))->certificate;
    get(store_->inventory().note_served(0, "https", {own}));
    EXPECT_EQ(error_of(desk_->revoke(own.fingerprint(), 1, "admin")), errors::mgr::served_by_manager);
}

}  // namespace
}  // namespace countersign::manager
