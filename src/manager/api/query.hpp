#pragma once

/// The part of a request behind the question mark, read like a body: everything that is wrong is said at once, also names that no
/// operation has. A filter with a typing mistake must not look like a filter that finds everything.

#include "base/error.hpp"
#include "base/text.hpp"
#include "net/http/message.hpp"

#include "countersign/errors/gen.hpp"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace countersign::manager::api {

class Query {
public:
    explicit Query(net::http::Request const& request) : fields_(request.query) {}

    /// Absent: nothing. Empty is a value.
    std::optional<std::string> text(std::string const& field, std::size_t longest = 255) {
        taken_.insert(field);
        auto found = fields_.find(field);
        if (found == fields_.end()) return std::nullopt;
        if (found->second.size() <= longest && is_utf8(found->second)) return found->second;
        problem(field, "it may have " + std::to_string(longest) + " bytes of UTF-8 at most");
        return std::nullopt;
    }
    std::optional<std::int64_t> number(std::string const& field, std::int64_t least, std::int64_t most) {
        auto given = text(field);
        if (!given || given->empty()) return std::nullopt;
        auto value = parse_number<std::int64_t>(*given);
        if (value && *value >= least && *value <= most) return value;
        problem(field, "a whole number from " + std::to_string(least) + " to " + std::to_string(most) + " is expected");
        return std::nullopt;
    }
    std::optional<bool> boolean(std::string const& field) {
        auto given = text(field);
        if (!given || given->empty()) return std::nullopt;
        if (*given == "true" || *given == "false") return *given == "true";
        problem(field, "true or false is expected");
        return std::nullopt;
    }
    /// One of the words that `parse` knows; `expected` says which those are.
    template <class Parse>
    auto choice(std::string const& field, Parse parse, std::string_view expected) -> decltype(parse(std::string_view())) {
        auto given = text(field);
        if (!given || given->empty()) return std::nullopt;
        auto value = parse(std::string_view(*given));
        if (!value) problem(field, std::string(expected) + " is expected");
        return value;
    }
    /// Pages: how many at most.
    std::size_t limit() { return static_cast<std::size_t>(number("limit", 1, 1000).value_or(100)); }
    void problem(std::string_view field, std::string_view detail) {
        problems_.push_back(Error(errors::gen::invalid_input, {{"field", field}, {"detail", detail}}));
    }
    /// GEN-001, or GEN-006 with all problems.
    Result<void> finish() {
        for (auto const& [name, value] : fields_)
            if (!taken_.contains(name)) problem(name, "there is no such filter");
        if (problems_.empty()) return {};
        if (problems_.size() == 1) return fail(problems_.front());
        Error all(errors::gen::several_problems);
        for (auto& one : problems_) all.because(std::move(one));
        return fail(std::move(all));
    }

private:
    std::map<std::string, std::string> fields_;
    std::set<std::string> taken_;
    std::vector<Error> problems_;
};

}  // namespace countersign::manager::api
