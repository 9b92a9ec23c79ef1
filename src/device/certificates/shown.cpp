#include "device/certificates/shown.hpp"

#include "base/text.hpp"
#include "device/safety/alarm_board.hpp"

#include <algorithm>

namespace countersign::device {
namespace {

using Row = std::map<std::string, std::string>;

/// An identity with everything about it, gathered once.
struct Seen {
    family::Identity const* what = nullptr;
    CertificateInfo info;
    std::optional<PendingRequest> pending;
    RevocationChoice revocation;
};

Seen look(Certificates const& certificates, family::Identity const& identity) {
    // The identities of the family are there, or the unit would not be.
    return {.what = &identity,
            .info = certificates.info(identity.id).value(),
            .pending = certificates.pending(identity.id).value(),
            .revocation = certificates.revocation(identity.id)};
}

std::optional<Node> fact_of(Seen const& seen, std::string_view word, UtcTime now) {
    auto const& leaf = seen.info.leaf();
    if (word == "id") return Node::text("", seen.what->id);
    if (word == "title") return Node::text("", seen.what->title);
    if (word == "fingerprint") return Node::text("", leaf.fingerprint());
    if (word == "subject") return Node::text("", leaf.subject());
    if (word == "issuer") return Node::text("", leaf.issuer());
    if (word == "issued") return Node::time("", leaf.not_before());
    if (word == "expires") return Node::time("", leaf.not_after());
    if (word == "days_left") return Node::number("", days_left(now, leaf.not_after()));
    if (word == "factory") return Node::boolean("", seen.info.factory);
    if (word == "served") return Node::text("", seen.info.served_fingerprint);
    if (word == "pending") return Node::text("", seen.pending ? seen.pending->subject : "");
    if (word == "can_roll_back") return Node::boolean("", seen.info.can_roll_back);
    if (word == "shared_key") return Node::boolean("", seen.info.shared_key);
    if (word == "revocation") return Node::text("", to_string(seen.revocation.method));
    return std::nullopt;
}

template <class Range, class Function>
std::vector<FactValue> each(Range const& range, Function function) {
    std::vector<FactValue> out;
    int n = 0;
    for (auto const& item : range) out.push_back({++n, 0, function(item)});
    return out;
}

std::string next_update_of(pki::Crl const& list) {
    auto const next = list.next_update();
    return next ? to_compact_string(*next) : std::string();
}

Row row_of(pki::Certificate const& certificate) {
    return {{"subject", certificate.subject()},
            {"issuer", certificate.issuer()},
            {"issued", to_compact_string(certificate.not_before())},
            {"expires", to_compact_string(certificate.not_after())},
            {"fingerprint", certificate.fingerprint()}};
}

Row row_of(pki::Crl const& list) {
    return {{"issuer", list.issuer()},
            {"updated", to_compact_string(list.this_update())},
            {"next_update", next_update_of(list)},
            {"entries", std::to_string(list.size())},
            {"number", list.number()}};
}

std::string words_of(RevocationChoice const& choice) {
    if (choice.method == RevocationMethod::none) return "none";
    auto words = to_upper(to_string(choice.method));
    if (choice.method == RevocationMethod::ocsp)
        words += choice.use_named_responder ? ", responders of the certificates" : ", " + choice.responder;
    return words + (choice.allow_when_unreachable ? ", allowed when unreachable" : ", refused when unreachable");
}

class Rows {
public:
    Rows(Certificates const& certificates, family::Family const& family, UtcTime now)
        : certificates_(certificates), family_(family), now_(now) {}

    [[nodiscard]] Row local(family::Identity const& identity) const {
        auto const seen = look(certificates_, identity);
        auto row = row_of(seen.info.leaf());
        auto const& marker = family_.certificate.default_marker;
        if (seen.info.factory && !marker.empty()) row["subject"] += " " + marker;
        auto const words = family_.message("key.matches");
        row.emplace("key_match", words.empty() ? "Key matches certificate" : words);
        row.emplace("id", identity.id);
        row.emplace("identity", identity.title);
        row.emplace("default", seen.info.factory ? (marker.empty() ? "Default certificate" : marker) : "");
        row.emplace("served", seen.info.served_fingerprint);
        row.emplace("days_left", std::to_string(days_left(now_, seen.info.leaf().not_after())));
        row.emplace("pending", seen.pending ? seen.pending->subject : "");
        row.emplace("previous", seen.info.can_roll_back ? "yes" : "");
        row.emplace("revocation", words_of(seen.revocation));
        return row;
    }

    [[nodiscard]] Row request(family::Identity const& identity, PendingRequest const& pending) const {
        return {{"id", identity.id},
                {"identity", identity.title},
                {"subject", pending.subject},
                {"made", to_compact_string(pending.made)},
                {"request", pending.pem}};
    }

    [[nodiscard]] Row stored(StoredPair const& pair) const {
        auto row = row_of(pair.chain.front());
        row.emplace("used_for", join(pair.used_for, ", "));
        row.emplace("default", pair.factory ? "yes" : "");
        return row;
    }

private:
    Certificates const& certificates_;
    family::Family const& family_;
    UtcTime now_;
};

}  // namespace

std::optional<std::vector<FactValue>> certificate_facts(Certificates const& certificates, family::Family const& family, UtcTime now,
                                                        std::string_view name) {
    auto const dot = name.find('.');
    auto const word = name.substr(dot + 1);
    auto const about = name.substr(0, dot);
    if (about == "certificate") {
        auto value = fact_of(look(certificates, family.identities.front()), word, now);
        if (!value) return std::nullopt;
        return std::vector{FactValue{0, 0, *std::move(value)}};
    }
    if (about == "identity") {
        std::vector<FactValue> out;
        for (auto const& identity : family.identities)
            if (auto value = fact_of(look(certificates, identity), word, now))
                out.push_back({static_cast<int>(out.size()) + 1, 0, *std::move(value)});
        return out;
    }
    if (name == "trust.fingerprint") return each(certificates.trust(), [](auto const& root) { return Node::text("", root.fingerprint()); });
    if (name == "trust.subject") return each(certificates.trust(), [](auto const& root) { return Node::text("", root.subject()); });
    if (name == "trust.expires") return each(certificates.trust(), [](auto const& root) { return Node::time("", root.not_after()); });
    auto const& lists = certificates.revocation_lists();
    if (name == "revocation_list.issuer") return each(lists, [](auto const& list) { return Node::text("", list.issuer()); });
    if (name == "revocation_list.next_update") return each(lists, [](auto const& list) { return Node::text("", next_update_of(list)); });
    return std::nullopt;
}

std::vector<Row> certificate_rows(Certificates const& certificates, family::Family const& family, UtcTime now,
                                  family::PageTable const& table) {
    Rows const rows(certificates, family, now);
    std::vector<Row> out;
    if (table.id == "local_certificate")
        if (auto const* identity = family.find_identity(table.identity)) out.push_back(rows.local(*identity));
    if (table.id == "identities")
        for (auto const& identity : family.identities) out.push_back(rows.local(identity));
    if (table.id == "pending_request")
        for (auto const& identity : family.identities)
            if (auto const pending = certificates.pending(identity.id); pending && *pending)
                out.push_back(rows.request(identity, **pending));
    if (table.id == "certificates")
        for (auto const& pair : certificates.list()) out.push_back(rows.stored(pair));
    if (table.id == "trust_store")
        for (auto const& root : certificates.trust()) out.push_back(row_of(root));
    if (table.id == "revocation_lists")
        for (auto const& list : certificates.revocation_lists()) out.push_back(row_of(list));
    return out;
}

std::map<std::string, std::vector<std::pair<std::string, std::string>>> certificate_choices(Certificates const& certificates,
                                                                                            family::Family const& family) {
    std::map<std::string, std::vector<std::pair<std::string, std::string>>> choices;
    for (auto const& identity : family.identities) choices["identity"].emplace_back(identity.id, identity.title);
    for (auto const& root : certificates.trust()) choices["fingerprint"].emplace_back(root.fingerprint(), root.subject());
    for (auto const& list : certificates.revocation_lists()) choices["issuer"].emplace_back(list.issuer(), list.issuer());
    choices["revocation_method"] = {{"none", "None"}, {"crl", "CRL"}, {"ocsp", "OCSP"}};
    return choices;
}

}  // namespace countersign::device
