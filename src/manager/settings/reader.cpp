#include "manager/settings/reader.hpp"

#include "base/text.hpp"
#include "base/toml.hpp"
#include "base/toml_guard.hpp"
#include "host/files.hpp"

#include "countersign/errors/set.hpp"

#include <algorithm>

namespace countersign::manager {
namespace {

std::string wanted_type(SettingRow const& row) {
    switch (row.type) {
        case SettingType::number: return "a number";
        case SettingType::boolean: return "true or false";
        case SettingType::list: return "a list of texts";
        case SettingType::text:
        case SettingType::choice:
        case SettingType::file:
        case SettingType::folder:
        case SettingType::output: break;
    }
    return "a text in quotes";
}

/// What is wrong with a value of the right type; empty: nothing.
std::string out_of_bounds(SettingRow const& row, SettingValue const& value) {
    constexpr std::size_t longest = 4096;
    if (auto const* number = std::get_if<std::int64_t>(&value)) {
        if (*number < row.minimum || *number > row.maximum)
            return "it must be from " + std::to_string(row.minimum) + " to " + std::to_string(row.maximum) +
                   (row.unit.empty() ? "" : " " + row.unit);
    }
    auto const* text = std::get_if<std::string>(&value);
    if (text != nullptr && row.type == SettingType::choice && std::ranges::find(row.choices, *text) == row.choices.end())
        return "it must be one of " + join(row.choices, ", ");
    auto const good = [](std::string const& one) { return one.size() <= longest && one.find('\0') == std::string::npos && is_utf8(one); };
    auto const* list = std::get_if<std::vector<std::string>>(&value);
    if ((text != nullptr && !good(*text)) || (list != nullptr && !std::ranges::all_of(*list, good)))
        return "it is longer than 4096 bytes, or no text";
    return {};
}

class Reading {
public:
    explicit Reading(std::filesystem::path file) : file_(std::move(file)) {
        for (auto const& row : setting_table()) out_.values[row.name] = {row.fallback, "default", false};
    }

    void read_file() {
        auto text = host::read_file(file_, k_settings_file_limit);
        if (!text) return out_.problems.push_back(std::move(text).error());
        if (auto const line = find_fatal_toml(*text)) return broken(*line, "a character stands where none may");
        try {
            walk("", toml::parse(*text, std::string_view("settings")));
        } catch (toml::parse_error const& error) {
            broken(error.source().begin.line, error.description());
        }
    }

    void read_option(std::string const& name, std::vector<std::string> const& words) {
        auto const* const row = find_setting(name);
        if (row == nullptr || words.empty()) return;
        auto const place = "option --" + row->option;
        if (row->type == SettingType::list) return keep(*row, words, place);
        auto const& word = words.back();
        if (row->type == SettingType::boolean) return keep(*row, word == "true", place);
        if (row->type != SettingType::number) return keep(*row, word, place);
        if (auto const number = parse_number<std::int64_t>(word))
            keep(*row, *number, place);
        else
            bad(*row, wanted_type(*row) + " is expected", place);
    }

    SettingsRead finish() {
        for (auto const& row : setting_table()) {
            auto const& one = out_.values.at(row.name);
            bool const empty = std::holds_alternative<std::string>(one.value) && std::get<std::string>(one.value).empty();
            if (row.required && empty && !refused_.contains(row.name))
                out_.problems.emplace_back(
                    errors::set::missing_setting,
                    std::initializer_list<std::pair<std::string_view, std::string_view>>{{"name", row.name}, {"option", row.option}});
        }
        return std::move(out_);
    }

private:
    [[nodiscard]] std::string place(std::size_t line) const { return file_.string() + " line " + std::to_string(line); }

    void broken(std::size_t line, std::string_view detail) {
        Error error(errors::set::broken_file, {{"detail", detail}});
        out_.problems.push_back(error.at(place(line)));
    }
    void bad(SettingRow const& row, std::string_view detail, std::string_view where) {
        refused_.emplace(row.name, true);
        Error error(errors::set::bad_value, {{"name", row.name}, {"detail", detail}});
        out_.problems.push_back(error.at(where));
    }
    void keep(SettingRow const& row, SettingValue value, std::string const& where) {
        if (auto const detail = out_of_bounds(row, value); !detail.empty()) return bad(row, detail, where);
        out_.values[row.name] = {std::move(value), where, true};
    }

    void walk(std::string const& prefix, toml::table const& table) {
        for (auto const& [key, node] : table) {
            auto const name = prefix + std::string(key.str());
            auto const line = key.source().begin.line;
            if (auto const* const row = find_setting(name))
                read(*row, node, line);
            else if (node.is_table() && !node.as_table()->empty())
                walk(name + ".", *node.as_table());
            else
                unknown(name, line);
        }
    }
    void unknown(std::string const& name, std::size_t line) {
        auto const nearest = nearest_setting(name);
        auto const hint = nearest.empty() ? std::string("no known name is like it") : "did you mean " + std::string(nearest) + "?";
        constexpr std::size_t shown = 80;
        Error error(errors::set::unknown_setting, {{"name", name.substr(0, shown)}, {"hint", hint}});
        out_.problems.push_back(error.at(place(line)));
    }
    void read(SettingRow const& row, toml::node const& node, std::size_t line) {
        auto const where = place(line);
        switch (row.type) {
            case SettingType::number:
                if (auto const* number = node.as_integer()) return keep(row, number->get(), where);
                break;
            case SettingType::boolean:
                if (auto const* flag = node.as_boolean()) return keep(row, flag->get(), where);
                break;
            case SettingType::list:
                if (auto const* all = node.as_array()) {
                    std::vector<std::string> texts;
                    for (auto const& one : *all)
                        if (auto const* text = one.as_string()) texts.push_back(text->get());
                    if (texts.size() == all->size()) return keep(row, std::move(texts), where);
                }
                break;
            case SettingType::text:
            case SettingType::choice:
            case SettingType::file:
            case SettingType::folder:
            case SettingType::output:
                if (auto const* text = node.as_string()) {
                    auto value = text->get();
                    if (is_path(row.type) && !value.empty()) value = (std::filesystem::absolute(file_).parent_path() / value).string();
                    return keep(row, std::move(value), where);
                }
                break;
        }
        bad(row, wanted_type(row) + " is expected", where);
    }

    std::filesystem::path file_;
    SettingsRead out_;
    std::map<std::string, bool, std::less<>> refused_;
};

}  // namespace

SettingsRead read_settings(std::filesystem::path const& file, GivenOptions const& options) {
    Reading reading(file);
    if (!file.empty()) reading.read_file();
    for (auto const& [name, words] : options) reading.read_option(name, words);
    return reading.finish();
}

std::string print_settings(SettingsRead const& read) {
    std::string out;
    std::string table;
    for (auto const& row : setting_table()) {
        auto const dot = row.name.find('.');
        auto const here = dot == std::string::npos ? std::string() : row.name.substr(0, dot);
        if (here != table) out += "\n[" + here + "]\n";
        table = here;
        auto const& one = read.values.at(row.name);
        auto const name = dot == std::string::npos ? row.name : row.name.substr(dot + 1);
        // What is required and was not said has no value that could be read again.
        bool const missing = row.required && !one.given;
        out += (missing ? "# " : "") + name + " = " + to_toml(one.value) + "  # " + (missing ? "missing" : one.origin) + "\n";
    }
    return out;
}

}  // namespace countersign::manager
