/// Enforcement of systems that make their own keys: the key is nowhere but there, and nothing that happens on the way locks anybody out.

#include "company_authority.hpp"
#include "manager/certificates/request_desk.hpp"
#include "manager/certificates/system_request.hpp"
#include "manager/enforce/enforcer.hpp"
#include "manager/store/folder_policy_store.hpp"
#include "manager/store/inventory_store.hpp"
#include "manager_fixture.hpp"
#include "support/program.hpp"
#include "support/temporary_folder.hpp"

#include "countersign/errors/crt.hpp"
#include "countersign/errors/gen.hpp"
#include "countersign/errors/mgr.hpp"
#include "countersign/errors/net.hpp"

#include <gmock/gmock.h>

namespace countersign::testing {
namespace {

using manager::Issuer;
using manager::RequestState;
using manager::SecureOnly;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

/// Of a family that the scripted systems can be, and that has the commands besides.
constexpr std::string_view k_commands = R"(
[[identity]]
id = "https"
title = "HTTPS server"
purposes = ["HTTPS"]

[[command]]
path = "Security Certificates CSR Create"
dialect = "xapi"
behaviour = "request_create"

[[command.parameter]]
name = "CommonName"
kind = "string"
length = [1, 64]
required = true

[[command.parameter]]
name = "SanDns"
kind = "string"
length = [0, 64]
repeat = 5

[[command]]
path = "Security Certificates CSR Link"
dialect = "xapi"
behaviour = "request_link"
multiline = true

[[command]]
path = "Security Certificates Services Activate"
dialect = "xapi"
behaviour = "certificate_activate"

[[command.parameter]]
name = "Fingerprint"
kind = "string"
length = [1, 1024]
required = true

[[command.parameter]]
name = "Purpose"
kind = "literal"
values = ["HTTPS"]
required = true

[[command]]
path = "Security Certificates Services Show"
dialect = "xapi"
behaviour = "certificate_show"

[[command]]
path = "Security Certificates Services Delete"
dialect = "xapi"
behaviour = "certificate_delete"

[[command.parameter]]
name = "Fingerprint"
kind = "string"
length = [1, 128]
required = true
)";

class SystemKeys : public ManagerTest {
protected:
    SystemKeys() {
        std::ifstream in(std::string(CS_SOURCE_DIR) + "/families/c-series.toml", std::ios::binary);
        std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
        (void)further_.file("maker.toml", replace_all(text, "id = \"c-series\"", "id = \"maker\"") + std::string(k_commands));
        auto loaded = family::Families::load_with_folder(further_.path());
        if (!loaded) throw std::runtime_error(loaded.error().explanation());
        families_ = *std::move(loaded);
        insides_ = std::make_unique<Insides>(*this);
        set_mode(SecureOnly::verify);
    }
    std::shared_ptr<ScriptedSystem> boot_system(std::string const& address) {
        auto system = std::make_shared<ScriptedSystem>(runtime_, *families_.get("maker"), address, "SN1", factory_identity(vendor_, "SN1"));
        system->on_call = [this](bool https) { insides_->contacts.note(id_, https); };
        system->boot();
        manager::System known;
        known.name = address;
        known.family = "maker";
        known.host_name = host_of(address);
        known.address = address;
        id_ = get(store_->add_system(std::move(known), std::nullopt, "test"));
        return system;
    }
    manager::InventoryEntry served(ScriptedSystem const& system) {
        return get(store_->inventory().find(system.served_fingerprint())).entry;
    }
    std::string record_of(std::string const& action) {
        for (auto const& one : get(store_->list_audit(1000, 0)))
            if (one.action == action) return one.detail;
        return {};
    }
    void expect_level_four(ScriptedSystem const& system) {
        EXPECT_EQ(get(store_->get_system(id_)).level, 4);
        EXPECT_EQ(get(store_->get_system(id_)).certificate_fingerprint, system.served_fingerprint());
        EXPECT_FALSE(get(store_->get_pending_certificate(id_)));
    }
    void by_hand() {
        authority_.trust_also({company_.root()}, {});
        manager::FolderPolicyStore::DefaultsChange change;
        change.issuer.emplace(Issuer::by_hand);
        get(store_->folder_policy().change_defaults(manager::k_root_folder, std::move(change), "admin"));
    }
    std::vector<manager::RequestEntry> open_requests() { return get(store_->requests().list({.state = RequestState::open})); }
    manager::RequestDesk desk() {
        return manager::RequestDesk(
            {.store = *store_,
             .authority = authority_,
             .pool = runtime_.blocking(),
             .clock = clock_,
             .enforce = [](std::vector<manager::SystemId>, std::string) -> net::Task<Result<void>> { co_return Result<void>(); },
             .announce = [](std::string const&, std::int64_t) {}});
    }
    void answer(manager::RequestEntry const& request) {
        auto const leaf = company_.sign(*pki::CertificateRequest::parse_pem(request.pem));
        ASSERT_THAT(get(desk().answer({{"answer.pem", company_.bundle(leaf)}}, "ann")).taken, SizeIs(1));
    }
    /// What is at the bottom of a failed job.
    static std::optional<ErrorId> why_failed(manager::Enforcement const& ended) {
        if (!ended.error || ended.error->causes().empty()) return std::nullopt;
        return ended.error->causes().front().id();
    }

    TemporaryFolder further_;
    CompanyAuthority company_{clock_->now()};
    std::atomic<manager::SystemId> id_ = 0;
    std::unique_ptr<Insides> insides_;
};

TEST_F(SystemKeys, stay_where_they_were_made) {
    auto system = boot_system("127.45.1.1");
    auto const ended = enforce(*insides_, id_);
    ASSERT_FALSE(ended.error) << ended.error->explanation();
    expect_level_four(*system);
    EXPECT_FALSE(system->recorder().contains("PRIVATE KEY"));
    EXPECT_EQ(system->requests, 1);
    EXPECT_EQ(served(*system).key_made, "system");
    EXPECT_THAT(record_of("certificate.issue"), HasSubstr("for a key that the system made and keeps"));
    EXPECT_EQ(enforce(*insides_, id_).steps, 0);
    EXPECT_EQ(system->requests, 1);
}

TEST_F(SystemKeys, are_new_with_each_renewal_and_the_former_pair_is_taken_off_the_list) {
    auto system = boot_system("127.45.1.2");
    ASSERT_FALSE(enforce(*insides_, id_).error);
    auto const first = system->served_fingerprint();
    get(store_->inventory().rekey({.systems = {id_.load()}, .issuer = {}, .then_revoke = std::nullopt}, "admin"));
    auto const ended = enforce(*insides_, id_);
    ASSERT_FALSE(ended.error) << ended.error->explanation();
    EXPECT_NE(system->served_fingerprint(), first);
    EXPECT_EQ(system->requests, 2);
    ASSERT_THAT(system->pairs(), SizeIs(1));
    EXPECT_THAT(record_of("system.certificate.forget"), HasSubstr(first));
    EXPECT_EQ(system->pairs().front().chain.front().fingerprint(), system->served_fingerprint());
    expect_level_four(*system);
}

TEST_F(SystemKeys, are_made_by_the_manager_where_the_system_says_that_it_cannot) {
    auto system = boot_system("127.45.1.3");
    system->refuse_requests = "Unknown command";
    auto const ended = enforce(*insides_, id_);
    ASSERT_FALSE(ended.error) << ended.error->explanation();
    expect_level_four(*system);
    EXPECT_TRUE(system->recorder().contains("PRIVATE KEY"));
    EXPECT_EQ(served(*system).key_made, "manager");
    EXPECT_THAT(record_of("certificate.issue"), HasSubstr("with a key of the manager: "));
    EXPECT_THAT(record_of("certificate.issue"), HasSubstr("Unknown command"));
}

TEST_F(SystemKeys, are_made_by_the_manager_where_the_policy_asks_for_another_type) {
    auto policy = get(store_->get_policy());
    policy.key_type = "rsa:2048";
    get(store_->set_policy(policy, "admin"));
    auto system = boot_system("127.45.1.4");
    ASSERT_FALSE(enforce(*insides_, id_).error);
    expect_level_four(*system);
    EXPECT_EQ(served(*system).key_made, "manager");
    EXPECT_THAT(record_of("certificate.issue"), HasSubstr("its keys are ec:p256, and the policy asks for rsa:2048"));
}

TEST_F(SystemKeys, are_not_replaced_by_the_managers_for_a_request_that_no_good_system_makes) {
    auto system = boot_system("127.45.1.5");
    system->further_name = "manager.example.test";
    auto const ended = enforce(*insides_, id_);
    EXPECT_EQ(why_failed(ended), errors::mgr::system_request_not_good);
    EXPECT_EQ(authority_.issued, 0);
    EXPECT_FALSE(system->recorder().contains("PRIVATE KEY"));
    system->further_name.clear();
    ASSERT_FALSE(enforce(*insides_, id_).error);
    expect_level_four(*system);
}

TEST_F(SystemKeys, that_are_still_there_are_used_again) {
    auto system = boot_system("127.45.1.6");
    system->refuse_answers = "The file system is full";
    EXPECT_EQ(why_failed(enforce(*insides_, id_)), errors::mgr::refused_by_system);
    auto const pending = get(store_->get_pending_certificate(id_));
    ASSERT_TRUE(pending);
    EXPECT_FALSE(pending->key);
    EXPECT_EQ(pending->certificate.public_key_sha256(), system->pending_key());
    system->refuse_answers.clear();
    insides_ = std::make_unique<Insides>(*this);
    ASSERT_FALSE(enforce(*insides_, id_).error);
    expect_level_four(*system);
    EXPECT_EQ(system->served_fingerprint(), pending->certificate.fingerprint());
    EXPECT_EQ(authority_.issued, 1);
}

TEST_F(SystemKeys, that_are_on_their_way_when_a_person_asks_for_new_ones_are_given_up) {
    auto system = boot_system("127.45.1.13");
    system->refuse_answers = "The file system is full";
    EXPECT_TRUE(enforce(*insides_, id_).error);
    auto const pending = get(store_->get_pending_certificate(id_));
    ASSERT_TRUE(pending);
    get(store_->inventory().rekey({.systems = {id_.load()}, .issuer = {}, .then_revoke = 1}, "admin"));
    system->refuse_answers.clear();
    auto const ended = enforce(*insides_, id_);
    ASSERT_FALSE(ended.error) << ended.error->explanation();
    EXPECT_EQ(system->requests, 2);
    EXPECT_NE(system->served_fingerprint(), pending->certificate.fingerprint());
    auto const given_up = get(store_->inventory().find(pending->certificate.fingerprint()));
    EXPECT_EQ(given_up.entry.state, manager::CertificateState::revoked);
    EXPECT_THAT(given_up.uses, IsEmpty()) << "not even for a moment";
    expect_level_four(*system);
}

TEST_F(SystemKeys, that_the_system_took_and_does_not_use_are_given_up_too) {
    auto system = boot_system("127.45.1.14");
    system->refuse_use = "Not for HTTPS";
    EXPECT_TRUE(enforce(*insides_, id_).error);
    auto const pending = get(store_->get_pending_certificate(id_));
    ASSERT_TRUE(pending);
    get(store_->inventory().revoke(pending->certificate.fingerprint(), 1, "admin"));
    system->refuse_use.clear();
    ASSERT_FALSE(enforce(*insides_, id_).error);
    EXPECT_NE(system->served_fingerprint(), pending->certificate.fingerprint());
    EXPECT_EQ(authority_.issued, 2);
    EXPECT_THAT(get(store_->inventory().find(pending->certificate.fingerprint())).uses, IsEmpty());
    expect_level_four(*system);
}

TEST_F(SystemKeys, that_were_lost_on_the_way_are_made_anew) {
    auto system = boot_system("127.45.1.7");
    system->refuse_answers = "The file system is full";
    EXPECT_TRUE(enforce(*insides_, id_).error);
    system->refuse_answers.clear();
    system->lose_key();
    auto const ended = enforce(*insides_, id_);
    ASSERT_FALSE(ended.error) << ended.error->explanation();
    expect_level_four(*system);
    EXPECT_EQ(authority_.issued, 2);
    EXPECT_EQ(system->requests, 2);
    EXPECT_FALSE(system->recorder().contains("PRIVATE KEY"));
}

TEST_F(SystemKeys, of_a_system_that_goes_on_refusing_are_not_made_at_each_try) {
    auto system = boot_system("127.45.1.11");
    system->refuse_answers = "The file system is full";
    for (int i = 0; i < 5; ++i) EXPECT_EQ(why_failed(enforce(*insides_, id_)), errors::mgr::refused_by_system) << i;
    // One more, in case that it lost the key; it cannot be asked.
    EXPECT_EQ(authority_.issued, 2);
    system->refuse_answers.clear();
    ASSERT_FALSE(enforce(*insides_, id_).error);
    EXPECT_EQ(authority_.issued, 2);
    expect_level_four(*system);
}

TEST_F(SystemKeys, whose_certificate_is_taken_and_not_used_are_not_made_again_and_again) {
    auto system = boot_system("127.45.1.10");
    system->refuse_use = "Not for HTTPS";
    EXPECT_EQ(why_failed(enforce(*insides_, id_)), errors::mgr::refused_by_system);
    EXPECT_EQ(why_failed(enforce(*insides_, id_)), errors::mgr::refused_by_system);
    EXPECT_EQ(system->requests, 1);
    EXPECT_EQ(authority_.issued, 1);
    EXPECT_THAT(system->pairs(), SizeIs(1));
    system->refuse_use.clear();
    ASSERT_FALSE(enforce(*insides_, id_).error);
    expect_level_four(*system);
    EXPECT_EQ(authority_.issued, 1);
}

TEST_F(SystemKeys, are_certified_by_hand_too) {
    by_hand();
    auto system = boot_system("127.45.1.8");
    ASSERT_FALSE(enforce(*insides_, id_).error);
    ASSERT_THAT(open_requests(), SizeIs(1));
    auto const request = open_requests().front();
    EXPECT_EQ(request.key_made, "system");
    EXPECT_EQ(request.public_key, system->pending_key());
    EXPECT_EQ(enforce(*insides_, id_).steps, 0);
    EXPECT_EQ(system->requests, 1) << "the same request while it waits";
    answer(request);
    auto const ended = enforce(*insides_, id_);
    ASSERT_FALSE(ended.error) << ended.error->explanation();
    expect_level_four(*system);
    EXPECT_TRUE(get(store_->requests().get(request.id)).installed);
    EXPECT_EQ(served(*system).key_made, "system");
    EXPECT_FALSE(system->recorder().contains("PRIVATE KEY"));
}

TEST_F(SystemKeys, that_were_lost_while_people_were_asked_are_told_of) {
    by_hand();
    auto system = boot_system("127.45.1.9");
    ASSERT_FALSE(enforce(*insides_, id_).error);
    auto const request = open_requests().front();
    system->lose_key();
    answer(request);
    EXPECT_EQ(why_failed(enforce(*insides_, id_)), errors::mgr::answer_not_taken);
    EXPECT_FALSE(get(store_->requests().get(request.id)).installed);
    get(desk().discard(request.id, "ann"));
    ASSERT_FALSE(enforce(*insides_, id_).error);
    ASSERT_THAT(open_requests(), SizeIs(1));
    answer(open_requests().front());
    ASSERT_FALSE(enforce(*insides_, id_).error);
    expect_level_four(*system);
}

TEST_F(SystemKeys, of_former_certificates_are_known) {
    auto system = boot_system("127.45.1.11");
    ASSERT_FALSE(enforce(*insides_, id_).error);
    auto const key_now = [&] { return system->pairs().front().chain.front().public_key_sha256(); };
    auto const first = key_now();
    get(store_->inventory().rekey({.systems = {id_.load()}, .issuer = {}, .then_revoke = std::nullopt}, "admin"));
    ASSERT_FALSE(enforce(*insides_, id_).error);
    ASSERT_NE(key_now(), first);
    EXPECT_TRUE(get(manager::is_known_key(*store_, id_, key_now())));
    EXPECT_TRUE(get(manager::is_known_key(*store_, id_, first))) << "it is not shown any more";
    EXPECT_FALSE(get(manager::is_known_key(*store_, id_, pki::PrivateKey::generate(pki::KeyType::ec_p256)->public_key_sha256())));
}

TEST_F(SystemKeys, of_requests_that_people_were_asked_to_sign_are_known) {
    by_hand();
    auto system = boot_system("127.45.1.12");
    ASSERT_FALSE(enforce(*insides_, id_).error);
    ASSERT_THAT(open_requests(), SizeIs(1));
    EXPECT_TRUE(get(manager::is_known_key(*store_, id_ + 1, open_requests().front().public_key))) << "whichever system asks";
}

// --- what is made of a request, without a system ---

class SystemRequests : public ::testing::Test {
protected:
    [[nodiscard]] static pki::CertificateRequest make(pki::PrivateKey const& key, std::string const& common_name,
                                                      std::vector<std::string> const& names) {
        std::vector<pki::AlternativeName> asked;
        for (auto const& name : names) asked.push_back({pki::AlternativeName::Kind::dns, name});
        return *pki::CertificateRequest::create(key, {.common_name = common_name}, asked);
    }
    [[nodiscard]] manager::SystemRequestNeeds needs() const {
        return {.names = {{pki::AlternativeName::Kind::dns, "room1.company.com"}}, .key_type = "ec:p256", .shared_keys = {}};
    }
    [[nodiscard]] std::string verdict(pki::CertificateRequest const& request, manager::SystemRequestNeeds const& needs) const {
        auto const judged = manager::judge_system_request(request, needs);
        if (judged) return *judged;
        EXPECT_EQ(judged.error().id(), errors::mgr::system_request_not_good);
        return "refused: " + std::string(judged.error().parameter("detail"));
    }
    pki::PrivateKey key_ = *pki::PrivateKey::generate(pki::KeyType::ec_p256);
};

TEST_F(SystemRequests, with_what_was_asked_for_are_signed) {
    EXPECT_EQ(verdict(make(key_, "room1.company.com", {"room1.company.com"}), needs()), "");
    EXPECT_EQ(verdict(make(key_, "ROOM1.company.com", {"Room1.Company.com"}), needs()), "") << "names have no case";
}

TEST_F(SystemRequests, for_others_are_refused) {
    EXPECT_THAT(verdict(make(key_, "room1.company.com", {"room1.company.com", "*.company.com"}), needs()),
                HasSubstr("refused: it asks for the name"));
    EXPECT_THAT(verdict(make(key_, "ceo.company.com", {"room1.company.com"}), needs()), HasSubstr("refused: it asks for the common name"));
}

TEST_F(SystemRequests, for_more_than_names_of_servers_are_refused) {
    TemporaryFolder const folder;
    (void)folder.file("key.pem", key_.to_pem().reveal());
    auto const asks = [&](std::string const& more) {
        auto const ran =
            run_in(folder, "openssl req -new -key key.pem -out request.pem -addext 'subjectAltName=DNS:room1.company.com" + more);
        EXPECT_EQ(ran.exit_code, 0) << ran.output;
        return verdict(*pki::CertificateRequest::parse_pem(folder.read("request.pem")), needs());
    };
    std::string const good = "' -subj /CN=room1.company.com";
    EXPECT_EQ(asks(good), "");
    EXPECT_THAT(asks(",otherName:1.3.6.1.4.1.311.20.2.3;UTF8:ceo@company.com" + good), HasSubstr("refused: it asks for a name that is"));
    EXPECT_THAT(asks(good + " -addext extendedKeyUsage=OCSPSigning"), HasSubstr("refused: it asks for an extended key usage"));
    EXPECT_THAT(asks(good + "/CN=ceo.company.com"), HasSubstr("refused: its subject is not one common name alone"));
    EXPECT_THAT(asks(good + "/emailAddress=ceo@company.com"), HasSubstr("refused: its subject is not one common name alone"));
}

TEST_F(SystemRequests, in_another_spelling_are_signed_and_go_on_to_fit) {
    auto const fits = [](std::vector<std::string> asked, std::string const& host_name, std::string const& address) {
        manager::RequestEntry request;
        request.names = std::move(asked);
        request.key_type = "ec:p256";
        manager::System system;
        system.host_name = host_name;
        system.address = address;
        manager::Policy policy;
        policy.key_type = "ec:p256";
        return manager::fits(request, system, policy);
    };
    EXPECT_EQ(verdict(make(key_, "ROOM1.company.com", {"Room1.Company.com", "room1.company.com"}), needs()), "");
    EXPECT_TRUE(fits({"Room1.Company.com", "room1.company.com"}, "room1.company.com", "192.0.2.1"));
    EXPECT_FALSE(fits({"room1.company.com", "room2.company.com"}, "room1.company.com", "192.0.2.1"));
    EXPECT_FALSE(fits({}, "room1.company.com", "192.0.2.1"));
    manager::SystemRequestNeeds const of_address{
        .names = {{pki::AlternativeName::Kind::ip, "2001:DB8:0:0::1"}}, .key_type = "ec:p256", .shared_keys = {}};
    auto const of_names = [&](std::vector<pki::AlternativeName> const& names) {
        return verdict(*pki::CertificateRequest::create(key_, {.common_name = "2001:db8::0001"}, names), of_address);
    };
    EXPECT_EQ(of_names({{pki::AlternativeName::Kind::ip, "2001:db8::1"}}), "");
    EXPECT_THAT(of_names({{pki::AlternativeName::Kind::ip, "2001:db8::2"}}), HasSubstr("refused: it asks for the name 2001:db8::2"));
    EXPECT_TRUE(fits({"2001:db8::1"}, "", "2001:DB8:0:0::1"));
    EXPECT_FALSE(fits({"2001:db8::2"}, "", "2001:DB8:0:0::1"));
    EXPECT_TRUE(fits({"192.0.2.1", "192.0.2.1"}, "", "192.0.2.1"));
    EXPECT_FALSE(fits({"192.0.2.2"}, "", "192.0.2.1"));
}

TEST_F(SystemRequests, with_an_old_or_shared_key_are_refused) {
    auto const request = make(key_, "room1.company.com", {"room1.company.com"});
    auto shared = needs();
    shared.shared_keys = {key_.public_key_sha256()};
    EXPECT_THAT(verdict(request, shared), HasSubstr("refused: it has a key that other systems have"));
    auto old = needs();
    old.served = *pki::self_sign(request, key_, pki::Profile::device, pki::valid_for(SystemClock().now(), std::chrono::days(1)));
    EXPECT_THAT(verdict(request, old), HasSubstr("refused: it has the key of the certificate that the system shows now"));
}

TEST_F(SystemRequests, that_lack_something_leave_the_key_to_the_manager) {
    EXPECT_THAT(verdict(make(key_, "room1.company.com", {}), needs()), HasSubstr("leaves out the name"));
    auto const rsa = *pki::PrivateKey::generate(pki::KeyType::rsa_2048);
    EXPECT_THAT(verdict(make(rsa, "room1.company.com", {"room1.company.com"}), needs()), HasSubstr("its keys are rsa:2048"));
}

TEST_F(SystemRequests, are_given_up_for_words_of_the_system_and_for_nothing_else) {
    EXPECT_TRUE(manager::says_it_cannot(Error(errors::mgr::refused_by_system)));
    for (auto const& other : {errors::mgr::no_secure_channel, errors::net::login_refused, errors::net::timed_out,
                              errors::crt::broken_request, errors::mgr::system_request_not_good})
        EXPECT_FALSE(manager::says_it_cannot(Error(other)));
    Error both(errors::gen::several_problems);
    both.because(Error(errors::mgr::refused_by_system));
    both.because(Error(errors::net::login_refused));
    EXPECT_FALSE(manager::says_it_cannot(both));
}

}  // namespace
}  // namespace countersign::testing
