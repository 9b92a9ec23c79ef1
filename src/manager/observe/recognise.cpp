#include "manager/observe/recognise.hpp"

#include "dialect/web_form.hpp"

#include "countersign/errors/mgr.hpp"
#include "countersign/errors/net.hpp"

#include <algorithm>
#include <set>

namespace countersign::manager {

namespace {

struct WebPort {
    std::uint16_t port = 0;
    bool secure = false;
    auto operator<=>(WebPort const&) const = default;
};

/// The web ports of all families, HTTPS first: where both answer, the better one is asked.
std::vector<WebPort> web_ports(Wire const& wire, System const& system, family::Families const& families) {
    std::set<WebPort> ports;
    for (auto const& family : families.all()) {
        if (auto const* service = https_service(*family)) ports.insert({wire.port_of(system, *service), true});
        if (auto const* service = http_service(*family)) ports.insert({wire.port_of(system, *service), false});
    }
    std::vector<WebPort> ordered(ports.begin(), ports.end());
    std::ranges::sort(ordered, [](WebPort a, WebPort b) { return a.secure != b.secure ? a.secure : a.port < b.port; });
    return ordered;
}

net::http::Client client_for(Wire const& wire, System const& system, std::string const& address, WebPort where) {
    if (!where.secure) return plain_client(wire, system, address, where.port);
    net::http::Client::Settings settings;
    settings.origin = {.scheme = net::Scheme::https, .host = certificate_name(system), .port = where.port};
    settings.address = address;
    // Nothing that is worth anything goes out and nothing that comes back is believed further than a guess of the family.
    settings.policy = net::tls::AcceptAny{};
    settings.clock = wire.clock;
    settings.bind_address = wire.bind_address;
    settings.connect = wire.connect;
    settings.exchange = wire.exchange;
    return net::http::Client(std::move(settings));
}

std::map<std::string, std::string> facts_shown(net::http::Response const& response) {
    std::map<std::string, std::string> facts;
    for (auto challenge : response.fields.all("WWW-Authenticate"))
        if (auto realm = realm_of(challenge); !realm.empty()) facts["realm"] = realm;
    if (auto page = dialect::web::parse_page(response.body); page && !page->title.empty()) facts["page_title"] = page->title;
    return facts;
}

}  // namespace

std::string realm_of(std::string_view challenge) {
    constexpr std::string_view k_begin = "realm=\"";
    auto const begin = to_lower(challenge).find(k_begin);
    if (begin == std::string::npos) return {};
    auto const rest = challenge.substr(begin + k_begin.size());
    auto const end = rest.find('"');
    return end == std::string_view::npos ? std::string() : std::string(rest.substr(0, end));
}

net::Task<Glance> glance_at(Wire wire, family::Families families, System system, std::string address, Over over) {
    Glance seen;
    for (auto where : web_ports(wire, system, families)) {
        if (!where.secure && over == Over::https_only) continue;
        auto client = client_for(wire, system, address, where);
        auto response = co_await client.get("/");
        if (where.secure && !seen.certificate && client.handshake() && client.handshake()->leaf())
            seen.certificate = *client.handshake()->leaf();
        if (!response) {
            if (!seen.silence) seen.silence = std::move(response).error();
            continue;
        }
        (where.secure ? seen.https : seen.http) = true;
        seen.family = families.recognise(facts_shown(*response));
        if (seen.family) break;
    }
    co_return seen;
}

net::Task<Result<family::FamilyPtr>> recognise_family(Wire wire, family::Families families, System system, std::string address) {
    auto seen = co_await glance_at(std::move(wire), std::move(families), system, std::move(address), Over::https_and_http);
    if (seen.family) co_return std::move(seen.family);
    if (!seen.https && !seen.http && seen.silence) co_return fail(std::move(*seen.silence));
    co_return fail(errors::mgr::family_not_recognised, {{"peer", certificate_name(system)}});
}

}  // namespace countersign::manager
