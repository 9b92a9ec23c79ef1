#include "workbench/campaign_text.hpp"

#include "base/text.hpp"

#include <boost/json.hpp>

namespace countersign::workbench {

namespace {

constexpr std::size_t k_names_shown = 10;

json::value const& part_of(json::value const& value, std::string_view field) {
    static json::value const nothing;
    auto const* object = value.if_object();
    auto const* found = object ? object->if_contains(field) : nullptr;
    return found ? *found : nothing;
}

std::string names_of(json::array const& names) {
    std::vector<std::string> out;
    for (auto const& name : names)
        if (name.is_string() && out.size() < k_names_shown) out.push_back(printable(name.get_string()));
    return join(out, ", ") + (names.size() > k_names_shown ? " and " + std::to_string(names.size() - k_names_shown) + " more" : "");
}

std::string wave_name(std::int64_t wave) { return wave == 0 ? "canaries" : "wave " + std::to_string(wave); }

std::string reason_words(std::string const& reason) {
    if (reason == "by_hand") return "by a person";
    if (reason == "canary_failed") return "a canary failed";
    if (reason == "too_many_failures") return "too many systems failed";
    if (reason == "not_confirmed") return "systems were not confirmed in time and went back by themselves";
    if (reason == "rolled_back") return "a wave was rolled back";
    return reason;
}

std::string confirm_words(json::value const& settings) {
    auto const confirm = text_of(settings, "confirm");
    if (confirm == "each") return "each system as soon as it is proven";
    auto const minutes = std::to_string(number_of(settings, "trial_seconds") / 60);
    if (confirm == "wave") return "each wave when it is proven; what is not within " + minutes + " minutes goes back by itself";
    return "by hand, wave by wave; what is not confirmed within " + minutes + " minutes goes back by itself";
}

void add_row(Table& table, std::string what, std::string text) {
    if (!text.empty()) table.rows.push_back({std::move(what), std::move(text)});
}

std::string texts_of(json::array const& texts) {
    std::vector<std::string> out;
    for (auto const& text : texts)
        if (text.is_string()) out.push_back(printable(text.get_string()));
    return join(out, ", ");
}

}  // namespace

std::int64_t in_states(json::value const& campaign, std::initializer_list<std::string_view> states) {
    std::int64_t out = 0;
    for (auto state : states) out += number_of(part_of(campaign, "counts"), state);
    return out;
}

void print_campaign_plan(Output& output, json::value const& plan, bool summary_only) {
    if (!summary_only) {
        std::vector<PlanGroup> groups;
        for (auto const& one : list_of(plan, "systems")) add_to_groups(groups, one, part_of(one, "plan"));
        for (auto const& group : groups) output.line(output.strong(join(group.systems, ", ")) + " " + group.text);
    }
    auto const& summary = part_of(plan, "summary");
    auto const& systems = part_of(summary, "systems");
    output.line(output.strong(counted(number_of(summary, "total"), "system") + ": ") + std::to_string(number_of(systems, "has_steps")) +
                " with steps to do, " + std::to_string(number_of(systems, "at_goal")) + " at the goal, " +
                std::to_string(number_of(systems, "blocked")) + " blocked, " + std::to_string(number_of(systems, "left_alone")) +
                " not capable, " + std::to_string(number_of(systems, "below_goal")) + " below the goal with nothing left to do");
    for (auto const& wave : list_of(summary, "waves"))
        output.line("  " + wave_name(number_of(wave, "wave")) + ": " + counted(number_of(wave, "systems"), "system"));
    if (auto const* steps = part_of(summary, "steps").if_object(); steps && !steps->empty()) {
        Table table{{"Step", "Systems"}, {}};
        for (auto const& [kind, number] : *steps) table.rows.push_back({std::string(kind), json::serialize(number)});
        output.table(table);
    }
    for (auto const& reason : list_of(summary, "blocked")) {
        output.line(output.mark(Mark::bad, "Blocked") + " " + text_of(reason, "id") + " " + text_of(reason, "title") + ": " +
                    names_of(list_of(reason, "systems")));
        output.line("  " + text_of(reason, "remedy"));
    }
    if (auto const& left = list_of(summary, "left_alone"); !left.empty()) output.line("Not capable, left as they are: " + names_of(left));
    if (auto const number = number_of(summary, "without_trial"); number > 0)
        output.line(output.mark(Mark::attention, "No trial:") + " " + counted(number, "system") +
                    (number == 1 ? " does not go back by itself" : " do not go back by themselves") +
                    "; a roll-back writes the settings back, certificate and trust list stay.");
    if (auto const number = number_of(summary, "new_passwords"); number > 0)
        output.line(output.mark(Mark::attention, "New password:") + " " + counted(number, "system") + (number == 1 ? " gets" : " get") +
                    " one; it is kept by the manager, and no roll-back takes it back.");
    output.line("Confirmed: " + confirm_words(part_of(plan, "settings")) + ".");
    output.line("Digest of this plan: " + text_of(plan, "digest"));
}

std::string campaign_line(json::value const& campaign) {
    std::string out = text_of(campaign, "state");
    if (auto reason = text_of(campaign, "reason"); !reason.empty()) out += " (" + reason_words(reason) + ")";
    out += ", " + wave_name(number_of(campaign, "wave")) + " of " + std::to_string(number_of(campaign, "waves") - 1) + ": ";
    out += std::to_string(in_states(campaign, {"done"})) + " done";
    auto add = [&](std::int64_t number, std::string_view what) {
        if (number > 0) out += ", " + std::to_string(number) + " " + std::string(what);
    };
    add(in_states(campaign, {"proven"}), "wait for confirmation");
    add(in_states(campaign, {"failed", "rollback_failed"}), "failed");
    add(in_states(campaign, {"undone"}), "went back");
    add(in_states(campaign, {"below_goal"}), "below the goal");
    add(in_states(campaign, {"left_alone"}), "not capable");
    add(in_states(campaign, {"rolled_back"}), "rolled back");
    add(in_states(campaign, {"started", "confirming", "rolling_back"}), "under way");
    add(in_states(campaign, {"pending"}), "to come");
    add(in_states(campaign, {"skipped", "removed"}), "left out");
    if (auto until = text_of(campaign, "waits_until"); !until.empty()) out += "; nothing starts before " + until;
    return out;
}

std::string campaign_advice(json::value const& campaign) {
    auto const id = std::to_string(number_of(campaign, "id"));
    auto const state = text_of(campaign, "state");
    bool const busy = in_states(campaign, {"started", "confirming", "rolling_back"}) > 0;
    bool const proven = in_states(campaign, {"proven"}) > 0;
    bool const by_hand = text_of(part_of(campaign, "settings"), "confirm") == "hand";
    if (proven && !busy && (state == "paused" || (state == "running" && by_hand)))
        return "Systems wait for confirmation and go back by themselves without it: countersign campaign confirm " + id;
    if (state == "paused" && !busy) return "Look at the report (countersign campaign report " + id + "), then resume, roll back or cancel.";
    return {};
}

void print_campaign(Output& output, json::value const& campaign) {
    auto const& settings = part_of(campaign, "settings");
    output.line(output.strong("Campaign " + std::to_string(number_of(campaign, "id")) + ": " + text_of(campaign, "name")));
    output.line(campaign_line(campaign));
    Table table{{"Setting", "Value"}, {}};
    add_row(table, "Selection", text_of(settings, "selection"));
    add_row(table, "Goal", text_of(settings, "mode"));
    add_row(table, "Waves", texts_of(list_of(settings, "waves")));
    add_row(table, "Pauses on", text_of(settings, "stop_on") + " failures, or one of a canary");
    add_row(table, "At once", std::to_string(number_of(settings, "at_once")));
    add_row(table, "Attempts", std::to_string(number_of(settings, "attempts")));
    add_row(table, "Confirmed", confirm_words(settings));
    add_row(table, "Windows", texts_of(list_of(settings, "windows")));
    add_row(table, "Starts at", text_of(settings, "start_at"));
    add_row(table, "Started by", text_of(campaign, "created_by") + " at " + text_of(campaign, "created"));
    add_row(table, "Ended at", text_of(campaign, "finished"));
    output.table(table);
    if (auto advice = campaign_advice(campaign); !advice.empty()) output.line(advice);
}

void print_campaign_report(Output& output, json::value const& report) {
    auto const& campaign = part_of(report, "campaign");
    output.line(output.strong("Campaign " + std::to_string(number_of(campaign, "id")) + ": " + text_of(campaign, "name")));
    output.line(campaign_line(campaign));
    Table table{{"Family", "Done", "Failed", "Below goal", "Not capable", "Other"}, {}};
    for (auto const& family : list_of(report, "families")) {
        std::int64_t all = 0;
        if (auto const* counts = part_of(family, "counts").if_object())
            for (auto const& [state, number] : *counts) all += number.is_int64() ? number.get_int64() : 0;
        auto const done = in_states(family, {"done"}), below = in_states(family, {"below_goal"}), left = in_states(family, {"left_alone"}),
                   failed = in_states(family, {"failed", "undone", "rollback_failed"});
        table.rows.push_back({text_of(family, "family"), std::to_string(done), std::to_string(failed), std::to_string(below),
                              std::to_string(left), std::to_string(all - done - failed - below - left)});
    }
    output.table(table);
    for (auto const& one : list_of(report, "attention")) {
        output.line("");
        output.line(output.strong(text_of(one, "name")) + " (" + text_of(one, "family") + ", " + wave_name(number_of(one, "wave")) +
                    "): " + text_of(one, "state") + ", level " + output.level(static_cast<int>(number_of(one, "level"))));
        if (auto text = text_of(one, "error_text"); !text.empty()) output.line("  " + text_of(one, "error_code") + " " + text);
        if (auto text = text_of(one, "remedy"); !text.empty()) output.line("  " + text);
        if (auto text = text_of(one, "note"); !text.empty()) output.line("  " + text);
        if (auto text = text_of(one, "confirm_by"); !text.empty() && text_of(one, "state") == "proven")
            output.line("  goes back by itself at " + text + " unless it is confirmed");
        for (auto const& ticket : list_of(one, "tickets"))
            output.line("  Ticket " + text_of(ticket, "title") + ": " + text_of(ticket, "text") + " " + text_of(ticket, "remedy"));
    }
    if (auto advice = campaign_advice(campaign); !advice.empty()) output.line(advice);
}

void print_roll_back(Output& output, json::value const& outlook) {
    for (auto const& one : list_of(outlook, "systems")) {
        output.line(output.strong(text_of(one, "name")));
        for (auto const& text : list_of(one, "undone"))
            if (text.is_string()) output.line("  goes back: " + printable(text.get_string()));
        for (auto const& text : list_of(one, "stays"))
            if (text.is_string()) output.line("  " + output.mark(Mark::attention, "stays:") + " " + printable(text.get_string()));
    }
}

}  // namespace countersign::workbench
