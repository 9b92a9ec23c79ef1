#pragma once

/// Everything found about one path, once each, with the severity of the profile. Internal to this room.

#include "pki/findings.hpp"
#include "pki/verify.hpp"

#include <string>
#include <vector>

namespace countersign::pki {

/// A finding with its sentence and remedy. `subject`: the certificate it is about, null when there is none. `detail`: the concrete
/// fact, put in brackets; empty: what the kind suggests (a date, a size, an algorithm).
Finding make_finding(Rule rule, int depth, x509_st* subject, std::string detail = {});

class Collector {
public:
    explicit Collector(Strictness const& strictness) : strictness_(&strictness) {}

    /// Nothing is added when the profile ignores the rule or it was found for this certificate before.
    void add(Rule rule, int depth, x509_st* subject, std::string detail = {});
    /// The same with at most this severity.
    void add_at_most(Severity most, Rule rule, int depth, x509_st* subject, std::string detail = {});
    /// For a result of OpenSSL: left out when a finding of ours already gives the reason.
    void add_openssl(int code, int depth, x509_st* subject);
    [[nodiscard]] bool ignores(Rule rule) const { return strictness_->severity(rule) == Severity::ignored; }
    [[nodiscard]] bool has(Rule rule, int depth) const;
    [[nodiscard]] bool has_kind(Finding::Kind kind, int depth) const;
    [[nodiscard]] std::size_t failures() const;
    void drop(Rule rule, int depth);

    /// Leaf first; for one certificate in the order of the kinds. What follows from another finding is left out.
    std::vector<Finding> take();

private:
    struct Entry {
        Rule rule = Rule::unspecified;
        Finding finding;
    };
    Strictness const* strictness_;
    std::vector<Entry> entries_;
};

}  // namespace countersign::pki
