#pragma once

/// An error is an id of the catalogue, the parameters that make it concrete, where it happened, and what caused it.
/// It is a value. Its text for people comes from the catalogue, in one place, for the API, the CLI and the pages.

#include "base/error_id.hpp"

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace countersign {

class Error {
public:
    struct Parameter {
        std::string name;
        std::string value;
        bool operator==(Parameter const&) const = default;
    };

    explicit Error(ErrorId id) : id_(id) {}
    Error(ErrorId id, std::initializer_list<std::pair<std::string_view, std::string_view>> parameters);

    [[nodiscard]] ErrorId id() const { return id_; }
    [[nodiscard]] ErrorEntry const& entry() const { return error_entry(id_); }
    [[nodiscard]] std::vector<Parameter> const& parameters() const { return parameters_; }
    /// The value of a parameter, or empty.
    [[nodiscard]] std::string_view parameter(std::string_view name) const;
    /// Field, file and line, peer or certificate index; outermost first ("system c1.example.test: field privkey").
    [[nodiscard]] std::string const& where() const { return where_; }
    [[nodiscard]] std::vector<Error> const& causes() const { return causes_; }

    Error& with(std::string_view name, std::string_view value);
    /// Prefixes the place, so that each layer adds what it knows.
    Error& at(std::string_view place);
    Error& because(Error cause);

    /// "CRT-014 where: text. (parameters the text did not use)". One line, no remedy.
    [[nodiscard]] std::string message() const;
    /// message(), the causes, and what to do. Several lines.
    [[nodiscard]] std::string explanation() const;

    /// Ids, parameters, places and causes are equal.
    bool operator==(Error const& other) const;

private:
    ErrorId id_;
    std::vector<Parameter> parameters_;
    std::string where_;
    std::vector<Error> causes_;
};

}  // namespace countersign
