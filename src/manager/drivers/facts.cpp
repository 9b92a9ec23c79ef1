#include "manager/drivers/facts.hpp"

#include "base/text.hpp"

#include <algorithm>

namespace countersign::manager {

namespace {

namespace tx = dialect::transactions;
namespace xml_rpc = dialect::xml_rpc;

bool is_place(std::string_view word) { return word.size() > 2 && word.front() == '{' && word.back() == '}'; }

/// "CA {n} Fingerprint" against "CA 3 Fingerprint".
bool fits(std::vector<std::string> const& pattern, std::vector<std::string_view> const& path) {
    return std::ranges::equal(pattern, path, [](std::string_view wanted, std::string_view word) {
        return is_place(wanted) ? parse_number<unsigned>(word).has_value() : iequals(wanted, word);
    });
}

/// Follows the words after the method name; a place stands for every item of a list.
void collect(xml_rpc::Value const& value, std::span<std::string const> words, std::vector<std::string>& found) {
    if (words.empty()) {
        found.push_back(value.to_text());
        return;
    }
    if (is_place(words.front())) {
        if (auto const* items = value.as<xml_rpc::Array>())
            for (auto const& item : *items) collect(item, words.subspan(1), found);
        return;
    }
    if (auto const* member = value.member(words.front())) collect(*member, words.subspan(1), found);
}

void collect(tx::Item const& value, std::span<std::string const> words, std::vector<std::string>& found) {
    if (words.empty()) {
        found.push_back(value.value);
        return;
    }
    if (is_place(words.front())) {
        for (auto const& item : value.children) collect(item, words.subspan(1), found);
        return;
    }
    if (auto const* member = value.child(words.front())) collect(*member, words.subspan(1), found);
}

std::string first_of(Facts const& facts, std::string_view name) {
    auto place = facts.find(name);
    return place == facts.end() || place->second.empty() ? std::string() : place->second.front();
}

std::vector<std::string> all_of(Facts const& facts, std::string_view name) {
    auto place = facts.find(name);
    return place == facts.end() ? std::vector<std::string>() : place->second;
}

/// "AB:CD" and "abcd" are the same fingerprint.
std::string plain_hex(std::string_view text) { return to_lower(replace_all(std::string(trim(text)), ":", "")); }

}  // namespace

Facts facts_of(family::Family const& family, dialect::xapi::Document const& status) {
    Facts facts;
    for (auto const& leaf : status.leaves) {
        auto const path = words(leaf.path);
        for (auto const& item : family.status)
            if (fits(item.words, path)) facts[item.fact].push_back(leaf.value);
    }
    return facts;
}

namespace {

template <class Answer>
void add_facts_below(family::Family const& family, std::string_view method, Answer const& answer, Facts& facts) {
    for (auto const& item : family.status) {
        if (item.words.size() < 2 || item.words.front() != method) continue;
        std::vector<std::string> found;
        collect(answer, std::span(item.words).subspan(1), found);
        auto& values = facts[item.fact];
        values.insert(values.end(), found.begin(), found.end());
    }
}

}  // namespace

void add_facts_of(family::Family const& family, std::string_view method, xml_rpc::Value const& answer, Facts& facts) {
    add_facts_below(family, method, answer, facts);
}

void add_facts_of(family::Family const& family, std::string_view method, tx::Item const& answer, Facts& facts) {
    add_facts_below(family, method, answer, facts);
}

void fill_account(Facts const& facts, UtcTime now, Account& account) {
    account.product = first_of(facts, "system.product_id");
    if (account.product.empty()) account.product = first_of(facts, "system.product_type");
    account.software = first_of(facts, "system.software");
    account.serial_number = first_of(facts, "system.serial");
    account.mac_address = first_of(facts, "system.mac");
    account.feature_keys = all_of(facts, "system.feature_key");
    account.restart_pending = means_yes(first_of(facts, "system.restart_pending"));
    account.certificate_fingerprint = plain_hex(first_of(facts, "certificate.fingerprint"));
    account.factory_certificate = means_yes(first_of(facts, "certificate.factory"));
    auto const ids = all_of(facts, "identity.id");
    auto const fingerprints = all_of(facts, "identity.fingerprint");
    auto const factory = all_of(facts, "identity.factory");
    // A list of which some are missing tells of none of them.
    if (ids.size() == fingerprints.size() && ids.size() == factory.size())
        for (std::size_t i = 0; i < ids.size(); ++i)
            account.identities.push_back({.id = ids[i], .fingerprint = plain_hex(fingerprints[i]), .factory = means_yes(factory[i])});
    for (auto const& fingerprint : all_of(facts, "trust.fingerprint")) account.trust_fingerprints.push_back(plain_hex(fingerprint));
    account.trial = first_of(facts, "trial.id");
    account.verification_effective = means_yes(first_of(facts, "client.verify.active"));
    for (auto const& missing : all_of(facts, "client.verify.missing"))
        if (!missing.empty()) account.missing_preconditions.push_back(missing);
    if (auto time = parse_system_time(first_of(facts, "system.time"))) account.clock_offset_seconds = (*time - now).count();
}

bool means_yes(std::string_view text) {
    return iequals(text, "true") || iequals(text, "yes") || iequals(text, "on") || iequals(text, "1") || iequals(text, "active");
}

std::optional<UtcTime> parse_system_time(std::string_view text) {
    text = trim(text);
    if (auto time = parse_utc_time(text)) return time;
    std::string normal(text);
    // XML-RPC's basic form leaves out the hyphens of the date.
    if (normal.size() == 17 && normal[8] == 'T') normal = normal.substr(0, 4) + '-' + normal.substr(4, 2) + '-' + normal.substr(6);
    if (normal.size() != 19) return std::nullopt;
    return parse_utc_time(normal + 'Z');
}

}  // namespace countersign::manager
