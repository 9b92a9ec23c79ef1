// Reading PKCS#12. Written out bag by bag instead of PKCS12_parse, which hashes as often as the file says, takes the
// last of several keys, and says "mac verify failure" for whatever went wrong.

#include "pki/contents.hpp"
#include "pki/format/package.hpp"
#include "pki/format/pkcs12_types.hpp"
#include "pki/format/private_key.hpp"
#include "pki/format/sound.hpp"
#include "pki/pem.hpp"
#include "pki/pkcs12.hpp"

#include "countersign/errors/crt.hpp"
#include "countersign/errors/fil.hpp"

#include <algorithm>
#include <tuple>

namespace countersign::pki {

namespace crt = errors::crt;

namespace {

Failure broken(std::string_view detail) { return fail(crt::broken_package, {{"detail", detail}}); }
Failure unsupported(std::string_view type) { return fail(crt::unsupported_key_type, {{"type", type}}); }

/// The attribute friendlyName (RFC 7292 section 4.2, BMPString) of a bag, fit to be shown on one line.
std::string name_of(PKCS12_SAFEBAG const* bag) {
    // The call takes a pointer to something that it does not change.
    std::unique_ptr<char, Deleter<free_openssl>> const name(PKCS12_get_friendlyname(const_cast<PKCS12_SAFEBAG*>(bag)));
    if (!name || !is_utf8(name.get())) return {};
    std::string out = name.get();
    std::ranges::replace_if(out, [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; }, '?');
    return out;
}

/// Opens a package with one passphrase in one form.
class Opening {
public:
    Opening(Passphrase passphrase, DerivationBudget& budget) : passphrase_(passphrase), budget_(budget) {}

    Result<void> read(STACK_OF(PKCS7) const* safes) {
        for (int i = 0; i < sk_PKCS7_num(safes); ++i) CS_CHECK(read_safe(sk_PKCS7_value(safes, i)));
        return {};
    }
    std::vector<PackagePart> take() { return std::move(parts_); }
    /// Something encrypted has opened into what is no noise: the passphrase is the right one.
    [[nodiscard]] bool has_opened() const { return opened_; }

private:
    Result<void> read_safe(PKCS7 const* safe) {
        int const type = OBJ_obj2nid(safe->type);
        if (type == NID_pkcs7_data) {
            BagsPtr const bags(PKCS12_unpack_p7data(const_cast<PKCS7*>(safe)));  // not changed
            if (!bags) return broken("a part of it cannot be decoded");
            return read_bags(bags.get(), 0);
        }
        if (type == NID_pkcs7_enveloped) return unsupported("encrypted for a certificate instead of by a passphrase");
        if (type != NID_pkcs7_encrypted || safe->d.encrypted == nullptr) return broken("a part of it is of an unknown type");
        PKCS7_ENC_CONTENT const* sealed = safe->d.encrypted->enc_data;
        if (sealed == nullptr || sealed->enc_data == nullptr) return broken("an encrypted part of it is empty");
        CS_TRY(auto const plain, unseal(sealed->algorithm, sealed->enc_data, passphrase_, budget_, crt::broken_package));
        auto const& bytes = plain.reveal();
        // Padding fits by chance for one wrong passphrase in 256.
        if (!is_whole_sequence(bytes)) return fail(crt::wrong_passphrase);
        opened_ = true;
        auto const* at = bytes.data();
        BagsPtr const bags(reinterpret_cast<STACK_OF(PKCS12_SAFEBAG)*>(
            ASN1_item_d2i(nullptr, &at, static_cast<long>(bytes.size()), ASN1_ITEM_rptr(PKCS12_SAFEBAGS))));
        if (!bags) return broken("an encrypted part of it cannot be decoded");
        return read_bags(bags.get(), 0);
    }

    Result<void> read_bags(STACK_OF(PKCS12_SAFEBAG) const* bags, int depth) {
        if (depth > k_deepest_safe) return broken("its parts are nested too deeply");
        for (int i = 0; i < sk_PKCS12_SAFEBAG_num(bags); ++i) CS_CHECK(read_bag(sk_PKCS12_SAFEBAG_value(bags, i), depth));
        return {};
    }

    Result<void> read_bag(PKCS12_SAFEBAG const* bag, int depth) {
        if (++bags_ > k_most_bags) return fail(crt::too_many_certificates, {{"limit", std::to_string(k_most_bags)}});
        switch (PKCS12_SAFEBAG_get_nid(bag)) {
            case NID_keyBag: return add(read_plain_key(PKCS12_SAFEBAG_get0_p8inf(bag)), bag);
            case NID_pkcs8ShroudedKeyBag: return read_sealed_key(bag);
            case NID_certBag: return read_certificate(bag);
            case NID_crlBag: return read_crl(bag);
            case NID_safeContentsBag: return read_bags(PKCS12_SAFEBAG_get0_safes(bag), depth + 1);
            default: return {};  // secretBag and what else programs keep to themselves
        }
    }

    Result<void> read_sealed_key(PKCS12_SAFEBAG const* bag) {
        auto key = open_sealed_key(PKCS12_SAFEBAG_get0_pkcs8(bag), passphrase_, budget_);
        if (key || key.error().id() == crt::unsupported_key_type) opened_ = true;
        return add(std::move(key), bag);
    }

    Result<void> read_certificate(PKCS12_SAFEBAG const* bag) {
        if (PKCS12_SAFEBAG_get_bag_nid(bag) != NID_x509Certificate) return {};  // an sdsiCertificate
        X509Ptr certificate(PKCS12_SAFEBAG_get1_cert(bag));
        if (!certificate) return broken("a certificate in it cannot be decoded");
        return add(sound_certificate(std::move(certificate)), bag);
    }

    Result<void> read_crl(PKCS12_SAFEBAG const* bag) {
        if (PKCS12_SAFEBAG_get_bag_nid(bag) != NID_x509Crl) return {};
        X509CrlPtr const crl(PKCS12_SAFEBAG_get1_crl(bag));
        if (!crl) return broken("a revocation list in it cannot be decoded");
        return add(Crl::parse_der(der_of(crl.get(), i2d_X509_CRL, "encode a revocation list")), bag);
    }

    template <class T>
    Result<void> add(Result<T> part, PKCS12_SAFEBAG const* bag) {
        if (!part) return fail(std::move(part).error());
        parts_.push_back({.value = *std::move(part), .friendly_name = name_of(bag)});
        return {};
    }

    Passphrase passphrase_;
    DerivationBudget& budget_;
    std::vector<PackagePart> parts_;
    std::size_t bags_ = 0;
    bool opened_ = false;
};

/// Rounds of the MAC; spent for each trial.
Result<std::int64_t> mac_rounds(PKCS12* package) {
    ASN1_INTEGER const* count = nullptr;
    X509_ALGOR const* digest = nullptr;
    PKCS12_get0_mac(nullptr, &digest, nullptr, &count, package);
    ASN1_OBJECT const* object = nullptr;
    X509_ALGOR_get0(&object, nullptr, nullptr, digest);
    int const nid = OBJ_obj2nid(object);
    if (nid == NID_undef || EVP_get_digestbynid(nid) == nullptr)
        return unsupported(std::string("with a checksum of ") + (nid == NID_undef ? "an unknown algorithm" : OBJ_nid2ln(nid)));
    std::int64_t rounds = 1;
    if (count != nullptr && (ASN1_INTEGER_get_int64(&rounds, count) != 1 || rounds < 1)) rounds = INT64_MAX;
    return rounds;
}

/// The forms in which a passphrase may have been used, likeliest first.
std::vector<Passphrase> forms_of(SecretText const& passphrase, SecretText const& as_old_programs) {
    // RFC 7292 appendix B: no passphrase is no bytes, an empty one is two zero bytes. Programs differ in what they write.
    if (passphrase.empty()) return {Passphrase{.text = "", .size = 0}, Passphrase{}};
    std::vector<Passphrase> out{passphrase_of(passphrase)};
    if (!as_old_programs.empty()) out.push_back(passphrase_of(as_old_programs));
    return out;
}

/// Before version 1.1.0 OpenSSL took each byte of a UTF-8 passphrase for a character of its own. Empty when that makes no
/// difference.
SecretText bytes_as_characters(SecretText const& passphrase) {
    auto const& text = passphrase.reveal();
    if (std::ranges::none_of(text, [](char c) { return static_cast<unsigned char>(c) >= 0x80; })) return {};
    std::string out;
    out.reserve(text.size() * 2);
    for (char const c : text) {
        auto const byte = static_cast<unsigned char>(c);
        if (byte < 0x80) {
            out.push_back(c);
        } else {
            out.push_back(static_cast<char>(0xc0U | byte >> 6U));
            out.push_back(static_cast<char>(0x80U | (byte & 0x3fU)));
        }
    }
    return SecretText(std::move(out));
}

Result<std::vector<PackagePart>> open_with(Passphrase form, STACK_OF(PKCS7) const* safes, DerivationBudget& budget) {
    Opening opening(form, budget);
    CS_CHECK(opening.read(safes));
    return opening.take();
}

/// Without a MAC nothing but the padding of what is encrypted tells a wrong passphrase.
Result<std::vector<PackagePart>> open_unchecked(std::vector<Passphrase> const& forms, STACK_OF(PKCS7) const* safes,
                                                DerivationBudget& budget) {
    for (auto const& form : forms) {
        auto parts = open_with(form, safes, budget);
        if (parts || parts.error().id() != crt::wrong_passphrase) return parts;
    }
    return fail(crt::wrong_passphrase);
}

Result<std::vector<PackagePart>> open_checked(PKCS12* package, std::vector<Passphrase> const& forms, STACK_OF(PKCS7) const* safes,
                                              DerivationBudget& budget) {
    CS_TRY(auto const rounds, mac_rounds(package));
    for (auto const& form : forms) {
        CS_CHECK(budget.spend(rounds));
        if (PKCS12_verify_mac(package, form.text, form.size) != 1) continue;
        return open_with(form, safes, budget);
    }
    // A passphrase that opens what is inside is the right one all the same: then the bytes have changed.
    for (auto const& form : forms) {
        Opening trial(form, budget);
        std::ignore = trial.read(safes);
        if (trial.has_opened()) return broken("its checksum does not fit what is in it");
    }
    return fail(crt::wrong_passphrase);
}

}  // namespace

Result<std::vector<PackagePart>> open_package(std::span<std::uint8_t const> der, SecretText const& passphrase, DerivationBudget& budget) {
    ErrorQueue errors;
    auto const* at = der.data();
    Pkcs12Ptr const package(d2i_PKCS12(nullptr, &at, static_cast<long>(der.size())));
    if (!package) return broken(errors.reason());
    if (at != der.data() + der.size()) return broken("there are bytes after its end");
    SafesPtr const safes(PKCS12_unpack_authsafes(package.get()));
    if (!safes) return broken(errors.reason());
    SecretText const as_old_programs = bytes_as_characters(passphrase);
    auto const forms = forms_of(passphrase, as_old_programs);
    if (PKCS12_mac_present(package.get()) == 0) return open_unchecked(forms, safes.get(), budget);
    return open_checked(package.get(), forms, safes.get(), budget);
}

namespace {

/// The key's own first, the others in the order of a chain as far as they form one.
std::vector<Certificate> in_order(std::vector<Certificate> certificates, std::optional<PrivateKey> const& key) {
    if (certificates.size() < 2) return certificates;
    auto ordered = order_chain(certificates, key ? &*key : nullptr);
    if (!ordered) {
        auto const own =
            key ? std::ranges::find(certificates, key->public_key_sha256(), &Certificate::public_key_sha256) : certificates.end();
        if (own != certificates.end()) std::rotate(certificates.begin(), own, own + 1);
        return certificates;
    }
    std::ranges::move(ordered->left_out, std::back_inserter(ordered->chain));
    return std::move(ordered->chain);
}

}  // namespace

Result<Pkcs12Contents> read_pkcs12(std::span<std::uint8_t const> der, SecretText const& passphrase) {
    if (der.size() > k_input_limit)
        return fail(errors::fil::too_large, {{"file", "The package"}, {"limit", std::to_string(k_input_limit)}});
    DerivationBudget budget;
    CS_TRY(auto parts, open_package(der, passphrase, budget));
    auto const keys = std::ranges::count_if(parts, [](PackagePart const& part) { return std::holds_alternative<PrivateKey>(part.value); });
    if (keys > 1) return fail(crt::several_keys, {{"count", std::to_string(keys)}});
    Pkcs12Contents out;
    std::vector<std::pair<std::string, std::string>> names;  // public key, name
    for (auto& part : parts) {
        if (auto* key = std::get_if<PrivateKey>(&part.value)) {
            out.key = *key;
            out.friendly_name = part.friendly_name;
        } else if (auto* certificate = std::get_if<Certificate>(&part.value)) {
            names.emplace_back(certificate->public_key_sha256(), part.friendly_name);
            out.certificates.push_back(std::move(*certificate));
        }
    }
    out.certificates = in_order(std::move(out.certificates), out.key);
    if (out.friendly_name.empty()) {
        auto const wanted = out.key                    ? out.key->public_key_sha256()
                            : out.certificates.empty() ? ""
                                                       : out.certificates[0].public_key_sha256();
        auto const found = std::ranges::find(names, wanted, &std::pair<std::string, std::string>::first);
        if (found != names.end()) out.friendly_name = found->second;
    }
    return out;
}

}  // namespace countersign::pki
