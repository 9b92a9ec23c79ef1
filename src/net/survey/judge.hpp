#pragma once

/// What a survey means: the verdict on the chains, findings about the connection, and the level of the service as seen from
/// outside (REQ LVL-1..7, TRU-6, WRK-12). Pure: no I/O, no clock.

#include "net/survey.hpp"
#include "pki/verify.hpp"

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace countersign::net::survey {

/// A rule about the connection, from catalogue/findings.toml. Those about certificates are pki's.
struct Rule {
    std::string_view id;  ///< "tls-old-version"; what `countersign explain` takes
    std::string_view title;
    std::string_view remedy;
    std::string_view reference;
    struct InProfile {
        std::string_view profile;
        pki::Severity severity;
    };
    std::array<InProfile, 3> severities;
    [[nodiscard]] pki::Severity severity(pki::Strictness const& strictness) const;
};
std::span<Rule const> all_rules();
/// Null when there is none of this name.
Rule const* find_rule(std::string_view id);

struct Finding {
    std::string rule;
    pki::Severity severity = pki::Severity::failure;
    std::string text;  ///< plain sentence, with what was seen; may hold what the server said
    std::string remedy;
    std::optional<std::size_t> chain;         ///< of Survey::chains that it is about
    std::optional<pki::Finding> certificate;  ///< what verification of that chain found
};

struct JudgeRequest {
    std::string called_name;  ///< name or address the server was called by; empty: names are not checked
    pki::Anchors anchors;
    pki::Strictness const* strictness = nullptr;  ///< null: device-legacy
    UtcTime at;
    std::span<pki::Certificate const> known;  ///< intermediates the server did not send, to say which one is missing
    pki::Revocation revocation;
    std::span<std::size_t const> unanswered;  ///< of Survey::chains: their authorities were asked in vain
};

struct Judgement {
    std::vector<pki::Verdict> verdicts;  ///< one for each of Survey::chains
    std::vector<Finding> findings;       ///< failures first
    int level = 0;                       ///< 1 to 4; 0: nothing can be said
    std::string why;                     ///< one sentence
    std::string raise_by;                ///< what would raise it by one; empty at 4
    /// No finding is a failure.
    [[nodiscard]] bool holds() const;
};

Judgement judge(Survey const& survey, JudgeRequest const& request);

}  // namespace countersign::net::survey
