// The handshake of a WebSocket and the frames behind it, as a server reads them.

#include "net/http/websocket.hpp"

#include "base/text.hpp"
#include "fuzz/target.hpp"
#include "net/http/websocket_frames.hpp"

using namespace countersign;
using namespace countersign::net;
using fuzz::must_hold;

namespace {

constexpr std::size_t k_longest = 1000;

void read_frames(std::string bytes) {
    http::FrameReader reader(k_longest);
    for (;;) {
        auto const before = bytes.size();
        auto const input = reader.next(bytes);
        if (std::holds_alternative<http::FrameReader::NeedMore>(input)) {
            must_hold(bytes.size() == before, "what is not whole is left as it is");
            return;
        }
        if (std::holds_alternative<http::FrameReader::Violation>(input)) return;
        must_hold(bytes.size() < before, "a frame that was read is taken off");
        if (auto const* message = std::get_if<http::FrameReader::Message>(&input))
            must_hold(message->text.size() <= k_longest && is_utf8(message->text), "a message is UTF-8 and no longer than allowed");
        if (auto const* ping = std::get_if<http::FrameReader::Ping>(&input)) must_hold(ping->payload.size() <= 125, "pings are short");
    }
}

/// Lines "name: value" to the first blank one; what follows are frames.
http::Request request_of(std::string_view text) {
    http::Request request;
    for (auto const line : split(text, '\n')) {
        auto const colon = line.find(':');
        if (colon != std::string_view::npos) request.fields.add(trim(line.substr(0, colon)), trim(line.substr(colon + 1)));
    }
    return request;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    auto const text = fuzz::text_of(data, size);
    auto const head = text.substr(0, text.find("\n\n"));
    if (auto const offer = http::websocket_offer(request_of(head))) {
        must_hold(offer->protocols.size() <= 16, "at most 16 protocols are offered");
        must_hold(http::websocket_accept_value(offer->key).size() == 28, "a digest is answered");
    }
    read_frames(std::string(head.size() < text.size() ? text.substr(head.size() + 2) : text));
    return 0;
}
