#include "net/address.hpp"

#include "base/text.hpp"

#include "countersign/errors/net.hpp"

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

namespace countersign::net {

namespace {

std::string bracketed(std::string const& host) { return host.find(':') == std::string::npos ? host : '[' + host + ']'; }

std::uint16_t own_port(Scheme scheme) { return scheme == Scheme::https ? 443 : 80; }

Failure invalid(std::string_view text, std::string_view detail) {
    // A password that somebody put into the URL is not repeated.
    auto shown = text.substr(0, 200);
    if (shown.find('@') != std::string_view::npos) shown = shown.substr(0, shown.find("//"));
    return fail(errors::net::invalid_url, {{"url", shown}, {"detail", detail}});
}

}  // namespace

std::string to_string(Endpoint const& endpoint) { return bracketed(endpoint.address) + ':' + std::to_string(endpoint.port); }

Result<Url> Url::parse(std::string_view text) {
    constexpr std::size_t k_longest = 2048;
    if (text.size() > k_longest) return invalid(text, "it is longer than 2048 bytes");
    auto parsed = boost::urls::parse_uri({text.data(), text.size()});
    if (!parsed) return invalid(text, "it is not an absolute URL");
    auto const& view = *parsed;
    Url url;
    if (view.scheme_id() == boost::urls::scheme::http) {
        url.scheme = Scheme::http;
    } else if (view.scheme_id() != boost::urls::scheme::https) {
        return invalid(text, "the scheme is neither http nor https");
    }
    if (!view.has_authority()) return invalid(text, "there is no host");
    if (view.has_userinfo()) return invalid(text, "it carries user information");
    switch (view.host_type()) {
        case boost::urls::host_type::ipv4:
        case boost::urls::host_type::ipv6: url.host = view.host_address(); break;
        case boost::urls::host_type::name: url.host = view.host_name(); break;
        default: break;
    }
    if (!is_ip_address(url.host) && !is_host_name(url.host)) return invalid(text, "the host is neither a name nor an address");
    url.port = own_port(url.scheme);
    if (view.has_port() && !view.port().empty()) {
        auto port = parse_number<std::uint16_t>(std::string_view(view.port().data(), view.port().size()));
        if (!port || *port == 0) return invalid(text, "the port is not a number from 1 to 65535");
        url.port = *port;
    }
    auto target = view.encoded_target();
    url.target.assign(target.data(), target.size());
    if (!url.target.starts_with('/')) url.target.insert(0, 1, '/');
    return url;
}

std::string Url::origin() const {
    return (scheme == Scheme::https ? "https://" : "http://") + bracketed(host) + ':' + std::to_string(port);
}

std::string Url::to_string() const {
    auto text = (scheme == Scheme::https ? "https://" : "http://") + bracketed(host);
    if (port != own_port(scheme)) text += ':' + std::to_string(port);
    return text + target;
}

}  // namespace countersign::net
