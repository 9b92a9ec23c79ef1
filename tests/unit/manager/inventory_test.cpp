#include "manager/certificates/internal_ca.hpp"
#include "manager/certificates/sighted.hpp"
#include "manager/certificates/signing_authority.hpp"
#include "manager/store/authority_store.hpp"
#include "manager/store/inventory_store.hpp"
#include "manager/store/replacement_store.hpp"
#include "pki/issue.hpp"
#include "store_fixture.hpp"

#include "countersign/errors/gen.hpp"
#include "countersign/errors/mgr.hpp"

#include <gmock/gmock.h>

namespace countersign::manager {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class InventoryTest : public testing::StoreTest {
protected:
    /// The certificate of the system that is to be replaced now.
    std::optional<std::string> replaced(SystemId id) {
        auto const due = get(store_->inventory().to_replace(id));
        return due ? std::optional(due->fingerprint) : std::nullopt;
    }
    std::unique_ptr<InternalCa> open() {
        auto opened = wait(InternalCa::open(*store_, runtime_.blocking(), clock_, "Example Estate"));
        EXPECT_TRUE(opened) << opened.error().explanation();
        return opened ? std::move(*opened) : nullptr;
    }
    /// As EstateRoots does.
    void note(InternalCa& authority) {
        get(store_->inventory().note_authorities({{authority.roots().front(), "root"}, {authority.issuing().back(), "authority"}}));
    }
    pki::Certificate issue(InternalCa& authority, SystemId id) {
        auto issued = wait(authority.issue_for_system(get(store_->get_system(id)), {}));
        EXPECT_TRUE(issued) << issued.error().explanation();
        get(store_->set_pending_certificate(id, *issued));
        return issued->certificate;
    }
    void serve(SystemId id, std::vector<pki::Certificate> chain, std::string service = "https") {
        get(store_->inventory().note_served(id, std::move(service), std::move(chain)));
    }
    InventoryDetails find(std::string const& fingerprint) { return get(store_->inventory().find(fingerprint)); }
    std::vector<std::string> subjects(InventoryFilter filter) {
        std::vector<std::string> out;
        for (auto const& one : get(store_->inventory().page(std::move(filter), "")).entries) out.push_back(one.subject);
        return out;
    }
    static pki::Certificate foreign(std::string const& name, int days, UtcTime now) {
        auto const key = *pki::PrivateKey::generate(pki::KeyType::ec_p256);
        auto const request = *pki::CertificateRequest::create(key, {.common_name = name}, {{pki::AlternativeName::Kind::dns, name}});
        return *pki::self_sign(request, key, pki::Profile::device, pki::valid_for(now, std::chrono::days(days)));
    }
};

TEST_F(InventoryTest, a_certificate_is_followed_from_its_issue_to_what_replaced_it) {
    auto authority = open();
    note(*authority);
    auto const id = add("c1");
    auto const first = issue(*authority, id);
    EXPECT_EQ(find(first.fingerprint()).entry.state, CertificateState::pending);
    serve(id, {first});
    get(store_->clear_pending_certificate(id));
    auto seen = find(first.fingerprint());
    EXPECT_EQ(seen.entry.state, CertificateState::served);
    EXPECT_EQ(seen.entry.system_name, "c1");
    EXPECT_EQ(seen.entry.issuer, authority->issuing().back().fingerprint());
    EXPECT_THAT(seen.issuers, ElementsAre(authority->issuing().back(), authority->roots().front()));
    EXPECT_THAT(seen.entry.names, ElementsAre("c1.example.test"));
    clock_->advance(std::chrono::hours(24));
    auto const second = issue(*authority, id);
    serve(id, {second});
    get(store_->clear_pending_certificate(id));
    seen = find(first.fingerprint());
    EXPECT_EQ(seen.entry.state, CertificateState::replaced);
    EXPECT_EQ(seen.entry.replaced_by, second.fingerprint());
    ASSERT_THAT(seen.uses, SizeIs(1));
    EXPECT_EQ(seen.uses.front().until, clock_->now());
    EXPECT_EQ(find(second.fingerprint()).entry.state, CertificateState::served);
}

TEST_F(InventoryTest, a_key_that_the_system_made_is_not_here_and_that_is_known) {
    auto authority = open();
    auto const id = add("c1");
    auto const key = *pki::PrivateKey::generate(pki::KeyType::ec_p256);
    auto const request = *pki::CertificateRequest::create(key, {.common_name = "c1"}, {});
    auto issued = wait(authority->sign_for_system(get(store_->get_system(id)), {}, pki::Profile::device, request));
    ASSERT_TRUE(issued) << issued.error().explanation();
    get(store_->set_pending_certificate(id, *issued));
    auto const kept = get(store_->get_pending_certificate(id));
    ASSERT_TRUE(kept);
    EXPECT_FALSE(kept->key);
    EXPECT_EQ(kept->certificate, issued->certificate);
    EXPECT_EQ(find(issued->certificate.fingerprint()).entry.key_made, "system");
    auto const other = issue(*authority, add("c2"));
    EXPECT_TRUE(get(store_->get_pending_certificate(id + 1))->key);
    EXPECT_EQ(find(other.fingerprint()).entry.key_made, "manager");
    auto const strange = foreign("c3", 10, clock_->now());
    serve(id, {strange});
    EXPECT_EQ(find(strange.fingerprint()).entry.key_made, "") << "nobody knows";
}

TEST_F(InventoryTest, what_was_proven_before_it_was_looked_at_again_is_served_then) {
    auto authority = open();
    auto const id = add("c1");
    auto const issued = issue(*authority, id);
    get(store_->clear_pending_certificate(id));
    EXPECT_EQ(find(issued.fingerprint()).entry.state, CertificateState::issued);
    serve(id, {issued});
    EXPECT_EQ(find(issued.fingerprint()).entry.state, CertificateState::served);
}

TEST_F(InventoryTest, one_of_somebody_else_is_known_with_its_authority_and_where_it_is_shown) {
    auto const id = add("c1");
    auto root = *pki::CertificateAuthority::create_root(*pki::PrivateKey::generate(pki::KeyType::ec_p256), {.common_name = "Vendor"},
                                                        pki::valid_for(clock_->now(), std::chrono::days(3650)));
    auto const request = *pki::CertificateRequest::create(*pki::PrivateKey::generate(pki::KeyType::rsa_2048), {.common_name = "unit"}, {});
    auto const leaf = *root.sign(request, pki::Profile::device, pki::valid_for(clock_->now(), std::chrono::days(100)));
    serve(id, {leaf, root.certificate()});
    serve(id, {leaf}, "client");
    auto const seen = find(leaf.fingerprint());
    EXPECT_EQ(seen.entry.purpose, "seen");
    EXPECT_EQ(seen.entry.key, "RSA 2048");
    EXPECT_EQ(seen.entry.issuer, root.certificate().fingerprint());
    EXPECT_THAT(seen.uses, SizeIs(2));
    EXPECT_EQ(error_of(store_->inventory().revoke(leaf.fingerprint(), 1, "admin")), errors::mgr::not_issued_here);
    serve(id, {});
    EXPECT_EQ(find(leaf.fingerprint()).entry.state, CertificateState::served) << "the other use holds";
    serve(id, {}, "client");
    EXPECT_EQ(find(leaf.fingerprint()).entry.state, CertificateState::unused);
}

TEST_F(InventoryTest, lists_go_along_the_end_page_by_page_in_both_directions) {
    auto const id = add("c1");
    for (int i = 0; i < 7; ++i)
        serve(id, {foreign("n" + std::to_string(i) + ".example.test", 10 + i / 2, clock_->now())}, "s" + std::to_string(i));
    for (bool const latest_first : {false, true}) {
        std::vector<std::string> names;
        InventoryFilter filter;
        filter.latest_first = latest_first;
        filter.limit = 2;
        std::string after;
        do {
            auto const page = get(store_->inventory().page(filter, after));
            for (auto const& one : page.entries) names.push_back(one.names.front().substr(0, 2));
            after = page.next;
        } while (!after.empty());
        if (latest_first) std::ranges::reverse(names);
        EXPECT_THAT(names, ElementsAre("n0", "n1", "n2", "n3", "n4", "n5", "n6"));
    }
    EXPECT_EQ(error_of(store_->inventory().page({}, "nonsense")), errors::gen::invalid_input);
}

TEST_F(InventoryTest, lists_are_narrowed_by_words_state_system_issuer_and_end) {
    auto const one = add("c1"), two = add("c2");
    auto const early = foreign("alpha.example.test", 10, clock_->now()), late = foreign("beta.example.test", 100, clock_->now());
    serve(one, {early});
    serve(two, {late});
    EXPECT_THAT(subjects({.text = "alpha"}), ElementsAre("/CN=alpha.example.test"));
    EXPECT_THAT(subjects({.text = "EXAMPLE beta"}), ElementsAre("/CN=beta.example.test"));
    EXPECT_THAT(subjects({.text = late.fingerprint().substr(10, 12)}), ElementsAre("/CN=beta.example.test"));
    EXPECT_THAT(subjects({.text = "nowhere"}), IsEmpty());
    EXPECT_THAT(subjects({.system = two}), ElementsAre("/CN=beta.example.test"));
    EXPECT_THAT(subjects({.issuer = early.fingerprint()}), ElementsAre("/CN=alpha.example.test"));
    EXPECT_THAT(subjects({.expires_before = clock_->now() + std::chrono::days(30)}), ElementsAre("/CN=alpha.example.test"));
    EXPECT_THAT(subjects({.expires_after = late.not_after()}), ElementsAre("/CN=beta.example.test"));
    EXPECT_THAT(subjects({.expires_before = late.not_after(), .expires_after = early.not_after()}), ElementsAre("/CN=alpha.example.test"));
    EXPECT_THAT(subjects({.state = CertificateState::served}), SizeIs(2));
    clock_->advance(std::chrono::days(20));
    EXPECT_THAT(subjects({.state = CertificateState::served}), ElementsAre("/CN=beta.example.test"));
    EXPECT_THAT(subjects({.state = CertificateState::expired}), ElementsAre("/CN=alpha.example.test"));
}

TEST_F(InventoryTest, a_fingerprint_is_found_in_any_form_and_by_its_first_digits) {
    auto const certificate = foreign("alpha.example.test", 10, clock_->now());
    serve(add("c1"), {certificate});
    auto const fingerprint = certificate.fingerprint();
    std::string colons;
    for (std::size_t i = 0; i < fingerprint.size(); i += 2)
        colons += (i == 0 ? "" : ":") +
                  std::string{static_cast<char>(std::toupper(fingerprint[i])), static_cast<char>(std::toupper(fingerprint[i + 1]))};
    EXPECT_EQ(find(colons).entry.fingerprint, fingerprint);
    EXPECT_EQ(find(fingerprint.substr(0, 8)).entry.fingerprint, fingerprint);
    EXPECT_EQ(error_of(store_->inventory().find(fingerprint.substr(0, 7))), errors::gen::not_found);
    EXPECT_EQ(error_of(store_->inventory().find("zzzzzzzzzzzz")), errors::gen::not_found);
}

TEST_F(InventoryTest, when_a_system_is_removed_its_certificates_are_unused_and_stay_known) {
    auto authority = open();
    auto const id = add("c1");
    auto const certificate = issue(*authority, id);
    serve(id, {certificate});
    get(store_->remove_system(id, "admin"));
    auto const seen = find(certificate.fingerprint());
    EXPECT_EQ(seen.entry.state, CertificateState::unused);
    ASSERT_THAT(seen.uses, SizeIs(1));
    EXPECT_TRUE(seen.uses.front().until);
}

TEST_F(InventoryTest, roots_are_trusted_until_they_are_withdrawn) {
    auto authority = open();
    auto const other = foreign("other-root.example.test", 100, clock_->now());
    get(store_->inventory().note_authorities({{authority->roots().front(), "root"}, {other, "seen"}}));
    EXPECT_EQ(find(other.fingerprint()).entry.state, CertificateState::trusted);
    note(*authority);
    EXPECT_EQ(find(other.fingerprint()).entry.state, CertificateState::unused);
    EXPECT_EQ(find(authority->roots().front().fingerprint()).entry.state, CertificateState::trusted);
}

TEST_F(InventoryTest, what_was_revoked_stays_revoked_with_its_date_and_reason) {
    auto authority = open();
    note(*authority);
    auto const id = add("c1");
    auto const certificate = issue(*authority, id);
    auto const issuer = authority->issuing().back().fingerprint();
    auto const standing = get(store_->inventory().standing(issuer, certificate.serial()));
    EXPECT_TRUE(standing.known);
    EXPECT_FALSE(standing.revoked);
    EXPECT_FALSE(get(store_->inventory().standing(issuer, "1234")).known);
    auto const at = clock_->now();
    get(store_->inventory().revoke(certificate.fingerprint(), 1, "admin"));
    clock_->advance(std::chrono::hours(1));
    serve(id, {certificate});
    EXPECT_EQ(find(certificate.fingerprint()).entry.state, CertificateState::revoked);
    EXPECT_EQ(get(store_->inventory().standing(issuer, certificate.serial())).revoked, at);
    auto const list = get(store_->inventory().revoked_of(issuer));
    ASSERT_THAT(list, SizeIs(1));
    EXPECT_EQ(list.front().serial, certificate.serial());
    EXPECT_EQ(list.front().reason, 1);
    EXPECT_EQ(error_of(store_->inventory().revoke(certificate.fingerprint(), 1, "admin")), errors::mgr::revoked_already);
    EXPECT_EQ(replaced(id), certificate.fingerprint()) << "a revoked certificate must not stay in place";
    EXPECT_EQ(get(store_->list_audit(1, 0)).front().action, "certificate.revoke");
}

TEST_F(InventoryTest, a_new_key_that_a_person_wants_revokes_the_old_certificate_only_after_the_proof) {
    auto authority = open();
    note(*authority);
    auto const id = add("c1");
    auto const first = issue(*authority, id);
    serve(id, {first});
    get(store_->clear_pending_certificate(id));
    EXPECT_EQ(replaced(id), std::nullopt);
    EXPECT_THAT(
        get(store_->inventory().rekey({.systems = {}, .issuer = authority->issuing().back().fingerprint(), .then_revoke = 1}, "admin")),
        ElementsAre(id));
    EXPECT_EQ(replaced(id), first.fingerprint());
    auto const second = issue(*authority, id);
    serve(id, {second});
    EXPECT_EQ(find(first.fingerprint()).entry.state, CertificateState::replaced) << "not proven yet";
    get(store_->clear_pending_certificate(id));
    EXPECT_EQ(find(first.fingerprint()).entry.state, CertificateState::revoked);
    EXPECT_EQ(replaced(id), std::nullopt);
}

TEST_F(InventoryTest, what_is_on_its_way_when_a_new_key_is_asked_for_never_gets_there) {
    auto authority = open();
    note(*authority);
    auto const id = add("c1");
    auto const first = issue(*authority, id);
    serve(id, {first});
    get(store_->clear_pending_certificate(id));
    auto const waiting = issue(*authority, id);
    EXPECT_THAT(get(store_->inventory().rekey({.systems = {id}, .issuer = {}, .then_revoke = 1}, "admin")), ElementsAre(id));
    EXPECT_FALSE(get(store_->get_pending_certificate(id))) << "its key may be in wrong hands, too";
    auto const second = issue(*authority, id);
    EXPECT_EQ(get(store_->get_pending_certificate(id))->certificate, second);
    EXPECT_EQ(find(waiting.fingerprint()).entry.state, CertificateState::unused) << "revoked with the proof only";
    serve(id, {second});
    get(store_->clear_pending_certificate(id));
    EXPECT_EQ(find(first.fingerprint()).entry.state, CertificateState::revoked);
    EXPECT_EQ(find(waiting.fingerprint()).entry.state, CertificateState::revoked);
    EXPECT_EQ(find(second.fingerprint()).entry.state, CertificateState::served);
    EXPECT_EQ(replaced(id), std::nullopt);
}

TEST_F(InventoryTest, what_was_given_up_and_is_served_all_the_same_is_replaced_once_more) {
    auto authority = open();
    note(*authority);
    auto const id = add("c1");
    auto const first = issue(*authority, id);
    serve(id, {first});
    get(store_->clear_pending_certificate(id));
    auto const waiting = issue(*authority, id);
    get(store_->inventory().rekey({.systems = {id}, .issuer = {}, .then_revoke = 1}, "admin"));
    serve(id, {waiting});
    get(store_->clear_pending_certificate(id));
    EXPECT_EQ(find(waiting.fingerprint()).entry.state, CertificateState::served) << "not revoked while it is in use";
    EXPECT_EQ(replaced(id), waiting.fingerprint());
    auto const second = issue(*authority, id);
    serve(id, {second});
    get(store_->clear_pending_certificate(id));
    EXPECT_EQ(find(waiting.fingerprint()).entry.state, CertificateState::revoked);
    EXPECT_EQ(replaced(id), std::nullopt);
}

TEST_F(InventoryTest, what_was_proven_and_not_seen_since_is_replaced_with_what_a_person_asks_for) {
    auto authority = open();
    note(*authority);
    auto const id = add("c1");
    auto const first = issue(*authority, id);
    serve(id, {first});
    get(store_->clear_pending_certificate(id));
    auto const proven = issue(*authority, id);
    get(store_->clear_pending_certificate(id));
    ASSERT_EQ(find(proven.fingerprint()).entry.state, CertificateState::issued);
    get(store_->inventory().rekey({.systems = {id}, .issuer = {}, .then_revoke = 1}, "admin"));
    serve(id, {proven});
    EXPECT_EQ(replaced(id), proven.fingerprint());
}

TEST_F(InventoryTest, a_certificate_that_was_revoked_on_its_way_is_not_installed) {
    auto authority = open();
    note(*authority);
    auto const id = add("c1");
    auto const waiting = issue(*authority, id);
    get(store_->inventory().revoke(waiting.fingerprint(), 1, "admin"));
    EXPECT_FALSE(get(store_->get_pending_certificate(id)));
    auto const second = issue(*authority, id);
    get(store_->clear_pending_certificate(id));
    EXPECT_EQ(find(waiting.fingerprint()).entry.state, CertificateState::revoked);
    EXPECT_EQ(find(second.fingerprint()).entry.state, CertificateState::issued);
}

TEST_F(InventoryTest, everything_below_an_authority_is_what_is_below_its_authorities_too) {
    auto authority = open();
    note(*authority);
    auto const one = add("c1"), two = add("c2"), other = add("c3");
    auto const first = issue(*authority, one);
    serve(one, {first});
    get(store_->clear_pending_certificate(one));
    auto const waiting = issue(*authority, two);
    serve(other, {foreign("c3.example.test", 10, clock_->now())});
    auto const rekey = [&](std::string issuer) {
        return get(store_->inventory().rekey({.systems = {}, .issuer = std::move(issuer), .then_revoke = std::nullopt}, "admin"));
    };
    EXPECT_THAT(rekey(authority->roots().front().fingerprint()), ElementsAre(one, two));
    EXPECT_THAT(rekey(authority->issuing().back().fingerprint().substr(0, 12)), ElementsAre(one, two)) << "by its first digits";
    EXPECT_EQ(replaced(one), first.fingerprint());
    EXPECT_FALSE(get(store_->get_pending_certificate(two)));
    EXPECT_FALSE(replaced(other));
    EXPECT_EQ(error_of(store_->inventory().rekey({.systems = {}, .issuer = "ffffffff", .then_revoke = std::nullopt}, "admin")),
              errors::gen::not_found);
}

TEST_F(InventoryTest, looks_that_show_nothing_new_do_not_reach_the_store) {
    Sighted sighted(*store_);
    auto const id = add("c1");
    auto const certificate = foreign("alpha.example.test", 10, clock_->now());
    Observation observation;
    observation.services.push_back({.service = "https", .port = 443, .state = net::PortState::open, .presented = {certificate}});
    auto const saw = [&] {
        auto const news = sighted.news(id, observation);
        for (auto const& one : news) get(store_->inventory().note_served(id, one.service, one.chain));
        sighted.remember(id, news);
    };
    saw();
    EXPECT_EQ(find(certificate.fingerprint()).entry.state, CertificateState::served);
    get(store_->inventory().note_served(id, "https", {}));
    saw();
    EXPECT_EQ(find(certificate.fingerprint()).entry.state, CertificateState::unused) << "the store was not asked again";
    observation.services.front().presented.clear();
    observation.services.front().state = net::PortState::silent;
    saw();
    observation.services.front().state = net::PortState::refused;
    saw();
    observation.services.front().presented = {certificate};
    observation.services.front().state = net::PortState::open;
    saw();
    EXPECT_EQ(find(certificate.fingerprint()).entry.state, CertificateState::served);
}

// --- systems with two certificates: one for their server, one for their calls ---

class TwoSides : public InventoryTest {
protected:
    TwoSides() : authority_(open()) { note(*authority_); }
    pki::Certificate issue_client(SystemId id) {
        auto issued = wait(authority_->issue_for_system(get(store_->get_system(id)), {}, pki::Profile::client));
        EXPECT_TRUE(issued) << issued.error().explanation();
        issued->renew_at = clock_->now() + std::chrono::days(200);
        get(store_->certificates().set_pending_client(id, *issued));
        return issued->certificate;
    }
    void prove_client(SystemId id, pki::Certificate const& one) {
        serve(id, {one}, "client");
        get(store_->certificates().clear_pending_client(id));
    }
    void prove_server(SystemId id, pki::Certificate const& one) {
        serve(id, {one});
        get(store_->clear_pending_certificate(id));
    }
    std::optional<std::string> client_to_replace(SystemId id) {
        auto const due = get(store_->inventory().to_replace(id, Side::client));
        return due ? std::optional(due->fingerprint) : std::nullopt;
    }
    std::vector<std::string> due() {
        std::vector<std::string> out;
        for (auto const& one : get(store_->inventory().due_renewals(10))) out.push_back(one.fingerprint);
        return out;
    }
    CertificateState state(pki::Certificate const& one) { return find(one.fingerprint()).entry.state; }

    std::unique_ptr<InternalCa> authority_;
};

TEST_F(TwoSides, wait_for_their_proof_beside_each_other) {
    auto const id = add("c1");
    auto const server = issue(*authority_, id);
    auto const client = issue_client(id);
    EXPECT_EQ(state(server), CertificateState::pending) << "the other one does not push it aside";
    EXPECT_EQ(state(client), CertificateState::pending);
    EXPECT_EQ(find(client.fingerprint()).entry.purpose, "system_client");
    reopen();
    EXPECT_EQ(get(store_->get_pending_certificate(id))->certificate, server);
    auto const kept = get(store_->certificates().get_pending_client(id));
    ASSERT_TRUE(kept);
    EXPECT_EQ(kept->certificate, client);
    ASSERT_TRUE(kept->key);
    EXPECT_TRUE(pki::check_key_matches(kept->certificate, *kept->key));
    prove_client(id, client);
    EXPECT_FALSE(get(store_->certificates().get_pending_client(id)));
    EXPECT_TRUE(get(store_->get_pending_certificate(id)));
    EXPECT_EQ(state(client), CertificateState::served);
    EXPECT_EQ(state(server), CertificateState::pending);
}

TEST_F(TwoSides, are_renewed_each_at_its_own_time) {
    auto const id = add("c1");
    auto const server = issue(*authority_, id);
    prove_server(id, server);
    auto const client = issue_client(id);
    prove_client(id, client);
    EXPECT_THAT(due(), IsEmpty());
    clock_->advance(std::chrono::days(201));
    EXPECT_THAT(due(), ElementsAre(client.fingerprint()));
    EXPECT_EQ(client_to_replace(id), client.fingerprint());
    EXPECT_FALSE(replaced(id)) << "the server's is not due";
    auto const next = issue_client(id);
    prove_client(id, next);
    EXPECT_EQ(state(client), CertificateState::replaced);
    EXPECT_EQ(find(client.fingerprint()).entry.replaced_by, next.fingerprint());
    EXPECT_FALSE(client_to_replace(id));
    EXPECT_EQ(state(server), CertificateState::served);
}

TEST_F(TwoSides, what_a_caller_showed_that_is_its_servers_is_not_renewed_twice) {
    auto const id = add("c1");
    auto issued = *wait(authority_->issue_for_system(get(store_->get_system(id)), {}));
    issued.renew_at = clock_->now() + std::chrono::hours(1);
    get(store_->set_pending_certificate(id, issued));
    prove_server(id, issued.certificate);
    serve(id, {issued.certificate}, "client");
    clock_->advance(std::chrono::hours(2));
    EXPECT_THAT(due(), ElementsAre(issued.certificate.fingerprint()));
    EXPECT_FALSE(client_to_replace(id));
}

TEST_F(TwoSides, get_new_keys_both_and_the_old_ones_are_revoked_each_with_its_own_proof) {
    auto const id = add("c1");
    auto const server = issue(*authority_, id);
    prove_server(id, server);
    auto const client = issue_client(id);
    prove_client(id, client);
    get(store_->inventory().rekey({.systems = {id}, .issuer = {}, .then_revoke = 1}, "admin"));
    EXPECT_EQ(replaced(id), server.fingerprint());
    EXPECT_EQ(client_to_replace(id), client.fingerprint());
    auto const other_client = issue_client(id);
    auto const other_server = issue(*authority_, id);
    prove_client(id, other_client);
    EXPECT_EQ(state(client), CertificateState::revoked);
    EXPECT_EQ(state(server), CertificateState::served) << "its own successor is not proven";
    prove_server(id, other_server);
    EXPECT_EQ(state(server), CertificateState::revoked);
    EXPECT_EQ(state(other_client), CertificateState::served);
}

TEST_F(TwoSides, whose_pairs_are_on_their_way_get_other_ones_both) {
    auto const id = add("c1");
    auto const server = issue(*authority_, id);
    auto const client = issue_client(id);
    EXPECT_THAT(get(store_->inventory().rekey({.systems = {id}, .issuer = {}, .then_revoke = 1}, "admin")), ElementsAre(id));
    EXPECT_FALSE(get(store_->get_pending_certificate(id)));
    EXPECT_FALSE(get(store_->certificates().get_pending_client(id)));
    EXPECT_TRUE(find(client.fingerprint()).entry.to_be_replaced);
    auto const fresh = issue_client(id);
    prove_client(id, fresh);
    EXPECT_EQ(state(client), CertificateState::revoked);
    EXPECT_EQ(state(server), CertificateState::pending) << "its own successor is not made yet";
    EXPECT_EQ(state(fresh), CertificateState::served);
    get(store_->clear_pending_certificate(id));
    EXPECT_EQ(state(server), CertificateState::revoked) << "nothing is to show it any more";
}

TEST_F(TwoSides, go_with_their_root) {
    auto const id = add("c1");
    prove_server(id, issue(*authority_, id));
    auto const client = issue_client(id);
    prove_client(id, client);
    auto& store = store_->certificates().authorities();
    auto const issuer = authority_->issuing().back().fingerprint();
    // The server's is another root's already; what it calls with is not.
    serve(id, {foreign("c1.example.test", 100, clock_->now())});
    EXPECT_EQ(get(store.users_of({issuer}, 10)).in_all, 1U);
    auto fresh = *wait(signing_side(*authority_).make_hierarchy({}));
    for (auto& one : fresh) one.state = AuthorityState::next;
    get(store.begin_replacement(std::move(fresh), 1, "admin"));
    EXPECT_FALSE(client_to_replace(id)) << "not before every system trusts the new root";
    get(store.enter_phase(ReplacementPhase::change, "test", "manager"));
    EXPECT_EQ(client_to_replace(id), client.fingerprint());
}

TEST_F(TwoSides, what_was_shown_in_a_call_outlives_a_new_certificate_of_the_server_where_it_is_another) {
    auto const id = add("c1");
    auto const both = issue(*authority_, id);
    auto const client = issue_client(id);
    auto const served = [&](std::string fingerprint) {
        auto system = get(store_->get_system(id));
        system.certificate_fingerprint = std::move(fingerprint);
        get(store_->record_assessment(system, {}, {}));
    };
    auto const calls_with = [&](pki::Certificate const& one) {
        get(store_->record_contact(id, {.at = clock_->now(), .https = true, .verified_us = true, .certificate = one.fingerprint()},
                                   "Beat"));
    };
    calls_with(client);
    served(both.fingerprint());
    EXPECT_EQ(get(store_->get_contact(id)).certificate, client.fingerprint());
    calls_with(both);
    served("another");
    EXPECT_EQ(get(store_->get_contact(id)).certificate, "") << "the server's was shown, and it has another one now";
}

TEST_F(TwoSides, of_a_unit_that_another_took_the_place_of_are_not_given_to_it) {
    auto const id = add("c1");
    (void)issue_client(id);
    get(store_->replacements().accept(id, ReplacementStore::Unit{"OTHER1", ""}, "admin"));
    EXPECT_FALSE(get(store_->certificates().get_pending_client(id)));
}

}  // namespace
}  // namespace countersign::manager
