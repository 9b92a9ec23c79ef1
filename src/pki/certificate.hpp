#pragma once

/// X.509 certificates as values, requests, and the PEM bundles they come in (RFC 5280, RFC 2986, RFC 7468).

#include "base/result.hpp"
#include "base/text.hpp"
#include "base/utc_time.hpp"
#include "pki/key.hpp"
#include "pki/openssl_types.hpp"

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace countersign::pki {

/// A subject alternative name (RFC 5280 section 4.2.1.6) of the kinds that are used here.
struct AlternativeName {
    enum class Kind { dns, ip, email, uri };
    Kind kind;
    std::string value;  ///< text form; addresses as 192.0.2.1 or 2001:db8::1
    bool operator==(AlternativeName const&) const = default;
};

/// "dns:a.example.com,ip:192.0.2.1" and the like. CRT-019 when a value does not have the form of its kind.
Result<std::vector<AlternativeName>> parse_alternative_names(std::string_view text);

/// The parts of a distinguished name that requests are made with. Empty parts are left out.
struct SubjectFields {
    std::string common_name;
    std::string organization;
    std::string unit;
    std::string country;  ///< two letters
    std::string state;
    std::string locality;
    std::string email;
    std::string serial_number;            ///< attribute serialNumber; factory identities carry the unit's serial number (IEEE 802.1AR)
    std::vector<std::string> more_units;  ///< further organizational units, after `unit`
};

/// Copying shares the same immutable certificate. Accessors are cheap; the text forms are made when asked for. All may be called by
/// several threads at once.
class Certificate {
public:
    /// Exactly one certificate; text around it is accepted. At most 1 MiB (FIL-003). CRT-001, CRT-002, CRT-006, CRT-007;
    /// CRT-016 when there is more than one.
    static Result<Certificate> parse_pem(std::string_view pem);
    static Result<Certificate> parse_der(std::span<std::uint8_t const> der);
    /// PEM or DER, told apart by content.
    static Result<Certificate> parse(std::string_view bytes);
    /// Takes ownership of a reference of `certificate`.
    explicit Certificate(x509_st* certificate);
    /// Internal to this room: DER that was written here. It is decoded when somebody first asks for something in it; throws then
    /// what throw_openssl_failure() throws if it is none, so that nothing from outside may come this way.
    static Certificate written_here(Bytes der);

    /// "/C=GB/ST=Berkshire/L=Langley/O=Codian", as the seeds and the devices write it. A '/' or '\' inside a value has a
    /// '\' before it, control characters are written \xNN: the text is for showing, and cannot be forged.
    [[nodiscard]] std::string subject() const;
    [[nodiscard]] std::string issuer() const;
    /// The first CN of the subject, or empty.
    [[nodiscard]] std::string common_name() const;
    /// The serialNumber attribute of the subject, or empty.
    [[nodiscard]] std::string subject_serial_number() const;
    [[nodiscard]] std::string serial() const;  ///< lower-case hexadecimal
    /// 1970-01-01 when the date cannot be read, which the parse functions refuse.
    [[nodiscard]] UtcTime not_before() const;
    [[nodiscard]] UtcTime not_after() const;
    [[nodiscard]] std::vector<AlternativeName> alternative_names() const;
    /// SHA-256 of the DER form, lower-case hexadecimal.
    [[nodiscard]] std::string const& fingerprint() const;
    /// SHA-1 of the DER form: what the devices of the seeds show. Never used for a decision.
    [[nodiscard]] std::string fingerprint_sha1() const;
    [[nodiscard]] std::string public_key_sha256() const;
    [[nodiscard]] std::string key_algorithm() const;        ///< "RSA", "EC", "Ed25519", "DSA", "unknown"
    [[nodiscard]] int key_bits() const;                     ///< 0 when the key cannot be decoded
    [[nodiscard]] std::string signature_algorithm() const;  ///< "ecdsa-with-SHA256" ...
    [[nodiscard]] bool is_authority() const;                ///< basicConstraints CA:TRUE, or a self-signed version 1 certificate
    [[nodiscard]] bool is_self_issued() const;
    /// True when there is no extended key usage extension or it lists the purpose.
    [[nodiscard]] bool allows_server_auth() const;
    [[nodiscard]] bool allows_client_auth() const;
    [[nodiscard]] std::string to_pem() const;
    [[nodiscard]] Bytes to_der() const;
    [[nodiscard]] x509_st* native() const;
    bool operator==(Certificate const& other) const { return fingerprint() == other.fingerprint(); }

private:
    struct Shared;
    explicit Certificate(std::shared_ptr<Shared const> shared) : shared_(std::move(shared)) {}
    std::shared_ptr<Shared const> shared_;
};

struct BundleLimits {
    std::size_t bytes = 1024 * 1024;
    std::size_t certificates = 1000;
};

/// All certificates of a PEM text in the order in which they stand; other blocks and text between are skipped.
/// CRT-006 when there is none, CRT-007 when there is a request instead, CRT-002 with the index of a broken one,
/// CRT-016 and FIL-003 over the limits.
Result<std::vector<Certificate>> parse_bundle(std::string_view pem, BundleLimits limits = {});
std::string to_pem(std::vector<Certificate> const& certificates);

/// Does the key belong to the certificate? CRT-014 when it does not, with both fingerprints. Signs a few bytes as a
/// trial: CRT-003 when the key file has halves of two keys.
Result<void> check_key_matches(Certificate const& certificate, PrivateKey const& key);
/// Is each certificate issued by the next one (name and signature)? CRT-015 with the index (0: the leaf).
Result<void> check_order(std::vector<Certificate> const& chain);

class RequestParts;

/// A PKCS#10 request. Copying shares the same immutable request.
class CertificateRequest {
public:
    /// CRT-001, CRT-010. The signature is checked.
    static Result<CertificateRequest> parse_pem(std::string_view pem);
    static Result<CertificateRequest> parse_der(std::span<std::uint8_t const> der);
    /// PEM or DER, told apart by content.
    static Result<CertificateRequest> parse(std::string_view bytes);
    /// CRT-019 when a name cannot stand in a certificate.
    static Result<CertificateRequest> create(PrivateKey const& key, SubjectFields const& subject,
                                             std::vector<AlternativeName> const& names);
    /// Internal to this room. The signature is not checked.
    explicit CertificateRequest(std::shared_ptr<RequestParts const> parts);

    [[nodiscard]] std::string subject() const;
    [[nodiscard]] std::string common_name() const;
    [[nodiscard]] std::vector<AlternativeName> alternative_names() const;
    [[nodiscard]] std::string public_key_sha256() const;
    [[nodiscard]] std::string to_pem() const;
    [[nodiscard]] Bytes to_der() const;
    /// OpenSSL's object, made when it is first asked for.
    [[nodiscard]] X509_req_st* native() const;
    [[nodiscard]] RequestParts const& parts() const { return *parts_; }  ///< internal to this room

private:
    std::shared_ptr<RequestParts const> parts_;
};

}  // namespace countersign::pki
