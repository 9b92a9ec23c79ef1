#pragma once

/// The independent suites of tests/cases: NIST PKITS and x509-limbo, as requests for verify_chain.

#include "pki/verify.hpp"

#include <boost/json.hpp>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

namespace countersign::testing {

/// One case with everything it needs; `request()` borrows from it.
struct VectorCase {
    std::string id;
    std::vector<std::string> features;
    bool must_verify = false;
    std::vector<pki::Certificate> presented;
    pki::Anchors anchors;
    std::vector<pki::Crl> lists;
    std::string host_name;
    pki::Purpose purpose = pki::Purpose::any;
    UtcTime at;
    pki::PolicyDemand policies;
    std::optional<int> max_intermediates;
    std::string unreadable;  ///< why a certificate could not even be parsed; empty: all could

    [[nodiscard]] pki::VerifyRequest request(pki::Strictness const& strictness) const {
        return {.presented = presented,
                .anchors = anchors,
                .purpose = purpose,
                .host_name = host_name,
                .at = at,
                .strictness = &strictness,
                .policies = policies,
                .revocation = {.policy = lists.empty() ? pki::RevocationPolicy::off : pki::RevocationPolicy::hard_fail, .lists = lists},
                .max_intermediates = max_intermediates};
    }
    [[nodiscard]] bool is_pedantic() const {
        for (auto const& feature : features) {
            if (feature.starts_with("pedantic-")) return true;
        }
        return false;
    }
};

inline std::string read_all(std::filesystem::path const& file) {
    std::ifstream in(file, std::ios::binary);
    if (!in) throw std::runtime_error(file.string() + " is missing");
    return {std::istreambuf_iterator<char>(in), {}};
}

template <class T>
T value_of(Result<T> result, std::string const& what) {
    if (!result) throw std::runtime_error(what + ": " + result.error().message());
    return *std::move(result);
}

inline std::vector<VectorCase> load_pkits(std::filesystem::path const& folder) {
    auto const bytes_of_file = [](std::filesystem::path const& file) {
        auto const text = read_all(file);
        return Bytes(text.begin(), text.end());
    };
    std::map<std::string, pki::Certificate, std::less<>> certificates;
    for (auto const& entry : std::filesystem::directory_iterator(folder / "certs")) {
        certificates.emplace(entry.path().stem().string(),
                             value_of(pki::Certificate::parse_der(bytes_of_file(entry.path())), entry.path()));
    }
    std::vector<pki::Crl> lists;
    for (auto const& entry : std::filesystem::directory_iterator(folder / "crls")) {
        lists.push_back(value_of(pki::Crl::parse_der(bytes_of_file(entry.path())), entry.path()));
    }
    std::vector<VectorCase> out;
    for (auto const& value : boost::json::parse(read_all(folder / "manifest.json")).as_array()) {
        auto const& row = value.as_object();
        VectorCase one;
        one.id = "pkits " + std::string(row.at("title").as_string());
        one.must_verify = row.at("should_validate").as_bool();
        for (auto const& name : row.at("chain").as_array()) {
            one.presented.insert(one.presented.begin(), certificates.at(std::string(name.as_string())));
        }
        one.anchors = pki::Anchors({certificates.at(std::string(row.at("trust_anchor").as_string()))});
        one.lists = lists;
        one.at = parse_utc_time("2024-06-01T00:00:00Z").value();
        for (auto const& policy : row.at("initial_policy_set").as_array()) one.policies.acceptable.emplace_back(policy.as_string());
        one.policies.explicit_policy = row.at("explicit_policy").as_bool();
        one.policies.inhibit_mapping = row.at("inhibit_policy_mapping").as_bool();
        one.policies.inhibit_any = row.at("inhibit_any_policy").as_bool();
        out.push_back(std::move(one));
    }
    return out;
}

/// Cases without a time of their own are verified now, as the suite says.
inline std::vector<VectorCase> load_limbo(std::filesystem::path const& file, UtcTime now) {
    std::vector<VectorCase> out;
    auto const root = boost::json::parse(read_all(file));
    for (auto const& value : root.as_object().at("testcases").as_array()) {
        auto const& row = value.as_object();
        VectorCase one;
        one.id = std::string(row.at("id").as_string());
        one.must_verify = row.at("expected_result").as_string() == "SUCCESS";
        for (auto const& feature : row.at("features").as_array()) one.features.emplace_back(feature.as_string());
        auto const read = [&one](boost::json::value const& pem, std::vector<pki::Certificate>& into) {
            auto certificate = pki::Certificate::parse_pem(std::string(pem.as_string()));
            if (certificate) {
                into.push_back(*certificate);
            } else {
                one.unreadable = certificate.error().message();
            }
        };
        read(row.at("peer_certificate"), one.presented);
        for (auto const& pem : row.at("untrusted_intermediates").as_array()) read(pem, one.presented);
        std::vector<pki::Certificate> roots;
        for (auto const& pem : row.at("trusted_certs").as_array()) read(pem, roots);
        one.anchors = pki::Anchors(std::move(roots));
        for (auto const& pem : row.at("crls").as_array()) {
            auto list = pki::Crl::parse(std::string(pem.as_string()));
            if (list) one.lists.push_back(*list);
        }
        one.purpose = row.at("validation_kind").as_string() == "CLIENT" ? pki::Purpose::client : pki::Purpose::server;
        if (auto const* name = row.at("expected_peer_name").if_object()) one.host_name = std::string(name->at("value").as_string());
        one.at = now;
        if (auto const* time = row.at("validation_time").if_string()) {
            one.at = parse_utc_time(std::string(time->subview(0, 19)) + "Z").value();
        }
        if (auto const* depth = row.at("max_chain_depth").if_int64()) one.max_intermediates = static_cast<int>(*depth);
        out.push_back(std::move(one));
    }
    return out;
}

}  // namespace countersign::testing
