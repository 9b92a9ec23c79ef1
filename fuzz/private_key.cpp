// Private keys, PEM and DER, with a passphrase: what PrivateKey::parse does, with less hashing.

#include "pki/format/private_key.hpp"

#include "fuzz/target.hpp"

#include <algorithm>

using namespace countersign;
using fuzz::must_hold;

namespace {

constexpr std::int64_t k_rounds = 500;

Result<pki::PrivateKey> read(std::span<std::uint8_t const> bytes, pki::DerivationBudget& budget) {
    static SecretText const passphrase(std::string("x"));
    std::string_view const text = fuzz::text_of(bytes.data(), bytes.size());
    if (pki::encoding_of(text) == pki::Encoding::der) {
        (void)pki::sealed_form(bytes);
        return pki::read_key_der(bytes, passphrase, budget);
    }
    auto const blocks = pki::scan_pem(text);
    auto const found = std::ranges::find_if(blocks, [](pki::PemBlock const& block) { return pki::is_private_key_label(block.label); });
    if (found == blocks.end()) return pki::PrivateKey::parse(text);
    (void)pki::sealed_form(*found);
    return pki::read_key_block(*found, passphrase, budget);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    if (size > 16 * 1024) return 0;
    pki::DerivationBudget budget(k_rounds);
    auto const key = read({data, size}, budget);
    must_hold(budget.spent() <= k_rounds, "no more is hashed than is allowed");
    if (!key) return 0;
    must_hold(key->exportable() && key->bits() > 0, "a key that was read has a size and can be written");
    auto const der = key->to_der();
    auto const again = pki::read_key_der(der.reveal(), SecretText(), budget);
    must_hold(again && again->public_key_sha256() == key->public_key_sha256(), "what was written is read back");
    return 0;
}
