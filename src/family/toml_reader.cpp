#include "family/toml_reader.hpp"

#include "base/text.hpp"
#include "family/problems.hpp"

#include "countersign/errors/fam.hpp"
#include "countersign/errors/gen.hpp"

#include <algorithm>

namespace countersign::family {

Error all_of(std::vector<Error> problems) {
    if (problems.size() == 1) return std::move(problems.front());
    Error all(errors::gen::several_problems);
    for (auto& problem : problems) all.because(std::move(problem));
    return all;
}

void Problems::add(std::size_t line, std::string_view detail) { found_.emplace_back(line, detail); }

std::vector<Error> Problems::take() {
    std::ranges::sort(found_);
    std::vector<Error> errors;
    for (auto const& [line, detail] : found_) {
        Error error(errors::fam::invalid_family_file);
        error.with("file", file_).with("line", std::to_string(line)).with("detail", detail);
        errors.push_back(std::move(error));
    }
    return errors;
}

std::size_t TableReader::line_of(std::string_view key) const {
    auto const* found = table_.get(key);
    return found != nullptr && found->source().begin.line != 0 ? found->source().begin.line : line();
}

void TableReader::problem(std::string_view key, std::string_view detail) {
    problems_.add(line_of(key), what_ + "." + std::string(key) + ": " + std::string(detail));
}

toml::node const* TableReader::node(std::string_view key, Need need) {
    read_.emplace(key);
    auto const* found = table_.get(key);
    if (found == nullptr && need == Need::required) problem(key, "is missing");
    return found;
}

std::string TableReader::text(std::string_view key, Need need) {
    auto const* found = node(key, need);
    if (found == nullptr) return {};
    auto const value = found->value_exact<std::string>();
    if (!value) problem(key, "must be a text");
    return value.value_or("");
}

std::string TableReader::one_of(std::string_view key, std::span<std::string_view const> allowed, Need need) {
    auto value = text(key, need);
    if (value.empty() && need == Need::optional) return value;
    if (std::ranges::find(allowed, value) != allowed.end() || !has(key)) return value;
    std::vector<std::string> names(allowed.begin(), allowed.end());
    problem(key, "\"" + value + "\" is not one of " + join(names, ", "));
    return value;
}

bool TableReader::flag(std::string_view key, bool fallback) {
    auto const* found = node(key, Need::optional);
    if (found == nullptr) return fallback;
    auto const value = found->value_exact<bool>();
    if (!value) problem(key, "must be true or false");
    return value.value_or(fallback);
}

std::int64_t TableReader::integer(std::string_view key, std::int64_t fallback, std::int64_t minimum, std::int64_t maximum) {
    auto const* found = node(key, Need::optional);
    if (found == nullptr) return fallback;
    auto const value = found->value_exact<std::int64_t>();
    if (!value || *value < minimum || *value > maximum) {
        problem(key, "must be a number from " + std::to_string(minimum) + " to " + std::to_string(maximum));
        return fallback;
    }
    return *value;
}

std::vector<std::string> TableReader::texts(std::string_view key, Need need) {
    std::vector<std::string> result;
    auto const* found = node(key, need);
    if (found == nullptr) return result;
    auto const* array = found->as_array();
    if (array == nullptr) {
        problem(key, "must be a list of texts");
        return result;
    }
    for (auto const& element : *array) {
        if (auto const value = element.value_exact<std::string>())
            result.push_back(*value);
        else
            problems_.add(element.source().begin.line, what_ + "." + std::string(key) + ": must be a list of texts");
    }
    return result;
}

Level TableReader::level(std::string_view key, Level fallback, Need need) {
    if (node(key, need) == nullptr) return fallback;
    return static_cast<Level>(integer(key, to_int(fallback), 1, 4));
}

std::pair<std::int64_t, std::int64_t> TableReader::range(std::string_view key, Need need) {
    auto const* found = node(key, need);
    if (found == nullptr) return {0, 0};
    auto const* array = found->as_array();
    if (array != nullptr && array->size() == 2) {
        auto const low = array->get(0)->value_exact<std::int64_t>();
        auto const high = array->get(1)->value_exact<std::int64_t>();
        if (low && high && *low <= *high) return {*low, *high};
    }
    problem(key, "must be [smallest, largest]");
    return {0, 0};
}

std::vector<toml::table const*> TableReader::tables(std::string_view key) {
    std::vector<toml::table const*> result;
    auto const* found = node(key, Need::optional);
    if (found == nullptr) return result;
    auto const* array = found->as_array();
    if (array == nullptr) {
        problem(key, "must be a list of tables");
        return result;
    }
    for (auto const& element : *array) {
        if (auto const* inner = element.as_table())
            result.push_back(inner);
        else
            problems_.add(element.source().begin.line, what_ + "." + std::string(key) + ": must be a list of tables");
    }
    return result;
}

toml::table const* TableReader::table(std::string_view key, Need need) {
    auto const* found = node(key, need);
    if (found == nullptr) return nullptr;
    if (found->as_table() == nullptr) problem(key, "must be a table");
    return found->as_table();
}

void TableReader::finish() {
    for (auto const& [key, value] : table_) {
        if (read_.contains(key.str())) continue;
        problems_.add(key.source().begin.line, what_ + ": there is no key \"" + std::string(key.str()) + "\"");
    }
}

}  // namespace countersign::family
