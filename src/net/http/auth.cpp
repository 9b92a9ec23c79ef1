#include "net/http/auth.hpp"

#include "base/text.hpp"
#include "host/crypto.hpp"
#include "net/http/challenge.hpp"
#include "net/tls/digest.hpp"

#include <charconv>
#include <map>
#include <mutex>
#include <variant>

namespace countersign::net::http {

namespace {

using std::chrono::steady_clock;

constexpr std::chrono::minutes k_nonce_life{5};

/// Nonces carry their time and prove with a keyed hash that they are ours, so that nothing is kept for those that are
/// never used. Of used ones the counts are kept, in a window as of IPsec (RFC 4303 section 3.4.3): requests of one
/// client on several connections may come a little out of order.
class Nonces {
public:
    std::string make() {
        auto when = milliseconds_now();
        auto body = std::to_string(when) + '.' + to_base64url(host::random_bytes(9));
        return body + '.' + sign(body);
    }

    /// Ours and not too old. Says nothing about the count.
    bool is_fresh(std::string_view nonce) const {
        auto when = time_of(nonce);
        return when && milliseconds_now() - *when <= std::chrono::milliseconds(k_nonce_life).count() && *when > forgotten_;
    }

    /// Called only when the response was right, so that nobody without a password can fill the table.
    bool use(std::string_view nonce, std::uint32_t count) {
        forget_old();
        auto [entry, added] = used_.try_emplace(std::string(nonce), Window{.time = time_of(nonce).value_or(0)});
        return entry->second.use(count);
    }

private:
    struct Window {
        std::int64_t time = 0;
        std::uint32_t highest = 0;
        std::uint64_t seen = 0;  ///< bit i: highest - i was used
        bool use(std::uint32_t count) {
            constexpr std::uint32_t k_width = 64;
            if (count == 0) return false;
            if (count > highest) {
                auto shift = count - highest;
                seen = shift >= k_width ? 0 : seen << shift;
                seen |= 1;
                highest = count;
                return true;
            }
            auto behind = highest - count;
            if (behind >= k_width || ((seen >> behind) & 1U) != 0) return false;
            seen |= std::uint64_t{1} << behind;
            return true;
        }
    };

    static std::int64_t milliseconds_now() {
        return std::chrono::duration_cast<std::chrono::milliseconds>(steady_clock::now().time_since_epoch()).count();
    }

    [[nodiscard]] std::string sign(std::string_view body) const {
        return to_base64url(bytes_of(std::string_view(tls::hmac_sha256(key_, body)).substr(0, 18)));
    }

    [[nodiscard]] std::optional<std::int64_t> time_of(std::string_view nonce) const {
        auto dot = nonce.rfind('.');
        auto first = nonce.find('.');
        if (dot == std::string_view::npos || first == dot) return std::nullopt;
        if (!constant_time_equal(nonce.substr(dot + 1), sign(nonce.substr(0, dot)))) return std::nullopt;
        return parse_number<std::int64_t>(nonce.substr(0, first));
    }

    void forget_old() {
        constexpr std::size_t k_most = 4096;
        auto const oldest = milliseconds_now() - std::chrono::milliseconds(k_nonce_life).count();
        if (used_.size() < k_most) return;
        std::erase_if(used_, [oldest](auto const& entry) { return entry.second.time < oldest; });
        // Still full: forget the older half, and take no nonce of that age any more, as its counts are not known.
        while (used_.size() >= k_most / 2) {
            auto found = used_.begin();
            for (auto entry = used_.begin(); entry != used_.end(); ++entry)
                if (entry->second.time < found->second.time) found = entry;
            forgotten_ = std::max(forgotten_, found->second.time);
            used_.erase(found);
        }
    }

    std::string key_ = [] {
        auto bytes = host::random_bytes(32);
        return std::string(bytes.begin(), bytes.end());
    }();
    std::map<std::string, Window, std::less<>> used_;
    std::int64_t forgotten_ = -1;
};

std::optional<std::uint32_t> parse_count(std::string_view text) {
    std::uint32_t count = 0;
    if (text.size() != 8) return std::nullopt;
    auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), count, 16);
    if (code != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return count;
}

}  // namespace

struct Authenticator::State {
    Settings settings;
    PasswordOf password_of;
    std::mutex mutex;
    Nonces nonces;

    enum class Outcome { refused, stale };
    using Checked = std::variant<std::string, Outcome>;

    Checked check_basic(AuthValue const& value) const;
    Checked check_digest(AuthValue const& value, Request const& request);
    Response challenge(bool secure, bool stale);
    [[nodiscard]] std::optional<SecretText> password_for(std::string const& user) const {
        return password_of(settings.any_user ? std::string() : user);
    }
};

Authenticator::Authenticator(Settings settings, PasswordOf password_of) : state_(std::make_unique<State>()) {
    state_->settings = std::move(settings);
    state_->password_of = std::move(password_of);
}

Authenticator::~Authenticator() = default;

Authenticator::State::Checked Authenticator::State::check_basic(AuthValue const& value) const {
    auto decoded = from_base64(value.token);
    if (!decoded) return Outcome::refused;
    Secret const pair(std::string(decoded->begin(), decoded->end()));
    wipe(decoded->data(), decoded->size());
    auto colon = pair.reveal().find(':');
    if (colon == std::string::npos) return Outcome::refused;
    auto user = pair.reveal().substr(0, colon);
    auto password = password_for(user);
    Secret const given(pair.reveal().substr(colon + 1));
    // Digests are compared: they have one length, whatever the passwords have. An unknown user takes as long.
    auto const expected = tls::hash_hex(tls::Hash::sha256, password ? password->reveal() : std::string());
    bool const equal = constant_time_equal(expected, tls::hash_hex(tls::Hash::sha256, given.reveal()));
    if (!password || !equal) return Outcome::refused;
    return user;
}

Authenticator::State::Checked Authenticator::State::check_digest(AuthValue const& value, Request const& request) {
    auto algorithm = to_lower(value.get("algorithm"));
    if (!algorithm.empty() && algorithm != "md5" && algorithm != "sha-256") return Outcome::refused;
    auto count = parse_count(value.get("nc"));
    // The URI that was hashed must be the one that was asked for, or a captured header would open another page.
    if (value.get("uri") != request.target || value.get("realm") != settings.realm || value.get("qop") != "auth" || !count)
        return Outcome::refused;
    auto const nonce = value.get("nonce");
    bool fresh = false;
    {
        std::lock_guard const lock(mutex);
        fresh = nonces.is_fresh(nonce);
    }
    std::string user(value.get("username"));
    auto password = password_for(user);
    auto expected = digest_response({.hash = algorithm == "sha-256" ? tls::Hash::sha256 : tls::Hash::md5,
                                     .user = user,
                                     .realm = settings.realm,
                                     .password = password ? std::string_view(password->reveal()) : std::string_view(),
                                     .method = request.method,
                                     .uri = value.get("uri"),
                                     .nonce = nonce,
                                     .cnonce = value.get("cnonce"),
                                     .count = value.get("nc"),
                                     .qop = "auth"});
    bool const equal = constant_time_equal(expected.reveal(), to_lower(value.get("response")));
    if (!password || !equal) return Outcome::refused;
    // Only who knows the password hears that the nonce is stale and tries again without asking its user.
    if (!fresh) return Outcome::stale;
    std::lock_guard const lock(mutex);
    if (!nonces.use(nonce, *count)) return Outcome::stale;
    return user;
}

Response Authenticator::State::challenge(bool secure, bool stale) {
    auto response = Response::text(401, "Unauthorized\n");
    if (settings.digest) {
        std::string nonce;
        {
            std::lock_guard const lock(mutex);
            nonce = nonces.make();
        }
        // The stronger first: clients that know both take the first they know (RFC 7616 section 3.7).
        for (std::string_view algorithm : {"SHA-256", "MD5"}) {
            auto value = "Digest realm=" + quote(settings.realm) + ", qop=\"auth\", algorithm=";
            value += algorithm;
            value += ", nonce=" + quote(nonce);
            if (stale) value += ", stale=true";
            response.fields.add("WWW-Authenticate", value);
        }
    }
    if (secure && settings.basic_over_tls)
        response.fields.add("WWW-Authenticate", "Basic realm=" + quote(settings.realm) + ", charset=\"UTF-8\"");
    return response;
}

std::variant<std::string, Response> Authenticator::check(Request const& request) {
    State::Checked checked = State::Outcome::refused;
    auto const header = request.fields.get("Authorization");
    // "Basic" carries a token that may end in '=', which is no parameter.
    constexpr std::string_view k_basic = "Basic ";
    if (istarts_with(header, k_basic)) {
        AuthValue value;
        value.token = trim(header.substr(k_basic.size()));
        if (request.secure && state_->settings.basic_over_tls) checked = state_->check_basic(value);
    } else if (auto values = parse_auth(header); values.size() == 1 && values.front().scheme == "digest" && state_->settings.digest) {
        checked = state_->check_digest(values.front(), request);
    }
    if (auto* user = std::get_if<std::string>(&checked)) return std::move(*user);
    return state_->challenge(request.secure, std::get<State::Outcome>(checked) == State::Outcome::stale);
}

}  // namespace countersign::net::http
