#include "device/repository/certificate_repository.hpp"

#include "base/text.hpp"

#include "countersign/errors/crt.hpp"

#include <utility>

namespace countersign::device {
namespace {

constexpr std::string_view k_key_line = "Sealed-Key: ";
constexpr std::size_t k_pair_limit = 1024 * 1024;
constexpr std::size_t k_trust_limit = 4 * 1024 * 1024;

}  // namespace

CertificateRepository::CertificateRepository(std::filesystem::path folder, std::string owner, std::shared_ptr<host::Sealer const> sealer,
                                             host::Durability durability)
    : folder_(std::move(folder)), owner_(std::move(owner)), sealer_(std::move(sealer)), durability_(durability) {}

bool CertificateRepository::has_factory() const {
    std::error_code ignored;
    return std::filesystem::exists(folder_ / "factory.pem", ignored);
}

bool CertificateRepository::has_custom() const {
    std::error_code ignored;
    return std::filesystem::exists(folder_ / "certificate.pem", ignored);
}

std::string CertificateRepository::to_text(CertificatePair const& pair) const {
    return std::string(k_key_line) + sealer_->seal(pair.key.to_pem(), "key of " + owner_) + "\n" + pki::to_pem(pair.chain);
}

Result<CertificatePair> CertificateRepository::load(std::filesystem::path const& file) const {
    CS_TRY(auto text, host::read_file(file, k_pair_limit));
    auto end = text.find('\n');
    if (!text.starts_with(k_key_line) || end == std::string::npos)
        return fail(Error(errors::crt::not_pem, {{"expected", "sealed key"}}).at(file.string()));
    auto sealed = std::string_view(text).substr(k_key_line.size(), end - k_key_line.size());
    auto opened = sealer_->open(trim(sealed), "key of " + owner_);
    if (!opened) return fail(std::move(opened).error().at(file.string()));
    auto key = pki::PrivateKey::parse_pem(opened->reveal());
    if (!key) return fail(std::move(key).error().at(file.string()));
    auto chain = pki::parse_bundle(std::string_view(text).substr(end + 1));
    if (!chain) return fail(std::move(chain).error().at(file.string()));
    if (auto matched = pki::check_key_matches(chain->front(), *key); !matched) return fail(std::move(matched).error().at(file.string()));
    return CertificatePair{*std::move(chain), *std::move(key)};
}

Result<CertificatePair> CertificateRepository::load_factory() const { return load(folder_ / "factory.pem"); }
Result<CertificatePair> CertificateRepository::load_custom() const { return load(folder_ / "certificate.pem"); }

Result<void> CertificateRepository::store_factory(CertificatePair const& pair) {
    return host::write_file(folder_ / "factory.pem", to_text(pair), host::Privacy::owner_only, durability_);
}

Result<void> CertificateRepository::install(CertificatePair const& pair) {
    if (has_custom()) {
        CS_TRY(auto old, host::read_file(folder_ / "certificate.pem", k_pair_limit));
        CS_CHECK(host::write_file(folder_ / "certificate.previous.pem", old, host::Privacy::owner_only, durability_));
    }
    return host::write_file(folder_ / "certificate.pem", to_text(pair), host::Privacy::owner_only, durability_);
}

Result<void> CertificateRepository::remove_custom() { return host::remove_file(folder_ / "certificate.pem"); }

Result<std::vector<pki::Certificate>> CertificateRepository::load_trust() const {
    auto file = folder_ / "trust.pem";
    std::error_code ignored;
    if (!std::filesystem::exists(file, ignored)) return std::vector<pki::Certificate>{};
    CS_TRY(auto text, host::read_file(file, k_trust_limit));
    auto roots = pki::parse_bundle(text, {.bytes = k_trust_limit});
    if (!roots) return fail(std::move(roots).error().at(file.string()));
    return roots;
}

Result<void> CertificateRepository::store_trust(std::vector<pki::Certificate> const& roots) {
    return host::write_file(folder_ / "trust.pem", pki::to_pem(roots), host::Privacy::owner_only, durability_);
}

Result<void> CertificateRepository::remove_trust() { return host::remove_file(folder_ / "trust.pem"); }

}  // namespace countersign::device
