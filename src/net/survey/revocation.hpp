#pragma once

/// Asks the authorities of the chains that a server showed whether they revoked them: what the server stapled is used first, then
/// responders and lists over HTTP (net/revocation.hpp). Only chains that lead to a trusted root are asked about: a stranger's server
/// must not choose where we connect to.

#include "net/revocation.hpp"
#include "net/survey/judge.hpp"

namespace countersign::net::survey {

/// What JudgeRequest needs for a second judgement.
struct RevocationAnswers {
    std::vector<pki::Crl> lists;
    std::vector<pki::OcspResponse> responses;
    std::vector<std::size_t> unanswered;  ///< of Survey::chains: somebody who was asked gave no answer that holds

    [[nodiscard]] pki::Revocation view() const { return {pki::RevocationPolicy::soft_fail, lists, responses}; }
};

/// `first` is the judgement without revocation. Both must live until the end.
Task<RevocationAnswers> ask_authorities(Survey const& survey, Judgement const& first, AuthorityReach reach);

}  // namespace countersign::net::survey
