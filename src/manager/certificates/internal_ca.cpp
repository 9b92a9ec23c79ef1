#include "base/log.hpp"
#include "host/files.hpp"
#include "manager/certificates/signing_authority.hpp"
#include "pki/issue.hpp"

#include <algorithm>
#include <chrono>
#include <mutex>

namespace countersign::manager {
namespace {

constexpr std::string_view k_authority_secret = "authority";
constexpr std::string_view k_manager_secret = "manager certificate";
constexpr std::chrono::days k_root_life{3653};
constexpr std::chrono::days k_manager_life{365};

/// Certificate and key in one text, so that one row holds both or neither.
SecretText pair_text(pki::Certificate const& certificate, pki::PrivateKey const& key) {
    auto pem = key.to_pem();
    return SecretText(certificate.to_pem() + pem.reveal());
}

Result<PendingCertificate> parse_pair(SecretText const& text) {
    CS_TRY(auto certificate, pki::Certificate::parse_pem(text.reveal()));
    CS_TRY(auto key, pki::PrivateKey::parse_pem(text.reveal()));
    CS_CHECK(pki::check_key_matches(certificate, key));
    return PendingCertificate{std::move(certificate), std::move(key)};
}

struct Order {
    pki::KeyType key_type = pki::KeyType::ec_p256;
    pki::SubjectFields subject;
    std::vector<pki::AlternativeName> names;
    pki::Profile profile = pki::Profile::device;
    pki::Validity validity{};
    RevocationAddresses addresses{};
};

/// Makes a key and has it signed. Blocks for as long as key generation takes.
Result<PendingCertificate> make(pki::CertificateAuthority const& authority, Order const& order) {
    CS_TRY(auto key, pki::PrivateKey::generate(order.key_type));
    CS_TRY(auto request, pki::CertificateRequest::create(key, order.subject, order.names));
    pki::IssueOptions options;
    if (!order.addresses.crl.empty()) options.crl_urls = {order.addresses.crl};
    if (!order.addresses.ocsp.empty()) options.ocsp_urls = {order.addresses.ocsp};
    if (!order.addresses.issuer.empty()) options.issuer_urls = {order.addresses.issuer};
    CS_TRY(auto certificate, authority.sign(request, order.profile, order.validity, options));
    return PendingCertificate{std::move(certificate), std::move(key)};
}

Result<pki::CertificateAuthority> make_root(std::string const& organization, UtcTime now) {
    CS_TRY(auto key, pki::PrivateKey::generate(pki::KeyType::ec_p256));
    return pki::CertificateAuthority::create_root(std::move(key), {.common_name = organization + " Root", .organization = organization},
                                                  pki::valid_for(now, k_root_life));
}

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
    StoredCa(Store& store, net::BlockingPool& pool, std::shared_ptr<Clock const> clock, pki::CertificateAuthority authority)
        : store_(store), pool_(pool), clock_(std::move(clock)), authority_(std::move(authority)) {}

    [[nodiscard]] std::vector<pki::Certificate> roots() const override {
        std::vector<pki::Certificate> out{authority_.certificate()};
        std::scoped_lock lock(mutex_);
        out.insert(out.end(), others_.begin(), others_.end());
        return out;
    }
    void trust_also(std::vector<pki::Certificate> others, std::vector<std::string> withdrawn) override {
        std::scoped_lock lock(mutex_);
        others_ = std::move(others);
        withdrawn_ = std::move(withdrawn);
    }
    [[nodiscard]] std::vector<std::string> withdrawn() const override {
        std::scoped_lock lock(mutex_);
        return withdrawn_;
    }

    [[nodiscard]] pki::CertificateAuthority signer() const override { return authority_; }
    void use_addresses(RevocationAddresses addresses) override {
        std::scoped_lock lock(mutex_);
        addresses_ = std::move(addresses);
    }
    void use_calendar(std::function<std::optional<UtcTime>(pki::Certificate const&)> calendar) override { calendar_ = std::move(calendar); }

    net::Task<Result<PendingCertificate>> issue_for_system(System system, Policy policy) override {
        CS_CO_TRY(auto key_type, pki::parse_key_type(policy.key_type));
        Order order{.key_type = key_type,
                    .subject = {.common_name = system.host_name.empty() ? system.address : system.host_name},
                    .profile = pki::Profile::device,
                    .validity = pki::valid_for(clock_->now(), std::chrono::days(policy.certificate_days)),
                    .addresses = revocation_addresses()};
        using Kind = pki::AlternativeName::Kind;
        if (!system.host_name.empty()) order.names.push_back({Kind::dns, system.host_name});
        // A name outlives an address: the address stands in it only while there is nothing better to call the system by.
        if (system.track_by == TrackBy::address && !system.address.empty()) order.names.push_back({Kind::ip, system.address});
        CS_CO_TRY(auto made,
                  co_await net::offload(pool_, [authority = authority_, order = std::move(order)] { return make(authority, order); }));
        if (calendar_) made.renew_at = calendar_(made.certificate);
        co_return std::move(made);
    }

    net::Task<Result<PendingCertificate>> manager_certificate(std::string host_name, std::vector<std::string> addresses) override {
        using Kind = pki::AlternativeName::Kind;
        std::vector<pki::AlternativeName> names{{Kind::dns, host_name}};
        for (auto const& address : addresses) names.push_back({Kind::ip, address});
        CS_CO_TRY(auto stored, co_await load_manager_certificate());
        if (stored && is_good(stored->certificate, names)) co_return std::move(*stored);
        Order order{.subject = {.common_name = host_name},
                    .names = std::move(names),
                    // Systems may ask for a client certificate when the manager calls them.
                    .profile = pki::Profile::device,
                    .validity = pki::valid_for(clock_->now(), k_manager_life),
                    .addresses = revocation_addresses()};
        CS_CO_TRY(auto made,
                  co_await net::offload(pool_, [authority = authority_, order = std::move(order)] { return make(authority, order); }));
        auto const& certificate = made.certificate;
        CS_CO_CHECK(co_await store_.record_issued({.serial = certificate.serial(),
                                                   .subject = certificate.subject(),
                                                   .fingerprint = certificate.fingerprint(),
                                                   .purpose = "manager",
                                                   .not_before = certificate.not_before(),
                                                   .not_after = certificate.not_after(),
                                                   .certificate = certificate}));
        CS_CO_CHECK(co_await store_.set_secret(std::string(k_manager_secret), pair_text(certificate, made.key)));
        log::info("authority.manager_certificate", {{"subject", certificate.subject()}, {"until", to_string(certificate.not_after())}});
        co_return std::move(made);
    }

private:
    [[nodiscard]] RevocationAddresses revocation_addresses() const {
        std::scoped_lock lock(mutex_);
        return addresses_;
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
        return same_names && !is_ending(certificate, clock_->now()) && certificate.issuer() == authority_.certificate().subject();
    }

    Store& store_;
    net::BlockingPool& pool_;
    std::shared_ptr<Clock const> clock_;
    pki::CertificateAuthority authority_;
    mutable std::mutex mutex_;
    std::vector<pki::Certificate> others_;
    std::vector<std::string> withdrawn_;
    RevocationAddresses addresses_;
    std::function<std::optional<UtcTime>(pki::Certificate const&)> calendar_;
};

}  // namespace

net::Task<Result<std::unique_ptr<InternalCa>>> InternalCa::open(Store& store, net::BlockingPool& pool, std::shared_ptr<Clock const> clock,
                                                                std::string organization) {
    // Borrowed for the whole life of the authority; a coroutine keeps pointers, never references.
    auto* kept_store = &store;
    auto* kept_pool = &pool;
    CS_CO_TRY(auto text, co_await kept_store->get_secret(std::string(k_authority_secret)));
    if (text) {
        CS_CO_TRY(auto pair, parse_pair(*text));
        CS_CO_TRY(auto authority, pki::CertificateAuthority::create(std::move(pair.certificate), std::move(pair.key)));
        co_return std::make_unique<StoredCa>(*kept_store, *kept_pool, std::move(clock), std::move(authority));
    }
    CS_CO_TRY(auto authority,
              co_await net::offload(*kept_pool, [organization, now = clock->now()] { return make_root(organization, now); }));
    CS_CO_CHECK(co_await kept_store->set_secret(std::string(k_authority_secret), pair_text(authority.certificate(), authority.key())));
    log::info("authority.made", {{"subject", authority.certificate().subject()}, {"sha256", authority.certificate().fingerprint()}});
    co_return std::make_unique<StoredCa>(*kept_store, *kept_pool, std::move(clock), std::move(authority));
}

SigningAuthority& signing_side(InternalCa& authority) { return dynamic_cast<StoredCa&>(authority); }

Result<void> write_roots(InternalCa const& authority, std::filesystem::path const& file) {
    return host::write_file(file, pki::to_pem(authority.roots()), host::Privacy::shared);
}

}  // namespace countersign::manager
