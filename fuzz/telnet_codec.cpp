// What a Telnet client sends, before and after log-in.

#include "device/services/telnet_codec.hpp"

#include "fuzz/target.hpp"

#include <algorithm>

using namespace countersign;
using device::TelnetCodec;
using fuzz::must_hold;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    auto bytes = fuzz::text_of(data, std::min<std::size_t>(size, 16 * 1024));
    TelnetCodec codec;
    (void)codec.hide_typing();
    for (std::size_t turn = 0; !bytes.empty(); ++turn) {
        if (turn == 1) (void)codec.show_typing();
        if (turn == 2) (void)codec.edit_here();
        auto const part = bytes.substr(0, std::min<std::size_t>(bytes.size(), 1 + (static_cast<unsigned char>(bytes.front()) & 0x3fU)));
        bytes.remove_prefix(part.size());
        auto const input = codec.feed(part);
        must_hold(input.lines.size() <= part.size(), "a line takes a byte");
        for (auto const& line : input.lines) must_hold(line.text.size() <= TelnetCodec::k_max_line, "no line is over the limit");
        must_hold(input.reply.size() <= (part.size() + 4) * 3 * TelnetCodec::k_max_line, "the reply is bounded");
        auto const wire = TelnetCodec::encode(part);
        must_hold(wire.size() >= part.size() && wire.size() <= 2 * part.size(), "what is written for the wire only grows by escapes");
    }
    return 0;
}
