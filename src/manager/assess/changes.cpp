#include "manager/assess/changes.hpp"

#include <algorithm>

namespace countersign::manager {
namespace {

std::string words(ProtocolLevel const& row) {
    if (!row.open) return row.client ? "not in use" : "closed";
    return std::string(row.client ? "in use" : "open") + (row.counts ? ", level " + std::to_string(row.level) : "");
}

std::string_view words(ReadinessItem::State state) {
    switch (state) {
        case ReadinessItem::State::yes: return "yes";
        case ReadinessItem::State::no: return "no";
        case ReadinessItem::State::unknown: break;
    }
    return "unknown";
}

template <class Row>
Row const* find(std::vector<Row> const& rows, std::string const& id) {
    auto const found = std::ranges::find(rows, id, &Row::id);
    return found == rows.end() ? nullptr : &*found;
}

void compare_rows(Assessment const& before, Assessment const& after, std::vector<SystemChange>& out) {
    bool const was_known = before.level > 0;
    bool const asked = before.trusted_roots && after.trusted_roots;
    for (auto const& row : after.protocols) {
        if (row.client && !asked) continue;
        auto const* old = was_known ? find(before.protocols, row.id) : nullptr;
        auto const then = old ? words(*old) : std::string();
        // Nothing is known of before: what is closed is not worth a word.
        if (then == words(row) || (!old && !row.open)) continue;
        out.push_back({row.client ? "client" : "service", row.name, then, words(row)});
    }
}

void compare_readiness(Assessment const& before, Assessment const& after, std::vector<SystemChange>& out) {
    for (auto const& item : after.readiness) {
        auto const* old = find(before.readiness, item.id);
        if (!old || old->state == item.state || old->state == ReadinessItem::State::unknown || item.state == ReadinessItem::State::unknown)
            continue;
        out.push_back({"readiness", item.text, std::string(words(old->state)), std::string(words(item.state))});
    }
}

void compare_roots(std::vector<std::string> const& before, std::vector<std::string> const& after, std::vector<SystemChange>& out) {
    auto const lacks = [](std::vector<std::string> const& list, std::string const& one) {
        return std::ranges::find(list, one) == list.end();
    };
    for (auto const& root : after)
        if (lacks(before, root)) out.push_back({"root_trusted", root, "no", "yes"});
    for (auto const& root : before)
        if (lacks(after, root)) out.push_back({"root_trusted", root, "yes", "no"});
}

void limit(std::vector<SystemChange>& changes) {
    if (changes.size() > k_most_changes_of_a_look) changes.resize(k_most_changes_of_a_look);
}

std::string known(int level) { return level > 0 ? std::to_string(level) : std::string(); }

}  // namespace

std::vector<SystemChange> changes_between(Assessment const& before, Assessment const& after) {
    std::vector<SystemChange> out;
    if (after.level > 0) compare_rows(before, after, out);
    if (before.trusted_roots && after.trusted_roots) {
        compare_readiness(before, after, out);
        compare_roots(*before.trusted_roots, *after.trusted_roots, out);
    }
    limit(out);
    return out;
}

std::vector<SystemChange> changes_between(System const& before, System const& after) {
    std::vector<SystemChange> out;
    auto const compare = [&out](std::string_view kind, std::string was, std::string is) {
        if (was != is) out.push_back({std::string(kind), "", std::move(was), std::move(is)});
    };
    compare("level", known(before.level), known(after.level));
    compare("reachability", std::string(to_string(before.reachability)), std::string(to_string(after.reachability)));
    compare("certificate", before.certificate_fingerprint, after.certificate_fingerprint);
    compare("software", before.software, after.software);
    if (!before.software.empty()) compare("capable", before.secure_only_capable ? "yes" : "no", after.secure_only_capable ? "yes" : "no");
    return out;
}

}  // namespace countersign::manager
