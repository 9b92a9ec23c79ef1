#include "base/error.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <cstdlib>

namespace countersign {

ErrorEntry const& error_entry(ErrorId id) {
    auto entries = error_entries();
    auto found = std::ranges::lower_bound(entries, id, {}, &ErrorEntry::id);
    if (found == entries.end() || found->id != id) std::abort();
    return *found;
}

ErrorEntry const* find_error_entry(std::string_view code_or_name) {
    for (auto const& entry : error_entries()) {
        if (iequals(entry.code, code_or_name) || iequals(entry.name, code_or_name)) return &entry;
    }
    return nullptr;
}

Error::Error(ErrorId id, std::initializer_list<std::pair<std::string_view, std::string_view>> parameters) : id_(id) {
    for (auto const& [name, value] : parameters) with(name, value);
}

std::string_view Error::parameter(std::string_view name) const {
    auto found = std::ranges::find(parameters_, name, &Parameter::name);
    return found == parameters_.end() ? std::string_view() : std::string_view(found->value);
}

Error& Error::with(std::string_view name, std::string_view value) {
    auto found = std::ranges::find(parameters_, name, &Parameter::name);
    if (found != parameters_.end()) {
        found->value = value;
    } else {
        parameters_.push_back({std::string(name), std::string(value)});
    }
    return *this;
}

Error& Error::at(std::string_view place) {
    where_ = where_.empty() ? std::string(place) : std::string(place) + ": " + where_;
    return *this;
}

Error& Error::because(Error cause) {
    causes_.push_back(std::move(cause));
    return *this;
}

std::string Error::message() const {
    auto const& about = entry();
    auto pattern = about.text.empty() ? about.title : about.text;
    std::vector<bool> used(parameters_.size(), false);
    // One pass over the template: a value that itself looks like a {place} comes from outside and stays as it is.
    std::string text;
    while (!pattern.empty()) {
        auto open = pattern.find('{');
        text += pattern.substr(0, open);
        if (open == std::string_view::npos) break;
        pattern.remove_prefix(open);
        auto close = pattern.find('}');
        auto name = close == std::string_view::npos ? std::string_view() : pattern.substr(1, close - 1);
        auto found = std::ranges::find(parameters_, name, &Parameter::name);
        if (found == parameters_.end()) {
            text += pattern.front();
            pattern.remove_prefix(1);
            continue;
        }
        text += found->value;
        used[static_cast<std::size_t>(found - parameters_.begin())] = true;
        pattern.remove_prefix(close + 1);
    }
    std::string rest;
    for (std::size_t i = 0; i < parameters_.size(); ++i) {
        auto const& [name, value] = parameters_[i];
        if (!used[i] && !value.empty()) rest += (rest.empty() ? "" : ", ") + name + " " + value;
    }
    std::string out(about.code);
    if (!where_.empty()) out += " " + where_;
    out += ": " + text;
    if (!rest.empty()) out += " (" + rest + ")";
    if (out.back() != '.') out += '.';
    return out;
}

std::string Error::explanation() const {
    std::string out = message();
    for (auto const& cause : causes_) out += "\n  because " + cause.message();
    out += "\n  What to do: " + std::string(entry().remedy);
    return out;
}

bool Error::operator==(Error const& other) const {
    return id_ == other.id_ && where_ == other.where_ && parameters_ == other.parameters_ && causes_ == other.causes_;
}

}  // namespace countersign
