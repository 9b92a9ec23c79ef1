/// Pages drawn. Everything that is not written here goes through escape_markup, in text and in attributes.

#include "base/text.hpp"
#include "dialect/web_form.hpp"

#include <algorithm>

namespace countersign::dialect::web {
namespace {

constexpr std::string_view k_style =
    "body{font-family:sans-serif;margin:1.5em;max-width:60em}nav ul{list-style:none;padding:0}nav li{display:inline-block;margin-right:1em}"
    "table{border-collapse:collapse;margin:.5em 0}th,td{border:1px solid #888;padding:.3em .6em;text-align:left}"
    ".alarm{background:#fdebd8;border:1px solid #a34e00;padding:.6em}.banner{background:#fff3c4;border:1px solid "
    "#8a6d00;padding:.6em}.problem{background:#fde0e0;border:1px solid #a00;padding:.6em}"
    ".notice{background:#e2f4e2;border:1px solid #27652a;padding:.6em}label{display:inline-block;min-width:16em}form{margin-bottom:2em}"
    "td{overflow-wrap:anywhere}td.text{white-space:pre;font-family:monospace}textarea{width:40em;height:12em}";

class PageWriter {
public:
    PageWriter(family::Family const& family, family::Page const& page, PageValues const& values)
        : family_(family), page_(page), values_(values) {}

    std::string write() {
        head();
        navigation();
        out_ += "<main>\n";
        element("h2", join(page_.menu, " > "));
        if (!values_.notice.empty()) message("notice", "status", values_.notice);
        for (auto const& problem : values_.problems) message("problem", "alert", problem);
        for (auto const& table : page_.tables) draw(table);
        for (auto const& form : page_.forms) {
            bool const in_state = form.needs_state.empty() || std::ranges::find(form.needs_state, values_.state) != form.needs_state.end();
            bool const fits = in_state && std::ranges::find(values_.unavailable, form.id) == values_.unavailable.end();
            if (fits && form.software.holds(values_.software)) draw(form);
        }
        out_ += "</main>\n</body>\n</html>\n";
        return std::move(out_);
    }

private:
    void element(std::string_view name, std::string_view text) {
        out_ += '<';
        out_ += name;
        out_ += '>' + escape_markup(text) + "</";
        out_ += name;
        out_ += ">\n";
    }

    void attribute(std::string_view name, std::string_view value) {
        out_ += ' ';
        out_ += name;
        out_ += "=\"" + escape_markup(value) + '"';
    }

    void message(std::string_view kind, std::string_view role, std::string_view text) {
        out_ += "<p";
        attribute("class", kind);
        attribute("role", role);
        out_ += '>' + escape_markup(text) + "</p>\n";
    }

    void head() {
        out_ += "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n";
        element("title", page_.title + " - " + (values_.system_name.empty() ? family_.name : values_.system_name));
        out_ += "<style>";
        out_ += k_style;
        out_ += "</style>\n</head>\n<body>\n<header>\n";
        element("h1", values_.system_name.empty() ? family_.name : values_.system_name);
        if (!values_.banner.empty()) message("banner", "alert", values_.banner);
        for (auto const& alarm : values_.alarms) message("alarm", "status", alarm);
        out_ += "</header>\n";
    }

    void navigation() {
        out_ += "<nav aria-label=\"Menu\">\n<ul>\n";
        for (auto const& page : family_.pages) {
            if (!family::has_feature_key(page.needs_feature_key, values_.feature_keys) || !page.software.holds(values_.software)) continue;
            out_ += "<li><a";
            attribute("href", page.path);
            if (&page == &page_) attribute("aria-current", "page");
            out_ += '>' + escape_markup(join(page.menu, " > ")) + "</a></li>\n";
        }
        out_ += "</ul>\n</nav>\n";
    }

    void draw(family::PageTable const& table) {
        out_ += "<table";
        attribute("id", table.id);
        out_ += ">\n";
        element("caption", table.title);
        out_ += "<thead><tr>";
        for (auto const& column : table.columns) out_ += "<th scope=\"col\">" + escape_markup(column.title) + "</th>";
        out_ += "</tr></thead>\n<tbody>\n";
        if (auto const rows = values_.tables.find(table.id); rows != values_.tables.end())
            for (auto const& row : rows->second) draw_row(table, row);
        out_ += "</tbody>\n</table>\n";
    }

    void draw_row(family::PageTable const& table, std::map<std::string, std::string> const& row) {
        out_ += "<tr>";
        for (auto const& column : table.columns) {
            auto const cell = row.find(column.fact);
            auto const text = cell == row.end() ? std::string_view() : std::string_view(cell->second);
            // Text of several lines (a request) is copied from here: its line ends must stay.
            out_ += text.contains('\n') ? "<td class=\"text\">" : "<td>";
            out_ += escape_markup(text) + "</td>";
        }
        out_ += "</tr>\n";
    }

    void draw(family::Form const& form) {
        out_ += "<form";
        attribute("id", form.id);
        attribute("method", "post");
        attribute("action", form.target);
        if (form.multipart) attribute("enctype", "multipart/form-data");
        out_ += ">\n";
        element("h3", form.title);
        for (auto const& [name, value] : values_.hidden) {
            out_ += "<input type=\"hidden\"";
            attribute("name", name);
            attribute("value", value);
            out_ += ">\n";
        }
        form_ = &form;
        if (form.columns.empty())
            draw_lines(form);
        else
            draw_grid(form);
        form_ = nullptr;
        out_ += "<p><button type=\"submit\"";
        if (!form.submit_name.empty()) {
            attribute("name", form.submit_name);
            attribute("value", form.submit_label);
        }
        out_ += '>' + escape_markup(form.submit_label) + "</button></p>\n</form>\n";
    }

    void draw_lines(family::Form const& form) {
        for (auto const& field : form.fields) {
            if (!offered(field)) continue;
            auto const id = form.id + "-" + field.name;
            out_ += "<p><label";
            attribute("for", id);
            out_ += '>' + escape_markup(field.label) + "</label> ";
            draw(field, id);
            out_ += "</p>\n";
        }
    }

    void draw_grid(family::Form const& form) {
        out_ += "<table>\n<thead><tr>";
        for (auto const& column : form.columns) out_ += "<th scope=\"col\">" + escape_markup(column) + "</th>";
        out_ += "</tr></thead>\n<tbody>\n";
        std::string_view row;
        int column = -1;
        bool open = false;
        for (auto const& field : form.fields) {
            if (!offered(field)) continue;
            if (!open || field.row != row) {
                if (open) out_ += "</td></tr>\n";
                out_ += "<tr><th scope=\"row\">" + escape_markup(field.row) + "</th><td>";
                row = field.row;
                column = 0;
                open = true;
            }
            for (; column < field.column; ++column) out_ += "</td><td>";
            draw(field, form.id + "-" + field.name);
        }
        if (open) out_ += "</td></tr>\n";
        out_ += "</tbody>\n</table>\n";
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

    void draw(family::Field const& field, std::string_view id) {
        auto const* setting = family_.find_canonical(field.setting);
        if (field.kind == family::FieldKind::select) {
            draw_select(field, setting, id);
            return;
        }
        if (field.kind == family::FieldKind::textarea) {
            out_ += "<textarea";
            attribute("id", id);
            attribute("name", field.name);
            attribute("aria-label", field.label);
            out_ += '>' + escape_markup(value_of(field)) + "</textarea>";
            return;
        }
        constexpr std::string_view k_types[] = {"checkbox", "text", "file", "select", "password"};
        out_ += "<input";
        attribute("type", k_types[static_cast<int>(field.kind)]);
        attribute("id", id);
        attribute("name", field.name);
        attribute("aria-label", field.label);
        auto const value = value_of(field);
        if (field.kind == family::FieldKind::checkbox && (setting != nullptr ? setting->to_canonical(value) : value) == "on")
            out_ += " checked";
        // Passwords are never shown: an empty field that is sent back means "as it was".
        if (field.kind == family::FieldKind::text) attribute("value", value);
        if (field.kind == family::FieldKind::password) attribute("autocomplete", "new-password");
        out_ += '>';
    }

    void draw_select(family::Field const& field, family::Setting const* setting, std::string_view id) {
        out_ += "<select";
        attribute("id", id);
        attribute("name", field.name);
        attribute("aria-label", field.label);
        out_ += '>';
        auto const value = value_of(field);
        for (auto const& option : field.options) out_ += "<option>" + escape_markup(option) + "</option>";
        if (auto const known = values_.choices.find(field.role); known != values_.choices.end() && field.options.empty())
            for (auto const& [chosen, words] : known->second) {
                out_ += "<option";
                attribute("value", chosen);
                if (chosen == value) out_ += " selected";
                out_ += '>' + escape_markup(words) + "</option>";
            }
        if (setting != nullptr)
            for (auto const& choice : setting->space.choices) {
                out_ += "<option";
                if (choice.text == value) out_ += " selected";
                out_ += '>' + escape_markup(choice.text) + "</option>";
            }
        out_ += "</select>";
    }

    family::Family const& family_;
    family::Page const& page_;
    PageValues const& values_;
    family::Form const* form_ = nullptr;  ///< whose fields are drawn
    std::string out_;
};

}  // namespace

std::string render_page(family::Family const& family, family::Page const& page, PageValues const& values) {
    return PageWriter(family, page, values).write();
}

}  // namespace countersign::dialect::web
