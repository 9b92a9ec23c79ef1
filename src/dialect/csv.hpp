#pragma once

/// Lists as comma-separated values (RFC 4180), as people write them with a spreadsheet or an editor.
///
/// Beyond the RFC, because real files are so: LF alone ends a record as CRLF does; a byte order mark is passed over; empty lines are
/// passed over; the separator is the one of `,` `;` and tab that the first line has most of (a spreadsheet takes that of its language).
/// Everything else is refused, with the line: text that is no UTF-8, a quote inside an unquoted field, text behind a closing quote, a
/// quoted field that does not end, a record with another number of fields than the header.
///
/// Fields are never interpreted here. When written they are not changed either: a field that begins with `=` stays so.

#include "base/result.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace countersign::dialect::csv {

struct Limits {
    std::size_t bytes = 32UL * 1024 * 1024;
    std::size_t records = 200'000;
    std::size_t fields = 100;         ///< in one record
    std::size_t field_bytes = 4'096;  ///< of one field
    std::size_t problems = 100;       ///< further ones are not told
};

struct Record {
    std::size_t line = 0;  ///< where it begins, from 1
    std::vector<std::string> fields;
    bool operator==(Record const&) const = default;
};

struct Table {
    std::vector<std::string> header;  ///< trimmed, in lower case, blanks as '_': "Dial string" is "dial_string"
    std::vector<Record> records;      ///< each with as many fields as the header
    [[nodiscard]] std::optional<std::size_t> column(std::string_view name) const;
};

/// All records as they stand. MGR-080.
Result<std::vector<Record>> parse(std::string_view text, Limits const& limits = {});
/// The first record is the header. MGR-080; several problems: GEN-006 with each as a cause.
Result<Table> parse_table(std::string_view text, Limits const& limits = {});
/// With commas and CRLF; fields are quoted where they must be.
std::string write(std::vector<std::vector<std::string>> const& records);

}  // namespace countersign::dialect::csv
