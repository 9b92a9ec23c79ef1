// The answer to a Telnet challenge, as it was typed: the first line is the password, the rest the answer.

#include "base/text.hpp"
#include "device/services/challenge.hpp"
#include "fuzz/target.hpp"

using namespace countersign;
using fuzz::must_hold;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    auto const text = fuzz::text_of(data, size);
    auto const end = text.find('\n');
    SecretText const password{std::string(text.substr(0, end))};
    auto const answer = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    std::string_view const challenge = "00112233445566778899aabbccddeeff";
    auto const right = device::response_to(challenge, password);
    must_hold(right.size() == 32, "an MD5 in hexadecimal");
    must_hold(device::answers_challenge(challenge, password, " " + to_upper(right) + " "), "the right answer is taken");
    bool const taken = device::answers_challenge(challenge, password, answer);
    must_hold(taken == (to_lower(trim(answer)) == right), "no other one is");
    return 0;
}
