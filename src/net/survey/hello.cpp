#include "net/survey/hello.hpp"

#include <algorithm>

namespace countersign::net::survey {

namespace {

enum Content : std::uint8_t { k_alert = 21, k_handshake = 22 };
enum Message : std::uint8_t {
    k_client_hello = 1,
    k_server_hello = 2,
    k_certificate = 11,
    k_server_key_exchange = 12,
    k_certificate_request = 13,
    k_server_hello_done = 14
};
enum Extension : std::uint16_t {
    k_server_name = 0,
    k_supported_groups = 10,
    k_point_formats = 11,
    k_signature_algorithms = 13,
    k_extended_master_secret = 23,
    k_supported_versions = 43,
    k_psk_modes = 45,
    k_key_share = 51,
    k_renegotiation_info = 0xff01
};
constexpr std::uint16_t k_x25519 = 29;
constexpr std::uint16_t k_renegotiation_scsv = 0x00ff;  // RFC 5746 section 3.3
constexpr std::uint8_t k_fatal = 2;
constexpr int k_unrecognized_name = 112;

// All that were ever usual, those of today first: a server must not fail over the signature.
constexpr std::uint16_t k_signatures[] = {0x0403, 0x0503, 0x0603, 0x0807, 0x0808, 0x0804, 0x0805, 0x0806, 0x0809, 0x080a, 0x080b, 0x0401,
                                          0x0501, 0x0601, 0x0303, 0x0301, 0x0402, 0x0502, 0x0602, 0x0302, 0x0203, 0x0201, 0x0202};

// --- writing ---

std::string number(std::size_t value, int bytes) {
    std::string out;
    for (int shift = (bytes - 1) * 8; shift >= 0; shift -= 8) out += static_cast<char>((value >> shift) & 0xff);
    return out;
}
/// A field with its length before it.
std::string field(std::string_view content, int length_bytes) { return number(content.size(), length_bytes).append(content); }

template <class List>
std::string numbers(List const& list) {
    std::string out;
    for (auto value : list) out += number(value, 2);
    return out;
}

std::string extension(Extension type, std::string_view content) { return number(type, 2) + field(content, 2); }

std::string record(std::uint8_t type, std::size_t version, std::string_view content) {
    return number(type, 1) + number(version, 2) + field(content, 2);
}

std::string extensions_of(Hello const& hello, std::string_view random) {
    std::string out;
    if (!hello.server_name.empty()) out += extension(k_server_name, field(number(0, 1) + field(hello.server_name, 2), 2));
    if (!hello.groups.empty()) {
        out += extension(k_supported_groups, field(numbers(hello.groups), 2));
        out += extension(k_point_formats, field(number(0, 1), 1));
    }
    if (hello.version >= Version::tls1_2) out += extension(k_signature_algorithms, field(numbers(k_signatures), 2));
    out += extension(k_renegotiation_info, field("", 1));
    out += extension(k_extended_master_secret, "");
    if (hello.version == Version::tls1_3) {
        std::vector<std::size_t> versions{0x0304};
        if (hello.older_too) versions.insert(versions.end(), {0x0303, 0x0302, 0x0301});
        out += extension(k_supported_versions, field(numbers(versions), 1));
        out += extension(k_psk_modes, field(number(1, 1), 1));
        auto const share = hello.key_share ? number(k_x25519, 2) + field(random.substr(32, 32), 2) : std::string();
        out += extension(k_key_share, field(share, 2));
    }
    return field(out, 2);
}

// --- reading ---

/// Takes a message apart; what is missing makes it false, for good.
class Cursor {
public:
    explicit Cursor(std::string_view bytes) : rest_(bytes) {}
    std::size_t number(std::size_t bytes) {
        std::size_t value = 0;
        for (char c : take(bytes)) value = value << 8 | static_cast<std::uint8_t>(c);
        return value;
    }
    std::string_view take(std::size_t count) {
        if (count > rest_.size()) {
            good_ = false;
            rest_ = {};
            return {};
        }
        auto const out = rest_.substr(0, count);
        rest_.remove_prefix(count);
        return out;
    }
    std::string_view field(std::size_t length_bytes) { return take(number(length_bytes)); }
    [[nodiscard]] bool empty() const { return rest_.empty(); }
    [[nodiscard]] bool good() const { return good_; }

private:
    std::string_view rest_;
    bool good_ = true;
};

void read_extension(std::size_t type, std::string_view content, Flight& flight) {
    Cursor cursor(content);
    switch (type) {
        case k_renegotiation_info: flight.secure_renegotiation = true; break;
        case k_extended_master_secret: flight.extended_master_secret = true; break;
        case k_supported_versions: flight.version = static_cast<std::uint16_t>(cursor.number(2)); break;
        case k_key_share: flight.group = static_cast<std::uint16_t>(cursor.number(2)); break;
        default: break;
    }
}

bool read_server_hello(std::string_view body, Flight& flight) {
    Cursor cursor(body);
    flight.version = static_cast<std::uint16_t>(cursor.number(2));
    cursor.take(32);  // random; a HelloRetryRequest differs in nothing else that is read here
    cursor.field(1);  // session id
    flight.cipher = static_cast<std::uint16_t>(cursor.number(2));
    flight.compression = cursor.number(1) != 0;
    if (!cursor.good()) return false;
    if (!cursor.empty()) {
        Cursor extensions(cursor.field(2));
        while (!extensions.empty()) {
            auto const type = extensions.number(2);
            auto const content = extensions.field(2);
            if (!extensions.good()) return false;
            read_extension(type, content, flight);
        }
    }
    if (flight.version == static_cast<std::uint16_t>(Version::tls1_3)) flight.secure_renegotiation = flight.extended_master_secret = true;
    flight.chosen = cursor.good();
    return flight.chosen;
}

bool read_certificates(std::string_view body, Flight& flight) {
    Cursor cursor(body);
    Cursor list(cursor.field(3));
    while (!list.empty()) {
        auto const certificate = list.field(3);
        if (!list.good() || certificate.empty()) return false;
        flight.certificates.emplace_back(certificate);
    }
    return cursor.good();
}

/// Bits of a number without its leading zeros.
int bits_of(std::string_view number) {
    number.remove_prefix(std::min(number.find_first_not_of('\0'), number.size()));
    if (number.empty()) return 0;
    int bits = static_cast<int>(number.size() - 1) * 8;
    for (auto first = static_cast<std::uint8_t>(number.front()); first != 0; first >>= 1) ++bits;
    return bits;
}

bool read_key_exchange(std::string_view body, Flight& flight) {
    Cursor cursor(body);
    auto const suite = cipher_name(flight.cipher);
    if (suite.starts_with("TLS_ECDH")) {
        constexpr std::size_t k_named_curve = 3;
        if (cursor.number(1) == k_named_curve) flight.group = static_cast<std::uint16_t>(cursor.number(2));
    } else if (suite.starts_with("TLS_DH")) {
        flight.dh_bits = bits_of(cursor.field(2));
    }
    return cursor.good();
}

}  // namespace

std::string encode(Hello const& hello, std::string_view random) {
    auto const version = std::min<std::size_t>(static_cast<std::size_t>(hello.version), 0x0303);
    bool const plain = hello.version == Version::ssl3;
    std::string body = number(version, 2);
    body.append(random.substr(0, 32));
    body += field(hello.version == Version::tls1_3 ? random.substr(32, 32) : std::string_view(), 1);
    auto ciphers = hello.ciphers;
    if (plain) ciphers.push_back(k_renegotiation_scsv);
    body += field(numbers(ciphers), 2);
    body += field(hello.offer_compression ? std::string("\x01\x00", 2) : std::string(1, '\0'), 1);
    if (!plain) body += extensions_of(hello, random);
    // RFC 8446 section 5.1 and RFC 5246 appendix E.1: the record of a hello says an old version.
    return record(k_handshake, plain ? 0x0300 : 0x0301, number(k_client_hello, 1) + field(body, 3));
}

std::string encode_goodbye(Version version) {
    auto const number = std::min<std::size_t>(static_cast<std::size_t>(version), 0x0303);
    return record(k_alert, number, std::string("\x01\x5a", 2)) + record(k_alert, number, std::string("\x01\x00", 2));
}

FlightReader::State FlightReader::feed(std::string_view bytes) {
    constexpr std::size_t k_shown = 256;
    if (first_.size() < k_shown) first_.append(bytes.substr(0, k_shown - first_.size()));
    if (state_ != State::more) return state_;
    total_ += bytes.size();
    if (total_ > k_flight_limit) return state_ = State::malformed;
    records_.append(bytes);
    return state_ = read_records();
}

FlightReader::State FlightReader::read_records() {
    constexpr std::size_t k_header = 5;
    // RFC 8446 section 5.2; older servers send up to 2048 bytes more.
    constexpr std::size_t k_longest = 16384 + 2048;
    std::size_t at = 0;
    auto state = State::more;
    while (state == State::more && records_.size() - at > 0) {
        Cursor cursor(std::string_view(records_).substr(at));
        auto const type = cursor.number(1);
        bool const first = total_ == records_.size() && at == 0;
        if (type != k_alert && type != k_handshake) {
            state = first ? State::not_tls : State::malformed;
            break;
        }
        if (records_.size() - at < k_header) break;
        auto const version = cursor.number(2);
        auto const length = cursor.number(2);
        if (version >> 8 != 3) return first ? State::not_tls : State::malformed;
        if (length > k_longest || length == 0) return State::malformed;
        auto const content = cursor.take(length);
        if (!cursor.good()) break;
        at += k_header + length;
        if (type == k_handshake) {
            messages_.append(content);
            state = read_messages();
        } else {
            if (content.size() != 2) return State::malformed;
            int const description = static_cast<std::uint8_t>(content[1]);
            // RFC 6066 section 3: a warning, after which the handshake goes on.
            if (static_cast<std::uint8_t>(content[0]) != k_fatal && description == k_unrecognized_name) continue;
            flight_.alert = description;
            state = State::done;
        }
    }
    records_.erase(0, at);
    return state;
}

FlightReader::State FlightReader::read_messages() {
    constexpr std::size_t k_header = 4;
    auto state = State::more;
    std::size_t at = 0;
    while (state == State::more && messages_.size() - at >= k_header) {
        Cursor cursor(std::string_view(messages_).substr(at));
        auto const type = cursor.number(1);
        auto const length = cursor.number(3);
        if (length > k_flight_limit) return State::malformed;
        auto const body = cursor.take(length);
        if (!cursor.good()) break;
        at += k_header + length;
        state = read_message(static_cast<int>(type), body);
    }
    messages_.erase(0, at);
    return state;
}

FlightReader::State FlightReader::read_message(int type, std::string_view body) {
    auto const verdict = [](bool good) { return good ? State::more : State::malformed; };
    if (!flight_.chosen && type != k_server_hello) return State::malformed;
    switch (type) {
        case k_server_hello:
            if (!read_server_hello(body, flight_)) return State::malformed;
            return flight_.version == static_cast<std::uint16_t>(Version::tls1_3) ? State::done : State::more;
        case k_certificate: return verdict(read_certificates(body, flight_));
        case k_server_key_exchange: return verdict(read_key_exchange(body, flight_));
        case k_certificate_request: flight_.asks_for_certificate = true; return State::more;
        case k_server_hello_done: return State::done;
        default: return State::more;
    }
}

}  // namespace countersign::net::survey
