#include "manager/certificates/internal_ca.hpp"
#include "pki/verify.hpp"
#include "store_fixture.hpp"

#include "countersign/errors/crt.hpp"

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
        auto made = wait(authority.manager_certificate(std::move(host), std::move(addresses)));
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

TEST_F(InternalCaTest, its_key_is_unreadable_in_the_file) {
    open();
    auto bytes = folder_.read("manager.db") + folder_.read("manager.db-wal");
    EXPECT_EQ(bytes.find("PRIVATE KEY"), std::string::npos);
}

TEST_F(InternalCaTest, a_systems_certificate_verifies_for_its_host_name_as_server_and_client) {
    auto authority = open();
    auto pair = issue(*authority, c1(TrackBy::host_name));
    for (auto purpose : {pki::Purpose::server, pki::Purpose::client}) {
        auto verdict = pki::verify_chain({.presented = std::span(&pair.certificate, 1),
                                          .anchors = pki::Anchors(authority->roots()),
                                          .purpose = purpose,
                                          .host_name = "c1.example.test",
                                          .at = clock_->now()});
        EXPECT_TRUE(verdict.verified()) << verdict.summary();
    }
    EXPECT_TRUE(pki::check_key_matches(pair.certificate, pair.key));
    EXPECT_EQ(pair.certificate.common_name(), "c1.example.test");
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
    EXPECT_EQ(pair.key.algorithm(), "RSA");
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

TEST_F(InternalCaTest, a_pending_certificate_survives_a_restart_and_is_recorded_as_issued) {
    auto authority = open();
    auto id = add("c1");
    auto pair = issue(*authority, get(store_->get_system(id)));
    get(store_->set_pending_certificate(id, pair));
    reopen();
    auto back = get(store_->get_pending_certificate(id));
    ASSERT_TRUE(back);
    EXPECT_EQ(back->certificate, pair.certificate);
    EXPECT_EQ(back->key.public_key_sha256(), pair.key.public_key_sha256());
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
