#include "manager/store/system_query.hpp"

#include "base/text.hpp"
#include "manager/store/backing.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>

namespace countersign::manager::store {
namespace {

/// The index of text parts holds every three letters that follow each other: shorter words are not found by it.
constexpr std::size_t k_shortest_indexed = 3;

/// Letters, not bytes.
std::size_t length_of(std::string_view word) {
    return static_cast<std::size_t>(std::ranges::count_if(word, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

/// A folder with all below it.
constexpr std::string_view k_below =
    "(WITH RECURSIVE below (id) AS (SELECT CAST(? AS INTEGER) UNION ALL SELECT folders.id FROM folders JOIN below ON folders.parent = "
    "below.id) "
    "SELECT id FROM below)";
constexpr std::string_view k_word_test =
    R"((systems.name LIKE ? ESCAPE '\' OR systems.host_name LIKE ? ESCAPE '\' OR systems.address LIKE ? ESCAPE '\')"
    R"( OR systems.serial_number LIKE ? ESCAPE '\' OR systems.mac_address LIKE ? ESCAPE '\' OR systems.family LIKE ? ESCAPE '\')"
    R"( OR systems.software LIKE ? ESCAPE '\' OR +systems.folder IN (SELECT id FROM folders WHERE path LIKE ? ESCAPE '\')))";
constexpr std::size_t k_word_values = 8;
constexpr std::string_view k_word_in_folder =
    R"( UNION ALL SELECT id FROM systems WHERE folder IN (SELECT id FROM folders WHERE path LIKE ? ESCAPE '\'))";
constexpr std::string_view k_with_ticket = "SELECT DISTINCT system AS id FROM tickets WHERE state = 'open' AND system IS NOT NULL";

Restriction word_of(Engine engine, std::string_view word) {
    auto const pattern = value("%" + escape_like(word) + "%");
    Restriction out{
        .test = std::string(k_word_test), .test_values = std::vector<Value>(k_word_values, pattern), .ids = {}, .ids_values = {}};
    if (length_of(word) < k_shortest_indexed) return out;
    auto search = text_search(engine, "systems_text", word);
    out.ids = search.sql + std::string(k_word_in_folder);
    out.ids_values = {std::move(search.value), pattern};
    return out;
}

Restriction column_is(std::string_view column, Value wanted, std::string_view comparison = "=") {
    auto const rest = std::string(column) + " " + std::string(comparison) + " ?";
    return {.test = "+systems." + rest, .test_values = {wanted}, .ids = "SELECT id FROM systems WHERE " + rest, .ids_values = {wanted}};
}

}  // namespace

Query& Query::add(std::string_view sql, std::vector<Value> values) {
    std::size_t next = 0;
    for (char c : sql) {
        if (c == '?') {
            sql_ += ":v" + std::to_string(values_.size());
            values_.push_back(std::move(values.at(next++)));
        } else {
            sql_ += c;
        }
    }
    return *this;
}

TextSearch text_search(Engine engine, std::string_view table, std::string_view word) {
    auto const name = std::string(table);
    if (engine == Engine::postgresql)
        return {"SELECT rowid AS id FROM " + name + R"( WHERE words LIKE ? ESCAPE '\')", value("%" + escape_like(word) + "%")};
    return {"SELECT rowid AS id FROM " + name + " WHERE " + name + " MATCH ?",
            value('"' + replace_all(std::string(word), "\"", "\"\"") + '"')};
}

std::vector<Restriction> restrictions_of(Engine engine, SystemFilter const& filter) {
    std::vector<Restriction> out;
    for (auto word : words(filter.text)) out.push_back(word_of(engine, word));
    if (filter.level) out.push_back(column_is("level", value(std::int64_t{*filter.level})));
    if (!filter.family.empty()) out.push_back(column_is("family", value(filter.family)));
    if (filter.folder && *filter.folder != k_root_folder)
        out.push_back({.test = "+systems.folder IN " + std::string(k_below),
                       .test_values = {value(*filter.folder)},
                       .ids = "SELECT id FROM systems WHERE folder IN " + std::string(k_below),
                       .ids_values = {value(*filter.folder)}});
    if (filter.reachability) out.push_back(column_is("reachability", value(to_string(*filter.reachability))));
    if (filter.secure_only_capable)
        out.push_back(column_is("secure_only_capable", value(std::int64_t{*filter.secure_only_capable ? 1 : 0})));
    if (filter.track_by) out.push_back(column_is("track_by", value(to_string(*filter.track_by))));
    if (filter.has_ticket) {
        bool const with = *filter.has_ticket;
        out.push_back({.test = "+systems.id " + std::string(with ? "IN (" : "NOT IN (") + std::string(k_with_ticket) + ")",
                       .test_values = {},
                       .ids = with ? std::string(k_with_ticket) : std::string(),
                       .ids_values = {}});
    }
    if (filter.certificate_expires_before) out.push_back(column_is("certificate_expires", value(*filter.certificate_expires_before), "<"));
    if (filter.certificate_expires_after) out.push_back(column_is("certificate_expires", value(*filter.certificate_expires_after), ">="));
    return out;
}

void index_text(Database& database, SystemId first, SystemId last) {
    database.execute(
        "INSERT INTO systems_text (rowid, words) SELECT id, name || char(10) || host_name || char(10) || address || char(10) || "
        "serial_number || char(10) || mac_address || char(10) || family || char(10) || software FROM systems "
        "WHERE id BETWEEN :first AND :last",
        {value(first), value(last)});
}

std::string address_key(std::string_view text) {
    std::string const address(text);
    std::array<std::uint8_t, 16> bytes{};
    if (inet_pton(AF_INET, address.c_str(), bytes.data()) == 1) return "4" + to_hex(std::span(bytes).first(4));
    if (inet_pton(AF_INET6, address.c_str(), bytes.data()) == 1) return "6" + to_hex(bytes);
    return {};
}

}  // namespace countersign::manager::store
