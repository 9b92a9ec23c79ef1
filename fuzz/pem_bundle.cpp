// The scanner of PEM blocks and the bundles of certificates that stand on it.

#include "fuzz/target.hpp"
#include "pki/certificate.hpp"
#include "pki/pem.hpp"

using namespace countersign;
using fuzz::must_hold;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    if (size > 64 * 1024) return 0;
    auto const text = fuzz::text_of(data, size);
    auto const* end = text.data();
    for (auto const& block : pki::scan_pem(text)) {
        if (block.label.empty()) continue;
        must_hold(block.label.data() >= end, "blocks stand one after the other");
        end = block.body.data() + block.body.size();
        must_hold(end <= text.data() + text.size(), "a block lies within the text");
        must_hold(block.headers.empty() || block.headers.data() + block.headers.size() <= block.body.data(),
                  "headers stand before the body");
        (void)pki::decode_body(block.body);
    }
    must_hold(pki::scan_pem(text, 2).size() <= 2, "no more blocks are looked for than are wanted");
    auto const certificates = pki::parse_bundle(text, {.bytes = size, .certificates = 50});
    if (!certificates) return 0;
    auto const again = pki::parse_bundle(pki::to_pem(*certificates));
    must_hold(again && *again == *certificates, "what was written is read back");
    return 0;
}
