#include "pki/contents.hpp"

#include "pki/format/der_kind.hpp"
#include "pki/format/package.hpp"
#include "pki/format/pkcs7.hpp"
#include "pki/format/private_key.hpp"
#include "pki/format/sound.hpp"
#include "pki/openssl.hpp"
#include "pki/pem.hpp"

#include "countersign/errors/crt.hpp"
#include "countersign/errors/fil.hpp"
#include "countersign/errors/gen.hpp"

#include <algorithm>

namespace countersign::pki {

namespace crt = errors::crt;

namespace {

using View = std::span<std::uint8_t const>;

constexpr std::string_view k_kinds = "CERTIFICATE, CERTIFICATE REQUEST, PRIVATE KEY, PUBLIC KEY, X509 CRL, PKCS7 or PKCS12";

Error not_any_kind() { return Error(crt::not_pem, {{"expected", k_kinds}}); }

Result<PublicKey> read_public_key(View der, DerKind kind) {
    ErrorQueue errors;
    auto const* at = der.data();
    auto const size = static_cast<long>(der.size());
    PkeyPtr const key(kind == DerKind::rsa_public_key ? d2i_PublicKey(EVP_PKEY_RSA, nullptr, &at, size) : d2i_PUBKEY(nullptr, &at, size));
    if (!key || at != der.data() + der.size()) return fail(crt::not_pem, {{"expected", "PUBLIC KEY"}, {"detail", errors.reason()}});
    return PublicKey{.algorithm = algorithm_name(key.get()),
                     .bits = EVP_PKEY_get_bits(key.get()),
                     .sha256 = sha256_hex(der_of(key.get(), i2d_PUBKEY, "encode a public key"))};
}

/// "TRUSTED CERTIFICATE": a certificate with OpenSSL's notes on what to trust it for, which are left out.
Result<Certificate> read_trusted_certificate(View der) {
    ErrorQueue errors;
    auto const* at = der.data();
    X509Ptr certificate(d2i_X509_AUX(nullptr, &at, static_cast<long>(der.size())));
    if (!certificate) return fail(crt::broken_certificate, {{"index", "0"}, {"detail", errors.reason()}});
    return sound_certificate(std::move(certificate));
}

class Reader {
public:
    Reader(SecretText const& passphrase, ContentsLimits const& limits) : passphrase_(passphrase), limits_(limits), budget_(limits.rounds) {}

    Result<void> read_pem(std::string_view text) {
        auto const blocks = scan_pem(text, limits_.items + 1);
        if (blocks.size() > limits_.items) return too_many();
        for (auto const& block : blocks) {
            ++position_;
            CS_CHECK(read_block(block));
        }
        return {};
    }

    Result<void> read_single(View der, std::string_view container) {
        position_ = 1;
        return read_der(der, container);
    }

    Result<Contents> finish() {
        if (!out_.items.empty()) return std::move(out_);
        if (out_.problems.empty()) return fail(not_any_kind());
        if (out_.problems.size() == 1) return fail(std::move(out_.problems.front()));
        Error all(errors::gen::several_problems);
        for (auto& problem : out_.problems) all.because(std::move(problem));
        return fail(std::move(all));
    }

private:
    [[nodiscard]] Failure too_many() const { return fail(crt::too_many_certificates, {{"limit", std::to_string(limits_.items)}}); }

    Result<void> count() const {
        if (out_.items.size() + out_.problems.size() >= limits_.items) return too_many();
        return {};
    }

    Result<void> problem(Error error) {
        CS_CHECK(count());
        error.at("block " + std::to_string(position_));
        if (error.id() == crt::broken_certificate) error.with("index", std::to_string(position_));
        out_.problems.push_back(std::move(error));
        return {};
    }

    template <class T>
    Result<void> add(T value, std::string_view container, std::string name = {}) {
        CS_CHECK(count());
        out_.items.push_back(
            {.value = std::move(value), .container = std::string(container), .position = position_, .name = std::move(name)});
        return {};
    }
    template <class T>
    Result<void> add(Result<T> read, std::string_view container) {
        return read ? add(*std::move(read), container) : problem(std::move(read).error());
    }

    Result<void> read_block(PemBlock const& block) {
        auto const label = block.label;
        if (label.ends_with("PARAMETERS")) return {};
        if (is_private_key_label(label)) {
            auto key = read_key_block(block, passphrase_, budget_);
            if (!key && key.error().id() == crt::passphrase_needed) return add(LockedKey{sealed_form(block)}, "PEM");
            return add(std::move(key), "PEM");
        }
        auto const der = block.complete ? decode_secret_body(block.body) : std::nullopt;
        if (!der) return problem(Error(crt::not_pem, {{"expected", label.empty() ? k_kinds : label}}));
        View const bytes = der->reveal();
        if (is_certificate_label(label)) return add(Certificate::parse_der(bytes), "PEM");
        if (label == "TRUSTED CERTIFICATE") return add(read_trusted_certificate(bytes), "PEM");
        if (is_request_label(label)) return add(CertificateRequest::parse_der(bytes), "PEM");
        if (label == "X509 CRL") return add(Crl::parse_der(bytes), "PEM");
        if (label == "PUBLIC KEY") return add(read_public_key(bytes, DerKind::public_key), "PEM");
        if (label == "RSA PUBLIC KEY") return add(read_public_key(bytes, DerKind::rsa_public_key), "PEM");
        if (is_signed_data_label(label)) return read_bundle(bytes);
        if (label == "PKCS12") return read_package(bytes);
        auto unknown = not_any_kind();
        return problem(unknown.with("label", label));
    }

    Result<void> read_der(View der, std::string_view container) {
        auto const kind = kind_of_der(der);
        switch (kind) {
            case DerKind::certificate: return add(Certificate::parse_der(der), container);
            case DerKind::request: return add(CertificateRequest::parse_der(der), container);
            case DerKind::crl: return add(Crl::parse_der(der), container);
            case DerKind::public_key:
            case DerKind::rsa_public_key: return add(read_public_key(der, kind), container);
            case DerKind::signed_data: return read_bundle(der);
            case DerKind::pkcs12: return read_package(der);
            case DerKind::unknown: return problem(not_any_kind());
            default: break;
        }
        auto key = read_key_der(der, passphrase_, budget_);
        if (!key && key.error().id() == crt::passphrase_needed) return add(LockedKey{sealed_form(der)}, container);
        return add(std::move(key), container);
    }

    Result<void> read_bundle(View der) {
        auto parts = read_signed_data(der, limits_.items);
        if (!parts) return problem(std::move(parts).error());
        for (auto& certificate : parts->certificates) CS_CHECK(add(std::move(certificate), "PKCS#7"));
        for (auto& crl : parts->crls) CS_CHECK(add(std::move(crl), "PKCS#7"));
        for (auto& one : parts->problems) CS_CHECK(problem(std::move(one)));
        return {};
    }

    Result<void> read_package(View der) {
        if (der.size() > k_input_limit) {
            return problem(Error(errors::fil::too_large, {{"file", "The package"}, {"limit", std::to_string(k_input_limit)}}));
        }
        auto parts = open_package(der, passphrase_, budget_);
        if (!parts && parts.error().id() == crt::wrong_passphrase && passphrase_.empty()) return add(LockedPackage(), "PKCS#12");
        if (!parts) return problem(std::move(parts).error());
        if (parts->empty()) return problem(Error(crt::broken_package, {{"detail", "there is nothing in it"}}));
        for (auto& part : *parts) {
            auto stored =
                std::visit([&](auto& value) { return add(std::move(value), "PKCS#12", std::move(part.friendly_name)); }, part.value);
            CS_CHECK(std::move(stored));
        }
        return {};
    }

    SecretText const& passphrase_;
    ContentsLimits const& limits_;
    DerivationBudget budget_;
    Contents out_;
    std::size_t position_ = 0;
};

/// Text that Windows saved as "Unicode". Characters beyond ASCII become '?': they can only stand between the blocks.
SecretText from_utf16(std::string_view bytes, bool big_end_first) {
    std::string out;
    out.reserve(bytes.size() / 2);
    for (std::size_t i = 0; i + 1 < bytes.size(); i += 2) {
        char const low = bytes[big_end_first ? i + 1 : i];
        char const high = bytes[big_end_first ? i : i + 1];
        bool const ascii = high == 0 && static_cast<unsigned char>(low) < 0x80;
        out.push_back(ascii ? low : '?');
    }
    return SecretText(std::move(out));
}

/// What some programs export: the Base64 alone. Nothing when it is anything else.
std::optional<Secret<Bytes>> bare_base64(std::string_view text) {
    auto der = decode_secret_body(text);
    if (!der || kind_of_der(der->reveal()) == DerKind::unknown) return std::nullopt;
    return der;
}

}  // namespace

std::vector<Certificate> Contents::certificates() const {
    std::vector<Certificate> out;
    for (auto const& item : items) {
        if (auto const* certificate = std::get_if<Certificate>(&item.value)) out.push_back(*certificate);
    }
    return out;
}

std::vector<Crl> Contents::crls() const {
    std::vector<Crl> out;
    for (auto const& item : items) {
        if (auto const* crl = std::get_if<Crl>(&item.value)) out.push_back(*crl);
    }
    return out;
}

Result<Contents> read_contents(std::string_view bytes, SecretText const& passphrase, ContentsLimits limits) {
    if (bytes.size() > limits.bytes) return fail(errors::fil::too_large, {{"file", "The file"}, {"limit", std::to_string(limits.bytes)}});
    SecretText narrowed;
    bool const little = bytes.starts_with("\xff\xfe");
    if (little || bytes.starts_with("\xfe\xff")) {
        narrowed = from_utf16(bytes.substr(2), !little);
        bytes = narrowed.reveal();
    }
    if (bytes.starts_with("\xef\xbb\xbf")) bytes.remove_prefix(3);
    Reader reader(passphrase, limits);
    if (encoding_of(bytes) == Encoding::der) {
        CS_CHECK(reader.read_single(countersign::bytes_of(bytes), "DER"));
    } else if (auto const der = bare_base64(bytes)) {
        CS_CHECK(reader.read_single(der->reveal(), "Base64"));
    } else {
        CS_CHECK(reader.read_pem(bytes));
    }
    return reader.finish();
}

}  // namespace countersign::pki
