#include "host/crypto.hpp"
#include "net/resolver.hpp"
#include "net/stream.hpp"

#include "countersign/errors/net.hpp"

#include <cmath>
#include <cstring>

namespace countersign::net {

namespace {

// RFC 4330 section 4: the fields that are looked at, as offsets into the 48 bytes.
constexpr std::size_t k_size = 48;
constexpr std::size_t k_originate = 24;
constexpr std::size_t k_receive = 32;
constexpr std::size_t k_transmit = 40;
constexpr std::uint64_t k_from_1900_to_1970 = 2208988800U;

double now_in_seconds() { return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count(); }

std::uint64_t read_64(std::string_view packet, std::size_t at) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < 8; ++i) value = value << 8U | static_cast<std::uint8_t>(packet[at + i]);
    return value;
}

/// Seconds since 1970. Times of the era after 2036 have small numbers (RFC 4330 section 3).
double read_time(std::string_view packet, std::size_t at) {
    auto raw = read_64(packet, at);
    auto seconds = raw >> 32U;
    if ((seconds & 0x80000000U) == 0) seconds += std::uint64_t{1} << 32U;
    return static_cast<double>(seconds - k_from_1900_to_1970) + static_cast<double>(raw & 0xffffffffU) / 4294967296.0;
}

/// Empty when the packet is a usable answer.
std::string_view unusable(std::string_view packet, std::string_view cookie) {
    if (packet.size() < k_size) return "the answer is too short";
    auto first = static_cast<std::uint8_t>(packet[0]);
    auto stratum = static_cast<std::uint8_t>(packet[1]);
    if ((first & 7U) != 4) return "the answer is not one of a server";
    if (packet.substr(k_originate, 8) != cookie) return "the answer belongs to another question";
    if (stratum == 0) return "kiss of death: the server wants not to be asked";
    if (first >> 6U == 3) return "the server is not synchronised";
    if (stratum > 15) return "the server is not synchronised (stratum 16)";
    if (read_64(packet, k_transmit) == 0 || read_64(packet, k_receive) == 0) return "the answer has no time";
    return {};
}

std::chrono::milliseconds in_milliseconds(double seconds) { return std::chrono::milliseconds(std::llround(seconds * 1000)); }

}  // namespace

Task<Result<NtpAnswer>> query_ntp(Endpoint server, std::string bind_address, Milliseconds timeout) {
    // Random instead of our time: nobody learns our clock, and nobody who does not see the question can answer it.
    auto const random = host::random_bytes(8);
    std::string const cookie(random.begin(), random.end());
    std::string question(k_size, '\0');
    question[0] = 0x23;  // version 4, client
    question.replace(k_transmit, 8, cookie);
    auto refuse = [&server](std::string_view detail) {
        return fail(errors::net::ntp_failed, {{"server", to_string(server)}, {"detail", detail}});
    };
    auto const sent = now_in_seconds();
    auto answer = co_await ask_udp(server, question, std::move(bind_address), timeout);
    auto const received = now_in_seconds();
    if (!answer) {
        Error error(errors::net::ntp_failed, {{"server", to_string(server)}, {"detail", "there is no answer"}});
        co_return fail(error.because(std::move(answer.error())));
    }
    if (auto why = unusable(*answer, cookie); !why.empty()) co_return refuse(why);
    auto const there = read_time(*answer, k_receive);
    auto const back = read_time(*answer, k_transmit);
    co_return NtpAnswer{.offset = in_milliseconds(((there - sent) + (back - received)) / 2),
                        .delay = in_milliseconds((received - sent) - (back - there)),
                        .stratum = static_cast<std::uint8_t>((*answer)[1])};
}

}  // namespace countersign::net
