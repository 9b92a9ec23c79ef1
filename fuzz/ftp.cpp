// Lines of an FTP control connection, and texts that go out over one.

#include "base/text.hpp"
#include "device/services/ftp_codec.hpp"
#include "fuzz/target.hpp"

#include <algorithm>

using namespace countersign;
using fuzz::must_hold;
namespace ftp = device::ftp;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    auto const text = fuzz::text_of(data, size);
    if (auto const command = ftp::parse_command(text)) {
        must_hold(!command->verb.empty() && command->verb.size() <= 4, "a verb has one to four letters");
        must_hold(std::ranges::all_of(command->verb, [](char c) { return c >= 'A' && c <= 'Z'; }), "a verb is in upper case");
        must_hold(text.ends_with(command->argument), "the argument stays as it stands");
        must_hold(command->verb.size() + command->argument.size() <= text.size(), "nothing is added");
    }
    if (auto const reply = ftp::passive_reply(text, 1025)) {
        must_hold(reply->ends_with(",4,1)\r\n"), "the port stands in two numbers");
        must_hold(std::ranges::count(*reply, '\n') == 1, "a reply is one line");
    }
    auto const ascii = ftp::to_ascii(text);
    must_hold(ftp::to_ascii(ascii) == ascii, "what has line ends of ASCII keeps them");
    must_hold(replace_all(ascii, "\r\n", "\n") == replace_all(std::string(text), "\r\n", "\n"), "nothing but line ends changes");
    return 0;
}
