#include "manager/certificates/certificate_watch.hpp"
#include "manager/certificates/offline_root.hpp"
#include "manager/certificates/revocation_desk.hpp"
#include "manager/certificates/signing_authority.hpp"
#include "pki/verify.hpp"
#include "store_fixture.hpp"
#include "support/soft_token.hpp"

#include "countersign/errors/crt.hpp"
#include "countersign/errors/mgr.hpp"

#include <gmock/gmock.h>

namespace countersign::manager {
namespace {

using ::countersign::testing::k_soft_module;
using ::countersign::testing::SoftToken;
using ::testing::HasSubstr;
using ::testing::Not;

/// Keys "root", "sub" and two "twin" are on the token.
class TokenAuthority : public testing::StoreTest {
protected:
    void SetUp() override {
        testing::StoreTest::SetUp();
        pin_file_ = SoftToken::get().folder().file("manager.pin", "1234\n");
    }
    std::unique_ptr<InternalCa> open() {
        auto opened = wait(
            InternalCa::open(*store_, runtime_.blocking(), clock_, "Example Estate", {.module = k_soft_module, .pin_file = pin_file_}));
        EXPECT_TRUE(opened) << opened.error().explanation();
        return opened ? std::move(*opened) : nullptr;
    }
    /// From now on the issuing authority's key is on the token.
    void move_to_token(InternalCa& authority, std::string const& key = "pkcs11:token=estate;object=sub") {
        std::vector<KeptAuthority> fresh;
        auto made = wait(signing_side(authority).make_issuing(key));
        ASSERT_TRUE(made) << made.error().explanation();
        fresh.push_back(*std::move(made));
        get(store_->certificates().authorities().add(std::move(fresh), "admin"));
        get(signing_side(authority).reload());
    }
    static HeldAuthority issuing(InternalCa& authority) { return signing_side(authority).hierarchies()->issuing(); }
    static System room() { return {.name = "c1", .host_name = "c1.example.test", .address = "127.10.0.1", .track_by = TrackBy::host_name}; }
    void write_pin(std::string_view pin) { static_cast<void>(SoftToken::get().folder().file("manager.pin", std::string(pin) + "\n")); }

    std::filesystem::path pin_file_;
};

TEST_F(TokenAuthority, issues_lists_and_survives_a_restart_while_its_key_never_leaves_the_token) {
    auto authority = open();
    move_to_token(*authority);
    auto const fingerprint = issuing(*authority).fingerprint;
    for (int life = 0; life < 2; ++life) {
        auto const made = wait(authority->issue_for_system(room(), Policy{}));
        ASSERT_TRUE(made) << made.error().explanation();
        auto const chain = authority->chain_of(made->certificate);
        ASSERT_EQ(chain.size(), 2U);
        EXPECT_EQ(chain.at(1).fingerprint(), fingerprint);
        EXPECT_TRUE(pki::verify_chain({.presented = chain, .anchors = pki::Anchors(authority->roots()), .at = clock_->now()}).verified());
        RevocationDesk desk({.store = *store_, .authority = signing_side(*authority), .pool = runtime_.blocking(), .clock = clock_});
        auto const der = get(desk.list()).der;
        auto const list = pki::Crl::parse({reinterpret_cast<char const*>(der.data()), der.size()});
        ASSERT_TRUE(list);
        EXPECT_TRUE(list->is_signed_by(issuing(*authority).kept.certificate));
        authority.reset();
        reopen();
        authority = open();
    }
    auto const kept = get(store_->certificates().authorities().all());
    EXPECT_EQ(kept.back().token, "pkcs11:token=estate;object=sub");
    EXPECT_FALSE(kept.back().key) << "nothing of it is in the database";
}

TEST_F(TokenAuthority, takes_no_key_that_is_another_authoritys) {
    auto authority = open();
    move_to_token(*authority);
    EXPECT_EQ(error_of(signing_side(*authority).make_issuing("pkcs11:token=estate;object=sub")), errors::mgr::authority_key_taken);
    EXPECT_EQ(error_of(signing_side(*authority)
                           .make_hierarchy({.root = "pkcs11:token=estate;object=root", .issuing = "pkcs11:token=estate;object=root"})),
              errors::mgr::authority_key_taken);
    EXPECT_EQ(error_of(signing_side(*authority).make_issuing("pkcs11:token=estate;object=nothing")), errors::crt::token_failed);
}

TEST_F(TokenAuthority, root_on_the_token_signs_issuing_authorities_and_cannot_be_exported) {
    auto authority = open();
    auto made = wait(
        signing_side(*authority).make_hierarchy({.root = "pkcs11:token=estate;object=root", .issuing = "pkcs11:token=estate;object=sub"}));
    ASSERT_TRUE(made) << made.error().explanation();
    auto fresh = *std::move(made);
    ASSERT_EQ(fresh.size(), 2U);
    EXPECT_TRUE(pki::check_order({fresh.at(1).certificate, fresh.at(0).certificate}));
    for (auto& one : fresh) one.state = AuthorityState::next;
    auto& store = store_->certificates().authorities();
    get(store.begin_replacement(std::move(fresh), 1, "admin"));
    get(store.enter_phase(ReplacementPhase::change, "test", "manager"));
    get(store.note_manager_moved("test"));
    get(store.enter_phase(ReplacementPhase::withdraw, "test", "manager"));
    get(store.end_replacement("test", "manager"));
    authority.reset();
    authority = open();
    EXPECT_EQ(signing_side(*authority).hierarchies()->root().kept.token, "pkcs11:token=estate;object=root");
    EXPECT_TRUE(wait(authority->issue_for_system(room(), Policy{})));
    OfflineRoot offline({.store = *store_,
                         .authority = *authority,
                         .pool = runtime_.blocking(),
                         .clock = clock_,
                         .authorities_changed = []() -> net::Task<Result<void>> { co_return Result<void>(); }});
    EXPECT_EQ(error_of(offline.export_root(SecretText("correct horse battery"), "admin")), errors::mgr::key_on_token);
    EXPECT_EQ(error_of(offline.take_offline("file", SecretText("x"), "admin")), errors::mgr::key_on_token);
    auto const asked = get(offline.request_issuing(false, "pkcs11:token=estate;object=twin;id=%03", "admin"));
    EXPECT_EQ(get(offline.request_issuing(false, "", "admin")).pem, asked.pem) << "it waits";
    auto const request = pki::CertificateRequest::parse_pem(asked.pem);
    ASSERT_TRUE(request);
    auto const signer = *signing_side(*authority).hierarchies()->root().signer;
    auto const answer = signer.sign(*request, pki::Profile::authority, pki::valid_for(clock_->now(), std::chrono::days(100)));
    ASSERT_TRUE(answer) << answer.error().explanation();
    EXPECT_TRUE(wait(offline.install_issuing(answer->to_pem(), "admin")));
    EXPECT_EQ(issuing(*authority).kept.token, "pkcs11:token=estate;object=twin;id=%03");
    EXPECT_TRUE(wait(authority->issue_for_system(room(), Policy{})));
}

TEST_F(TokenAuthority, whose_token_is_away_starts_says_why_and_goes_on_when_it_is_back) {
    auto authority = open();
    move_to_token(*authority);
    authority.reset();
    reopen();
    pin_file_ = "/no/such/pin";
    authority = open();
    ASSERT_TRUE(authority) << "the manager starts without it";
    EXPECT_THAT(issuing(*authority).away, HasSubstr("/no/such/pin"));
    EXPECT_EQ(error_of(authority->issue_for_system(room(), Policy{})), errors::mgr::authority_key_away);
    RevocationDesk desk({.store = *store_, .authority = signing_side(*authority), .pool = runtime_.blocking(), .clock = clock_});
    EXPECT_EQ(error_of(desk.list()), errors::mgr::authority_key_away);
    EXPECT_TRUE(wait(desk.list(signing_side(*authority).hierarchies()->root().fingerprint))) << "the root's key is here";
}

TEST_F(TokenAuthority, opens_again_by_itself_once_the_pin_is_right_and_sends_a_refused_pin_once) {
    auto authority = open();
    move_to_token(*authority);
    authority.reset();
    reopen();
    write_pin("4321");
    authority = open();
    EXPECT_THAT(issuing(*authority).away, HasSubstr("refused the PIN"));
    get(signing_side(*authority).reload());
    EXPECT_THAT(issuing(*authority).away, HasSubstr("refused this PIN before"));
    write_pin("1234");
    get(signing_side(*authority).reload());
    EXPECT_EQ(issuing(*authority).away, "");
    EXPECT_TRUE(wait(authority->issue_for_system(room(), Policy{})));
}

}  // namespace
}  // namespace countersign::manager
