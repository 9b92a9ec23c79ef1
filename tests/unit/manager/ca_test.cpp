#include "manager/certificates/signing_authority.hpp"
#include "pki/verify.hpp"
#include "scripted_peer.hpp"
#include "store_fixture.hpp"

#include "countersign/errors/crt.hpp"
#include "countersign/errors/mgr.hpp"

#include <gmock/gmock.h>

namespace countersign::manager {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;
using Name = pki::AlternativeName;

class InternalCaTest : public testing::StoreTest {
protected:
    std::unique_ptr<InternalCa> open() {
        auto opened = wait(InternalCa::open(*store_, runtime_.blocking(), clock_, "Example Estate"));
        EXPECT_TRUE(opened) << opened.error().explanation();
        return opened ? std::move(*opened) : nullptr;
    }
    PendingCertificate issue(InternalCa& authority, System system, Policy policy = {}) {
        auto issued = wait(authority.issue_for_system(std::move(system), std::move(policy)));
        EXPECT_TRUE(issued) << issued.error().explanation();
        return *std::move(issued);
    }
    PendingCertificate manager(InternalCa& authority, std::string host, std::vector<std::string> addresses = {"127.0.0.1"}) {
        auto made = wait(authority.manager_certificate({std::move(host)}, std::move(addresses)));
        EXPECT_TRUE(made) << made.error().explanation();
        return *std::move(made);
    }
};

System c1(TrackBy track_by) { return {.name = "c1", .host_name = "c1.example.test", .address = "127.10.0.1", .track_by = track_by}; }

TEST_F(InternalCaTest, the_root_is_made_once_and_lives_ten_years) {
    auto first = open()->roots();
    ASSERT_THAT(first, SizeIs(1));
    EXPECT_TRUE(first[0].is_authority());
    EXPECT_NE(first[0].subject().find("O=Example Estate"), std::string::npos);
    EXPECT_GE(first[0].not_after(), clock_->now() + std::chrono::days(3650));
    reopen();
    EXPECT_EQ(open()->roots(), first);
}

TEST_F(InternalCaTest, an_issuing_authority_below_the_root_signs_and_lives_five_years) {
    auto authority = open();
    auto const all = signing_side(*authority).hierarchies();
    ASSERT_THAT(all->all(), SizeIs(2));
    auto const& issuing = all->issuing();
    EXPECT_FALSE(issuing.kept.is_root);
    EXPECT_GE(issuing.kept.certificate.not_after(), clock_->now() + std::chrono::days(1826));
    EXPECT_TRUE(pki::check_order({issuing.kept.certificate, authority->roots().front()}));
    auto const leaf = issue(*authority, c1(TrackBy::host_name)).certificate;
    EXPECT_THAT(authority->chain_of(leaf), ElementsAre(leaf, issuing.kept.certificate));
    reopen();
    EXPECT_EQ(signing_side(*open()).hierarchies()->issuing().fingerprint, issuing.fingerprint);
}

TEST_F(InternalCaTest, another_issuing_authority_takes_over_and_what_the_first_signed_stays_good) {
    auto authority = open();
    auto& side = signing_side(*authority);
    auto const before = issue(*authority, c1(TrackBy::host_name)).certificate;
    auto const first = side.hierarchies()->issuing().fingerprint;
    std::vector<KeptAuthority> fresh;
    fresh.push_back(*wait(side.make_issuing({})));
    get(store_->certificates().authorities().add(std::move(fresh), "admin"));
    get(side.reload());
    auto const after = issue(*authority, c1(TrackBy::host_name)).certificate;
    EXPECT_NE(side.hierarchies()->issuing().fingerprint, first);
    EXPECT_THAT(authority->roots(), SizeIs(1));
    for (auto const& leaf : {before, after}) {
        auto const chain = authority->chain_of(leaf);
        EXPECT_TRUE(pki::verify_chain({.presented = chain, .anchors = pki::Anchors(authority->roots()), .at = clock_->now()}).verified());
        EXPECT_TRUE(authority->is_up_to_date(leaf));
    }
}

TEST_F(InternalCaTest, a_root_of_an_older_release_goes_on_signing_by_itself) {
    auto const old = ::countersign::testing::make_authority("Old Root");
    get(store_->set_secret("authority", SecretText(old.certificate().to_pem() + old.key().to_pem().reveal())));
    get(store_->set_value("authority.crl_number", "7"));
    auto authority = open();
    EXPECT_THAT(authority->roots(), ElementsAre(old.certificate()));
    auto const leaf = issue(*authority, c1(TrackBy::host_name)).certificate;
    EXPECT_THAT(authority->chain_of(leaf), ElementsAre(leaf)) << "nothing stands between it and the root";
    EXPECT_TRUE(pki::check_order({leaf, old.certificate()}));
    EXPECT_FALSE(get(store_->get_secret("authority"))) << "its key has one place";
    EXPECT_EQ(get(store_->certificates().authorities().next_list_number(old.certificate().fingerprint())), 8U);
    EXPECT_EQ(error_of(signing_side(*authority).make_issuing({})), errors::mgr::root_signs_itself);
    reopen();
    authority = open();
    EXPECT_THAT(authority->roots(), ElementsAre(old.certificate()));
    auto fresh = *wait(signing_side(*authority).make_hierarchy({}));
    for (auto& one : fresh) one.state = AuthorityState::next;
    get(store_->certificates().authorities().begin_replacement(std::move(fresh), 1, "admin"));
    get(store_->certificates().authorities().enter_phase(ReplacementPhase::change, "test", "manager"));
    get(signing_side(*authority).reload());
    EXPECT_THAT(authority->roots(), SizeIs(2));
    EXPECT_THAT(authority->chain_of(issue(*authority, c1(TrackBy::host_name)).certificate), SizeIs(2))
        << "the new form, once it was replaced";
}

TEST_F(InternalCaTest, its_key_is_unreadable_in_the_file) {
    open();
    auto bytes = folder_.read("manager.db") + folder_.read("manager.db-wal");
    EXPECT_EQ(bytes.find("PRIVATE KEY"), std::string::npos);
}

TEST_F(InternalCaTest, a_systems_certificate_verifies_for_its_host_name_as_server_and_client) {
    auto authority = open();
    auto pair = issue(*authority, c1(TrackBy::host_name));
    auto const chain = authority->chain_of(pair.certificate);
    EXPECT_FALSE(
        pki::verify_chain({.presented = std::span(&pair.certificate, 1), .anchors = pki::Anchors(authority->roots()), .at = clock_->now()})
            .verified())
        << "a server has to show the issuing authority";
    for (auto purpose : {pki::Purpose::server, pki::Purpose::client}) {
        auto verdict = pki::verify_chain({.presented = chain,
                                          .anchors = pki::Anchors(authority->roots()),
                                          .purpose = purpose,
                                          .host_name = "c1.example.test",
                                          .at = clock_->now()});
        EXPECT_TRUE(verdict.verified()) << verdict.summary();
    }
    ASSERT_TRUE(pair.key);
    EXPECT_TRUE(pki::check_key_matches(pair.certificate, *pair.key));
    EXPECT_EQ(pair.certificate.common_name(), "c1.example.test");
}

TEST_F(InternalCaTest, of_a_request_only_the_key_is_taken) {
    auto authority = open();
    auto const key = *pki::PrivateKey::generate(pki::KeyType::ec_p384);
    auto const request = *pki::CertificateRequest::create(key, {.common_name = "ceo.example.test", .organization = "Somebody"},
                                                          {{Name::Kind::dns, "ceo.example.test"}});
    auto const issued = wait(authority->sign_for_system(c1(TrackBy::host_name), {}, pki::Profile::device, request));
    ASSERT_TRUE(issued) << issued.error().explanation();
    EXPECT_FALSE(issued->key);
    EXPECT_TRUE(pki::check_key_matches(issued->certificate, key));
    EXPECT_EQ(issued->certificate.common_name(), "c1.example.test");
    EXPECT_THAT(issued->certificate.alternative_names(), ElementsAre(Name{Name::Kind::dns, "c1.example.test"}));
    EXPECT_EQ(issued->certificate.subject().find("Somebody"), std::string::npos);
}

TEST_F(InternalCaTest, the_address_stands_in_it_only_while_it_is_what_the_system_is_called_by) {
    auto authority = open();
    EXPECT_THAT(issue(*authority, c1(TrackBy::host_name)).certificate.alternative_names(),
                ElementsAre(Name{Name::Kind::dns, "c1.example.test"}));
    EXPECT_THAT(issue(*authority, c1(TrackBy::address)).certificate.alternative_names(),
                ElementsAre(Name{Name::Kind::dns, "c1.example.test"}, Name{Name::Kind::ip, "127.10.0.1"}));
}

TEST_F(InternalCaTest, the_policy_says_which_key_and_how_long) {
    auto authority = open();
    Policy policy;
    policy.key_type = "rsa:2048";
    policy.certificate_days = 90;
    auto pair = issue(*authority, c1(TrackBy::host_name), policy);
    EXPECT_EQ(pair.key->algorithm(), "RSA");
    EXPECT_LE(pair.certificate.not_after(), clock_->now() + std::chrono::days(90));
    policy.key_type = "dsa:1024";
    EXPECT_EQ(error_of(authority->issue_for_system(c1(TrackBy::host_name), policy)), errors::crt::unsupported_key_type);
}

TEST_F(InternalCaTest, the_managers_certificate_is_kept_until_it_nears_its_end) {
    auto authority = open();
    auto first = manager(*authority, "manager.example.test");
    EXPECT_EQ(manager(*authority, "manager.example.test").certificate, first.certificate);
    clock_->advance(std::chrono::days(240));
    EXPECT_EQ(manager(*authority, "manager.example.test").certificate, first.certificate);
    clock_->advance(std::chrono::days(5));
    EXPECT_NE(manager(*authority, "manager.example.test").certificate, first.certificate);
    EXPECT_THAT(get(store_->list_issued(0)), SizeIs(2));
}

TEST_F(InternalCaTest, another_name_or_address_gives_the_manager_another_certificate) {
    auto authority = open();
    auto first = manager(*authority, "manager.example.test");
    auto renamed = manager(*authority, "tms.example.test");
    EXPECT_NE(renamed.certificate, first.certificate);
    auto moved = manager(*authority, "tms.example.test", {"127.0.0.2"});
    EXPECT_NE(moved.certificate, renamed.certificate);
    EXPECT_TRUE(pki::matches_name(moved.certificate, "127.0.0.2"));
}

TEST_F(InternalCaTest, a_former_name_stays_until_the_managers_certificate_is_renewed) {
    auto authority = open();
    (void)manager(*authority, "manager.example.test");
    auto const renamed = manager(*authority, "tms.example.test").certificate;
    EXPECT_TRUE(pki::matches_name(renamed, "tms.example.test"));
    EXPECT_TRUE(pki::matches_name(renamed, "manager.example.test")) << "systems still call it by that name";
    EXPECT_NE(renamed.subject().find("tms.example.test"), std::string::npos);
    EXPECT_EQ(manager(*authority, "tms.example.test").certificate, renamed);
    clock_->advance(std::chrono::days(245));
    auto const renewed = manager(*authority, "tms.example.test").certificate;
    EXPECT_TRUE(pki::matches_name(renewed, "tms.example.test"));
    EXPECT_FALSE(pki::matches_name(renewed, "manager.example.test"));
}

TEST_F(InternalCaTest, a_pending_certificate_survives_a_restart_and_is_recorded_as_issued) {
    auto authority = open();
    auto id = add("c1");
    auto pair = issue(*authority, get(store_->get_system(id)));
    get(store_->set_pending_certificate(id, pair));
    reopen();
    auto back = get(store_->get_pending_certificate(id));
    ASSERT_TRUE(back);
    EXPECT_EQ(back->certificate, pair.certificate);
    EXPECT_EQ(back->key->public_key_sha256(), pair.key->public_key_sha256());
    auto issued = get(store_->list_issued(id));
    ASSERT_THAT(issued, SizeIs(1));
    EXPECT_EQ(issued[0].serial, pair.certificate.serial());
    get(store_->clear_pending_certificate(id));
    EXPECT_FALSE(get(store_->get_pending_certificate(id)));
    EXPECT_THAT(get(store_->list_issued(id)), SizeIs(1)) << "what was issued stays known";
}

TEST_F(InternalCaTest, vendors_whose_factory_identities_are_believed_are_kept_once) {
    auto root = open()->roots().front();
    get(store_->add_factory_anchor("TANDBERG", root, "admin"));
    get(store_->add_factory_anchor("TANDBERG", root, "admin"));
    EXPECT_THAT(get(store_->factory_anchors()), ElementsAre(root));
}

TEST_F(InternalCaTest, the_roots_are_written_as_pem_for_people) {
    auto authority = open();
    ASSERT_TRUE(write_roots(*authority, folder_.path() / "ca.pem"));
    auto read = pki::parse_bundle(folder_.read("ca.pem"));
    ASSERT_TRUE(read);
    EXPECT_EQ(*read, authority->roots());
}

}  // namespace
}  // namespace countersign::manager
