#include "device/clients/sip_registration.hpp"

#include "base/text.hpp"
#include "device/certificates.hpp"
#include "device/clients/back_off.hpp"
#include "device/clients/server_call.hpp"
#include "device/repository/pair_file.hpp"
#include "device/safety.hpp"
#include "dialect/sip.hpp"
#include "host/crypto.hpp"
#include "net/http/auth.hpp"
#include "net/stream.hpp"
#include "net/sync.hpp"
#include "net/tls_stream.hpp"

#include "countersign/errors/dev.hpp"
#include "countersign/errors/net.hpp"
#include "countersign/errors/tru.hpp"

#include <algorithm>
#include <random>
#include <utility>

namespace countersign::device {
namespace {

namespace sip = dialect::sip;
using std::chrono::seconds;

constexpr std::string_view k_client = "sip_registrar";
constexpr std::string_view k_alarm = "sip.registration";
constexpr std::uint16_t k_port = 5060;
constexpr std::uint16_t k_tls_port = 5061;
constexpr net::Milliseconds k_answer{8000};
constexpr net::Milliseconds k_datagram{4000};
constexpr int k_datagrams = 3;
constexpr int k_questions = 4;  ///< of one registration: a challenge, a stale nonce, a longer time, and one to spare
constexpr net::Milliseconds k_first_wait{2000};
constexpr net::Milliseconds k_longest_wait{300'000};
constexpr net::Milliseconds k_idle{std::chrono::hours(24)};

/// What the settings say. Compared to see whether they changed.
struct Wanted {
    std::string host;  ///< empty: no registration
    std::uint16_t port = 0;
    sip::Transport transport = sip::Transport::tls;
    std::string domain, user, password, own_name;
    seconds expires{3600};
    bool operator==(Wanted const&) const = default;
    [[nodiscard]] std::string name() const { return host + ":" + std::to_string(port); }
};

sip::Transport transport_of(std::string_view text) {
    if (iequals(text, "tls")) return sip::Transport::tls;
    return iequals(text, "udp") ? sip::Transport::udp : sip::Transport::tcp;
}

Wanted wanted_of(Unit const& unit) {
    Wanted wanted;
    auto const text = [&unit](std::string_view name) { return unit.effective_canonical(name); };
    if (text("sip.registrar.mode") != "on") return wanted;
    wanted.host = trim(text("sip.registrar.address"));
    wanted.transport = transport_of(text("sip.outgoing_transport"));
    auto port = parse_number<std::uint16_t>(text("sip.registrar.port")).value_or(0);
    if (port == 0) port = wanted.transport == sip::Transport::tls ? k_tls_port : k_port;
    wanted.port = static_cast<std::uint16_t>(port + unit.environment().port_offset);
    wanted.domain = trim(text("sip.registrar.domain"));
    if (wanted.domain.empty()) wanted.domain = wanted.host;
    wanted.own_name = text("sip.host_name");
    if (wanted.own_name.empty()) wanted.own_name = unit.spec().host_name.empty() ? unit.address() : unit.spec().host_name;
    wanted.user = text("sip.registrar.user");
    if (wanted.user.empty()) wanted.user = wanted.own_name.substr(0, wanted.own_name.find('.'));
    wanted.password = text("sip.registrar.password");
    wanted.expires = seconds(parse_number<std::uint32_t>(text("sip.registrar.expires")).value_or(3600));
    return wanted;
}

/// The identity that calls over TLS, and is called over it.
std::string identity_of(Unit const& unit) {
    auto const* service = unit.family().find_service("sips");
    return service == nullptr ? std::string() : service->identity;
}

enum class RefusedBy { nobody, system, registrar };
std::string_view to_string(RefusedBy side) {
    switch (side) {
        case RefusedBy::nobody: return "";
        case RefusedBy::system: return "system";
        case RefusedBy::registrar: return "registrar";
    }
    return "";
}

/// Which of the two did not want the other; nobody, when they did not get as far as that.
RefusedBy side_of(Error const& error) {
    if (error.id() == errors::dev::registrar_not_trusted) return RefusedBy::system;
    bool const theirs = error.id() == errors::dev::registrar_refused_certificate || error.id() == errors::dev::registration_refused;
    return theirs ? RefusedBy::registrar : RefusedBy::nobody;
}

Failure silent(Wanted const& wanted) { return fail(errors::dev::registrar_silent, {{"server", wanted.name()}}); }

Failure unreachable(Wanted const& wanted, Error const& error) {
    if (error.id() == errors::net::timed_out) return silent(wanted);
    return fail(errors::dev::registrar_unreachable, {{"server", wanted.name()}, {"detail", error.message()}});
}

Failure refused(Wanted const& wanted, int status, std::string_view reason) {
    return fail(errors::dev::registration_refused, {{"server", wanted.name()}, {"status", std::to_string(status)}, {"reason", reason}});
}

Failure refused_certificate(Wanted const& wanted, Error const& alert) {
    return fail(errors::dev::registrar_refused_certificate, {{"server", wanted.name()}, {"detail", alert.parameter("detail")}});
}

/// The peer's alert is how it says that it refuses us; OpenSSL calls it so in each of its names.
bool is_alert(Error const& error) { return error.id() == errors::net::tls_failed && error.parameter("detail").contains("alert"); }

/// One way to the registrar: asked with whole messages.
class Line {
public:
    virtual ~Line() = default;
    virtual net::Task<Result<std::string>> read(net::Milliseconds deadline) = 0;
    virtual net::Task<Result<void>> write(std::string data) = 0;
};

class PlainLine final : public Line {
public:
    explicit PlainLine(std::shared_ptr<net::Stream> stream) : stream_(std::move(stream)) {}
    ~PlainLine() override { stream_->close(); }
    PlainLine(PlainLine const&) = delete;
    PlainLine& operator=(PlainLine const&) = delete;
    net::Task<Result<std::string>> read(net::Milliseconds deadline) override { return stream_->read_some(sip::k_max_message, deadline); }
    net::Task<Result<void>> write(std::string data) override { return stream_->write(std::move(data), k_answer); }

private:
    std::shared_ptr<net::Stream> stream_;
};

class SecureLine final : public Line {
public:
    explicit SecureLine(std::shared_ptr<net::TlsStream> stream) : stream_(std::move(stream)) {}
    ~SecureLine() override { stream_->close(); }
    SecureLine(SecureLine const&) = delete;
    SecureLine& operator=(SecureLine const&) = delete;
    net::Task<Result<std::string>> read(net::Milliseconds deadline) override { return stream_->read_some(sip::k_max_message, deadline); }
    net::Task<Result<void>> write(std::string data) override { return stream_->write(std::move(data), k_answer); }

private:
    std::shared_ptr<net::TlsStream> stream_;
};

/// The answer to this request. Other messages on the line (requests of the registrar, provisional answers) are passed over.
net::Task<Result<sip::Message>> ask_over(std::shared_ptr<Line> line, sip::Registration request) {
    CS_CO_CHECK(co_await line->write(sip::write_register(request)));
    std::string received;
    auto const until = std::chrono::steady_clock::now() + k_answer;
    for (;;) {
        CS_CO_TRY(auto taken, sip::take_message(received));
        if (taken) {
            received.erase(0, taken->size);
            if (taken->message.status >= 200 && sip::answers(taken->message, request)) co_return std::move(taken->message);
            continue;
        }
        auto const left = std::chrono::ceil<net::Milliseconds>(until - std::chrono::steady_clock::now());
        if (left <= left.zero()) co_return fail(errors::dev::registrar_silent);
        CS_CO_TRY(auto part, co_await line->read(left));
        if (part.empty()) co_return fail(errors::dev::registrar_silent);
        received += part;
    }
}

net::Task<Result<sip::Message>> ask_datagrams(net::Endpoint where, sip::Registration request, std::string bind_address) {
    Result<sip::Message> last = fail(errors::dev::registrar_silent);
    for (int i = 0; i < k_datagrams; ++i) {
        auto answer = co_await net::ask_udp(where, sip::write_register(request), bind_address, k_datagram);
        if (!answer) {
            if (answer.error().id() != errors::net::timed_out) co_return fail(std::move(answer).error());
            continue;
        }
        last = sip::parse_datagram(*answer);
        if (last && last->status >= 200 && sip::answers(*last, request)) co_return last;
        if (last) last = fail(errors::dev::registrar_silent);
    }
    co_return last;
}

/// What one attempt needs of the unit, taken while it is there: it may go at any moment.
struct Reach {
    Wanted wanted;
    std::string bind_address;
    std::string user_agent;
    std::shared_ptr<net::Resolver> resolver;
    net::TlsTarget tls;
};

Result<Reach> reach_of(Unit const& unit, Wanted const& wanted) {
    Reach reach{.wanted = wanted,
                .bind_address = unit.address(),
                .user_agent = unit.spec().product_id + "/" + unit.spec().software,
                .resolver = unit.resolver(),
                .tls = {}};
    if (wanted.transport != sip::Transport::tls) return reach;
    net::Url url;
    url.scheme = net::Scheme::https;  // the same rules as for every server that is called over TLS
    url.host = wanted.host;
    url.port = wanted.port;
    url.target = "/";
    CS_TRY(auto settings, unit.client_settings(url, k_client));
    auto const identity = identity_of(unit);
    reach.tls.name = wanted.host;
    reach.tls.bind_address = settings.bind_address;
    reach.tls.profile = settings.profile;
    reach.tls.at = unit.now();
    if (settings.policy) reach.tls.policy = *std::move(settings.policy);
    if (auto* verify = std::get_if<net::tls::VerifyChain>(&reach.tls.policy)) verify->revocation = unit.revocation_check(identity);
    if (auto const* pair = unit.pair_in_effect(identity); pair != nullptr && pair->chain.front().allows_client_auth())
        reach.tls.identity = net::tls::ClientIdentity{pair->chain, pair->key};
    return reach;
}

net::Task<Result<std::vector<std::string>>> addresses_of(std::string host, std::shared_ptr<net::Resolver> resolver) {
    if (is_ip_address(host)) co_return std::vector{host};
    if (!resolver)
        co_return fail(errors::net::dns_failed, {{"servers", "none configured"}, {"name", host}, {"detail", "no DNS server is set"}});
    co_return co_await resolver->resolve(host);
}

/// Everything up to the first byte of SIP. Reports a refused certificate as other clients do.
net::Task<Result<std::shared_ptr<Line>>> open_line(std::weak_ptr<Unit> unit, Reach reach, std::string address) {
    net::Endpoint const where{std::move(address), reach.wanted.port};
    if (reach.wanted.transport == sip::Transport::tcp) {
        auto stream = co_await net::connect_tcp(where, reach.bind_address, k_answer);
        if (!stream) co_return unreachable(reach.wanted, stream.error());
        co_return std::make_shared<PlainLine>(*std::move(stream));
    }
    auto target = reach.tls;
    target.where = where;
    auto opened = co_await net::connect_tls(std::move(target));
    if (opened.stream) co_return std::make_shared<SecureLine>(*std::move(opened.stream));
    auto const error = std::move(opened.stream).error();
    if (error.id() == errors::tru::verification_failed) {
        auto const server = reach.wanted.name();
        if (auto const alive = unit.lock(); alive && opened.handshake)
            report_tls_failure(*alive, k_client, server, opened.handshake->verdict);
        co_return fail(errors::dev::registrar_not_trusted, {{"server", server}, {"detail", error.parameter("detail")}});
    }
    if (is_alert(error)) co_return refused_certificate(reach.wanted, error);
    co_return unreachable(reach.wanted, error);
}

/// One registration under way: its line is opened with the first question.
struct Exchange {
    std::weak_ptr<Unit> unit;
    Reach reach;
    std::string address;
    std::shared_ptr<Line> line;
};

net::Task<Result<sip::Message>> ask(std::shared_ptr<Exchange> exchange, sip::Registration request) {
    auto const& wanted = exchange->reach.wanted;
    Result<sip::Message> answer = fail(errors::dev::registrar_silent);
    if (wanted.transport == sip::Transport::udp) {
        answer = co_await ask_datagrams({exchange->address, wanted.port}, std::move(request), exchange->reach.bind_address);
    } else {
        if (!exchange->line) {
            CS_CO_TRY(exchange->line, co_await open_line(exchange->unit, exchange->reach, exchange->address));
        }
        answer = co_await ask_over(exchange->line, std::move(request));
    }
    if (answer) co_return answer;
    if (is_alert(answer.error())) co_return refused_certificate(wanted, answer.error());
    if (answer.error().id() == errors::dev::registrar_silent) co_return silent(wanted);
    co_return unreachable(wanted, answer.error());
}

/// The header that answers a challenge, by the rules of HTTP's digest (RFC 3261 section 22).
Result<std::pair<std::string, std::string>> log_in(sip::Message const& challenged, sip::Registration const& request, Wanted const& wanted) {
    bool const proxy = challenged.status == 407;
    net::http::Response response;
    response.status = 401;
    for (auto const value : challenged.all(proxy ? "proxy-authenticate" : "www-authenticate"))
        response.fields.add("WWW-Authenticate", value);
    net::http::Request what;
    what.method = "REGISTER";
    what.target = sip::request_uri(request);
    // Never basic: SIP has none.
    CS_TRY(auto value, net::http::answer_challenge(response, what, {wanted.user, SecretText(wanted.password)}, false));
    return std::pair(std::string(proxy ? "Proxy-Authorization" : "Authorization"), std::move(value));
}

/// Nobody guesses it.
std::string fresh() { return host::random_password(16); }

struct Registrar {
    explicit Registrar(std::shared_ptr<Unit> const& of) : unit(of), chance(std::random_device{}()) {}
    std::weak_ptr<Unit> unit;
    bool stopped = false;
    net::Signal wake;
    Wanted wanted;
    std::optional<Reach> registered;  ///< where a registration of ours may still hold
    std::string call_id = fresh();
    std::uint32_t sequence = 0;
    BackOff back_off{k_first_wait, k_longest_wait};
    std::minstd_rand chance;
    std::string told;  ///< the diagnosis that was reported

    void tell(Unit& of, std::string_view status, RefusedBy by = RefusedBy::nobody, std::string diagnosis = {}) {
        of.publish_fact("sip.registration.status", std::string(status));
        of.publish_fact("sip.registration.refused_by", std::string(to_string(by)));
        of.publish_fact("sip.registration.diagnosis", diagnosis);
        if (told == diagnosis) return;
        auto const old = std::exchange(told, diagnosis);
        if (!old.empty()) of.alarms().clear(k_alarm, old);
        if (diagnosis.empty()) return;
        of.report("sip.registration_failed",
                  {{"server", wanted.name()}, {"refused_by", std::string(to_string(by))}, {"detail", diagnosis}});
        of.alarms().raise(
            {.id = std::string(k_alarm), .subject = std::move(diagnosis), .text = {}, .level = "major", .since = {}, .days_left = {}});
    }
    /// What was wrong stays told until it is over.
    static void tell_registering(Unit& of) { of.publish_fact("sip.registration.status", "Registering"); }
    /// Alarms are kept over a restart; what they say is found anew.
    static void forget_alarms(Unit& of) {
        for (auto const& alarm : of.alarms().active())
            if (alarm.id == k_alarm) of.alarms().clear(alarm.id, alarm.subject);
    }
};

/// Only a nonce that got old is asked for twice with one password.
bool is_stale(sip::Message const& answer) {
    return std::ranges::any_of(answer.headers, [](auto const& header) { return to_lower(header.second).contains("stale=true"); });
}

/// From the first request to the last answer. How long it holds.
net::Task<Result<seconds>> register_once(std::shared_ptr<Registrar> registrar, Reach reach, seconds expires) {
    auto const wanted = reach.wanted;
    auto addresses = co_await addresses_of(wanted.host, reach.resolver);
    if (!addresses) co_return unreachable(wanted, addresses.error());
    if (addresses->empty()) co_return unreachable(wanted, Error(errors::net::dns_failed, {{"name", wanted.host}}));
    sip::Registration request{.transport = wanted.transport,
                              .registrar = wanted.domain,
                              .user = wanted.user,
                              .contact_host = wanted.own_name,
                              .contact_port = wanted.transport == sip::Transport::tls ? k_tls_port : k_port,
                              .call_id = registrar->call_id,
                              .from_tag = fresh(),
                              .branch = {},
                              .sequence = 0,
                              .expires = expires,
                              .user_agent = reach.user_agent,
                              .authorization = {}};
    auto exchange = std::make_shared<Exchange>(registrar->unit, std::move(reach), addresses->front(), nullptr);
    sip::Message answer;
    for (int question = 0; question < k_questions; ++question) {
        request.branch = fresh();
        request.sequence = ++registrar->sequence;
        CS_CO_TRY(answer, co_await ask(exchange, request));
        if (answer.status / 100 == 2) {
            auto const held = sip::granted(answer, request);
            if (held.count() == 0 && expires.count() > 0) co_return refused(wanted, answer.status, "without our contact");
            co_return held;
        }
        auto const longer = answer.status == 423 ? sip::shortest(answer) : std::nullopt;
        if (longer && *longer > request.expires) {
            request.expires = *longer;
            continue;
        }
        bool const asks = answer.status == 401 || answer.status == 407;
        if (!asks || (request.authorization && !is_stale(answer))) break;
        auto authorization = log_in(answer, request, wanted);
        if (!authorization) break;
        request.authorization = *std::move(authorization);
    }
    co_return refused(wanted, answer.status, answer.reason);
}

/// Until the time is over, or something happened that another registration is worth.
net::Task<> rest(std::shared_ptr<Registrar> registrar, std::uint64_t seen, net::Milliseconds time) {
    (void)co_await registrar->wake.wait_beyond(seen, time);
}

/// Says how long to wait.
net::Task<net::Milliseconds> take_a_turn(std::shared_ptr<Registrar> registrar) {
    auto unit = registrar->unit.lock();
    if (!unit) co_return k_idle;
    registrar->wanted = wanted_of(*unit);
    auto const wanted = registrar->wanted;
    if (registrar->registered && !(registrar->registered->wanted == wanted)) {
        // Of the settings before: given up, as far as that registrar listens.
        auto before = *std::exchange(registrar->registered, std::nullopt);
        unit.reset();
        (void)co_await register_once(registrar, std::move(before), seconds(0));
        unit = registrar->unit.lock();
        if (!unit || registrar->stopped) co_return k_idle;
    }
    if (wanted.host.empty()) {
        registrar->tell(*unit, "Off");
        co_return k_idle;
    }
    auto reach = reach_of(*unit, wanted);
    if (!registrar->registered) registrar->tell_registering(*unit);
    unit.reset();
    Result<seconds> done = seconds(0);
    if (reach)
        done = co_await register_once(registrar, *reach, wanted.expires);
    else
        done = unreachable(wanted, reach.error());
    unit = registrar->unit.lock();
    if (!unit || registrar->stopped) co_return k_idle;
    if (done) {
        bool const first = !registrar->registered;
        registrar->registered = *std::move(reach);
        registrar->back_off.succeeded();
        registrar->tell(*unit, "Registered");
        if (first) unit->report("sip.registered", {{"server", wanted.name()}, {"seconds", std::to_string(done->count())}});
        co_return std::max<net::Milliseconds>(*done * 4 / 5, k_first_wait);
    }
    registrar->registered.reset();
    registrar->tell(*unit, "Failed", side_of(done.error()), done.error().message());
    co_return registrar->back_off.failed(std::uniform_real_distribution<double>(0, 1)(registrar->chance));
}

net::Task<> keep_registered(std::shared_ptr<Registrar> registrar) {
    while (!registrar->stopped && !registrar->unit.expired()) {
        auto const seen = registrar->wake.count();
        auto const wait = co_await take_a_turn(registrar);
        co_await rest(registrar, seen, wait);
    }
}

class SipRegistration final : public Companion {
public:
    explicit SipRegistration(std::shared_ptr<Unit> const& unit) : registrar_(std::make_shared<Registrar>(unit)) {
        Registrar::forget_alarms(*unit);
        subscription_ = unit->subscribe([registrar = registrar_](Event const& event) {
            for (std::string_view const kind : {"setting.", "certificate.", "trust.", "revocation"})
                if (event.id.starts_with(kind)) registrar->wake.raise();
            // Verification may have waited for the time.
            if (event.id == "time.changed" && !registrar->registered) registrar->wake.raise();
        });
        net::spawn(unit->executor(), [registrar = registrar_] { return keep_registered(registrar); }, "sip registration");
    }
    ~SipRegistration() override {
        registrar_->stopped = true;
        registrar_->wake.raise();
    }
    SipRegistration(SipRegistration const&) = delete;
    SipRegistration& operator=(SipRegistration const&) = delete;

private:
    std::shared_ptr<Registrar> registrar_;
    std::unique_ptr<Unit::Subscription> subscription_;
};

}  // namespace

std::unique_ptr<Companion> make_sip_registration(std::shared_ptr<Unit> unit) {
    if (unit->family().find_canonical("sip.registrar.address") == nullptr) return nullptr;
    return std::make_unique<SipRegistration>(unit);
}

}  // namespace countersign::device
