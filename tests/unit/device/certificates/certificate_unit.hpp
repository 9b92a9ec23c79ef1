#pragma once

/// Units of a family with two network services that have a certificate each, and pages and commands for all of it.

#include "device/certificates.hpp"
#include "unit/device/certificates_fixture.hpp"
#include "unit/device/unit_fixture.hpp"

namespace countersign::device::testing {

inline Actor const k_tester{"test", "tester", "127.0.0.1"};

/// A family of today with a second identity: what the files of such products say.
inline std::shared_ptr<family::Family> two_identities() {
    auto family = std::make_shared<family::Family>(*families().get("c-series").value());
    family->identities = {{.id = "management", .title = "Management Network", .purposes = {"HTTPS"}},
                          {.id = "signalling", .title = "IP Network Services", .purposes = {"SIP"}, .client_too = true}};
    family->certificate.formats = {"pem", "der", "pfx", "pkcs7"};
    family->certificate.key_types = {"rsa", "ecdsa"};
    family->certificate.effect = family::CertificateEffect::now;
    return family;
}

class CertificateUnit : public UnitTest {
protected:
    std::shared_ptr<Unit> make_of(family::FamilyPtr family, std::string const& serial = "T1",
                                  std::string const& address = fresh_address()) {
        UnitSpec spec{.family = family->id, .host_name = "unit.estate.test", .address = address, .serial = serial};
        spec.settings = {{"service.https.mode", "on"}};
        auto made = net::run(runtime_, Unit::create(environment_, std::move(family), std::move(spec), runtime_.executor(0)));
        if (!made) throw std::runtime_error(made.error().explanation());
        units_.push_back(*made);
        return *made;
    }
    std::shared_ptr<Unit> boot_of(family::FamilyPtr family) {
        auto unit = make_of(std::move(family));
        auto booted = on_unit(*unit, [](auto held) { return held->boot(); });
        if (!booted) throw std::runtime_error(booted.error().explanation());
        return unit;
    }
    /// `function` gets the unit's Certificates, on its executor.
    template <class Function>
    auto with(std::shared_ptr<Unit> const& unit, Function function) {
        return call(unit, [function = std::move(function)](Unit& held) { return function(held.certificates()); });
    }
    Result<PendingRequest> request(std::shared_ptr<Unit> const& unit, std::string identity = {}, bool replace = false,
                                   RequestFields fields = {}) {
        return net::run(runtime_, make_request(unit, std::move(fields), std::move(identity), replace));
    }
    static net::Task<Result<PendingRequest>> make_request(std::shared_ptr<Unit> unit, RequestFields fields, std::string identity,
                                                          bool replace) {
        co_return co_await unit->certificates().make_request(std::move(fields), std::move(identity), replace, k_tester);
    }
    static Upload upload_of(CertificatePair const& pair) {
        return {.certificate = pki::to_pem(pair.chain), .private_key = pair.key.to_pem(), .passphrase = {}, .trust_store = {}};
    }
    Result<Outcome> install(std::shared_ptr<Unit> const& unit, CertificatePair const& pair, std::string const& identity = {}) {
        return with(unit, [&](Certificates& certificates) { return certificates.install(upload_of(pair), identity, k_tester); });
    }
    CertificateInfo info(std::shared_ptr<Unit> const& unit, std::string const& identity = {}) {
        return with(unit, [&](Certificates& certificates) { return certificates.info(identity).value(); });
    }

    TestAuthority authority_;
};

}  // namespace countersign::device::testing
