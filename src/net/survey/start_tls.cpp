#include "net/survey/start_tls.hpp"

#include "base/text.hpp"

#include "countersign/errors/gen.hpp"

#include <algorithm>

namespace countersign::net::survey {

namespace {

struct Row {
    StartTls protocol;
    std::string_view name;
    std::uint16_t port;
};
constexpr Row k_protocols[] = {
    {StartTls::none, "none", 443},
    {StartTls::smtp, "smtp", 25},
    {StartTls::imap, "imap", 143},
    {StartTls::pop3, "pop3", 110},
    {StartTls::ftp, "ftp", 21},
    {StartTls::xmpp, "xmpp", 5222},
    {StartTls::xmpp_server, "xmpp-server", 5269},
    {StartTls::ldap, "ldap", 389},
    {StartTls::postgres, "postgres", 5432},
};
Row const& row_of(StartTls protocol) { return *std::ranges::find(k_protocols, protocol, &Row::protocol); }

constexpr std::size_t k_limit = 64 * 1024;
constexpr std::size_t k_shown = 256;
// RFC 4511 section 4.14.1: message 1, ExtendedRequest, requestName 1.3.6.1.4.1.1466.20037.
constexpr std::string_view k_ldap_request(
    "\x30\x1d\x02\x01\x01\x77\x18\x80\x16"
    "1.3.6.1.4.1.1466.20037");
// Length 8, then the code 80877103.
constexpr std::string_view k_postgres_request("\x00\x00\x00\x08\x04\xd2\x16\x2f", 8);

using State = StartTlsDialogue::State;

/// A last or only line of SMTP and FTP: "250 text"; "250-text" goes on.
bool is_reply(std::string_view line) { return line.size() == 3 || (line.size() > 3 && line[3] == ' '); }

}  // namespace

Result<StartTls> parse_start_tls(std::string_view text) {
    for (auto const& row : k_protocols)
        if (row.protocol != StartTls::none && row.name == text) return row.protocol;
    return fail(errors::gen::invalid_input, {{"field", "starttls"}, {"detail", "it is one of " + join(start_tls_names(), ", ")}});
}

std::string_view to_string(StartTls protocol) { return row_of(protocol).name; }

std::vector<std::string> start_tls_names() {
    std::vector<std::string> out;
    for (auto const& row : k_protocols)
        if (row.protocol != StartTls::none) out.emplace_back(row.name);
    return out;
}

std::uint16_t usual_port(StartTls protocol) { return row_of(protocol).port; }

StartTlsDialogue::StartTlsDialogue(StartTls protocol, std::string server_name)
    : protocol_(protocol), server_name_(std::move(server_name)) {}

std::string StartTlsDialogue::last_words() const { return last_.substr(0, k_shown); }

std::string StartTlsDialogue::stream_head() const {
    bool const server = protocol_ == StartTls::xmpp_server;
    return "<?xml version='1.0'?><stream:stream to='" + escape_markup(server_name_) + "' xmlns='" +
           (server ? "jabber:server" : "jabber:client") + "' xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>";
}

StartTlsDialogue::Step StartTlsDialogue::begin() {
    switch (protocol_) {
        case StartTls::none: return {State::ready, ""};
        case StartTls::xmpp:
        case StartTls::xmpp_server: return {State::more, stream_head()};
        case StartTls::ldap: return {State::more, std::string(k_ldap_request)};
        case StartTls::postgres: return {State::more, std::string(k_postgres_request)};
        default: return {State::more, ""};
    }
}

StartTlsDialogue::Step StartTlsDialogue::feed(std::string_view bytes) {
    total_ += bytes.size();
    heard_.append(bytes);
    last_ = heard_;
    if (total_ > k_limit) return {State::refused, ""};
    switch (protocol_) {
        case StartTls::none: return {State::ready, ""};
        case StartTls::xmpp:
        case StartTls::xmpp_server: return xmpp();
        case StartTls::ldap: return ldap();
        case StartTls::postgres: return postgres();
        default: return after_lines();
    }
}

StartTlsDialogue::Step StartTlsDialogue::after_lines() {
    for (auto end = heard_.find('\n'); end != std::string::npos; end = heard_.find('\n')) {
        auto const line = std::string(trim(std::string_view(heard_).substr(0, end)));
        heard_.erase(0, end + 1);
        last_ = line;
        auto step = next_line(line);
        if (step.state != State::more || !step.say.empty()) return step;
    }
    return {};
}

StartTlsDialogue::Step StartTlsDialogue::next_line(std::string_view line) {
    auto const expect = [&](std::string_view prefix, std::string say) -> Step {
        if (!istarts_with(line, prefix)) return {State::refused, ""};
        ++stage_;
        return {say.empty() ? State::ready : State::more, std::move(say)};
    };
    switch (protocol_) {
        case StartTls::imap:
            // Lines that begin with '*' may come at any time; the greeting is one.
            if (stage_ == 0) return expect("* OK", "a1 STARTTLS\r\n");
            return line.starts_with('*') ? Step{} : expect("a1 OK", "");
        case StartTls::pop3: return expect("+OK", stage_ == 0 ? "STLS\r\n" : "");
        case StartTls::ftp:
            if (!is_reply(line)) return {};
            return stage_ == 0 ? expect("220", "AUTH TLS\r\n") : expect("234", "");
        default: break;
    }
    // SMTP: greeting, EHLO with its list of offers, STARTTLS.
    if (stage_ == 1 && line.size() > 4 && iequals(trim(line.substr(4)), "STARTTLS")) offered_ = true;
    if (!is_reply(line)) return {};
    if (stage_ == 0) return expect("220", "EHLO countersign.invalid\r\n");
    if (stage_ == 1) return offered_ ? expect("250", "STARTTLS\r\n") : Step{State::refused, ""};
    return expect("220", "");
}

StartTlsDialogue::Step StartTlsDialogue::xmpp() {
    if (heard_.contains("<stream:error") || heard_.contains("<failure")) return {State::refused, ""};
    if (stage_ == 0) {
        if (heard_.contains("<starttls")) {
            ++stage_;
            heard_.clear();
            return {State::more, "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"};
        }
        return heard_.contains("</stream:features>") || heard_.contains("<stream:features/>") ? Step{State::refused, ""} : Step{};
    }
    auto const place = heard_.find("<proceed");
    return place != std::string::npos && heard_.find('>', place) != std::string::npos ? Step{State::ready, ""} : Step{};
}

StartTlsDialogue::Step StartTlsDialogue::ldap() {
    // LDAPMessage { messageID 1, ExtendedResponse { resultCode ENUMERATED, ... } }; a length of one byte, or of the long form.
    auto const byte = [this](std::size_t i) { return i < heard_.size() ? static_cast<std::uint8_t>(heard_[i]) : 0; };
    auto const head = [&](std::size_t at) -> std::size_t { return byte(at + 1) < 0x80 ? 2 : 2 + (byte(at + 1) & 0x7fU); };
    if (byte(0) != 0x30) return {State::refused, ""};
    if (heard_.size() < 2) return {};
    std::size_t length = byte(1);
    if (length >= 0x80) {
        length = 0;
        for (std::size_t i = 2; i < head(0); ++i) length = (length << 8 | byte(i)) & 0xffffff;
    }
    if (heard_.size() < head(0) + length) return {};
    auto at = head(0);
    if (byte(at) != 2 || byte(at + 1) != 1) return {State::refused, ""};
    at += 3;
    constexpr std::uint8_t k_extended_response = 0x78;
    if (byte(at) != k_extended_response) return {State::refused, ""};
    at += head(at);
    bool const success = byte(at) == 10 && byte(at + 1) == 1 && at + 2 < heard_.size() && byte(at + 2) == 0;
    return {success ? State::ready : State::refused, ""};
}

StartTlsDialogue::Step StartTlsDialogue::postgres() const {
    if (heard_.empty()) return {};
    return {heard_.front() == 'S' ? State::ready : State::refused, ""};
}

}  // namespace countersign::net::survey
