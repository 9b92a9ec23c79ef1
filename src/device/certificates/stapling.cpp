/// OCSP responses that HTTPS staples for its own certificate (REQ TRU-7, RFC 6066 section 8).

#include "base/text.hpp"
#include "device/certificates/unit_certificates.hpp"
#include "pki/revocation_pointers.hpp"

#include <algorithm>
#include <utility>

namespace countersign::device {
namespace {

// Of one certificate: what is kept is small.
constexpr std::size_t k_kept_responses = 4;

/// Whoever signed the leaf: what was uploaded with it, or a root that is trusted here. Only the subject is compared: a response that its
/// key has not signed is thrown away.
std::optional<pki::Certificate> issuer_of(std::vector<pki::Certificate> const& chain, std::vector<pki::Certificate> const& roots) {
    auto const name = chain.front().issuer();
    auto const is_issuer = [&name](pki::Certificate const& one) { return one.subject() == name; };
    if (auto found = std::find_if(chain.begin() + 1, chain.end(), is_issuer); found != chain.end()) return *found;
    if (auto found = std::ranges::find_if(roots, is_issuer); found != roots.end()) return *found;
    return std::nullopt;
}

}  // namespace

bool Unit::State::can_staple(HeldIdentity const& identity) {
    return identity.served && !pki::revocation_pointers(identity.served->chain.front()).responders.empty();
}

std::function<std::shared_ptr<Bytes const>()> Unit::State::staple(HeldIdentity& identity) {
    if (!can_staple(identity)) return {};
    auto const& chain = identity.served->chain;
    auto const issuer = issuer_of(chain, certificates->trust());
    if (!issuer) return {};
    auto const names = name_servers();
    auto const responders = pki::revocation_pointers(chain.front()).responders;
    // Without name servers of its own a system knows no names: those of the machine it runs on are not its business.
    auto const reachable = [&names](std::string const& url) {
        auto const parsed = net::Url::parse(url);
        return parsed && (names != nullptr || is_ip_address(parsed->host));
    };
    if (std::ranges::none_of(responders, reachable)) return {};
    // What was answered is kept while certificate and name servers are the same.
    auto what = chain.front().fingerprint() + " " + issuer->fingerprint();
    for (auto const& setting : family->settings)
        if (setting.canonical.starts_with("name.dns.")) what += " " + tree.effective(setting);
    if (!identity.staples || identity.stapled_what != what) {
        net::RevocationCache::Settings settings;
        settings.reach.resolver = names;
        settings.reach.bind_address = spec.address;
        settings.reach.blocking = &environment->runtime->blocking();
        settings.clock = clock;
        settings.responses = k_kept_responses;
        settings.sources = net::RevocationSources::responders;
        identity.staples = std::make_shared<net::RevocationCache>(executor, std::move(settings));
        identity.stapled_what = std::move(what);
    }
    auto source = net::staple_from(identity.staples, {chain.front(), *issuer});
    // The first caller should have it already.
    source();
    return source;
}

}  // namespace countersign::device
