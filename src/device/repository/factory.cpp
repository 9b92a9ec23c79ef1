#include "device/repository/factory.hpp"

#include "base/log.hpp"
#include "base/text.hpp"
#include "device/tree/setting_tree.hpp"

#include <algorithm>
#include <utility>

namespace countersign::device {
namespace {

// A factory identity outlives the hardware (IEEE 802.1AR section 8.7 wants no end at all).
constexpr auto k_authority_life = std::chrono::years(40);

std::string file_name(std::string_view vendor) {
    auto name = to_lower(vendor);
    std::ranges::replace_if(name, [](unsigned char c) { return std::isalnum(c) == 0; }, '-');
    return name.empty() ? "vendor" : name;
}

void take_part(pki::SubjectFields& subject, std::string_view key, std::string value) {
    if (iequals(key, "CN"))
        subject.common_name = std::move(value);
    else if (iequals(key, "O"))
        subject.organization = std::move(value);
    else if (iequals(key, "OU"))
        subject.unit = std::move(value);
    else if (iequals(key, "C"))
        subject.country = std::move(value);
    else if (iequals(key, "ST"))
        subject.state = std::move(value);
    else if (iequals(key, "L"))
        subject.locality = std::move(value);
    else if (iequals(key, "emailAddress"))
        subject.email = std::move(value);
    else if (iequals(key, "serialNumber"))
        subject.serial_number = std::move(value);
}

/// The host name as far as it may stand in a common name (RFC 5280 appendix A: 64 characters).
std::string common_name_of(UnitSpec const& spec) {
    auto const& name = spec.host_name.empty() ? spec.address : spec.host_name;
    constexpr std::size_t longest = 64;
    return name.size() <= longest ? name : spec.serial;
}

}  // namespace

pki::SubjectFields parse_subject(std::string_view text, UnitSpec const& spec) {
    UnitWords words{spec.serial, spec.name, spec.address, spec.product_id};
    pki::SubjectFields subject;
    for (auto part : split(text, '/')) {
        auto equals = part.find('=');
        if (equals != std::string_view::npos)
            take_part(subject, part.substr(0, equals),
                      expand(replace_all(std::string(part.substr(equals + 1)), "{host_name}", common_name_of(spec)), words));
    }
    return subject;
}

FactoryAuthorities::FactoryAuthorities(fs::path folder, pki::KeyType key_type, std::shared_ptr<host::Sealer const> sealer)
    : folder_(std::move(folder)), key_type_(key_type), sealer_(std::move(sealer)) {}

fs::path FactoryAuthorities::certificate_file(family::Family const& family) const { return folder_ / (file_name(family.vendor) + ".pem"); }

Result<pki::CertificateAuthority> FactoryAuthorities::make_authority(family::Family const& family, UtcTime now) const {
    // The folder is a repository too: its pair is one sealed file, and <vendor>.pem the part that everybody may read.
    auto name = file_name(family.vendor);
    CertificateRepository repository(folder_ / name, "factory authority " + name, sealer_, host::Durability::fsync);
    if (!repository.has_factory()) {
        CS_CHECK(host::ensure_folder(folder_ / name));
        CS_TRY(auto key, pki::PrivateKey::generate(key_type_));
        UnitSpec nobody;
        CS_TRY(auto made, pki::CertificateAuthority::create_root(key, parse_subject(family.certificate.factory_issuer, nobody),
                                                                 pki::valid_for(now, k_authority_life)));
        CS_CHECK(repository.store_factory({{made.certificate()}, made.key()}));
        log::info("factory.authority_made", {{"vendor", family.vendor}, {"fingerprint", made.certificate().fingerprint()}});
    }
    CS_TRY(auto pair, repository.load_factory());
    CS_CHECK(host::write_file(certificate_file(family), pair.chain.front().to_pem(), host::Privacy::shared));
    return pki::CertificateAuthority::create(pair.chain.front(), pair.key);
}

Result<pki::CertificateAuthority const*> FactoryAuthorities::authority(family::Family const& family, UtcTime now) {
    std::scoped_lock lock(mutex_);
    auto& held = authorities_[file_name(family.vendor)];
    if (!held) {
        CS_TRY(auto made, make_authority(family, now));
        held = std::make_unique<pki::CertificateAuthority>(std::move(made));
    }
    return held.get();
}

Result<pki::Certificate> FactoryAuthorities::certificate(family::Family const& family, UtcTime now) {
    CS_TRY(auto const* issuer, authority(family, now));
    return issuer->certificate();
}

Result<pki::Certificate> FactoryAuthorities::sign(family::Family const& family, pki::CertificateRequest const& request,
                                                  pki::Validity validity) {
    CS_TRY(auto const* issuer, authority(family, validity.not_before));
    return issuer->sign(request, pki::Profile::device, validity);
}

Result<CertificatePair> FactoryAuthorities::make_pair(family::Family const& family, UnitSpec const& spec, UtcTime now) {
    auto const& rules = family.certificate;
    CS_TRY(auto key, pki::PrivateKey::generate(key_type_));
    auto subject = parse_subject(rules.factory_subject, spec);
    auto const validity = pki::valid_for(now, rules.factory_life);
    if (rules.factory_issuer == "self") {
        std::vector<pki::AlternativeName> names;
        if (is_host_name(spec.host_name)) names.push_back({pki::AlternativeName::Kind::dns, spec.host_name});
        CS_TRY(auto own, pki::CertificateRequest::create(key, subject, names));
        CS_TRY(auto certificate, pki::self_sign(own, key, pki::Profile::device, validity));
        return CertificatePair{{std::move(certificate)}, std::move(key)};
    }
    CS_TRY(auto const* issuer, authority(family, now));
    subject.serial_number = spec.serial;
    CS_TRY(auto request, pki::CertificateRequest::create(key, subject, {}));
    CS_TRY(auto certificate, issuer->sign(request, pki::Profile::device, validity));
    return CertificatePair{{std::move(certificate)}, std::move(key)};
}

}  // namespace countersign::device
