#include "manager/certificates/offline_root.hpp"

#include "base/text.hpp"
#include "manager/certificates/certificate_upload.hpp"
#include "manager/certificates/revocation_desk.hpp"
#include "manager/drivers/web_driver.hpp"
#include "pki/contents.hpp"
#include "pki/token.hpp"

#include "countersign/errors/crt.hpp"
#include "countersign/errors/gen.hpp"
#include "countersign/errors/mgr.hpp"

#include <algorithm>

namespace countersign::manager {
namespace {

constexpr std::string_view k_request_secret = "authority request";
constexpr std::string_view k_identity = "the issuing authority";
constexpr std::string_view k_base_key = "authority.http_base";

/// In words; the field is the one of the upload.
Failure not_taken(std::string_view field, std::string detail) {
    return fail(errors::gen::invalid_input, {{"field", field}, {"detail", std::move(detail)}});
}

std::uint64_t number_of(pki::Crl const& list) {
    std::uint64_t out = 0;
    if (auto const bytes = from_hex(list.number()))
        for (auto const byte : *bytes) out = out * 256 + byte;
    return out;
}

/// The one certificate of a file that is no authority's of ours yet: answers often bring the root along.
Result<pki::Certificate> fresh_one(std::string const& file, Hierarchies const& all) {
    pki::ContentsLimits limits;
    limits.bytes = k_certificate_file_limit;
    CS_TRY(auto const contents, pki::read_contents(file, SecretText(), limits));
    std::vector<pki::Certificate> found;
    for (auto const& item : contents.items)
        if (auto const* one = std::get_if<pki::Certificate>(&item.value); one != nullptr && all.find(one->fingerprint()) == nullptr)
            found.push_back(*one);
    if (found.empty()) return fail(errors::crt::certificate_missing);
    return found.front();
}

Result<void> check_key_is_here(HeldAuthority const& root) {
    if (!root.kept.token.empty()) return fail(errors::mgr::key_on_token, {{"root", root.subject}, {"token", root.kept.token}});
    if (!root.kept.key) return fail(errors::mgr::root_is_offline, {{"root", root.subject}});
    return {};
}

/// What is kept of a request that waits: when it was made, where its key is when that is on a token, the request, and else the key.
SecretText request_text(UtcTime made, std::string const& token, pki::CertificateRequest const& request, pki::PrivateKey const& key) {
    auto text = to_string(made) + "\n" + (token.empty() ? "" : token + "\n") + request.to_pem();
    if (token.empty()) text += key.to_pem().reveal();
    return SecretText(std::move(text));
}

}  // namespace

net::Task<Result<std::string>> OfflineRoot::export_root(SecretText passphrase, std::string actor) {
    if (passphrase.reveal().size() < k_shortest_root_passphrase)
        co_return not_taken("passphrase", "at least " + std::to_string(k_shortest_root_passphrase) + " characters are expected");
    auto const all = signing_side(links_.authority).hierarchies();
    auto const& root = all->root();
    CS_CO_CHECK(check_key_is_here(root));
    // Encrypting derives a key, which costs time.
    auto shared = std::make_shared<SecretText>(std::move(passphrase));
    auto pem = co_await net::offload(links_.pool, [key = *root.kept.key, certificate = root.kept.certificate, shared] {
        auto const locked = key.to_pem(*shared);
        return certificate.to_pem() + std::string(locked.reveal());
    });
    CS_CO_CHECK(co_await links_.store.audit(std::move(actor), "authority.export", root.subject,
                                            "its key, encrypted with a passphrase; SHA-256 " + root.fingerprint));
    co_return pem;
}

net::Task<Result<void>> OfflineRoot::take_offline(std::string file, SecretText passphrase, std::string actor) {
    auto& side = signing_side(links_.authority);
    auto const all = side.hierarchies();
    auto const& root = all->root();
    CS_CO_TRY(auto const running, co_await links_.store.certificates().authorities().replacement());
    if (running)
        co_return fail(errors::mgr::replacement_runs, {{"since", to_string(running->begun)}, {"phase", to_string(running->phase)}});
    CS_CO_CHECK(check_key_is_here(root));
    if (all->issuing().kept.is_root) co_return fail(errors::mgr::root_signs_itself, {{"root", root.subject}});
    // The file is what is left afterwards: it opens, and signs for this root.
    auto shared = std::make_shared<SecretText>(std::move(passphrase));
    auto proven = co_await net::offload(links_.pool, [file, shared, certificate = root.kept.certificate]() -> Result<void> {
        CS_TRY(auto const key, pki::PrivateKey::parse_pem(file, *shared));
        return pki::check_key_matches(certificate, key);
    });
    if (!proven) co_return proven;
    CS_CO_CHECK(co_await links_.store.certificates().authorities().drop_key(root.fingerprint, std::move(actor)));
    CS_CO_CHECK(co_await side.reload());
    co_return co_await links_.authorities_changed();
}

net::Task<Result<std::optional<OfflineRoot::Pending>>> OfflineRoot::pending() {
    CS_CO_TRY(auto const text, co_await links_.store.get_secret(std::string(k_request_secret)));
    if (!text || text->empty()) co_return std::nullopt;
    auto const lines = text->reveal();
    auto const end = lines.find('\n');
    auto const made = parse_utc_time(lines.substr(0, end));
    auto const second = lines.substr(std::min(end, lines.size() - 1) + 1, lines.find('\n', end + 1) - end - 1);
    std::string token(pki::is_token_uri(second) ? second : std::string_view());
    auto key = token.empty() ? pki::PrivateKey::parse_pem(lines) : co_await signing_side(links_.authority).key_of_authority(token);
    if (!key) co_return fail(std::move(key).error());
    CS_CO_TRY(auto const request, pki::CertificateRequest::parse_pem(lines));
    Request out{.pem = request.to_pem(), .subject = request.subject(), .made = made.value_or(UtcTime())};
    co_return std::optional<Pending>(Pending{std::move(out), *std::move(key), std::move(token)});
}

net::Task<Result<OfflineRoot::Request>> OfflineRoot::request_issuing(bool replace, std::string key, std::string actor) {
    auto const all = signing_side(links_.authority).hierarchies();
    auto const& root = all->root();
    if (all->issuing().kept.is_root) co_return fail(errors::mgr::root_signs_itself, {{"root", root.subject}});
    CS_CO_TRY(auto const base, co_await links_.store.get_value(std::string(k_base_key)));
    auto const addresses = RevocationDesk::addresses(base.value_or(""), root.fingerprint);
    CS_CO_TRY(auto known, co_await pending());
    if (!known || replace || (!key.empty() && key != known->token)) {
        auto const name = signing_side(links_.authority).next_issuing_name();
        CS_CO_TRY(auto own, co_await signing_side(links_.authority).key_of_authority(key));
        CS_CO_TRY(auto const request,
                  co_await net::offload(links_.pool, [own, name] { return pki::CertificateRequest::create(own, name, {}); }));
        auto const now = links_.clock->now();
        auto const text = std::make_shared<SecretText const>(request_text(now, key, request, own));
        auto const keep = [store = &links_.store, text, subject = request.subject(), actor]() -> net::Task<Result<void>> {
            CS_CO_CHECK(co_await store->set_secret(std::string(k_request_secret), text->duplicate()));
            co_return co_await store->audit(actor, "authority.request", subject, "for the root's key");
        };
        CS_CO_CHECK(co_await links_.store.write_together(keep));
        known = Pending{{.pem = request.to_pem(), .subject = request.subject(), .made = now}, std::move(own), std::move(key)};
    }
    auto out = std::move(known->request);
    out.crl_url = addresses.crl;
    out.issuer_url = addresses.issuer;
    co_return out;
}

net::Task<Result<pki::Certificate>> OfflineRoot::install_issuing(std::string file, std::string actor) {
    auto& side = signing_side(links_.authority);
    auto const all = side.hierarchies();
    auto const& root = all->root();
    CS_CO_TRY(auto const known, co_await pending());
    if (!known) co_return fail(errors::crt::no_request_pending, {{"identity", k_identity}});
    CS_CO_TRY(auto const certificate, fresh_one(file, *all));
    auto const now = links_.clock->now();
    std::vector<Error> problems;
    if (certificate.public_key_sha256() != known->key.public_key_sha256())
        problems.push_back(Error(errors::crt::answer_of_another_request, {{"identity", k_identity},
                                                                          {"certificate_key", certificate.public_key_sha256()},
                                                                          {"request_key", known->key.public_key_sha256()}}));
    else if (auto good = pki::CertificateAuthority::create(certificate, known->key); !good)
        problems.push_back(std::move(good).error());
    if (auto good = pki::check_order({certificate, root.kept.certificate}); !good) problems.push_back(std::move(good).error());
    if (certificate.not_after() <= now)
        problems.push_back(
            Error(errors::crt::expired, {{"subject", certificate.subject()}, {"not_after", to_string(certificate.not_after())}}));
    if (certificate.not_before() > now)
        problems.push_back(
            Error(errors::crt::not_yet_valid, {{"subject", certificate.subject()}, {"not_before", to_string(certificate.not_before())}}));
    if (!problems.empty()) co_return fail(gather(std::move(problems)));
    KeptAuthority const fresh{
        .certificate = certificate, .key = known->key, .token = known->token, .hierarchy = root.kept.hierarchy, .made = now};
    auto const keep = [store = &links_.store, fresh, actor]() -> net::Task<Result<void>> {
        CS_CO_CHECK(co_await store->certificates().authorities().add({fresh}, actor));
        co_return co_await store->set_secret(std::string(k_request_secret), SecretText());
    };
    CS_CO_CHECK(co_await links_.store.write_together(keep));
    CS_CO_CHECK(co_await side.reload());
    CS_CO_CHECK(co_await links_.authorities_changed());
    co_return certificate;
}

net::Task<Result<void>> OfflineRoot::bring_list(std::string file, std::string actor) {
    auto const all = signing_side(links_.authority).hierarchies();
    CS_CO_TRY(auto const list, pki::Crl::parse(file));
    for (auto const& one : all->all()) {
        if (!one.kept.is_root || !list.is_signed_by(one.kept.certificate)) continue;
        if (one.signer) co_return not_taken("list", "the manager has the key of " + one.subject + " and makes its list by itself");
        if (!list.next_update() || *list.next_update() <= links_.clock->now())
            co_return not_taken("list", "it is over: lists are asked for until their next update");
        if (!one.kept.list.empty()) {
            CS_CO_TRY(auto const before, pki::Crl::parse(one.kept.list));
            if (number_of(list) <= number_of(before))
                co_return not_taken("list", "its number is not above that of the list that is here (" + before.number() + ")");
        }
        CS_CO_CHECK(co_await links_.store.certificates().authorities().keep_list(one.fingerprint, list.to_pem(), std::move(actor)));
        co_return co_await signing_side(links_.authority).reload();
    }
    co_return not_taken("list", "no root of the manager's own authority signed it; its issuer is " + list.issuer());
}

}  // namespace countersign::manager
