#include "base/log.hpp"
#include "host/files.hpp"
#include "manager/certificates/signing_authority.hpp"
#include "manager/store/shared_store.hpp"
#include "net/sync.hpp"
#include "pki/issue.hpp"

#include "countersign/errors/mgr.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <map>
#include <mutex>

namespace countersign::manager {
namespace {

/// Of releases with one root that signs by itself.
constexpr std::string_view k_former_secret = "authority";
constexpr std::string_view k_manager_secret = "manager certificate";
/// Between two attempts with a token that is away.
constexpr std::chrono::seconds k_token_pause{2};

/// Certificate and key in one text, so that one row holds both or neither.
SecretText pair_text(pki::Certificate const& certificate, pki::PrivateKey const& key) {
    auto pem = key.to_pem();
    return SecretText(certificate.to_pem() + pem.reveal());
}

Result<PendingCertificate> parse_pair(SecretText const& text) {
    CS_TRY(auto certificate, pki::Certificate::parse_pem(text.reveal()));
    CS_TRY(auto key, pki::PrivateKey::parse_pem(text.reveal()));
    CS_CHECK(pki::check_key_matches(certificate, key));
    return PendingCertificate{.certificate = std::move(certificate), .key = std::move(key)};
}

struct Order {
    pki::KeyType key_type = pki::KeyType::ec_p256;
    pki::SubjectFields subject;
    std::vector<pki::AlternativeName> names;
    pki::Profile profile = pki::Profile::device;
    pki::Validity validity{};
    RevocationAddresses addresses{};
    std::optional<pki::CertificateRequest> request{};  ///< whose key is signed
};

/// Makes a key, unless there is a request, and has it signed. Blocks for as long as key generation takes.
Result<PendingCertificate> make(pki::CertificateAuthority const& authority, Order const& order) {
    pki::IssueOptions options;
    if (!order.addresses.crl.empty()) options.crl_urls = {order.addresses.crl};
    if (!order.addresses.ocsp.empty()) options.ocsp_urls = {order.addresses.ocsp};
    if (!order.addresses.issuer.empty()) options.issuer_urls = {order.addresses.issuer};
    if (order.request) {
        CS_TRY(auto certificate, authority.issue(*order.request, order.subject, order.names, order.profile, order.validity, options));
        return PendingCertificate{.certificate = std::move(certificate), .key = std::nullopt};
    }
    CS_TRY(auto key, pki::PrivateKey::generate(order.key_type));
    CS_TRY(auto certificate, authority.issue(key, order.subject, order.names, order.profile, order.validity, options));
    return PendingCertificate{.certificate = std::move(certificate), .key = std::move(key)};
}

/// "Countersign Root", "Countersign Root G2".
pki::SubjectFields root_name(std::string const& organization, int hierarchy) {
    auto const generation = hierarchy == 1 ? std::string() : " G" + std::to_string(hierarchy);
    return {.common_name = organization + " Root" + generation, .organization = organization};
}

/// A key for an authority, and where it is.
struct AuthorityKey {
    pki::PrivateKey key;
    std::string token;
};

/// Of a token, or a new one. Not one of `taken` (digests of public keys, with the subject of the authority).
Result<AuthorityKey> take_key(TokenKeys& tokens, std::string const& address, std::map<std::string, std::string> const& taken) {
    if (address.empty()) {
        CS_TRY(auto key, pki::PrivateKey::generate(pki::KeyType::ec_p256));
        return AuthorityKey{std::move(key), {}};
    }
    CS_TRY(auto key, tokens.open(address));
    if (auto const other = taken.find(key.public_key_sha256()); other != taken.end())
        return fail(errors::mgr::authority_key_taken, {{"token", address}, {"authority", other->second}});
    return AuthorityKey{std::move(key), address};
}

Result<KeptAuthority> make_root(std::string const& organization, int hierarchy, UtcTime now, AuthorityKey const& place) {
    auto const& key = place.key;
    CS_TRY(auto made,
           pki::CertificateAuthority::create_root(key, root_name(organization, hierarchy),
                                                  pki::valid_for(now, pki::profile_row(pki::Profile::authority).longest_life())));
    return KeptAuthority{
        .certificate = made.certificate(), .key = key, .token = place.token, .is_root = true, .hierarchy = hierarchy, .made = now};
}

/// "Countersign Issuing CA 2.1": below the second root, the first one.
pki::SubjectFields issuing_name(std::string const& organization, int hierarchy, int which) {
    return {.common_name = organization + " Issuing CA " + std::to_string(hierarchy) + "." + std::to_string(which),
            .organization = organization};
}

/// Its own revocation is said by the root's list. No responder stands in it: a root whose key is kept elsewhere has none.
Result<KeptAuthority> make_issuing_below(pki::CertificateAuthority const& root, pki::SubjectFields const& name, int hierarchy, UtcTime now,
                                         RevocationAddresses const& addresses, AuthorityKey const& place) {
    CS_TRY(auto request, pki::CertificateRequest::create(place.key, name, {}));
    pki::IssueOptions options;
    if (!addresses.crl.empty()) options.crl_urls = {addresses.crl};
    if (!addresses.issuer.empty()) options.issuer_urls = {addresses.issuer};
    CS_TRY(auto made,
           root.sign(request, pki::Profile::authority, pki::valid_for(now, pki::profile_row(pki::Profile::authority).life()), options));
    return KeptAuthority{.certificate = std::move(made), .key = place.key, .token = place.token, .hierarchy = hierarchy, .made = now};
}

/// With so many names the manager's own certificate takes up no former ones.
constexpr std::size_t k_most_manager_names = 12;

bool has_name(pki::Certificate const& certificate, pki::AlternativeName const& name) {
    auto names = certificate.alternative_names();
    return std::ranges::find(names, name) != names.end();
}

/// Less than a third of its life is left.
bool is_ending(pki::Certificate const& certificate, UtcTime now) {
    auto life = certificate.not_after() - certificate.not_before();
    return certificate.not_after() - now < life / 3;
}

class StoredCa final : public InternalCa, public SigningAuthority {
public:
    StoredCa(Store& store, net::BlockingPool& pool, std::shared_ptr<Clock const> clock, std::string organization, TokenSettings tokens)
        : store_(store),
          pool_(pool),
          clock_(std::move(clock)),
          organization_(std::move(organization)),
          tokens_(std::make_shared<TokenKeys>(std::move(tokens))) {}

    [[nodiscard]] std::vector<pki::Certificate> roots() const override {
        std::scoped_lock lock(mutex_);
        auto out = all_->trusted();
        out.insert(out.end(), others_.begin(), others_.end());
        return out;
    }
    [[nodiscard]] std::size_t own_roots() const override { return hierarchies()->trusted().size(); }
    [[nodiscard]] std::vector<pki::Certificate> issuing() const override {
        std::vector<pki::Certificate> out;
        auto const all = hierarchies();
        for (auto const& one : all->all())
            if (!one.kept.is_root) out.push_back(one.kept.certificate);
        return out;
    }
    void trust_also(std::vector<pki::Certificate> others, std::vector<std::string> withdrawn) override {
        std::scoped_lock lock(mutex_);
        others_ = std::move(others);
        withdrawn_ = std::move(withdrawn);
    }
    [[nodiscard]] std::vector<std::string> withdrawn() const override {
        std::scoped_lock lock(mutex_);
        auto out = withdrawn_;
        for (auto& one : all_->withdrawn()) out.push_back(std::move(one));
        return out;
    }
    [[nodiscard]] pki::Certificate manager_root() const override {
        std::scoped_lock lock(mutex_);
        return all_->root_of(manager_hierarchy_)->kept.certificate;
    }
    [[nodiscard]] std::vector<pki::Certificate> chain_of(pki::Certificate const& leaf) const override {
        return hierarchies()->chain_of(leaf);
    }
    [[nodiscard]] bool is_up_to_date(pki::Certificate const& leaf) const override {
        auto const all = hierarchies();
        auto const* issuer = all->issuer_of(leaf);
        return issuer != nullptr && issuer->kept.hierarchy == all->root().kept.hierarchy;
    }

    [[nodiscard]] std::shared_ptr<Hierarchies const> hierarchies() const override {
        std::scoped_lock lock(mutex_);
        return all_;
    }
    net::Task<Result<void>> reload() override {
        CS_CO_TRY(auto kept, co_await store_.certificates().authorities().all());
        CS_CO_TRY(auto const replacement, co_await store_.certificates().authorities().replacement());
        std::map<std::string, std::string> away;
        if (std::ranges::any_of(kept, [](KeptAuthority const& one) { return !one.token.empty(); })) {
            // A token whose key failed is asked anew, which needs that nobody holds what it gave before.
            if (failed_.exchange(false)) forget_token_keys();
            auto opened = co_await net::offload(pool_, [tokens = tokens_, list = std::move(kept)] { return open_keys(*tokens, list); });
            kept = std::move(opened.kept);
            away = std::move(opened.away);
        }
        CS_CO_TRY(auto all, Hierarchies::make(std::move(kept), std::move(away)));
        std::scoped_lock lock(mutex_);
        all_ = std::move(all);
        if (!all_->empty())
            manager_hierarchy_ = replacement && !replacement->manager_moved ? replacement->from : all_->root().kept.hierarchy;
        co_return Result<void>();
    }
    void use_addresses(AddressesOf addresses) override {
        std::scoped_lock lock(mutex_);
        addresses_ = std::move(addresses);
    }
    void use_calendar(std::function<std::optional<UtcTime>(pki::Certificate const&)> calendar) override { calendar_ = std::move(calendar); }

    net::Task<Result<std::vector<KeptAuthority>>> make_hierarchy(KeyPlaces keys) override {
        auto const number = hierarchies()->next_hierarchy();
        auto make = [number, keys = std::move(keys), organization = organization_, now = clock_->now(), addresses = address_book(),
                     tokens = tokens_, taken = taken_keys()]() mutable -> Result<std::vector<KeptAuthority>> {
            CS_TRY(auto const root_key, take_key(*tokens, keys.root, taken));
            taken.emplace(root_key.key.public_key_sha256(), "the new root");
            CS_TRY(auto const issuing_key, take_key(*tokens, keys.issuing, taken));
            CS_TRY(auto root, make_root(organization, number, now, root_key));
            CS_TRY(auto const signer, pki::CertificateAuthority::create(root.certificate, root_key.key));
            CS_TRY(auto issuing, make_issuing_below(signer, issuing_name(organization, number, 1), number, now,
                                                    addresses(root.certificate.fingerprint()), issuing_key));
            return std::vector{std::move(root), std::move(issuing)};
        };
        co_return co_await net::offload(pool_, std::move(make));
    }
    net::Task<Result<KeptAuthority>> make_issuing(std::string key) override {
        auto const number = hierarchies()->root().kept.hierarchy;
        if (hierarchies()->issuing().kept.is_root)
            co_return fail(errors::mgr::root_signs_itself, {{"root", hierarchies()->root().subject}});
        CS_CO_TRY(auto const signer, co_await signer_at([](Hierarchies const& all) -> HeldAuthority const& { return all.root(); }));
        auto make = [signer, key = std::move(key), name = next_issuing_name(), number, now = clock_->now(), tokens = tokens_,
                     taken = taken_keys(), addresses = address_book()(signer.certificate().fingerprint())]() -> Result<KeptAuthority> {
            CS_TRY(auto const place, take_key(*tokens, key, taken));
            return make_issuing_below(signer, name, number, now, addresses, place);
        };
        co_return co_await net::offload(pool_, std::move(make));
    }
    net::Task<Result<pki::PrivateKey>> key_of_authority(std::string key) override {
        auto take = [key = std::move(key), tokens = tokens_, taken = taken_keys()]() -> Result<pki::PrivateKey> {
            CS_TRY(auto place, take_key(*tokens, key, taken));
            return std::move(place.key);
        };
        co_return co_await net::offload(pool_, std::move(take));
    }
    [[nodiscard]] pki::SubjectFields next_issuing_name() const override {
        auto const all = hierarchies();
        auto const number = all->root().kept.hierarchy;
        // The root is one of those that are there.
        return issuing_name(organization_, number, static_cast<int>(all->fingerprints_of(number).size()));
    }

    net::Task<Result<PendingCertificate>> issue_for_system(System system, Policy policy, pki::Profile profile) override {
        return issue_or_sign(std::move(system), std::move(policy), profile, std::nullopt);
    }
    net::Task<Result<PendingCertificate>> sign_for_system(System system, Policy policy, pki::Profile profile,
                                                          pki::CertificateRequest request) override {
        return issue_or_sign(std::move(system), std::move(policy), profile, std::move(request));
    }

    net::Task<Result<PendingCertificate>> issue_or_sign(System system, Policy policy, pki::Profile profile,
                                                        std::optional<pki::CertificateRequest> request) {
        CS_CO_TRY(auto key_type, pki::parse_key_type(policy.key_type));
        CS_CO_TRY(auto const authority, co_await signer_of(hierarchies()->root().kept.hierarchy));
        auto const& row = pki::profile_row(profile);
        // A policy from before there were limits is cut to them.
        auto const days = std::chrono::days(std::min(policy.certificate_days, row.longest_days));
        Order order{.key_type = key_type,
                    .subject = {.common_name = system.host_name.empty() ? system.address : system.host_name},
                    .profile = profile,
                    .validity = pki::valid_for(clock_->now(), days),
                    .addresses = address_book()(authority.certificate().fingerprint()),
                    .request = std::move(request)};
        using Kind = pki::AlternativeName::Kind;
        if (row.host_names && !system.host_name.empty()) order.names.push_back({Kind::dns, system.host_name});
        // A name outlives an address: the address stands in it only while there is nothing better to call the system by.
        bool const nothing_better = system.track_by == TrackBy::address || system.host_name.empty();
        if (row.addresses && nothing_better && !system.address.empty()) order.names.push_back({Kind::ip, system.address});
        CS_CO_TRY(auto made, co_await signed_by(authority, std::move(order)));
        if (calendar_) made.renew_at = calendar_(made.certificate);
        co_return std::move(made);
    }

    net::Task<Result<PendingCertificate>> manager_certificate(std::vector<std::string> host_names,
                                                              std::vector<std::string> addresses) override {
        using Kind = pki::AlternativeName::Kind;
        std::vector<pki::AlternativeName> names;
        for (auto const& name : host_names) names.push_back({Kind::dns, name});
        for (auto const& address : addresses) names.push_back({Kind::ip, address});
        CS_CO_TRY(auto stored, co_await load_manager_certificate());
        if (stored && !is_ending(stored->certificate, clock_->now()))
            for (auto const& former : stored->certificate.alternative_names())
                if (former.kind == Kind::dns && names.size() < k_most_manager_names && std::ranges::find(names, former) == names.end())
                    names.push_back(former);
        // Managers of one database have one name and one certificate, with the addresses of all of them.
        if (stored && store_.shared().is_shared())
            for (auto const& other : stored->certificate.alternative_names())
                if (other.kind == Kind::ip && std::ranges::find(names, other) == names.end()) names.push_back(other);
        if (stored && is_good(stored->certificate, names)) co_return std::move(*stored);
        CS_CO_TRY(auto const authority, co_await signer_of(manager_hierarchy()));
        Order order{.subject = {.common_name = host_names.front()},
                    .names = std::move(names),
                    // Systems may ask for a client certificate when the manager calls them.
                    .profile = pki::Profile::manager,
                    .validity = pki::valid_for(clock_->now(), pki::profile_row(pki::Profile::manager).life()),
                    .addresses = address_book()(authority.certificate().fingerprint())};
        CS_CO_TRY(auto made, co_await signed_by(authority, std::move(order)));
        auto const& certificate = made.certificate;
        CS_CO_CHECK(co_await store_.record_issued({.serial = certificate.serial(),
                                                   .subject = certificate.subject(),
                                                   .fingerprint = certificate.fingerprint(),
                                                   .purpose = "manager",
                                                   .not_before = certificate.not_before(),
                                                   .not_after = certificate.not_after(),
                                                   .certificate = certificate}));
        CS_CO_CHECK(co_await store_.set_secret(std::string(k_manager_secret), pair_text(certificate, *made.key)));
        log::info("authority.manager_certificate", {{"subject", certificate.subject()}, {"until", to_string(certificate.not_after())}});
        co_return std::move(made);
    }

private:
    [[nodiscard]] AddressesOf address_book() const {
        std::scoped_lock lock(mutex_);
        return addresses_;
    }
    [[nodiscard]] int manager_hierarchy() const {
        std::scoped_lock lock(mutex_);
        return manager_hierarchy_;
    }
    /// The signer of one of the authorities. A token that was away is asked once more.
    net::Task<Result<pki::CertificateAuthority>> signer_at(std::function<HeldAuthority const&(Hierarchies const&)> which) {
        if (auto const all = hierarchies(); failed_ || (!which(*all).signer && !which(*all).kept.token.empty())) {
            // Many jobs ask at once; the token is asked once for all of them.
            auto const turn = co_await asking_.acquire(0);
            auto const now = std::chrono::steady_clock::now();
            if (now >= asked_ + k_token_pause) {
                asked_ = now;
                CS_CO_CHECK(co_await reload());
            }
        }
        auto const all = hierarchies();
        auto const& found = which(*all);
        if (!found.signer) co_return fail(why_no_signer(found));
        co_return *found.signer;
    }
    net::Task<Result<pki::CertificateAuthority>> signer_of(int hierarchy) {
        return signer_at([hierarchy](Hierarchies const& all) -> HeldAuthority const& { return all.issuing(hierarchy); });
    }
    net::Task<Result<PendingCertificate>> signed_by(pki::CertificateAuthority authority, Order order) {
        bool const on_token = !authority.key().exportable();
        auto made =
            co_await net::offload(pool_, [authority = std::move(authority), order = std::move(order)] { return make(authority, order); });
        if (!made && on_token) failed_ = true;
        co_return made;
    }

    struct OpenedKeys {
        std::vector<KeptAuthority> kept;
        std::map<std::string, std::string> away;
    };
    /// Blocks.
    static OpenedKeys open_keys(TokenKeys& tokens, std::vector<KeptAuthority> kept) {
        OpenedKeys out{.kept = std::move(kept), .away = {}};
        for (auto& one : out.kept) {
            if (one.token.empty()) continue;
            auto key = tokens.open(one.token);
            auto good = key ? pki::check_key_matches(one.certificate, *key) : Result<void>(fail(key.error()));
            if (good) {
                one.key = *std::move(key);
                continue;
            }
            log::error("authority.key_away", good.error());
            out.away[one.certificate.fingerprint()] = good.error().message();
        }
        return out;
    }
    void forget_token_keys() {
        std::vector<KeptAuthority> kept;
        for (auto const& one : hierarchies()->all()) {
            kept.push_back(one.kept);
            if (!one.kept.token.empty()) kept.back().key.reset();
        }
        if (auto without = Hierarchies::make(std::move(kept))) {
            std::scoped_lock lock(mutex_);
            all_ = *std::move(without);
        }
    }
    [[nodiscard]] std::map<std::string, std::string> taken_keys() const {
        std::map<std::string, std::string> out;
        auto const all = hierarchies();
        for (auto const& one : all->all()) out.emplace(one.kept.certificate.public_key_sha256(), one.subject);
        return out;
    }

    net::Task<Result<std::optional<PendingCertificate>>> load_manager_certificate() {
        CS_CO_TRY(auto text, co_await store_.get_secret(std::string(k_manager_secret)));
        if (!text) co_return std::nullopt;
        CS_CO_TRY(auto pair, parse_pair(*text));
        co_return std::optional<PendingCertificate>(std::move(pair));
    }

    [[nodiscard]] bool is_good(pki::Certificate const& certificate, std::vector<pki::AlternativeName> const& names) const {
        auto here = certificate.alternative_names();
        bool same_names = here.size() == names.size() &&
                          std::ranges::all_of(names, [&certificate](auto const& name) { return has_name(certificate, name); });
        if (!same_names || is_ending(certificate, clock_->now())) return false;
        auto const all = hierarchies();
        auto const* issuer = all->issuer_of(certificate);
        return issuer != nullptr && issuer->kept.hierarchy == manager_hierarchy();
    }

    Store& store_;
    net::BlockingPool& pool_;
    std::shared_ptr<Clock const> clock_;
    std::string organization_;
    std::shared_ptr<TokenKeys> tokens_;
    std::atomic<bool> failed_{false};  ///< a token did not sign: its keys are to be opened anew
    net::KeyedLock asking_;
    std::chrono::steady_clock::time_point asked_{};
    mutable std::mutex mutex_;
    std::vector<pki::Certificate> others_;
    std::vector<std::string> withdrawn_;
    std::shared_ptr<Hierarchies const> all_ = std::make_shared<Hierarchies>();
    int manager_hierarchy_ = 1;  ///< below whose root the manager's own certificate is
    AddressesOf addresses_ = [](std::string const&) { return RevocationAddresses{}; };
    std::function<std::optional<UtcTime>(pki::Certificate const&)> calendar_;
};

}  // namespace

net::Task<Result<std::unique_ptr<InternalCa>>> InternalCa::open(Store& store, net::BlockingPool& pool, std::shared_ptr<Clock const> clock,
                                                                std::string organization, TokenSettings tokens) {
    // Borrowed for the whole life of the authority; a coroutine keeps pointers, never references.
    auto* kept_store = &store;
    auto* kept_pool = &pool;
    auto made = std::make_unique<StoredCa>(*kept_store, *kept_pool, std::move(clock), std::move(organization), std::move(tokens));
    CS_CO_CHECK(co_await made->reload());
    if (!made->hierarchies()->empty()) co_return std::move(made);
    std::vector<KeptAuthority> first;
    CS_CO_TRY(auto text, co_await kept_store->get_secret(std::string(k_former_secret)));
    if (text) {
        // A root of an older release signs by itself until it is replaced: what trusts it goes on as before.
        CS_CO_TRY(auto pair, parse_pair(*text));
        first.push_back({.certificate = std::move(pair.certificate), .key = std::move(pair.key), .is_root = true});
    } else {
        CS_CO_TRY(first, co_await made->make_hierarchy({}));
    }
    log::info("authority.made", {{"subject", first.front().certificate.subject()}, {"sha256", first.front().certificate.fingerprint()}});
    CS_CO_CHECK(co_await kept_store->certificates().authorities().add(std::move(first), "manager"));
    CS_CO_CHECK(co_await made->reload());
    co_return std::move(made);
}

SigningAuthority& signing_side(InternalCa& authority) { return dynamic_cast<StoredCa&>(authority); }

Result<void> write_roots(InternalCa const& authority, std::filesystem::path const& file) {
    return host::write_file(file, pki::to_pem(authority.roots()), host::Privacy::shared);
}

}  // namespace countersign::manager
