#include "device/repository/pair_file.hpp"

#include "base/text.hpp"

#include "countersign/errors/crt.hpp"

#include <utility>

namespace countersign::device {
namespace {

constexpr std::string_view k_key_line = "Sealed-Key: ";
constexpr std::string_view k_pair_key = "key";

}  // namespace

PairFiles::PairFiles(std::string owner, std::shared_ptr<host::Sealer const> sealer, host::Durability durability)
    : owner_(std::move(owner)), sealer_(std::move(sealer)), durability_(durability) {}

Result<void> PairFiles::write_text(std::filesystem::path const& file, std::string_view text) const {
    return host::write_file(file, text, host::Privacy::owner_only, durability_);
}

Result<void> PairFiles::write_key(std::filesystem::path const& file, std::string_view kind, pki::PrivateKey const& key,
                                  std::string_view text) const {
    auto sealed = sealer_->seal(key.to_pem(), std::string(kind) + " of " + owner_);
    return write_text(file, std::string(k_key_line) + sealed + "\n" + std::string(text));
}

Result<PairFiles::KeyAndText> PairFiles::read_key(std::filesystem::path const& file, std::string_view kind) const {
    CS_TRY(auto text, host::read_file(file, k_pair_file_limit));
    auto end = text.find('\n');
    if (!text.starts_with(k_key_line) || end == std::string::npos)
        return fail(Error(errors::crt::not_pem, {{"expected", "sealed key"}}).at(file.string()));
    auto sealed = std::string_view(text).substr(k_key_line.size(), end - k_key_line.size());
    auto opened = sealer_->open(trim(sealed), std::string(kind) + " of " + owner_);
    if (!opened) return fail(std::move(opened).error().at(file.string()));
    auto key = pki::PrivateKey::parse_pem(opened->reveal());
    if (!key) return fail(std::move(key).error().at(file.string()));
    return KeyAndText{*std::move(key), text.substr(end + 1)};
}

Result<void> PairFiles::write(std::filesystem::path const& file, CertificatePair const& pair) const {
    return write_key(file, k_pair_key, pair.key, pki::to_pem(pair.chain));
}

Result<CertificatePair> PairFiles::read(std::filesystem::path const& file) const {
    CS_TRY(auto parts, read_key(file, k_pair_key));
    auto chain = pki::parse_bundle(parts.text);
    if (!chain) return fail(std::move(chain).error().at(file.string()));
    if (auto matched = pki::check_key_matches(chain->front(), parts.key); !matched)
        return fail(std::move(matched).error().at(file.string()));
    return CertificatePair{*std::move(chain), std::move(parts.key)};
}

bool file_exists(std::filesystem::path const& file) {
    std::error_code ignored;
    return std::filesystem::exists(file, ignored);
}

}  // namespace countersign::device
