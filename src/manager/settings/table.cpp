#include "manager/settings/table.hpp"

#include "base/log.hpp"
#include "base/text.hpp"
#include "base/toml.hpp"

#include "countersign/embedded_catalogue.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <numeric>
#include <utility>

namespace countersign::manager {
namespace {

constexpr std::string_view k_file = "settings.manager.toml";

[[noreturn]] void give_up(std::string_view name, std::string_view detail) {
    log::error("settings.table_broken", {{"setting", name}, {"detail", detail}});
    std::abort();
}

SettingType type_of(std::string_view name, std::string_view text) {
    static constexpr std::array<std::pair<std::string_view, SettingType>, 8> types{{{"text", SettingType::text},
                                                                                    {"list", SettingType::list},
                                                                                    {"number", SettingType::number},
                                                                                    {"boolean", SettingType::boolean},
                                                                                    {"choice", SettingType::choice},
                                                                                    {"file", SettingType::file},
                                                                                    {"folder", SettingType::folder},
                                                                                    {"output", SettingType::output}}};
    auto const* const found = std::ranges::find(types, text, &std::pair<std::string_view, SettingType>::first);
    if (found == types.end()) give_up(name, "its type is not known");
    return found->second;
}

SettingValue value_of(SettingType type, toml::node_view<toml::node const> node) {
    if (type == SettingType::number) return node.value_or(std::int64_t{0});
    if (type == SettingType::boolean) return node.value_or(false);
    if (type != SettingType::list) return node.value_or(std::string());
    std::vector<std::string> out;
    if (auto const* all = node.as_array())
        for (auto const& one : *all) out.push_back(one.value_or(std::string()));
    return out;
}

SettingRow row_of(std::string name, toml::table const& fields) {
    SettingRow row{.name = std::move(name)};
    row.option = replace_all(replace_all(row.name, "_", "-"), ".", "-");
    row.type = type_of(row.name, fields["type"].value_or(std::string_view()));
    row.unit = fields["unit"].value_or(std::string());
    row.help = fields["help"].value_or(std::string());
    row.fallback = value_of(row.type, fields["default"]);
    row.example = value_of(row.type, fields["example"]);
    row.minimum = fields["minimum"].value_or(std::int64_t{0});
    row.maximum = fields["maximum"].value_or(std::int64_t{0});
    row.choices = std::get<std::vector<std::string>>(value_of(SettingType::list, fields["choices"]));
    row.required = fields["required"].value_or(false);
    row.reload = fields["reload"].value_or(false);
    if (row.help.empty() || row.example == row.fallback) give_up(row.name, "help or example is missing");
    return row;
}

/// A table with a type is a setting; one without holds settings.
void collect(std::vector<std::pair<std::size_t, SettingRow>>& out, std::string const& prefix, toml::table const& table) {
    for (auto const& [key, node] : table) {
        auto const* const inner = node.as_table();
        auto const name = prefix + std::string(key.str());
        if (inner == nullptr) give_up(name, "it stands outside a table");
        if (inner->contains("type"))
            out.emplace_back(inner->source().begin.line, row_of(name, *inner));
        else
            collect(out, name + ".", *inner);
    }
}

std::vector<SettingRow> load() {
    auto files = embedded::catalogue();
    auto const file = std::ranges::find(files, k_file, &embedded::File::name);
    if (file == files.end()) give_up(k_file, "it is not compiled in");
    std::vector<std::pair<std::size_t, SettingRow>> rows;
    collect(rows, "", toml::parse(file->text, k_file));
    std::ranges::sort(rows, {}, &std::pair<std::size_t, SettingRow>::first);
    std::vector<SettingRow> out;
    for (auto& [line, row] : rows) out.push_back(std::move(row));
    return out;
}

/// Levenshtein's distance.
std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 1; i <= a.size(); ++i) {
        auto diagonal = std::exchange(row[0], i);
        for (std::size_t j = 1; j <= b.size(); ++j) {
            auto const change = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
            diagonal = row[j];
            row[j] = std::min({row[j] + 1, row[j - 1] + 1, change});
        }
    }
    return row.back();
}

std::string quoted(std::string_view text) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string out = "\"";
    for (char const c : text) {
        auto const byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\')
            (out += '\\') += c;
        else if (byte < 0x20 || byte == 0x7f)
            ((out += "\\u00") += digits[byte >> 4]) += digits[byte & 15];
        else
            out += c;
    }
    return out + "\"";
}

}  // namespace

std::vector<SettingRow> const& setting_table() {
    static std::vector<SettingRow> const rows = load();
    return rows;
}

SettingRow const* find_setting(std::string_view name) {
    auto const& rows = setting_table();
    auto const found = std::ranges::find(rows, name, &SettingRow::name);
    return found == rows.end() ? nullptr : &*found;
}

std::string_view nearest_setting(std::string_view name) {
    constexpr std::size_t longest = 64;
    constexpr std::size_t share = 3;
    if (name.size() > longest) return {};
    std::string_view best;
    auto least = std::max<std::size_t>(2, name.size() / share) + 1;
    auto const lower = to_lower(name);
    for (auto const& row : setting_table()) {
        auto const here = distance(lower, row.name);
        if (here >= least) continue;
        least = here;
        best = row.name;
    }
    return best;
}

bool is_path(SettingType type) { return type == SettingType::file || type == SettingType::folder || type == SettingType::output; }

std::string to_toml(SettingValue const& value) {
    if (auto const* text = std::get_if<std::string>(&value)) return quoted(*text);
    if (auto const* number = std::get_if<std::int64_t>(&value)) return std::to_string(*number);
    if (auto const* flag = std::get_if<bool>(&value)) return *flag ? "true" : "false";
    std::vector<std::string> parts;
    for (auto const& one : std::get<std::vector<std::string>>(value)) parts.push_back(quoted(one));
    return "[" + join(parts, ", ") + "]";
}

}  // namespace countersign::manager
