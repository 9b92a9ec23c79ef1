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
    std::string text(about.text.empty() ? about.title : about.text);
    std::string rest;
    for (auto const& [name, value] : parameters_) {
        std::string place = "{" + name + "}";
        bool used = false;
        for (auto at = text.find(place); at != std::string::npos; at = text.find(place, at + value.size())) {
            text.replace(at, place.size(), value);
            used = true;
        }
        if (!used && !value.empty()) rest += (rest.empty() ? "" : ", ") + name + " " + value;
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
