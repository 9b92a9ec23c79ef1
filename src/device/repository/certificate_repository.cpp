#include "device/repository/certificate_repository.hpp"

#include "base/text.hpp"

#include "countersign/errors/gen.hpp"

#include <utility>

namespace countersign::device {
namespace {

constexpr std::string_view k_was_factory = "Factory\n";
constexpr std::string_view k_request_key = "request key";
constexpr std::string_view k_made_line = "Made: ";

constexpr char const* k_factory = "factory.pem";
constexpr char const* k_custom = "certificate.pem";
constexpr char const* k_previous = "certificate.previous.pem";
constexpr char const* k_request = "request.pem";

}  // namespace

CertificateRepository::CertificateRepository(std::filesystem::path folder, std::string owner, std::shared_ptr<host::Sealer const> sealer,
                                             host::Durability durability)
    : folder_(std::move(folder)), files_(std::move(owner), std::move(sealer), durability) {}

bool CertificateRepository::has_factory() const { return file_exists(folder_ / k_factory); }
bool CertificateRepository::has_custom() const { return file_exists(folder_ / k_custom); }

Result<CertificatePair> CertificateRepository::load_factory() const { return files_.read(folder_ / k_factory); }
Result<CertificatePair> CertificateRepository::load_custom() const { return files_.read(folder_ / k_custom); }

Result<void> CertificateRepository::store_factory(CertificatePair const& pair) { return files_.write(folder_ / k_factory, pair); }

Result<void> CertificateRepository::install(CertificatePair const& pair) {
    if (has_custom()) {
        CS_TRY(auto old, host::read_file(folder_ / k_custom, k_pair_file_limit));
        CS_CHECK(files_.write_text(folder_ / k_previous, old));
    } else {
        CS_CHECK(files_.write_text(folder_ / k_previous, k_was_factory));
    }
    return files_.write(folder_ / k_custom, pair);
}

Result<void> CertificateRepository::remove_custom() {
    if (!has_custom()) return {};
    CS_TRY(auto old, host::read_file(folder_ / k_custom, k_pair_file_limit));
    CS_CHECK(files_.write_text(folder_ / k_previous, old));
    return host::remove_file(folder_ / k_custom);
}

bool CertificateRepository::has_previous() const {
    auto previous = host::read_file(folder_ / k_previous, k_pair_file_limit);
    if (!previous) return false;
    if (*previous == k_was_factory) return has_custom();
    auto custom = host::read_file(folder_ / k_custom, k_pair_file_limit);
    return !custom || *custom != *previous;
}

Result<std::optional<CertificateRepository::Previous>> CertificateRepository::load_previous() const {
    if (!has_previous()) return std::optional<Previous>();
    CS_TRY(auto text, host::read_file(folder_ / k_previous, k_pair_file_limit));
    if (text == k_was_factory) return std::optional(Previous{});
    CS_TRY(auto pair, files_.read(folder_ / k_previous));
    return std::optional(Previous{std::move(pair)});
}

Result<void> CertificateRepository::roll_back() {
    if (!has_previous()) return fail(errors::gen::not_found, {{"what", "previous certificate"}, {"name", "of this system"}});
    CS_TRY(auto text, host::read_file(folder_ / k_previous, k_pair_file_limit));
    if (text == k_was_factory) return host::remove_file(folder_ / k_custom);
    return files_.write_text(folder_ / k_custom, text);
}

Result<std::optional<PendingKey>> CertificateRepository::load_request() const {
    if (!file_exists(folder_ / k_request)) return std::optional<PendingKey>();
    CS_TRY(auto parts, files_.read_key(folder_ / k_request, k_request_key));
    auto end = parts.text.find('\n');
    auto line = std::string_view(parts.text).substr(0, end);
    if (!line.starts_with(k_made_line) || end == std::string::npos)
        return fail(Error(errors::gen::invalid_input, {{"field", "Made"}, {"detail", "it is missing"}}).at(folder_.string()));
    auto made = parse_number<std::int64_t>(line.substr(k_made_line.size()));
    if (!made) return fail(Error(errors::gen::invalid_input, {{"field", "Made"}, {"detail", "it is no number"}}).at(folder_.string()));
    CS_TRY(auto request, pki::CertificateRequest::parse_pem(std::string_view(parts.text).substr(end + 1)));
    return std::optional(PendingKey{std::move(parts.key), std::move(request), UtcTime(std::chrono::seconds(*made))});
}

Result<void> CertificateRepository::store_request(PendingKey const& pending) {
    auto text = std::string(k_made_line) + std::to_string(pending.made.time_since_epoch().count()) + "\n" + pending.request.to_pem();
    return files_.write_key(folder_ / k_request, k_request_key, pending.key, text);
}

Result<void> CertificateRepository::remove_request() { return host::remove_file(folder_ / k_request); }

}  // namespace countersign::device
