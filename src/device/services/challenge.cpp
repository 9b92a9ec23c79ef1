#include "device/services/challenge.hpp"

#include "base/text.hpp"
#include "host/crypto.hpp"
#include "net/tls/digest.hpp"

namespace countersign::device {

std::string make_challenge() { return to_hex(host::random_bytes(16)); }

std::string response_to(std::string_view challenge, SecretText const& password) {
    auto covered = std::string(challenge) + password.reveal();
    auto digest = net::tls::hash_hex(net::tls::Hash::md5, covered);
    wipe(covered.data(), covered.size());
    return digest;
}

bool answers_challenge(std::string_view challenge, SecretText const& password, std::string_view answer) {
    auto const typed = to_lower(trim(answer));
    auto const expected = response_to(challenge, password);
    return typed.size() == expected.size() && constant_time_equal(typed, expected);
}

}  // namespace countersign::device
