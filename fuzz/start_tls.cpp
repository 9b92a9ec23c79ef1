// What servers answer before TLS begins. The first byte chooses the protocol, the second the size of the pieces.

#include "net/survey/start_tls.hpp"

#include "fuzz/target.hpp"

#include <algorithm>
#include <array>
#include <string>

using namespace countersign;
using fuzz::must_hold;
using net::survey::StartTls;
using net::survey::StartTlsDialogue;

namespace {

/// All that is ever said, but for the fixed head of a stream: nothing that a server sent comes back.
bool is_ours(std::string_view say) {
    static constexpr std::array<std::string_view, 6> k_lines{"a1 STARTTLS\r\n", "STLS\r\n",
                                                             "AUTH TLS\r\n",    "EHLO countersign.invalid\r\n",
                                                             "STARTTLS\r\n",    "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"};
    return std::ranges::find(k_lines, say) != k_lines.end();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    auto bytes = fuzz::text_of(data, size);
    if (bytes.size() < 2) return 0;
    auto const protocol = static_cast<StartTls>(static_cast<std::uint8_t>(bytes[0]) % (static_cast<int>(StartTls::postgres) + 1));
    std::size_t const piece = static_cast<std::uint8_t>(bytes[1]) + 1U;
    bytes.remove_prefix(2);
    StartTlsDialogue dialogue(protocol, "server.example");
    auto step = dialogue.begin();
    int said = 0;
    for (std::size_t at = 0; at < bytes.size() && step.state == StartTlsDialogue::State::more; at += piece) {
        step = dialogue.feed(bytes.substr(at, piece));
        must_hold(step.say.empty() || is_ours(step.say), "only fixed words are said");
        must_hold(step.say.empty() || step.state == StartTlsDialogue::State::more, "nothing is said at the end");
        must_hold(dialogue.last_words().size() <= 256, "little is shown of what was heard");
        if (!step.say.empty()) ++said;
    }
    must_hold(said <= 2, "a conversation is short");
    must_hold(bytes.size() <= 64 * 1024 || step.state != StartTlsDialogue::State::more, "a server cannot talk for ever");
    return 0;
}
