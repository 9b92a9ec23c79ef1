#include "workbench/probe_report.hpp"

#include "base/text.hpp"
#include "workbench/certificates/facts.hpp"

#include <boost/json.hpp>

#include <algorithm>

namespace countersign::workbench {

using net::survey::Contact;
using net::survey::Weakness;

namespace {

json::string safe(std::string_view text) { return json::string(printable(text)); }

std::string_view severity_name(pki::Severity severity) { return severity == pki::Severity::failure ? "failure" : "advice"; }

/// "The server does not ..., the certificate ..." on several lines would tear the text apart.
std::string one_line(std::string_view text) { return printable(replace_all(std::string(text), "\n", " ")); }

json::array versions_of(net::survey::Survey const& survey) {
    json::array out;
    for (auto const& report : survey.versions) {
        json::array ciphers;
        for (auto id : report.ciphers)
            ciphers.push_back(
                json::object{{"id", id}, {"name", net::survey::cipher_name(id)}, {"weakness", to_string(net::survey::weakness_of(id))}});
        out.push_back(json::object{{"version", to_string(report.version)},
                                   {"accepted", report.accepted},
                                   {"answer", report.answer},
                                   {"order", to_string(report.order)},
                                   {"complete", report.complete},
                                   {"ciphers", std::move(ciphers)}});
    }
    return out;
}

json::array chains_of(Probed const& probed) {
    json::array out;
    for (std::size_t i = 0; i < probed.survey.chains.size(); ++i) {
        json::object chain{{"presented", json_of(probed.survey.chains[i].certificates, probed.at)}};
        bool const judged = i < probed.judgement.verdicts.size();
        chain["verified"] = judged && probed.judgement.verdicts[i].verified();
        chain["path"] = judged ? json_of(probed.judgement.verdicts[i].chain, probed.at) : json::array();
        out.push_back(std::move(chain));
    }
    return out;
}

json::array findings_of(net::survey::Judgement const& judgement) {
    json::array out;
    for (auto const& finding : judgement.findings) {
        out.push_back(json::object{{"rule", finding.rule},
                                   {"severity", severity_name(finding.severity)},
                                   {"text", safe(finding.text)},
                                   {"remedy", safe(finding.remedy)},
                                   {"chain", finding.chain ? json::value(*finding.chain) : json::value()},
                                   {"certificate", finding.certificate ? json::value(json_of(*finding.certificate)) : json::value()}});
    }
    return out;
}

json::value handshake_of(net::survey::Survey const& survey) {
    if (!survey.handshake) return nullptr;
    auto const& handshake = *survey.handshake;
    return json::object{{"version", handshake.version},
                        {"cipher", handshake.cipher},
                        {"group", handshake.group},
                        {"signature", handshake.signature},
                        {"alpn", safe(survey.alpn)}};
}

json::array texts(std::vector<std::string> const& list) {
    json::array out;
    for (auto const& one : list) out.push_back(safe(one));
    return out;
}

// --- in words ---

void field(Output const& output, std::string_view label, std::string_view value) {
    constexpr std::size_t k_column = 24;
    std::string line = "  " + std::string(label) + ":";
    line.append(line.size() < k_column ? k_column - line.size() : 1, ' ');
    output.line(line + std::string(value));
}

void print_findings(Output const& output, Probed const& probed) {
    auto const& findings = probed.judgement.findings;
    output.line("");
    if (findings.empty()) {
        output.line(output.mark(Mark::good, "No findings."));
        return;
    }
    output.line(output.strong("Findings"));
    for (auto const& finding : findings) {
        bool const failure = finding.severity == pki::Severity::failure;
        auto const mark = output.mark(failure ? Mark::bad : Mark::attention, failure ? "failure" : "advice ");
        output.line("  " + mark + "  " + output.strong(finding.rule) + (finding.chain.value_or(0) > 0 ? " (second certificate)" : ""));
        output.line("           " + one_line(finding.text));
        output.line("           What to do: " + one_line(finding.remedy));
        if (finding.certificate && finding.certificate->openssl_code != 0)
            output.line("           (certificate " + std::to_string(finding.certificate->depth) + "; OpenSSL " +
                        std::to_string(finding.certificate->openssl_code) + " " + finding.certificate->openssl_name + ")");
    }
}

std::vector<net::survey::VersionReport> newest_first(net::survey::Survey const& survey) {
    return {survey.versions.rbegin(), survey.versions.rend()};
}

void print_versions(Output const& output, net::survey::Survey const& survey) {
    output.line("");
    Table table{{"Version", "Accepted", "Ciphers", "Order"}, {}};
    for (auto const& report : newest_first(survey)) {
        auto const count = std::to_string(report.ciphers.size()) + (report.complete ? "" : " or more");
        auto const order = report.order == net::survey::Order::server   ? "the server's"
                           : report.order == net::survey::Order::client ? "the client's"
                                                                        : "";
        bool const good = report.accepted != is_broken(report.version);
        auto const word = std::string(report.accepted ? "yes" : "no");
        table.rows.push_back({std::string(to_string(report.version)),
                              good ? word : output.mark(report.accepted ? Mark::bad : Mark::attention, word),
                              report.accepted ? count : printable(report.answer), order});
    }
    output.table(table);
}

void print_ciphers(Output const& output, net::survey::Survey const& survey) {
    for (auto const& report : newest_first(survey)) {
        if (!report.accepted) continue;
        output.line("");
        output.line(output.strong("Ciphers of " + std::string(to_string(report.version))));
        for (auto id : report.ciphers) {
            auto const weakness = net::survey::weakness_of(id);
            auto const mild = weakness == Weakness::no_forward_secrecy;
            output.line("  " + net::survey::cipher_name(id) +
                        (weakness == Weakness::none ? "" : "  " + output.mark(mild ? Mark::attention : Mark::bad, to_string(weakness))));
        }
    }
}

void print_connection(Output const& output, net::survey::Survey const& survey) {
    output.line("");
    output.line(output.strong("Connection"));
    if (survey.handshake) {
        auto const& handshake = *survey.handshake;
        field(output, "Handshake", join(std::vector<std::string>{handshake.version, handshake.cipher, handshake.group}, ", "));
        if (!handshake.signature.empty()) field(output, "Key shown by", handshake.signature);
    } else {
        field(output, "Handshake", "none: " + one_line(survey.handshake_error));
    }
    if (!survey.alpn.empty()) field(output, "Protocol (ALPN)", printable(survey.alpn));
    std::vector<std::string> groups;
    for (auto id : survey.groups) groups.push_back(net::survey::group_name(id));
    if (!groups.empty()) field(output, "Groups", join(groups, ", "));
    if (survey.smallest_dh_bits > 0) field(output, "Diffie-Hellman", std::to_string(survey.smallest_dh_bits) + " bits");
    field(output, "Stapled OCSP", survey.stapled.empty() ? "no" : "yes");
    field(output, "Client certificate", to_string(survey.client_certificate));
    switch (survey.without_name) {
        case net::survey::WithoutName::not_tried: break;
        case net::survey::WithoutName::same: field(output, "Without SNI", "the same certificate"); break;
        case net::survey::WithoutName::refused: field(output, "Without SNI", "refused"); break;
        case net::survey::WithoutName::other:
            field(output, "Without SNI", "another certificate: " + subject_of(*survey.leaf_without_name));
            break;
    }
}

void print_chains(Output const& output, Probed const& probed) {
    auto const& chains = probed.survey.chains;
    for (std::size_t i = 0; i < chains.size(); ++i) {
        output.line("");
        bool const verified = i < probed.judgement.verdicts.size() && probed.judgement.verdicts[i].verified();
        auto const mark = verified ? output.mark(Mark::good, "verified") : output.mark(Mark::bad, "not verified");
        output.line(output.strong(i == 0 ? "Certificates as sent" : "Another certificate for other clients") + ": " + mark);
        print_chain(output, chains[i].certificates, probed.at);
    }
}

}  // namespace

json::object json_of(Probed const& probed) {
    auto const& survey = probed.survey;
    json::array groups;
    for (auto id : survey.groups) groups.push_back(json::string(net::survey::group_name(id)));
    return {{"host", safe(probed.host)},
            {"port", survey.request.where.port},
            {"address", survey.request.where.address},
            {"server_name", safe(survey.request.server_name)},
            {"starttls", to_string(survey.request.start_tls)},
            {"at", to_string(probed.at)},
            {"holds", probed.judgement.holds()},
            {"level", probed.judgement.level},
            {"why", safe(probed.judgement.why)},
            {"raise_by", safe(probed.judgement.raise_by)},
            {"findings", findings_of(probed.judgement)},
            {"contact", to_string(survey.contact)},
            {"seen", safe(survey.seen)},
            {"spoken", survey.spoken},
            {"versions", versions_of(survey)},
            {"groups", std::move(groups)},
            {"smallest_dh_bits", survey.smallest_dh_bits},
            {"compression", survey.compression},
            {"secure_renegotiation", survey.secure_renegotiation},
            {"extended_master_secret", survey.extended_master_secret},
            {"handshake", handshake_of(survey)},
            {"handshake_error", safe(survey.handshake_error)},
            {"client_certificate", to_string(survey.client_certificate)},
            {"accepted_authorities", texts(survey.accepted_authorities)},
            {"stapled", !survey.stapled.empty()},
            {"without_name", to_string(survey.without_name)},
            {"chains", chains_of(probed)},
            {"connections", survey.connections},
            {"milliseconds", survey.elapsed.count()},
            {"complete", survey.complete}};
}

void print(Output const& output, Probed const& probed) {
    auto const& survey = probed.survey;
    auto const place = to_string(net::Endpoint{probed.host, survey.request.where.port}) +
                       (probed.host == survey.request.where.address ? "" : " (" + survey.request.where.address + ")");
    output.line(output.strong(printable(place)) + ": Level " + output.level(probed.judgement.level));
    output.line(one_line(probed.judgement.why));
    if (!probed.judgement.raise_by.empty()) output.line("To raise it: " + one_line(probed.judgement.raise_by));
    print_findings(output, probed);
    if (survey.contact == Contact::tls) {
        print_versions(output, survey);
        if (survey.newest()) {
            print_connection(output, survey);
            print_chains(output, probed);
            print_ciphers(output, survey);
        }
    }
    output.line("");
    output.line(std::to_string(survey.connections) + " connections, " + std::to_string(survey.elapsed.count()) + " ms");
}

}  // namespace countersign::workbench
