#pragma once

/// Names of everything that can go wrong. The values are generated from catalogue/errors.toml, one header per
/// area (`countersign/errors/crt.hpp`), so that code includes only the areas it uses. An id is never reused.

#include <cstdint>
#include <span>
#include <string_view>

namespace countersign {

/// One entry of catalogue/errors.toml. Area index * 1000 + number.
enum class ErrorId : std::uint16_t {};

/// What the catalogue says about an id. All views live as long as the program.
struct ErrorEntry {
    ErrorId id;
    std::string_view code;   ///< "CRT-014"
    std::string_view name;   ///< "key_does_not_match_certificate"
    std::string_view title;  ///< one short sentence without its full stop
    std::string_view text;   ///< optional template with {parameter} places; empty: the title is used
    std::string_view cause;
    std::string_view remedy;
    int http_status;
    int exit_code;
};

/// All entries, ordered by id.
std::span<ErrorEntry const> error_entries();

/// The entry of `id`. Aborts on an id that is not in the catalogue: ids come only from generated constants.
ErrorEntry const& error_entry(ErrorId id);

/// Finds by code ("CRT-014", any case) or by name. Null when there is none.
ErrorEntry const* find_error_entry(std::string_view code_or_name);

}  // namespace countersign
