// PKCS#7 and CMS bundles, PEM and DER.

#include "fuzz/target.hpp"
#include "pki/contents.hpp"

using namespace countersign;
using fuzz::must_hold;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    if (size > 64 * 1024) return 0;
    auto const certificates = pki::read_pkcs7(fuzz::text_of(data, size));
    if (!certificates) return 0;
    must_hold(!certificates->empty(), "a bundle that was read is not empty");
    auto const again = pki::read_pkcs7(pki::write_pkcs7_pem(*certificates));
    must_hold(again && *again == *certificates, "what was written is read back");
    return 0;
}
