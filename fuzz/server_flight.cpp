// What a server answers to a hello of ours: any bytes, in one piece and cut anywhere, give the same.

#include "fuzz/target.hpp"
#include "net/survey/hello.hpp"

#include <algorithm>

using namespace countersign;
using fuzz::must_hold;
using net::survey::Flight;
using net::survey::FlightReader;

namespace {

bool same(Flight const& a, Flight const& b) {
    return a.chosen == b.chosen && a.version == b.version && a.cipher == b.cipher && a.compression == b.compression &&
           a.secure_renegotiation == b.secure_renegotiation && a.extended_master_secret == b.extended_master_secret && a.group == b.group &&
           a.dh_bits == b.dh_bits && a.certificates == b.certificates && a.asks_for_certificate == b.asks_for_certificate &&
           a.alert == b.alert;
}

}  // namespace

/// The first byte says in pieces of how many bytes the rest comes.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    auto bytes = fuzz::text_of(data, size);
    if (bytes.empty()) return 0;
    std::size_t const piece = static_cast<std::uint8_t>(bytes.front()) + 1U;
    bytes.remove_prefix(1);
    FlightReader whole;
    whole.feed(bytes);
    FlightReader pieces;
    for (std::size_t at = 0; at < bytes.size(); at += piece) pieces.feed(bytes.substr(at, piece));
    must_hold(whole.state() == pieces.state(), "cutting the bytes elsewhere gives the same end");
    must_hold(same(whole.flight(), pieces.flight()), "cutting the bytes elsewhere gives the same flight");
    must_hold(whole.first_bytes() == bytes.substr(0, 256), "the first bytes are kept as they came");
    std::size_t held = 0;
    for (auto const& certificate : whole.flight().certificates) held += certificate.size();
    must_hold(held <= bytes.size(), "no certificate is made up");
    must_hold(whole.state() != FlightReader::State::done || whole.flight().chosen || whole.flight().alert,
              "a flight ends with a choice or an alert");
    return 0;
}
