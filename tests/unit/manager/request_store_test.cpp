#include "manager/store/request_store.hpp"

#include "company_authority.hpp"
#include "manager/certificates/by_hand.hpp"
#include "manager/store/database.hpp"
#include "manager/store/folder_policy_store.hpp"
#include "manager/store/folder_store.hpp"
#include "manager/store/inventory_store.hpp"
#include "store_fixture.hpp"

#include "countersign/errors/gen.hpp"
#include "countersign/errors/mgr.hpp"

#include <gmock/gmock.h>

namespace countersign::manager {
namespace {

using ::testing::AnyOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

class RequestStoreTest : public testing::StoreTest {
protected:
    RequestStore& requests() { return store_->requests(); }
    RequestEntry make(SystemId id, std::string const& instead = "another one is needed") {
        auto const system = get(store_->get_system(id));
        auto fresh = *make_system_request(system, Policy());
        return get(requests().make(
            {.system = id, .request = fresh.request, .key = fresh.key, .key_type = "ec:p256", .reason = "It has no certificate"}, instead));
    }
    /// Of a system that keeps its key.
    RequestEntry make_of_system(SystemId id) {
        auto fresh = *make_system_request(get(store_->get_system(id)), Policy());
        return get(requests().make(
            {.system = id, .request = fresh.request, .key = std::nullopt, .key_type = "ec:p256", .reason = "It has no certificate"}, ""));
    }
    std::vector<pki::Certificate> sign(RequestEntry const& entry) {
        return {company_.sign(*pki::CertificateRequest::parse_pem(entry.pem)), company_.intermediate()};
    }
    std::vector<RequestEntry> accept(RequestId id, std::vector<pki::Certificate> chain) {
        auto const renew_at = chain.front().not_after() - std::chrono::days(60);
        return get(requests().accept({{.id = id, .chain = std::move(chain), .renew_at = renew_at}}, "ann"));
    }
    /// What the file holds of the key; SQLite only.
    std::string sealed_key(RequestId id) {
        auto database = store::Database::open(file());
        EXPECT_TRUE(database);
        return (*database)->select_one({"sealed_key"}, "FROM certificate_requests WHERE id = :id", {store::value(id)})->text(0);
    }
    std::vector<std::string> trail() {
        std::vector<std::string> out;
        for (auto const& one : get(store_->list_audit(1000, 0)))
            if (one.action.starts_with("request.")) out.push_back(one.action);
        return out;
    }
    InventoryEntry in_inventory(pki::Certificate const& certificate) {
        return get(store_->inventory().find(certificate.fingerprint())).entry;
    }
    testing::CompanyAuthority company_{clock_->now()};
};

TEST_F(RequestStoreTest, a_request_is_kept_and_is_in_hand_until_another_takes_its_place) {
    auto const id = add("c1");
    EXPECT_FALSE(get(requests().in_hand(id)));
    auto const first = make(id);
    EXPECT_EQ(first.state, RequestState::open);
    EXPECT_THAT(first.names, ElementsAre("c1.example.test"));
    EXPECT_EQ(first.folder, "/");
    EXPECT_EQ(first.made, clock_->now());
    reopen();
    EXPECT_EQ(get(requests().in_hand(id))->request.public_key, first.public_key);
    auto const second = make(id, "the system has another name");
    EXPECT_EQ(get(requests().in_hand(id))->request.id, second.id);
    auto const gone = get(requests().get(first.id));
    EXPECT_EQ(gone.state, RequestState::superseded);
    EXPECT_EQ(gone.note, "the system has another name");
    if (!schema_) EXPECT_EQ(sealed_key(first.id), "");
    EXPECT_EQ(gone.superseded, clock_->now());
    EXPECT_THAT(trail(), ElementsAre("request.make", "request.supersede", "request.make"));
    EXPECT_EQ(error_of(requests().get(99)), errors::gen::not_found);
}

TEST_F(RequestStoreTest, an_answer_waits_with_its_key_and_the_key_is_forgotten_with_the_proof) {
    auto const id = add("c1");
    auto const request = make(id);
    EXPECT_FALSE(get(requests().ready(id)));
    auto const chain = sign(request);
    auto const accepted = accept(request.id, chain);
    ASSERT_THAT(accepted, SizeIs(1));
    EXPECT_EQ(accepted.front().answered_by, "ann");
    EXPECT_EQ(accepted.front().certificate, chain.front().fingerprint());
    EXPECT_EQ(accepted.front().issuer, company_.intermediate().subject());
    auto const ready = get(requests().ready(id));
    ASSERT_TRUE(ready);
    EXPECT_EQ(ready->chain, chain);
    ASSERT_TRUE(ready->key);
    EXPECT_TRUE(pki::check_key_matches(ready->chain.front(), *ready->key));
    if (!schema_) EXPECT_THAT(sealed_key(request.id), Not(AnyOf(IsEmpty(), HasSubstr("PRIVATE KEY"))));
    auto entry = in_inventory(chain.front());
    EXPECT_EQ(entry.state, CertificateState::pending);
    EXPECT_EQ(entry.purpose, "by_hand");
    EXPECT_EQ(entry.renew_at, chain.front().not_after() - std::chrono::days(60));
    EXPECT_EQ(entry.issuer, company_.intermediate().fingerprint());
    get(requests().installed(request.id));
    EXPECT_FALSE(get(requests().in_hand(id)));
    EXPECT_FALSE(get(requests().ready(id)));
    if (!schema_) EXPECT_EQ(sealed_key(request.id), "") << "the key is not here any more";
    EXPECT_EQ(get(requests().get(request.id)).installed, clock_->now());
    get(requests().installed(request.id));
    EXPECT_THAT(trail(), ElementsAre("request.installed", "request.answer", "request.make"));
}

TEST_F(RequestStoreTest, a_request_of_the_system_has_no_key_here) {
    auto const id = add("c1");
    auto const request = make_of_system(id);
    EXPECT_EQ(request.key_made, "system");
    EXPECT_EQ(get(requests().get(make(add("c2")).id)).key_made, "manager");
    reopen();
    EXPECT_EQ(get(requests().in_hand(id))->request.key_made, "system");
    auto const chain = sign(request);
    accept(request.id, chain);
    auto const ready = get(requests().ready(id));
    ASSERT_TRUE(ready);
    EXPECT_EQ(ready->chain, chain);
    EXPECT_FALSE(ready->key);
    if (!schema_) EXPECT_EQ(sealed_key(request.id), "");
    EXPECT_EQ(in_inventory(chain.front()).key_made, "system");
    get(requests().installed(request.id));
    EXPECT_EQ(in_inventory(chain.front()).key_made, "system");
    std::vector<std::string> made;
    for (auto const& one : get(store_->list_audit(1000, 0)))
        if (one.action == "request.make") made.push_back(one.detail);
    EXPECT_THAT(made, ElementsAre(Not(HasSubstr("the system made the key")), HasSubstr("the system made the key and keeps it")));
}

TEST_F(RequestStoreTest, the_successor_of_an_answer_falls_due_while_it_is_served) {
    auto const id = add("c1");
    auto const request = make(id);
    auto const chain = sign(request);
    accept(request.id, chain);
    get(store_->inventory().note_served(id, "https", chain));
    get(requests().installed(request.id));
    EXPECT_EQ(in_inventory(chain.front()).state, CertificateState::served);
    EXPECT_FALSE(get(store_->inventory().to_replace(id)));
    clock_->advance(std::chrono::days(306));
    EXPECT_EQ(get(store_->inventory().to_replace(id))->fingerprint, chain.front().fingerprint());
    EXPECT_EQ(error_of(store_->inventory().revoke(chain.front().fingerprint(), 1, "admin")), errors::mgr::not_issued_here);
}

TEST_F(RequestStoreTest, a_certificate_that_is_to_be_revoked_waits_for_the_proof_of_the_answer) {
    auto const id = add("c1");
    auto const key = *pki::PrivateKey::generate(pki::KeyType::ec_p256);
    auto const issued = company_.issue("c1.example.test").certificate;
    get(store_->set_pending_certificate(id, {issued, key}));
    get(store_->inventory().note_served(id, "https", {issued}));
    get(store_->clear_pending_certificate(id));
    get(store_->inventory().rekey({.systems = {id}, .issuer = {}, .then_revoke = 1}, "admin"));
    auto const request = make(id);
    auto const chain = sign(request);
    accept(request.id, chain);
    get(store_->inventory().note_served(id, "https", chain));
    EXPECT_NE(in_inventory(issued).state, CertificateState::revoked) << "the new one is not proven yet";
    get(requests().installed(request.id));
    EXPECT_EQ(in_inventory(issued).state, CertificateState::revoked);
}

TEST_F(RequestStoreTest, a_new_key_that_a_person_wants_ends_the_request_in_hand_and_its_answer) {
    auto const one = add("c1"), two = add("c2");
    auto const open = make(one), answered = make(two);
    auto const chain = sign(answered);
    accept(answered.id, chain);
    EXPECT_THAT(get(store_->inventory().rekey({.systems = {one, two}, .issuer = {}, .then_revoke = 1}, "admin")), ElementsAre(one, two));
    EXPECT_FALSE(get(requests().in_hand(one)));
    EXPECT_FALSE(get(requests().ready(two)));
    EXPECT_EQ(get(requests().get(open.id)).note, "a new key was asked for");
    if (!schema_) EXPECT_EQ(sealed_key(answered.id), "");
    get(store_->inventory().note_served(two, "https", chain));
    EXPECT_EQ(get(store_->inventory().to_replace(two))->fingerprint, chain.front().fingerprint())
        << "the system had taken it before, and shows it now";
}

TEST_F(RequestStoreTest, another_answer_takes_the_place_of_one_that_is_not_installed) {
    auto const id = add("c1");
    auto const request = make(id);
    auto const first = sign(request), second = sign(request);
    accept(request.id, first);
    accept(request.id, second);
    EXPECT_EQ(get(requests().ready(id))->chain.front(), second.front());
    EXPECT_EQ(in_inventory(first.front()).state, CertificateState::unused);
    EXPECT_EQ(in_inventory(second.front()).state, CertificateState::pending);
}

TEST_F(RequestStoreTest, an_answer_to_a_request_that_is_gone_is_left_out) {
    auto const id = add("c1");
    auto const request = make(id);
    auto const chain = sign(request);
    EXPECT_EQ(get(requests().supersede(request.id, "discarded by ann", "ann")).state, RequestState::superseded);
    EXPECT_THAT(accept(request.id, chain), IsEmpty());
    EXPECT_EQ(error_of(requests().supersede(request.id, "again", "ann")), errors::mgr::request_not_in_hand);
    EXPECT_FALSE(get(requests().retire(id, "nothing is there")));
}

TEST_F(RequestStoreTest, retiring_gives_up_the_answer_too) {
    auto const id = add("c1");
    auto const request = make(id);
    auto const chain = sign(request);
    accept(request.id, chain);
    EXPECT_TRUE(get(requests().retire(id, "the folder has others")));
    EXPECT_FALSE(get(requests().ready(id)));
    EXPECT_EQ(in_inventory(chain.front()).state, CertificateState::unused);
}

TEST_F(RequestStoreTest, requests_are_found_by_folder_state_number_and_key) {
    auto const inner = get(store_->folders().ensure("/Labs/Inner", "admin")).id;
    auto const labs = get(store_->folders().ensure("/Labs", "admin")).id;
    auto const one = add("c1"), two = add("c2");
    get(store_->folders().move_systems({two}, inner, "admin"));
    auto const first = make(one), second = make(two), third = make(one);
    auto const found = [this](RequestFilter filter) {
        std::vector<RequestId> out;
        for (auto const& entry : get(requests().list(filter))) out.push_back(entry.id);
        EXPECT_EQ(get(requests().count(filter)), out.size());
        return out;
    };
    EXPECT_THAT(found({}), ElementsAre(first.id, second.id, third.id));
    EXPECT_THAT(found({.state = RequestState::open}), ElementsAre(second.id, third.id));
    EXPECT_THAT(found({.folder = labs}), ElementsAre(second.id));
    EXPECT_THAT(found({.folder = k_root_folder}), SizeIs(3));
    EXPECT_THAT(found({.system = one}), ElementsAre(first.id, third.id));
    EXPECT_THAT(found({.ids = {first.id, second.id}}), ElementsAre(first.id, second.id));
    EXPECT_THAT(found({.after = second.id}), ElementsAre(third.id));
    EXPECT_THAT(get(requests().list({.limit = 1})), SizeIs(1));
    EXPECT_THAT(get(requests().of_keys({first.public_key, std::string(64, '0')})), SizeIs(1));
    EXPECT_THAT(get(requests().of_keys({})), IsEmpty());
    get(requests().note_downloaded({second.id}, "ann"));
    EXPECT_EQ(get(requests().get(second.id)).downloaded, clock_->now());
    EXPECT_FALSE(get(requests().get(third.id)).downloaded);
    get(store_->remove_system(two, "admin"));
    EXPECT_EQ(error_of(requests().get(second.id)), errors::gen::not_found);
}

TEST_F(RequestStoreTest, folders_pass_on_who_issues) {
    auto const inner = get(store_->folders().ensure("/Labs/Inner", "admin")).id;
    auto const labs = get(store_->folders().ensure("/Labs", "admin")).id;
    auto const alike = get(store_->folders().ensure("/Labs2", "admin")).id;
    auto const policy = [this](FolderId id) { return get(store_->folder_policy().effective_policy(id)).issuer; };
    auto const change = [this](FolderId id, std::optional<Issuer> issuer) {
        FolderPolicyStore::DefaultsChange wanted;
        wanted.issuer.emplace(issuer);
        get(store_->folder_policy().change_defaults(id, std::move(wanted), "admin"));
    };
    EXPECT_EQ(policy(inner), Issuer::internal);
    change(labs, Issuer::by_hand);
    EXPECT_EQ(policy(inner), Issuer::by_hand);
    EXPECT_EQ(policy(alike), Issuer::internal);
    EXPECT_EQ(get(store_->folders().get(inner)).issuer, Issuer::by_hand);
    EXPECT_EQ(get(store_->folders().get(alike)).issuer, Issuer::internal) << "its name begins alike, and it is beside";
    EXPECT_EQ(get(store_->folder_policy().effective_defaults(inner)).issuer, Issuer::by_hand);
    EXPECT_FALSE(get(store_->folder_policy().get_defaults(inner)).issuer);
    change(k_root_folder, Issuer::by_hand);
    change(inner, Issuer::internal);
    EXPECT_EQ(policy(inner), Issuer::internal);
    EXPECT_EQ(get(store_->folders().get(inner)).issuer, Issuer::internal);
    EXPECT_EQ(get(store_->folders().get(alike)).issuer, Issuer::by_hand);
    change(inner, std::nullopt);
    EXPECT_EQ(policy(inner), Issuer::by_hand);
    EXPECT_THAT(get(store_->list_audit(1, 0)).front().detail, HasSubstr("certificates as the folder above"));
}

}  // namespace
}  // namespace countersign::manager
