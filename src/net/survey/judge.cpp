#include "net/survey/judge.hpp"

#include "base/text.hpp"
#include "pki/revocation_pointers.hpp"

#include <algorithm>

namespace countersign::net::survey {

namespace {

/// "TLS 1.0, TLS 1.1".
std::string versions_text(Survey const& survey, bool broken_only) {
    std::vector<std::string> names;
    for (auto const& report : survey.versions)
        if (report.accepted && (!broken_only || is_broken(report.version))) names.emplace_back(to_string(report.version));
    return join(names, ", ");
}

/// At most four names, and how many more there are.
std::string some_of(std::vector<std::string> names) {
    constexpr std::size_t k_shown = 4;
    if (names.size() <= k_shown) return join(names, ", ");
    auto const more = names.size() - k_shown;
    names.resize(k_shown);
    return join(names, ", ") + " and " + std::to_string(more) + " more";
}

bool is_strong(std::uint16_t cipher) { return weakness_of(cipher) == Weakness::none; }

std::vector<std::uint16_t> accepted_ciphers(Survey const& survey) {
    std::vector<std::uint16_t> out;
    for (auto const& report : survey.versions)
        for (auto id : report.ciphers)
            if (std::ranges::find(out, id) == out.end()) out.push_back(id);
    return out;
}

/// Places of presented certificates on the path that was built; nothing for those that are not on it.
std::vector<std::optional<std::size_t>> places_on(std::vector<pki::Certificate> const& presented,
                                                  std::vector<pki::Certificate> const& path) {
    std::vector<std::optional<std::size_t>> out;
    for (auto const& certificate : presented) {
        auto const place = std::ranges::find(path, certificate);
        out.push_back(place == path.end() ? std::nullopt : std::optional<std::size_t>(place - path.begin()));
    }
    return out;
}

class Judge {
public:
    Judge(Survey const& survey, JudgeRequest const& request)
        : survey_(survey), request_(request), strictness_(request.strictness ? *request.strictness : pki::Strictness::device_legacy()) {}

    Judgement make() {
        if (survey_.contact != Contact::tls) {
            look_at_contact();
        } else if (!survey_.newest()) {
            look_at_refusals();
        } else {
            look_at_versions();
            look_at_ciphers();
            look_at_session();
            look_at_handshake();
            for (std::size_t i = 0; i < survey_.chains.size(); ++i) look_at_chain(i);
        }
        if (!survey_.complete && survey_.contact == Contact::tls)
            add("tls-survey-cut", "It stopped after " + std::to_string(survey_.connections) + " connections.");
        decide_level();
        put_failures_first();
        return std::move(out_);
    }

private:
    void put_failures_first() {
        std::vector<Finding> all;
        for (auto severity : {pki::Severity::failure, pki::Severity::advice})
            for (auto const& one : out_.findings)
                if (one.severity == severity) all.push_back(one);
        out_.findings = std::move(all);
    }

    /// One that the profile ignores is kept until the end and then left out.
    Finding& add(std::string_view id, std::string_view detail = "") {
        auto const* rule = find_rule(id);
        Finding finding{.rule = std::string(id),
                        .severity = rule->severity(strictness_),
                        .text = std::string(rule->title),
                        .remedy = std::string(rule->remedy)};
        finding.text += detail.empty() ? "." : ": " + std::string(detail);
        if (!finding.text.ends_with('.')) finding.text += '.';
        return out_.findings.emplace_back(std::move(finding));
    }
    [[nodiscard]] bool has(std::string_view id) const {
        return std::ranges::find(out_.findings, id, &Finding::rule) != out_.findings.end();
    }

    // --- no TLS, or none that can be used ---

    void look_at_contact() {
        auto const said = "it says \"" + std::string(trim(split(trim(survey_.seen), '\n').front())) + '"';
        auto const what = survey_.spoken.empty() ? said : "it looks like " + survey_.spoken + "; " + said;
        switch (survey_.contact) {
            case Contact::silent: add("tls-silent"); break;
            case Contact::closed: add("tls-closed"); break;
            case Contact::not_tls: add("tls-not-spoken", what); break;
            case Contact::start_tls_refused: add("tls-starttls-refused", survey_.seen.empty() ? "" : said); break;
            case Contact::broken_tls: add("tls-broken"); break;
            case Contact::unreachable:
            case Contact::tls: break;
        }
    }

    void look_at_refusals() {
        std::vector<std::string> answers;
        for (auto const& report : survey_.versions) answers.push_back(std::string(to_string(report.version)) + " " + report.answer);
        bool const over_version = std::ranges::all_of(survey_.versions, [](VersionReport const& report) {
            return report.answer != "alert handshake_failure" && report.answer != "alert insufficient_security";
        });
        add(over_version ? "tls-no-common-version" : "tls-no-common-cipher", join(answers, ", "));
    }

    // --- the connection ---

    void look_at_versions() {
        if (is_broken(*survey_.newest())) {
            add("tls-only-old-version", versions_text(survey_, true));
            return;
        }
        if (auto const old = versions_text(survey_, true); !old.empty()) add("tls-old-version", old);
        if (!survey_.accepts(Version::tls1_3)) add("tls-no-tls13");
    }

    void look_at_ciphers() {
        auto const accepted = accepted_ciphers(survey_);
        auto const report = [&](Weakness weakness, std::string_view rule) {
            std::vector<std::string> names;
            for (auto id : accepted)
                if (weakness_of(id) == weakness) names.push_back(cipher_name(id));
            if (!names.empty()) add(rule, some_of(std::move(names)));
        };
        report(Weakness::anonymous, "tls-anonymous");
        report(Weakness::no_encryption, "tls-no-encryption");
        report(Weakness::exportable, "tls-export-cipher");
        report(Weakness::broken, "tls-broken-cipher");
        bool const secret = std::ranges::any_of(accepted, is_strong);
        report(Weakness::no_forward_secrecy, secret ? "tls-static-rsa" : "tls-no-forward-secrecy");
        std::vector<std::string> orderless;
        for (auto const& version : survey_.versions)
            if (version.order == Order::client && std::ranges::any_of(version.ciphers, is_strong) &&
                !std::ranges::all_of(version.ciphers, is_strong))
                orderless.emplace_back(to_string(version.version));
        if (!orderless.empty()) add("tls-client-order", join(orderless, ", "));
    }

    void look_at_session() {
        constexpr int k_least_dh_bits = 2048;
        if (survey_.smallest_dh_bits > 0 && survey_.smallest_dh_bits < k_least_dh_bits)
            add("tls-weak-dh", std::to_string(survey_.smallest_dh_bits) + " bits");
        std::vector<std::string> weak;
        for (auto id : survey_.groups)
            if (is_weak_group(id)) weak.push_back(group_name(id));
        if (!weak.empty()) add("tls-weak-group", some_of(std::move(weak)));
        if (survey_.compression) add("tls-compression");
        if (!survey_.secure_renegotiation) add("tls-no-secure-renegotiation");
        if (!survey_.extended_master_secret) add("tls-no-extended-master-secret");
    }

    void look_at_handshake() {
        bool const required = survey_.client_certificate == ClientCertificate::required;
        auto const authorities = survey_.accepted_authorities.empty() ? std::string() : "it names " + some_of(survey_.accepted_authorities);
        if (required) add("tls-client-certificate-required", authorities);
        if (survey_.client_certificate == ClientCertificate::requested) add("tls-client-certificate-requested", authorities);
        if (!survey_.handshake && !required) add("tls-handshake-failed", survey_.handshake_error);
        if (survey_.without_name == WithoutName::other) add("tls-other-certificate-without-name", survey_.leaf_without_name->subject());
        if (survey_.without_name == WithoutName::refused) add("tls-refused-without-name");
    }

    // --- chains ---

    [[nodiscard]] pki::Verdict verify(std::span<pki::Certificate const> presented) const {
        return pki::verify_chain({.presented = presented,
                                  .anchors = request_.anchors,
                                  .purpose = pki::Purpose::server,
                                  .host_name = request_.called_name,
                                  .at = request_.at,
                                  .strictness = request_.strictness,
                                  .revocation = request_.revocation});
    }

    void look_at_chain(std::size_t index) {
        auto const& chain = survey_.chains[index];
        auto verdict = verify(chain.certificates);
        if (!chain.error.empty()) add("tls-certificate-unreadable", chain.error).chain = index;
        for (auto const& finding : verdict.findings) {
            // A second certificate repeats what the first one's issuers have.
            bool const known = std::ranges::any_of(out_.findings, [&](Finding const& one) { return one.certificate == finding; });
            // Nobody says where to ask about it, or was asked in vain, which has a rule of its own.
            bool const unknown = finding.kind == pki::Finding::Kind::revocation_unknown && finding.severity == pki::Severity::advice;
            if (known || unknown) continue;
            out_.findings.push_back({.rule = finding.rule.empty() ? std::string(pki::to_string(finding.kind)) : finding.rule,
                                     .severity = finding.severity,
                                     .text = finding.text,
                                     .remedy = finding.remedy,
                                     .chain = index,
                                     .certificate = finding});
        }
        bool const incomplete = verdict.has(pki::Finding::Kind::incomplete_chain);
        if (incomplete) look_for_missing(index);
        look_at_form(index, verdict, incomplete);
        if (index == 0 && verdict.chain.size() > 1) look_at_staple(verdict.chain);
        if (std::ranges::find(request_.unanswered, index) != request_.unanswered.end()) add("tls-revocation-unanswered").chain = index;
        out_.verdicts.push_back(std::move(verdict));
    }

    void look_at_staple(std::vector<pki::Certificate> const& path) {
        bool const promised = pki::revocation_pointers(path.front()).must_staple;
        if (survey_.stapled.empty()) {
            if (promised) add("tls-staple-missing").chain = 0;
            return;
        }
        auto const response = pki::OcspResponse::parse_der(survey_.stapled);
        auto const answer = response ? response->check(path[0], path[1], request_.at) : Result<pki::OcspAnswer>(fail(response.error()));
        if (!answer) add("tls-staple-invalid", answer.error().message()).chain = 0;
    }

    void look_for_missing(std::size_t index) {
        auto const& presented = survey_.chains[index].certificates;
        auto all = presented;
        all.insert(all.end(), request_.known.begin(), request_.known.end());
        auto const completed = verify(all);
        if (completed.has(pki::Finding::Kind::incomplete_chain)) return;
        std::vector<std::string> missing;
        for (auto const& certificate : completed.chain)
            if (std::ranges::find(presented, certificate) == presented.end() &&
                std::ranges::find(request_.known, certificate) != request_.known.end())
                missing.push_back(certificate.subject());
        if (!missing.empty()) add("tls-chain-completable", join(missing, ", ")).chain = index;
    }

    void look_at_form(std::size_t index, pki::Verdict const& verdict, bool incomplete) {
        auto const& presented = survey_.chains[index].certificates;
        auto const places = places_on(presented, verdict.chain);
        std::vector<std::string> extra;
        std::vector<std::string> disordered;
        std::size_t furthest = 0;
        for (std::size_t i = 1; i < presented.size(); ++i) {
            auto const& certificate = presented[i];
            bool const root = certificate.is_self_issued() && certificate.issuer() == certificate.subject();
            if (root) {
                // A root that is not trusted is a finding of its own.
                if (places[i] && !verdict.has(pki::Finding::Kind::untrusted_root))
                    add("tls-chain-root-sent", certificate.subject()).chain = index;
            } else if (!places[i] && !incomplete && !certifies_same_key(certificate, verdict.chain)) {
                extra.push_back(certificate.subject());
            }
            if (places[i] && *places[i] < furthest) disordered.push_back(certificate.subject());
            furthest = std::max(furthest, places[i].value_or(0));
        }
        if (!disordered.empty()) add("tls-chain-order", join(disordered, ", ") + " stands too late").chain = index;
        if (!extra.empty()) add("tls-chain-extra", some_of(std::move(extra))).chain = index;
    }

    /// A cross certificate gives other clients another path.
    static bool certifies_same_key(pki::Certificate const& certificate, std::vector<pki::Certificate> const& path) {
        return std::ranges::any_of(path, [&](pki::Certificate const& one) {
            return one.subject() == certificate.subject() && one.public_key_sha256() == certificate.public_key_sha256();
        });
    }

    // --- the level ---

    void set_level(int level, std::string why, std::string raise_by) {
        out_.level = level;
        out_.why = std::move(why);
        out_.raise_by = std::move(raise_by);
    }

    void decide_level() {
        switch (survey_.contact) {
            case Contact::unreachable: return set_level(0, "It was not reached.", "Make it reachable from here");
            case Contact::silent:
            case Contact::closed:
            case Contact::broken_tls: return set_level(0, "No conversation came about.", "Repair the service");
            case Contact::not_tls: return decide_plain_level();
            case Contact::start_tls_refused:
                return set_level(1, "It goes on in clear: passwords and conversation can be read.",
                                 "Switch STARTTLS on, and let clients insist on it");
            case Contact::tls: break;
        }
        if (!survey_.newest())
            return set_level(0, "No conversation came about.", "Let client and server have a version and a cipher in common");
        decide_tls_level();
    }

    void decide_plain_level() {
        if (survey_.spoken == "HTTP")
            return set_level(2, "HTTP: the conversation is in clear; passwords at best go as challenge and response.", "Switch HTTPS on");
        if (survey_.spoken == "SSH")
            return set_level(3, "SSH: encrypted; whether its host key is the right one cannot be seen from outside.",
                             "Pin its host key over a verified channel, or switch SSH off");
        set_level(1, (survey_.spoken.empty() ? std::string("No TLS") : survey_.spoken) + ": passwords and conversation are in clear.",
                  "Switch TLS on, or the service off");
    }

    void decide_tls_level() {
        auto const accepted = accepted_ciphers(survey_);
        auto const all = [&](Weakness weakness) {
            return std::ranges::all_of(accepted, [weakness](std::uint16_t id) { return weakness_of(id) == weakness; });
        };
        if (all(Weakness::no_encryption))
            return set_level(1, "Its ciphers do not encrypt: passwords and conversation are in clear.", "Switch ciphers on that encrypt");
        if (survey_.chains.empty())
            return set_level(3, "Encrypted, but it shows no certificate.", "Install a certificate of an authority your clients trust");
        for (std::size_t i = 0; i < out_.verdicts.size(); ++i) {
            if (out_.verdicts[i].verified()) continue;
            auto const failure = std::ranges::find(out_.verdicts[i].findings, pki::Severity::failure, &pki::Finding::severity);
            return set_level(3,
                             std::string("Encrypted, but ") + (i == 0 ? "the certificate" : "a second certificate") +
                                 " cannot be verified: " + failure->text,
                             failure->remedy);
        }
        if (!survey_.chains.front().error.empty())
            return set_level(3, "Encrypted, but a certificate it sends cannot be read.", "Install its certificate again");
        if (is_broken(*survey_.newest()))
            return set_level(
                3, "Its certificate is verified, but " + std::string(to_string(*survey_.newest())) + " is the newest version it speaks.",
                "Switch on TLS 1.2 or 1.3 on the server");
        if (!survey_.handshake && survey_.client_certificate != ClientCertificate::required)
            return set_level(3, "No handshake went to its end, so that it could not show that it has the key of its certificate.",
                             "Let it accept ciphers that clients of today have");
        for (auto const* id : {"tls-anonymous", "tls-no-encryption"})
            if (has(id))
                return set_level(3, "Its certificate is verified, but it also accepts ciphers that protect nothing.",
                                 std::string(find_rule(id)->remedy));
        if (request_.called_name.empty())
            return set_level(3, "Its chain is verified, but not whether it is made for the server's name.", "Call it by its name");
        set_level(4, std::string(to_string(*survey_.newest())) + ", and its certificate is verified for " + request_.called_name + ".", "");
    }

    Survey const& survey_;
    JudgeRequest const& request_;
    pki::Strictness const& strictness_;
    Judgement out_;
};

}  // namespace

bool Judgement::holds() const {
    return std::ranges::none_of(findings, [](Finding const& one) { return one.severity == pki::Severity::failure; });
}

Judgement judge(Survey const& survey, JudgeRequest const& request) { return Judge(survey, request).make(); }

}  // namespace countersign::net::survey
