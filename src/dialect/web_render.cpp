/// Pages drawn. Everything that is not written here goes through escape_markup, in text and in attributes.

#include "base/text.hpp"
#include "dialect/web_form.hpp"
#include "dialect/web_markup.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

namespace countersign::dialect::web {
namespace {

/// Tables with more columns are drawn as cards on anything but the widest windows.
constexpr std::size_t k_many_columns = 6;

/// The steps of a request for a certificate: which fields stand together, by their roles.
struct Step {
    std::string_view title;
    std::array<std::string_view, 5> roles;
};
constexpr std::array<Step, 4> k_steps{{{"What it is for", {"identity"}},
                                       {"Who you are", {"country", "state", "locality", "organization", "organizational_unit"}},
                                       {"Its names", {"common_name", "alternative_names"}},
                                       {"How it is made", {"key_type", "digest", "legacy", "replace"}}}};

std::size_t step_of(family::Field const& field) {
    for (std::size_t i = 0; i < k_steps.size(); ++i)
        if (std::ranges::find(k_steps[i].roles, std::string_view(field.role)) != k_steps[i].roles.end() && !field.role.empty()) return i;
    return k_steps.size() - 1;
}

/// What is not had back by sending another form.
bool takes_away(std::string_view action) {
    return action.starts_with("delete_") || action.starts_with("discard_") || action == "restore_factory" || action == "shutdown";
}

class PageWriter {
public:
    PageWriter(family::Family const& family, family::Page const& page, PageValues const& values)
        : family_(family), page_(page), values_(values) {}

    std::string write() {
        head();
        out_.raw("<div class=\"columns\">\n");
        navigation();
        out_.raw("<main id=\"content\" tabindex=\"-1\">\n");
        out_.raw("<p class=\"place\">").text(join(page_.menu, " > ")).raw("</p>\n").element("h1", page_.title);
        if (!values_.notice.empty()) out_.message("notice", "status", values_.notice);
        for (auto const& problem : values_.problems) out_.message("problem", "alert", problem);
        write_chains(out_, values_.frame);
        for (auto const& table : page_.tables) draw(table);
        for (auto const& form : page_.forms) {
            bool const in_state = form.needs_state.empty() || std::ranges::find(form.needs_state, values_.state) != form.needs_state.end();
            bool const fits = in_state && std::ranges::find(values_.unavailable, form.id) == values_.unavailable.end();
            if (fits && form.software.holds(values_.software)) draw(form);
        }
        out_.raw("</main>\n</div>\n</body>\n</html>\n");
        return out_.take();
    }

private:
    void head() {
        auto const& frame = values_.frame;
        auto const& system = values_.system_name.empty() ? family_.name : values_.system_name;
        Markup body;
        body.attribute("data-state", values_.state);
        if (!frame.check.empty()) body.attribute("data-check", frame.check);
        if (!frame.away_to.empty()) body.attribute("data-away-to", frame.away_to);
        write_head(out_, page_.title + " - " + system, frame.files, body.take());
        out_.raw("<header>\n<div class=\"bar\"><p class=\"system\" data-live=\"system\">")
            .text(system)
            .raw(" <span>")
            .text(family_.name)
            .raw("</span></p>\n");
        write_log_out(out_, frame);
        out_.raw("</div>\n");
        write_trial(out_, frame);
        out_.raw("<div class=\"messages\" data-live=\"messages\">");
        if (!values_.banner.empty()) out_.message("banner", "alert", values_.banner);
        for (auto const& alarm : values_.alarms) out_.message("alarm", "status", alarm);
        if (!frame.in_clear.empty()) {
            out_.raw("<p class=\"in-clear\">").text(frame.in_clear);
            if (!frame.secure_at.empty()) out_.raw(" <a").attribute("href", frame.secure_at).raw(">Go to HTTPS</a>");
            out_.raw("</p>\n");
        }
        out_.raw("</div>\n</header>\n");
    }

    /// Places below the same word of the menu stand together, where the word stands first.
    void navigation() {
        std::vector<std::pair<std::string_view, std::vector<family::Page const*>>> groups;
        for (auto const& page : family_.pages) {
            if (!family::has_feature_key(page.needs_feature_key, values_.feature_keys) || !page.software.holds(values_.software)) continue;
            std::string_view const first = page.menu.front();
            auto same = std::ranges::find(groups, first, [](auto const& group) { return group.first; });
            if (same == groups.end()) same = groups.insert(groups.end(), {first, {}});
            same->second.push_back(&page);
        }
        out_.raw("<nav aria-label=\"Menu\">\n<details open>\n<summary>Menu</summary>\n<ul>\n");
        for (auto const& [word, pages] : groups) {
            out_.raw("<li><span aria-hidden=\"true\">").text(word).raw("</span>\n<ul>\n");
            for (auto const* page : pages) {
                // The whole place is the link's name; its first words stand above the group already.
                auto const last = page->menu.size() > 1 ? 1U : 0U;
                out_.raw("<li><a").attribute("href", page->path);
                if (page == &page_) out_.attribute("aria-current", "page");
                out_.raw(">");
                if (last > 0) out_.raw("<span class=\"hidden-text\">").text(page->menu.front() + " > ").raw("</span>");
                out_.text(join(std::span(page->menu).subspan(last), " > ")).raw("</a></li>\n");
            }
            out_.raw("</ul></li>\n");
        }
        out_.raw("</ul>\n</details>\n</nav>\n");
    }

    void draw(family::PageTable const& table) {
        out_.raw("<div class=\"card table\"").attribute("data-live", "table-" + table.id).raw(">\n<table").attribute("id", table.id);
        if (table.columns.size() > k_many_columns) out_.attribute("class", "many");
        out_.raw(">\n").element("caption", table.title);
        out_.raw("<thead><tr>");
        for (auto const& column : table.columns) out_.raw("<th scope=\"col\">").text(column.title).raw("</th>");
        out_.raw("</tr></thead>\n<tbody>\n");
        auto const rows = values_.tables.find(table.id);
        bool const empty = rows == values_.tables.end() || rows->second.empty();
        if (!empty)
            for (auto const& row : rows->second) draw_row(table, row);
        out_.raw("</tbody>\n</table>\n");
        if (empty) out_.raw("<p class=\"nothing\">None.</p>\n");
        out_.raw("</div>\n");
    }

    void draw_row(family::PageTable const& table, std::map<std::string, std::string> const& row) {
        out_.raw("<tr>");
        for (auto const& column : table.columns) {
            auto const cell = row.find(column.fact);
            auto const text = cell == row.end() ? std::string_view() : std::string_view(cell->second);
            // Text of several lines (a request) is copied from here: its line ends must stay.
            out_.raw(text.contains('\n') ? "<td class=\"text\"" : "<td").attribute("data-label", column.title).raw(">").text(text);
            out_.raw("</td>");
        }
        out_.raw("</tr>\n");
    }

    void draw(family::Form const& form) {
        out_.raw("<form").attribute("id", form.id).attribute("class", "card").attribute("method", "post").attribute("action", form.target);
        if (form.multipart) out_.attribute("enctype", "multipart/form-data");
        out_.attribute("data-action", form.action).attribute("data-live", "form-" + form.id).raw(">\n").element("h2", form.title);
        for (auto const& [name, value] : values_.hidden) out_.hidden(name, value);
        if (auto const notes = values_.frame.notes.find(form.id); notes != values_.frame.notes.end() && !notes->second.empty()) {
            out_.raw("<ul class=\"notes\">\n");
            for (auto const& note : notes->second) out_.element("li", note);
            out_.raw("</ul>\n");
        }
        form_ = &form;
        if (form.action == "create_request")
            draw_steps(form);
        else if (form.columns.empty())
            draw_lines(form);
        else
            draw_grid(form);
        form_ = nullptr;
        out_.raw("<p class=\"send\"><button type=\"submit\"").attribute("class", takes_away(form.action) ? "danger" : "primary");
        if (!form.submit_name.empty()) out_.attribute("name", form.submit_name).attribute("value", form.submit_label);
        out_.raw(">").text(form.submit_label).raw("</button></p>\n</form>\n");
    }

    void draw_line(family::Form const& form, family::Field const& field) {
        auto const id = form.id + "-" + field.name;
        out_.raw(field.kind == family::FieldKind::checkbox ? "<p class=\"check\"><label" : "<p><label").attribute("for", id);
        out_.raw(">").text(field.label).raw("</label> ");
        draw(field, id);
        out_.raw("</p>\n");
    }

    void draw_lines(family::Form const& form) {
        for (auto const& field : form.fields)
            if (offered(field)) draw_line(form, field);
    }

    void draw_steps(family::Form const& form) {
        for (std::size_t i = 0; i < k_steps.size(); ++i) {
            bool open = false;
            for (auto const& field : form.fields) {
                if (step_of(field) != i || !offered(field)) continue;
                if (!std::exchange(open, true)) out_.raw("<fieldset class=\"step\">\n").element("legend", k_steps[i].title);
                draw_line(form, field);
            }
            if (open) out_.raw("</fieldset>\n");
        }
    }

    void draw_grid(family::Form const& form) {
        out_.raw("<table class=\"grid\">\n<thead><tr>");
        for (auto const& column : form.columns) out_.raw("<th scope=\"col\">").text(column).raw("</th>");
        out_.raw("</tr></thead>\n<tbody>\n");
        std::string_view row;
        int column = -1;
        bool open = false;
        auto const cell = [&](int at) {
            auto const title = static_cast<std::size_t>(at) + 1 < form.columns.size() ? form.columns[static_cast<std::size_t>(at) + 1] : "";
            out_.raw("<td").attribute("data-label", title).raw(">");
        };
        for (auto const& field : form.fields) {
            if (!offered(field)) continue;
            if (!open || field.row != row) {
                if (open) out_.raw("</td></tr>\n");
                out_.raw("<tr><th scope=\"row\">").text(field.row).raw("</th>");
                cell(0);
                row = field.row;
                column = 0;
                open = true;
            }
            for (; column < field.column; ++column) {
                out_.raw("</td>");
                cell(column + 1);
            }
            draw(field, form.id + "-" + field.name);
        }
        if (open) out_.raw("</td></tr>\n");
        out_.raw("</tbody>\n</table>\n");
    }

    [[nodiscard]] bool offered(family::Field const& field) const {
        auto const* setting = family_.find_canonical(field.setting);
        return setting == nullptr || family::has_feature_key(setting->needs_feature_key, values_.feature_keys);
    }

    [[nodiscard]] std::string value_of(family::Field const& field) const {
        auto const key = !field.setting.empty() || form_ == nullptr ? field.setting : form_->id + "#" + field.role;
        auto const found = values_.settings.find(key);
        if (found != values_.settings.end()) return found->second;
        auto const* setting = family_.find_canonical(field.setting);
        return setting == nullptr ? std::string{} : setting->default_value;
    }

    void begin(std::string_view tag, family::Field const& field, std::string_view id) {
        out_.raw("<").raw(tag).attribute("id", id).attribute("name", field.name).attribute("aria-label", field.label);
        if (!field.role.empty()) out_.attribute("data-role", field.role);
        if (form_ == nullptr) return;
        if (auto const known = values_.frame.known.find(form_->id + "#" + field.role); known != values_.frame.known.end())
            out_.attribute("data-known", known->second);
    }

    void draw(family::Field const& field, std::string_view id) {
        auto const* setting = family_.find_canonical(field.setting);
        if (field.kind == family::FieldKind::select) {
            draw_select(field, setting, id);
            return;
        }
        if (field.kind == family::FieldKind::textarea) {
            begin("textarea", field, id);
            out_.raw(" rows=\"8\" spellcheck=\"false\">").text(value_of(field)).raw("</textarea>");
            return;
        }
        constexpr std::string_view k_types[] = {"checkbox", "text", "file", "select", "password"};
        begin("input", field, id);
        out_.attribute("type", k_types[static_cast<int>(field.kind)]);
        auto const value = value_of(field);
        if (field.kind == family::FieldKind::checkbox && (setting != nullptr ? setting->to_canonical(value) : value) == "on")
            out_.raw(" checked");
        // Passwords are never shown: an empty field that is sent back means "as it was".
        if (field.kind == family::FieldKind::text) out_.attribute("value", value);
        if (field.kind == family::FieldKind::password) out_.attribute("autocomplete", "new-password");
        out_.raw(">");
    }

    void draw_select(family::Field const& field, family::Setting const* setting, std::string_view id) {
        begin("select", field, id);
        out_.raw(">");
        auto const value = value_of(field);
        for (auto const& option : field.options) out_.raw("<option>").text(option).raw("</option>");
        if (auto const known = values_.choices.find(field.role); known != values_.choices.end() && field.options.empty())
            for (auto const& [chosen, words] : known->second) {
                out_.raw("<option").attribute("value", chosen);
                auto const name = values_.frame.known_names.find(chosen);
                if (field.role == "identity" && name != values_.frame.known_names.end()) out_.attribute("data-known", name->second);
                if (chosen == value) out_.raw(" selected");
                out_.raw(">").text(words).raw("</option>");
            }
        if (setting != nullptr)
            for (auto const& choice : setting->space.choices) {
                out_.raw("<option");
                if (choice.text == value) out_.raw(" selected");
                out_.raw(">").text(choice.text).raw("</option>");
            }
        out_.raw("</select>");
    }

    family::Family const& family_;
    family::Page const& page_;
    PageValues const& values_;
    family::Form const* form_ = nullptr;  ///< whose fields are drawn
    Markup out_;
};

}  // namespace

std::string render_page(family::Family const& family, family::Page const& page, PageValues const& values) {
    return PageWriter(family, page, values).write();
}

}  // namespace countersign::dialect::web
