#include "pki/to_be_signed.hpp"

#include "pki/format/der_writer.hpp"

namespace countersign::pki {

std::optional<Bytes> write_to_be_signed(CertificateFields const& fields) {
    constexpr std::size_t k_rest = 512;  // what the other fields have at most, as a rule
    constexpr std::int64_t k_version_3 = 2;
    DerWriter out(fields.issuer.size() + fields.subject.size() + fields.public_key.size() + k_rest);
    bool dated = true;
    out.wrap(der::k_sequence, [&] {
        out.wrap(der::wrapped(0), [&] { out.integer(k_version_3); });
        out.positive_integer(fields.serial);
        out.raw(fields.algorithm);
        out.raw(fields.issuer);
        out.wrap(der::k_sequence, [&] { dated = out.time(fields.validity.not_before) && out.time(fields.validity.not_after); });
        out.raw(fields.subject);
        out.raw(fields.public_key);
        out.wrap(der::wrapped(3), [&] { write_extensions(out, fields.extensions); });
    });
    if (!dated) return std::nullopt;
    return std::move(out).take();
}

Bytes write_certificate(std::span<std::uint8_t const> to_be_signed, std::span<std::uint8_t const> algorithm,
                        std::span<std::uint8_t const> signature) {
    constexpr std::size_t k_headers = 16;
    DerWriter out(to_be_signed.size() + algorithm.size() + signature.size() + k_headers);
    out.wrap(der::k_sequence, [&] {
        out.raw(to_be_signed);
        out.raw(algorithm);
        out.bit_string(signature);
    });
    return std::move(out).take();
}

}  // namespace countersign::pki
