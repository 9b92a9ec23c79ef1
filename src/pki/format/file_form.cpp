#include "pki/contents.hpp"
#include "pki/format/der_kind.hpp"
#include "pki/format/pkcs7.hpp"
#include "pki/pem.hpp"

namespace countersign::pki {

FileForm form_of(std::string_view bytes) {
    constexpr std::size_t k_blocks_looked_at = 64;
    if (encoding_of(bytes) == Encoding::der) {
        switch (kind_of_der(bytes_of(bytes))) {
            case DerKind::pkcs12: return FileForm::pkcs12;
            case DerKind::signed_data: return FileForm::pkcs7;
            case DerKind::unknown: return FileForm::unknown;
            default: return FileForm::der;
        }
    }
    auto const blocks = scan_pem(bytes, k_blocks_looked_at);
    if (blocks.empty()) return FileForm::unknown;
    for (auto const& block : blocks)
        if (is_signed_data_label(block.label)) return FileForm::pkcs7;
    return FileForm::pem;
}

}  // namespace countersign::pki
