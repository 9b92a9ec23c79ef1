/// Pages read: forms with their fields, tables, banners, links. Broken markup gives what could be read.

#include "base/text.hpp"
#include "dialect/html_tokens.hpp"
#include "dialect/web_form.hpp"

#include "countersign/errors/gen.hpp"

#include <algorithm>

namespace countersign::dialect::web {
namespace {

constexpr std::size_t k_max_page = 1024 * 1024;
constexpr std::size_t k_max_fields = 1000;
constexpr std::size_t k_max_cells = 10'000;
constexpr std::size_t k_max_links = 1000;
constexpr std::size_t k_max_captures = 16;

Failure refuse(std::string_view detail) { return fail(errors::gen::invalid_input, {{"field", "page"}, {"detail", detail}}); }

/// Runs of blanks become one blank, as a browser shows them.
std::string collapsed(std::string_view text) {
    std::string out;
    for (auto word : words(replace_all(replace_all(std::string(text), "\n", " "), "\r", " "))) {
        if (!out.empty()) out += ' ';
        out += word;
    }
    return out;
}

class PageReader {
public:
    Result<HtmlPage> read(std::string_view html) {
        HtmlTokens tokens(html);
        HtmlToken token;
        while (tokens.next(token)) {
            if (token.kind == HtmlToken::Kind::text) {
                for (auto& capture : captures_) capture.text += token.text;
            } else if (token.kind == HtmlToken::Kind::start) {
                start(token);
            } else {
                end(token.text);
            }
            if (fields_ > k_max_fields) return refuse("more than " + std::to_string(k_max_fields) + " fields");
            if (cells_ > k_max_cells) return refuse("more than " + std::to_string(k_max_cells) + " cells");
        }
        while (!captures_.empty()) finish_capture();
        for (auto const& [place, id] : ids_)
            if (auto const label = labels_.find(id); label != labels_.end()) field(place).label = label->second;
        return std::move(page_);
    }

private:
    enum class What { title, banner, alarm, notice, problem, cell, heading_cell, caption, label, option, button, textarea, link };
    struct Capture {
        What what;
        std::string tag;
        std::string text;
        std::string name;   ///< label: its `for`; link: its address
        bool flag = false;  ///< option: it is selected, or has a value of its own
    };
    struct Place {
        std::size_t form;
        std::size_t field;
    };

    HtmlField& field(Place place) { return page_.forms[place.form].fields[place.field]; }

    void capture(What what, HtmlToken const& token, std::string_view name = {}, bool flag = false) {
        if (captures_.size() < k_max_captures) captures_.push_back({what, token.text, {}, std::string(name), flag});
    }

    void start(HtmlToken const& token) {
        auto const& tag = token.text;
        auto const marked = token.attribute("class");
        if (marked == "banner")
            capture(What::banner, token);
        else if (marked == "alarm")
            capture(What::alarm, token);
        else if (marked == "notice")
            capture(What::notice, token);
        else if (marked == "problem")
            capture(What::problem, token);
        else if (tag == "title")
            capture(What::title, token);
        else if (tag == "form")
            start_form(token);
        else if (tag == "input")
            add_input(token);
        else if (tag == "select")
            add_field(token, InputKind::select);
        else if (tag == "textarea") {
            add_field(token, InputKind::text);
            capture(What::textarea, token);
        } else if (tag == "option") {
            close("option");
            capture(What::option, token, token.attribute("value"), token.has("selected"));
        } else if (tag == "button")
            start_button(token);
        else if (tag == "label")
            capture(What::label, token, token.attribute("for"));
        else if (tag == "a" && token.has("href"))
            capture(What::link, token, token.attribute("href"));
        else
            start_table_part(token);
    }

    void start_table_part(HtmlToken const& token) {
        auto const& tag = token.text;
        if (tag == "table") {
            page_.tables.push_back({std::string(token.attribute("id")), {}, {}, {}});
            table_depth_.push_back(page_.tables.size() - 1);
        } else if (table_depth_.empty()) {
            return;
        } else if (tag == "caption") {
            capture(What::caption, token);
        } else if (tag == "tr") {
            finish_row();
            row_open_ = true;
        } else if (tag == "td" || tag == "th") {
            close("td");
            close("th");
            ++cells_;
            capture(tag == "td" ? What::cell : What::heading_cell, token);
        }
    }

    void start_form(HtmlToken const& token) {
        HtmlForm form;
        form.id = token.attribute("id");
        form.action = token.attribute("action");
        form.multipart = iequals(token.attribute("enctype"), "multipart/form-data");
        page_.forms.push_back(std::move(form));
        in_form_ = true;
    }

    void add_input(HtmlToken const& token) {
        auto const type = to_lower(token.attribute("type"));
        if (type == "password")
            add_field(token, InputKind::password);
        else if (type == "checkbox")
            add_field(token, InputKind::checkbox);
        else if (type == "file")
            add_field(token, InputKind::file);
        else if (type == "hidden")
            add_field(token, InputKind::hidden);
        else if (type == "submit")
            add_field(token, InputKind::submit);
        else if (type != "button" && type != "reset" && type != "image" && type != "radio")
            add_field(token, InputKind::text);
    }

    void start_button(HtmlToken const& token) {
        auto const type = to_lower(token.attribute("type"));
        if (!type.empty() && type != "submit") return;
        add_field(token, InputKind::submit);
        capture(What::button, token);
    }

    void add_field(HtmlToken const& token, InputKind kind) {
        if (!in_form_) return;
        ++fields_;
        HtmlField field;
        field.name = token.attribute("name");
        field.kind = kind;
        field.label = token.attribute("aria-label");
        field.value = token.attribute("value");
        if (kind == InputKind::checkbox && !token.has("value")) field.value = "on";
        if (kind == InputKind::submit) field.label = field.value;
        field.checked = token.has("checked");
        auto& fields = page_.forms.back().fields;
        fields.push_back(std::move(field));
        Place const place{page_.forms.size() - 1, fields.size() - 1};
        if (token.has("id")) ids_.emplace_back(place, token.attribute("id"));
        // <label>Text <input></label> names the field that it holds.
        for (auto& open : captures_)
            if (open.what == What::label && open.name.empty()) {
                open.name = "\n" + std::to_string(ids_.size());
                ids_.emplace_back(place, open.name);
            }
    }

    void end(std::string_view tag) {
        if (tag == "select") close("option");
        if (tag == "form") in_form_ = false;
        if (tag == "tr" || tag == "table" || tag == "tbody" || tag == "thead") finish_row();
        if (tag == "table" && !table_depth_.empty()) table_depth_.pop_back();
        close(tag);
    }

    /// Ends the innermost capture of that tag, and those that were opened inside it and never closed.
    void close(std::string_view tag) {
        auto const found = std::ranges::find(captures_.rbegin(), captures_.rend(), tag, &Capture::tag);
        if (found == captures_.rend()) return;
        auto const keep = static_cast<std::size_t>(captures_.rend() - found) - 1;
        while (captures_.size() > keep) finish_capture();
    }

    void finish_row() {
        close("td");
        close("th");
        if (!row_open_ || table_depth_.empty() || row_.empty()) {
            row_open_ = false;
            row_.clear();
            row_is_heading_ = true;
            return;
        }
        auto& table = page_.tables[table_depth_.back()];
        if (row_is_heading_ && table.columns.empty())
            table.columns = std::move(row_);
        else
            table.rows.push_back(std::move(row_));
        row_.clear();
        row_is_heading_ = true;
        row_open_ = false;
    }

    void finish_capture() {
        auto capture = std::move(captures_.back());
        captures_.pop_back();
        auto text = collapsed(capture.text);
        auto* last = page_.forms.empty() || page_.forms.back().fields.empty() ? nullptr : &page_.forms.back().fields.back();
        switch (capture.what) {
            case What::title: page_.title = std::move(text); break;
            case What::banner: page_.banner = std::move(text); break;
            case What::alarm: page_.alarms.push_back(std::move(text)); break;
            case What::notice: page_.notice = std::move(text); break;
            case What::problem: page_.problems.push_back(std::move(text)); break;
            case What::cell: row_is_heading_ = false; [[fallthrough]];
            case What::heading_cell: row_.push_back(std::move(text)); break;
            case What::caption:
                if (!table_depth_.empty()) page_.tables[table_depth_.back()].caption = std::move(text);
                break;
            case What::label: labels_[capture.name] = std::move(text); break;
            case What::option:
                if (last == nullptr || last->kind != InputKind::select) break;
                if (!capture.name.empty()) text = capture.name;
                // Without a mark the first option is the chosen one.
                if (capture.flag || last->options.empty()) last->value = text;
                last->options.push_back(std::move(text));
                break;
            case What::button:
                if (last != nullptr && last->kind == InputKind::submit) last->label = std::move(text);
                break;
            case What::textarea:
                if (last != nullptr) last->value = capture.text;
                break;
            case What::link:
                if (page_.links.size() < k_max_links) page_.links.emplace_back(capture.name, std::move(text));
                break;
        }
    }

    HtmlPage page_;
    std::vector<Capture> captures_;
    std::vector<std::pair<Place, std::string>> ids_;
    std::map<std::string, std::string, std::less<>> labels_;
    std::vector<std::size_t> table_depth_;
    std::vector<std::string> row_;
    bool row_is_heading_ = true;
    bool row_open_ = false;
    bool in_form_ = false;
    std::size_t fields_ = 0;
    std::size_t cells_ = 0;
};

}  // namespace

HtmlField const* HtmlForm::find(std::string_view name) const {
    auto const found = std::ranges::find(fields, name, &HtmlField::name);
    return found == fields.end() ? nullptr : &*found;
}

std::vector<std::pair<std::string, std::string>> HtmlForm::submission(std::map<std::string, std::string> const& changes) const {
    std::vector<std::pair<std::string, std::string>> sent;
    bool pressed = false;
    for (auto const& field : fields) {
        auto const change = changes.find(field.name);
        bool const changed = change != changes.end();
        switch (field.kind) {
            case InputKind::file: continue;
            case InputKind::submit:
                if (!pressed && !field.name.empty()) sent.emplace_back(field.name, field.value);
                pressed = true;
                continue;
            case InputKind::checkbox:
                if (changed ? !change->second.empty() : field.checked) sent.emplace_back(field.name, field.value);
                continue;
            default: break;
        }
        if (!field.name.empty()) sent.emplace_back(field.name, changed ? change->second : field.value);
    }
    return sent;
}

std::optional<std::string_view> HtmlTable::cell(std::size_t row, std::string_view column) const {
    if (row >= rows.size()) return std::nullopt;
    for (std::size_t i = 0; i < columns.size() && i < rows[row].size(); ++i)
        if (iequals(columns[i], column)) return std::string_view(rows[row][i]);
    return std::nullopt;
}

HtmlForm const* HtmlPage::find_form(std::string_view id) const {
    auto const found = std::ranges::find(forms, id, &HtmlForm::id);
    return found == forms.end() ? nullptr : &*found;
}

HtmlTable const* HtmlPage::find_table(std::string_view id) const {
    auto const found = std::ranges::find(tables, id, &HtmlTable::id);
    return found == tables.end() ? nullptr : &*found;
}

Result<HtmlPage> parse_page(std::string_view html) {
    if (html.size() > k_max_page) return refuse("longer than " + std::to_string(k_max_page) + " bytes");
    if (!is_utf8(html)) return refuse("it is not UTF-8");
    return PageReader{}.read(html);
}

}  // namespace countersign::dialect::web
