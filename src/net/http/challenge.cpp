#include "net/http/challenge.hpp"

#include "base/text.hpp"
#include "host/crypto.hpp"

#include "countersign/errors/net.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace countersign::net::http {

namespace {

void skip_blanks(std::string_view& text, bool commas) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t' || (commas && text.front() == ','))) text.remove_prefix(1);
}

std::string_view take_token(std::string_view& text) {
    auto end = std::min(text.find_first_of(" \t,=\""), text.size());
    auto token = text.substr(0, end);
    text.remove_prefix(end);
    return token;
}

std::string take_value(std::string_view& text) {
    std::string value;
    if (!text.starts_with('"')) return std::string(take_token(text));
    std::size_t i = 1;
    for (; i < text.size() && text[i] != '"'; ++i) {
        if (text[i] == '\\' && i + 1 < text.size()) ++i;
        value += text[i];
    }
    text.remove_prefix(std::min(i + 1, text.size()));
    return value;
}

/// "name = value" at the front; nothing is taken when it is something else.
std::optional<std::pair<std::string, std::string>> take_parameter(std::string_view& text) {
    auto rest = text;
    auto name = take_token(rest);
    skip_blanks(rest, false);
    if (name.empty() || !rest.starts_with('=')) return std::nullopt;
    rest.remove_prefix(1);
    skip_blanks(rest, false);
    auto value = take_value(rest);
    text = rest;
    return std::pair(to_lower(name), std::move(value));
}

/// Higher is better; 0: not usable.
int rank(Challenge const& challenge) {
    if (challenge.scheme == AuthScheme::basic) return 1;
    if (challenge.scheme == AuthScheme::digest) return challenge.hash == tls::Hash::sha256 ? 3 : 2;
    return 0;
}

std::optional<Challenge> usable(AuthValue const& value) {
    Challenge challenge;
    challenge.realm = value.get("realm");
    if (value.scheme == "basic") {
        challenge.scheme = AuthScheme::basic;
        return challenge;
    }
    if (value.scheme != "digest") return std::nullopt;
    challenge.scheme = AuthScheme::digest;
    challenge.nonce = value.get("nonce");
    challenge.opaque = value.get("opaque");
    challenge.algorithm = value.get("algorithm");
    challenge.stale = iequals(value.get("stale"), "true");
    auto name = to_lower(challenge.algorithm);
    if (name.ends_with("-sess")) {
        challenge.session = true;
        name.resize(name.size() - 5);
    }
    if (name == "sha-256") {
        challenge.hash = tls::Hash::sha256;
    } else if (!name.empty() && name != "md5") {
        return std::nullopt;
    }
    if (value.has("qop")) {
        for (auto option : split(value.get("qop"), ',')) challenge.qop = challenge.qop || iequals(trim(option), "auth");
        if (!challenge.qop) return std::nullopt;  // auth-int alone
    }
    if (challenge.nonce.empty()) return std::nullopt;
    return challenge;
}

}  // namespace

std::string_view AuthValue::get(std::string_view name) const {
    auto found = parameters.find(std::string(name));
    return found == parameters.end() ? std::string_view() : found->second;
}

std::vector<AuthValue> parse_auth(std::string_view header) {
    // What is read here is written into headers again: a line break or a zero byte would end them early.
    if (header.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos) return {};
    std::vector<AuthValue> values;
    skip_blanks(header, true);
    while (!header.empty()) {
        AuthValue value;
        value.scheme = to_lower(take_token(header));
        if (value.scheme.empty()) break;
        skip_blanks(header, false);
        while (!header.empty()) {
            auto parameter = take_parameter(header);
            if (!parameter) break;
            value.parameters.insert(*std::move(parameter));
            skip_blanks(header, true);
        }
        values.push_back(std::move(value));
        skip_blanks(header, true);
    }
    return values;
}

Result<Challenge> choose_challenge(Response const& unauthorized, bool secure) {
    std::optional<Challenge> best;
    for (auto header : unauthorized.fields.all("WWW-Authenticate"))
        for (auto const& value : parse_auth(header)) {
            auto challenge = usable(value);
            if (challenge && (!best || rank(*challenge) > rank(*best))) best = std::move(challenge);
        }
    if (!best)
        return fail(errors::net::login_refused, {{"peer", "The server"}, {"detail", "it asks for no kind of log-in that is known here"}});
    if (best->scheme == AuthScheme::basic && !secure)
        return fail(errors::net::insecure_authentication_refused, {{"peer", "The server"}, {"scheme", "basic authentication"}});
    return *std::move(best);
}

std::string quote(std::string_view text) {
    std::string out = "\"";
    for (char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    return out + '"';
}

SecretText digest_response(DigestInput const& input) {
    auto hash = [&input](std::string const& text) { return tls::hash_hex(input.hash, text); };
    auto with = [](std::initializer_list<std::string_view> parts) {
        std::string all;
        for (auto part : parts) {
            if (!all.empty()) all += ':';
            all += part;
        }
        return all;
    };
    Secret const plain(with({input.user, input.realm}) + ':' + std::string(input.password));
    Secret a1(hash(plain.reveal()));
    if (input.session) a1 = Secret(hash(with({a1.reveal(), input.nonce, input.cnonce})));
    auto a2 = hash(with({input.method, input.uri}));
    if (input.qop.empty()) return Secret(hash(with({a1.reveal(), input.nonce, a2})));
    return Secret(hash(with({a1.reveal(), input.nonce, input.count, input.cnonce, input.qop, a2})));
}

std::string authorize(Challenge const& challenge, Request const& request, Credentials const& credentials, std::uint32_t count) {
    if (challenge.scheme == AuthScheme::basic) {
        Secret const pair(credentials.user + ':' + credentials.password.reveal());
        return "Basic " + to_base64(pair.reveal());
    }
    std::array<char, 16> digits{};
    auto end = std::to_chars(digits.begin(), digits.end(), count, 16).ptr;
    std::string nc(digits.begin(), end);
    nc.insert(0, 8 - std::min<std::size_t>(8, nc.size()), '0');
    auto const cnonce = to_base64url(host::random_bytes(15));
    auto response = digest_response({.hash = challenge.hash,
                                     .session = challenge.session,
                                     .user = credentials.user,
                                     .realm = challenge.realm,
                                     .password = credentials.password.reveal(),
                                     .method = request.method,
                                     .uri = request.target,
                                     .nonce = challenge.nonce,
                                     .cnonce = cnonce,
                                     .count = nc,
                                     .qop = challenge.qop ? "auth" : ""});
    auto header = "Digest username=" + quote(credentials.user) + ", realm=" + quote(challenge.realm) + ", nonce=" + quote(challenge.nonce) +
                  ", uri=" + quote(request.target) + ", response=\"" + response.reveal() + '"';
    if (!challenge.algorithm.empty()) header += ", algorithm=" + challenge.algorithm;
    if (!challenge.opaque.empty()) header += ", opaque=" + quote(challenge.opaque);
    if (challenge.qop) header += ", qop=auth, nc=" + nc;
    if (challenge.qop || challenge.session) header += ", cnonce=" + quote(cnonce);
    return header;
}

Result<std::string> answer_challenge(Response const& unauthorized, Request const& request, Credentials const& credentials, bool secure) {
    CS_TRY(auto challenge, choose_challenge(unauthorized, secure));
    return authorize(challenge, request, credentials, 1);
}

}  // namespace countersign::net::http
