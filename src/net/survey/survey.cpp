#include "net/survey.hpp"

#include "base/text.hpp"
#include "net/survey/hello.hpp"
#include "net/survey/talk.hpp"

#include <algorithm>
#include <array>
#include <set>

namespace countersign::net::survey {

namespace {

constexpr std::array k_versions{Version::ssl3, Version::tls1_0, Version::tls1_1, Version::tls1_2, Version::tls1_3};

/// What the first bytes of a peer look like that does not speak TLS here.
std::string recognise(std::string_view seen) {
    auto const text = trim(seen);
    if (text.starts_with("HTTP/") || istarts_with(text, "<!doctype html") || istarts_with(text, "<html")) return "HTTP";
    if (text.starts_with("SSH-")) return "SSH";
    if (istarts_with(text, "* OK")) return "IMAP";
    if (text.starts_with("+OK")) return "POP3";
    if (text.starts_with("220") && istarts_with(text.substr(std::min<std::size_t>(4, text.size())), "ftp")) return "FTP";
    if (text.starts_with("220") && text.contains("SMTP")) return "SMTP";
    if (text.starts_with("220")) return "SMTP or FTP";
    if (text.starts_with("RFB ")) return "VNC";
    if (text.starts_with("SIP/")) return "SIP";
    if (text.starts_with("<?xml") || text.starts_with("<stream:")) return "XMPP";
    constexpr char k_telnet_command = '\xff';
    if (!text.empty() && (text.front() == k_telnet_command || istarts_with(text, "login:") || istarts_with(text, "password:")))
        return "Telnet";
    return "";
}

Contact contact_of(Reply const& reply) {
    switch (reply.kind) {
        case Reply::Kind::chosen:
        case Reply::Kind::alert: return Contact::tls;
        case Reply::Kind::silent: return Contact::silent;
        case Reply::Kind::closed: return Contact::closed;
        case Reply::Kind::not_tls: return Contact::not_tls;
        case Reply::Kind::malformed: return Contact::broken_tls;
        case Reply::Kind::start_tls_refused: return Contact::start_tls_refused;
        case Reply::Kind::unreachable:
        case Reply::Kind::not_asked: return Contact::unreachable;
    }
    return Contact::unreachable;
}

PresentedChain parse_chain(std::vector<std::string> const& certificates) {
    PresentedChain chain;
    for (auto const& der : certificates) {
        auto certificate = pki::Certificate::parse_der(countersign::bytes_of(std::string_view(der)));
        if (!certificate) {
            chain.error = certificate.error().message();
            break;
        }
        chain.certificates.push_back(*std::move(certificate));
    }
    return chain;
}

std::vector<std::uint16_t> list_of(std::span<std::uint16_t const> ids) { return {ids.begin(), ids.end()}; }

std::size_t place_of(Version version) { return static_cast<std::size_t>(version) - static_cast<std::size_t>(Version::ssl3); }

class Surveyor {
public:
    explicit Surveyor(SurveyRequest request) : out_{.request = std::move(request)}, talk_(out_.request) {
        for (auto version : k_versions) out_.versions.push_back({.version = version});
        auto const& name = out_.request.server_name;
        if (is_host_name(name) && !is_ip_address(name)) sni_ = name;
    }

    Task<Survey> run() {
        co_await make_contact();
        if (out_.contact == Contact::tls) {
            // The longest first, so that nothing waits for them at the end.
            co_await for_each_bounded(6, out_.request.at_once, [this](std::size_t i) { return part(i); });
            if (!out_.accepts(Version::tls1_3)) co_await list_old_groups();
        }
        put_chains_in_order();
        out_.connections = talk_.connections();
        out_.elapsed = talk_.elapsed();
        out_.complete = !talk_.cut_short() && std::ranges::none_of(out_.versions, [](VersionReport const& report) {
            return report.accepted && !report.complete;
        });
        co_return std::move(out_);
    }

private:
    Task<> part(std::size_t index) {
        switch (index) {
            case 0: return list_ciphers(Version::tls1_2);
            case 1: return list_ciphers_and_groups();
            case 2: return shake_hands();
            case 3: return list_ciphers(Version::tls1_1);
            case 4: return list_ciphers(Version::tls1_0);
            default: return list_ciphers(Version::ssl3);
        }
    }

    [[nodiscard]] Hello hello(Version version, std::vector<std::uint16_t> ciphers) const {
        Hello hello{.version = version, .ciphers = std::move(ciphers)};
        if (version == Version::tls1_3)
            hello.groups = list_of(groups_of_tls13());
        else if (version != Version::ssl3)
            hello.groups = list_of(groups_of_tls12());
        if (version != Version::ssl3) hello.server_name = sni_;
        return hello;
    }

    // --- the first conversation ---

    Task<> make_contact() {
        auto ciphers = ciphers_of(Version::tls1_3);
        auto const older = ciphers_of(Version::tls1_2);
        ciphers.insert(ciphers.end(), older.begin(), older.end());
        auto first = hello(Version::tls1_3, std::move(ciphers));
        first.older_too = first.key_share = true;
        auto reply = co_await talk_.ask(std::move(first));
        auto const needed = talk_.elapsed();
        if (reply.kind == Reply::Kind::closed || reply.kind == Reply::Kind::silent) {
            // Some old servers cannot bear a hello with new things in it.
            auto simple = co_await talk_.ask(hello(Version::tls1_0, {0x002f, 0x0035, 0x000a, 0x0005}));
            if (contact_of(simple) == Contact::tls) reply = std::move(simple);
        }
        out_.contact = contact_of(reply);
        out_.error = std::move(reply.error);
        if (out_.contact == Contact::tls) talk_.expect_as_quick_as(needed);
        if (out_.contact != Contact::tls) out_.seen = std::move(reply.seen);
        if (out_.contact == Contact::not_tls || out_.contact == Contact::start_tls_refused) out_.spoken = recognise(out_.seen);
    }

    // --- versions and ciphers ---

    Task<> list_ciphers(Version version) {
        auto& report = out_.versions[place_of(version)];
        auto left = ciphers_of(version);
        bool key_share = false;
        while (!left.empty()) {
            auto question = hello(version, left);
            question.key_share = key_share;
            question.offer_compression = version < Version::tls1_3;
            auto const reply = co_await talk_.ask(std::move(question));
            auto const& flight = reply.flight;
            bool const right = reply.kind == Reply::Kind::chosen && flight.version == static_cast<std::uint16_t>(version);
            auto const place = right ? std::ranges::find(left, flight.cipher) : left.end();
            if (place == left.end()) {
                bool const first = report.ciphers.empty();
                if (first && version == Version::tls1_3 && !std::exchange(key_share, true)) continue;
                if (first) report.answer = reply.in_words();
                // An end that is no answer to the question leaves open what else there is.
                report.complete =
                    reply.kind == Reply::Kind::alert || reply.kind == Reply::Kind::closed || reply.kind == Reply::Kind::chosen;
                break;
            }
            report.accepted = true;
            report.ciphers.push_back(flight.cipher);
            left.erase(place);
            note(flight, version);
        }
        if (report.ciphers.size() > 1) co_await find_order(report, key_share);
    }

    /// With the list turned round a server that goes by its own order chooses the same.
    Task<> find_order(VersionReport& report, bool key_share) {
        auto question = hello(report.version, {report.ciphers.rbegin(), report.ciphers.rend()});
        question.key_share = key_share;
        auto const reply = co_await talk_.ask(std::move(question));
        if (reply.kind != Reply::Kind::chosen) co_return;
        report.order = reply.flight.cipher == report.ciphers.front() ? Order::server : Order::client;
    }

    void note(Flight const& flight, Version version) {
        out_.compression |= flight.compression;
        out_.secure_renegotiation &= flight.secure_renegotiation;
        if (version == Version::tls1_2) out_.extended_master_secret &= flight.extended_master_secret;
        if (flight.dh_bits > 0 && (out_.smallest_dh_bits == 0 || flight.dh_bits < out_.smallest_dh_bits))
            out_.smallest_dh_bits = flight.dh_bits;
        if (flight.asks_for_certificate && out_.client_certificate == ClientCertificate::not_asked)
            out_.client_certificate = ClientCertificate::requested;
        if (!flight.certificates.empty() && seen_.insert(flight.certificates).second)
            out_.chains.push_back(parse_chain(flight.certificates));
    }

    // --- groups ---

    Task<> list_ciphers_and_groups() {
        co_await list_ciphers(Version::tls1_3);
        if (!out_.accepts(Version::tls1_3)) co_return;
        // A server names the group it wants when no share of any is sent (RFC 8446 section 4.1.4).
        co_await list_groups(hello(Version::tls1_3, out_.find(Version::tls1_3)->ciphers));
    }

    Task<> list_old_groups() {
        auto const newest = out_.newest();
        if (!newest || *newest == Version::ssl3) co_return;
        auto ciphers = out_.find(*newest)->ciphers;
        std::erase_if(ciphers, [](std::uint16_t id) { return !cipher_name(id).contains("_ECDHE_"); });
        if (!ciphers.empty()) co_await list_groups(hello(*newest, std::move(ciphers)));
    }

    Task<> list_groups(Hello question) {
        while (!question.groups.empty()) {
            auto const reply = co_await talk_.ask(question);
            auto const place = std::ranges::find(question.groups, reply.flight.group);
            if (reply.kind != Reply::Kind::chosen || place == question.groups.end()) break;
            out_.groups.push_back(*place);
            question.groups.erase(place);
        }
    }

    // --- whole handshakes ---

    Task<> shake_hands() {
        tls::CloserLook look;
        if (out_.request.start_tls == StartTls::none) look.alpn = {"h2", "http/1.1"};
        auto whole = co_await talk_.shake_hands(look, sni_);
        if (!whole.done && !whole.answer->asks_for_certificate && !look.alpn.empty()) {
            // A server of another protocol may refuse those of the web.
            look.alpn.clear();
            whole = co_await talk_.shake_hands(look, sni_);
        }
        auto const& answer = *whole.answer;
        if (whole.done)
            out_.handshake = Handshake{
                .version = whole.report.version, .cipher = whole.report.cipher, .group = whole.report.group, .signature = answer.signature};
        else
            out_.handshake_error = whole.error;
        if (answer.asks_for_certificate) {
            bool const refused = whole.refused_late || (!whole.done && !whole.report.presented.empty());
            out_.client_certificate = refused ? ClientCertificate::required : ClientCertificate::requested;
        }
        out_.accepted_authorities = answer.accepted_authorities;
        out_.alpn = answer.alpn;
        out_.stapled = answer.stapled;
        shaken_ = whole.report.presented;
        if (!whole.done || shaken_.empty()) co_return;
        co_await look_for_another_certificate(look);
        co_await leave_name_out(look);
    }

    /// Up to TLS 1.2 the ciphers show it; here the algorithms of signatures do.
    Task<> look_for_another_certificate(tls::CloserLook look) {
        if (out_.handshake->version != "TLSv1.3") co_return;
        look.signature_algorithms = shaken_.front().key_algorithm() == "RSA"
                                        ? "ECDSA+SHA256:ECDSA+SHA384:ECDSA+SHA512:ed25519"
                                        : "RSA-PSS+SHA256:RSA-PSS+SHA384:RSA-PSS+SHA512:RSA+SHA256:RSA+SHA384:RSA+SHA512";
        auto const whole = co_await talk_.shake_hands(std::move(look), sni_);
        if (whole.done && !whole.report.presented.empty()) other_ = whole.report.presented;
    }

    Task<> leave_name_out(tls::CloserLook look) {
        if (sni_.empty()) co_return;
        auto const whole = co_await talk_.shake_hands(std::move(look), "");
        if (whole.report.presented.empty()) {
            out_.without_name = WithoutName::refused;
        } else if (whole.report.presented.front() == shaken_.front()) {
            out_.without_name = WithoutName::same;
        } else {
            out_.without_name = WithoutName::other;
            out_.leaf_without_name = whole.report.presented.front();
        }
    }

    /// That of the handshake first; each leaf once.
    void put_chains_in_order() {
        auto chains = std::exchange(out_.chains, {});
        if (!shaken_.empty()) chains.insert(chains.begin(), {.certificates = shaken_});
        if (!other_.empty()) chains.push_back({.certificates = other_});
        for (auto& chain : chains) {
            bool const known = std::ranges::any_of(out_.chains, [&chain](PresentedChain const& one) {
                return !one.certificates.empty() && !chain.certificates.empty() && one.certificates.front() == chain.certificates.front();
            });
            if (!known) out_.chains.push_back(std::move(chain));
        }
    }

    Survey out_;
    Talk talk_;
    std::string sni_;
    std::set<std::vector<std::string>> seen_;
    std::vector<pki::Certificate> shaken_;
    std::vector<pki::Certificate> other_;
};

}  // namespace

std::string_view to_string(Contact contact) {
    switch (contact) {
        case Contact::unreachable: return "unreachable";
        case Contact::silent: return "silent";
        case Contact::closed: return "closed";
        case Contact::not_tls: return "not-tls";
        case Contact::start_tls_refused: return "starttls-refused";
        case Contact::broken_tls: return "broken-tls";
        case Contact::tls: return "tls";
    }
    return "unreachable";
}

std::string_view to_string(Order order) {
    switch (order) {
        case Order::unknown: return "unknown";
        case Order::server: return "server";
        case Order::client: return "client";
    }
    return "unknown";
}

std::string_view to_string(ClientCertificate asked) {
    switch (asked) {
        case ClientCertificate::not_asked: return "not-asked";
        case ClientCertificate::requested: return "requested";
        case ClientCertificate::required: return "required";
    }
    return "not-asked";
}

std::string_view to_string(WithoutName answer) {
    switch (answer) {
        case WithoutName::not_tried: return "not-tried";
        case WithoutName::same: return "same";
        case WithoutName::other: return "other";
        case WithoutName::refused: return "refused";
    }
    return "not-tried";
}

VersionReport const* Survey::find(Version version) const {
    auto const place = std::ranges::find(versions, version, &VersionReport::version);
    return place == versions.end() ? nullptr : &*place;
}

bool Survey::accepts(Version version) const {
    auto const* report = find(version);
    return report != nullptr && report->accepted;
}

std::optional<Version> Survey::newest() const {
    std::optional<Version> newest;
    for (auto const& report : versions)
        if (report.accepted) newest = report.version;
    return newest;
}

Task<Survey> look_at(SurveyRequest request) {
    Surveyor surveyor(std::move(request));
    co_return co_await surveyor.run();
}

}  // namespace countersign::net::survey
