/// The old words of the dataport: certificate (REQ CRT-7), services and ippassword (protocols 2.2), and those of a serial console.

#include "base/text.hpp"
#include "device/safety.hpp"
#include "device/services/dataport.hpp"

#include "countersign/errors/acc.hpp"
#include "countersign/errors/dev.hpp"
#include "countersign/errors/gen.hpp"

namespace countersign::device {

namespace xapi = dialect::xapi;

namespace {

/// Some lines for people, then the PEM text that OpenSSL's tools read (seed 004: "the output can be copied").
void append(std::vector<std::string>& lines, std::string_view title, pki::Certificate const& certificate) {
    lines.emplace_back(title);
    lines.push_back("subject=" + certificate.subject());
    lines.push_back("issuer=" + certificate.issuer());
    lines.push_back("notBefore=" + countersign::to_string(certificate.not_before()));
    lines.push_back("notAfter=" + countersign::to_string(certificate.not_after()));
    lines.push_back("SHA256 Fingerprint=" + certificate.fingerprint());
    for (auto const line : split(trim(certificate.to_pem()), '\n')) lines.emplace_back(trim(line));
}

std::vector<std::string> list_certificates(Unit const& unit, xapi::CertificateWord::What what) {
    using What = xapi::CertificateWord::What;
    std::vector<std::string> lines;
    if (what != What::root) {
        auto const own = unit.certificate();
        std::string title = own.factory ? "Server certificate (using default certificate):" : "Server certificate:";
        for (auto const& one : own.chain) append(lines, std::exchange(title, "Chain certificate:"), one);
    }
    if (what != What::server) {
        for (auto const& root : unit.trust()) append(lines, "Root certificate:", root);
        if (unit.trust().empty()) lines.emplace_back("No root certificate is loaded.");
    }
    return lines;
}

}  // namespace

std::string Dataport::change(xapi::CertificateWord const& word, Request const& request) {
    using What = xapi::CertificateWord::What;
    if (!word.remove) return writer_->lines(list_certificates(*unit_, word.what), request.result_id);
    std::vector<std::string> lines;
    std::optional<Error> refused;
    auto const note = [&](Result<Outcome> const& done, std::string_view message) {
        if (done)
            lines.emplace_back(unit_->family().message(message));
        else if (!refused)
            refused = done.error();
    };
    // With both, a missing one is no error as long as the other was there.
    if (word.what != What::root) note(unit_->delete_certificate(actor_), "certificate.deleted");
    bool const go_on = !refused || refused->id() == errors::gen::not_found;
    if (word.what != What::server && go_on) {
        if (word.what == What::both) refused.reset();
        note(unit_->delete_trust_store(actor_), "trust_store.deleted");
    }
    if (refused && (lines.empty() || refused->id() != errors::gen::not_found)) return refuse(*refused, request.verb, request.result_id);
    return writer_->lines(lines, request.result_id);
}

std::string Dataport::change(xapi::SwitchService const& wanted, Request const& request) {
    auto const* service = unit_->family().find_service(wanted.service);
    std::vector<Change> changes{{service->mode_setting, wanted.value}};
    if (!wanted.port.empty()) {
        if (service->port_setting.empty())
            return refuse(Error(errors::dev::missing_parameter, {{"parameter", "port"}, {"path", "services " + wanted.service}}),
                          request.verb, request.result_id);
        changes.push_back({service->port_setting, wanted.port});
    }
    auto const outcome = unit_->apply(std::move(changes), actor_);
    if (!outcome) return refuse(outcome.error(), request.verb, request.result_id);
    return writer_->setting_taken({service->mode_setting, wanted.value}, outcome->warnings, request.result_id);
}

std::string Dataport::change(xapi::ChangePassword const& wanted, Request const& request) {
    if (auto const done = unit_->set_password(SecretText(wanted.password), actor_); !done)
        return refuse(done.error(), request.verb, request.result_id);
    return writer_->done(request.result_id);
}

std::string Dataport::change(xapi::ConsoleWord const& wanted, Request const& request) {
    using What = xapi::ConsoleWord::What;
    auto const show = [this](std::string_view canonical) { return unit_->effective_canonical(canonical); };
    if (wanted.what == What::status) {
        std::vector<std::string> lines{unit_->family().name + " " + unit_->spec().software + ", serial number " + unit_->spec().serial,
                                       "Port A: " + show("network.ipv4.address") + " mask " + show("network.ipv4.mask") + " gateway " +
                                           show("network.ipv4.gateway") + " (" + show("network.ipv4.assignment") + ")"};
        for (auto const& [id, where] : unit_->open_services()) lines.push_back(id + ": open");
        for (auto const& [id, why] : unit_->unopened_services()) lines.push_back(id + ": " + why);
        for (auto const& alarm : unit_->alarms().active()) lines.push_back("Alarm: " + alarm.text);
        return writer_->lines(lines, request.result_id);
    }
    if (wanted.what == What::reset) {
        if (actor_.door != k_serial_door)
            return refuse(Error(errors::acc::presence_needed, {{"what", "reset_config"}}), request.verb, request.result_id);
        reset_ = request;
        return "All settings, passwords, certificates and keys will be deleted. Are you sure? (yes/no)\n";
    }
    std::vector<Change> changes{{"network.ipv4.assignment", wanted.what == What::dhcp ? "dhcp" : "static"}};
    if (wanted.what == What::fixed_address) {
        changes.push_back({"network.ipv4.address", wanted.address});
        changes.push_back({"network.ipv4.mask", wanted.mask});
        changes.push_back({"network.ipv4.gateway", wanted.gateway});
    }
    if (auto const done = unit_->apply(std::move(changes), actor_); !done) return refuse(done.error(), request.verb, request.result_id);
    return writer_->done(request.result_id);
}

std::string Dataport::set_all_back(std::string_view answer) {
    auto const request = *std::exchange(reset_, std::nullopt);
    if (!iequals(trim(answer), "yes") && !iequals(trim(answer), "y")) return writer_->lines({"Nothing was changed."}, request.result_id);
    if (auto const done = unit_->restore_factory(Restore::comprehensive, actor_); !done)
        return refuse(done.error(), request.verb, request.result_id);
    return writer_->done(request.result_id);
}

}  // namespace countersign::device
