// PKCS#12 packages with the passphrase "x": what read_pkcs12 does, with less hashing.

#include "fuzz/target.hpp"
#include "pki/format/package.hpp"

using namespace countersign;
using fuzz::must_hold;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    if (size > 32 * 1024) return 0;
    constexpr std::int64_t rounds = 500;
    static SecretText const passphrase(std::string("x"));
    pki::DerivationBudget budget(rounds);
    auto const parts = pki::open_package({data, size}, passphrase, budget);
    must_hold(budget.spent() <= rounds, "no more is hashed than is allowed");
    if (!parts) return 0;
    must_hold(parts->size() <= pki::k_most_bags, "there are no more parts than is allowed");
    for (auto const& part : *parts) {
        must_hold(is_utf8(part.friendly_name) && part.friendly_name.find_first_of("\n\r\x1b\x7f") == std::string::npos,
                  "names can be shown on one line");
    }
    return 0;
}
