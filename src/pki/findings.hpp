#pragma once

/// The rules that certificates and paths are judged by, as data: catalogue/findings.toml. Each is found by its id, by OpenSSL's
/// number and by OpenSSL's name, which is what `countersign explain` takes.

#include "pki/verify.hpp"

#include "countersign/rules.hpp"

#include <span>
#include <string_view>
#include <vector>

namespace countersign::pki {

struct FindingRule {
    std::string_view id;  ///< "leaf-without-san"
    Finding::Kind kind;
    std::string_view title;
    std::string_view text;  ///< follows "The certificate <subject> "
    std::string_view remedy;
    std::string_view reference;     ///< "RFC 5280 section 4.2.1.6"
    int openssl_code;               ///< X509_V_ERR_...
    std::string_view openssl_name;  ///< without X509_V_ERR_
    bool openssl_same;              ///< false: the number is only the nearest one
};

/// All of them, in the order of the catalogue; Rule is the index.
std::span<FindingRule const> finding_rules();
FindingRule const& finding_rule(Rule rule);
/// Null when there is none of this id.
FindingRule const* find_finding_rule(std::string_view id);
/// What `word` stands for: the id of a rule, OpenSSL's number ("10"), or its name with or without X509_V_ERR_ in any case. For a
/// number or name the first is what OpenSSL means by it, the others are rules it is the nearest number for. Empty: nothing.
std::vector<FindingRule const*> find_finding_rules(std::string_view word);
/// What OpenSSL means by a number; Rule::unspecified for one that is not known.
Rule rule_of_openssl(int code);

}  // namespace countersign::pki
