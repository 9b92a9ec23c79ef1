#pragma once

/// Reading TOML tables strictly: wrong types, missing keys and keys that nobody asked for become problems with their line.
/// Reading goes on after a problem, so that one run shows all of them.

#include "base/error.hpp"
#include "family/family.hpp"

// With exceptions, like everywhere else: the library gives both kinds of parser the same name, so a program that has both
// jumps into the wrong one.
#include "base/toml.hpp"

#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace countersign::family {

/// All problems of one file.
class Problems {
public:
    explicit Problems(std::string_view file) : file_(file) {}
    void add(std::size_t line, std::string_view detail);
    [[nodiscard]] bool empty() const { return found_.empty(); }
    [[nodiscard]] std::vector<Error> take();

private:
    std::string file_;
    std::vector<std::pair<std::size_t, std::string>> found_;
};

enum class Need { required, optional };

/// One table. Remembers which keys were read; `finish` reports the others.
class TableReader {
public:
    TableReader(toml::table const& table, std::string_view what, Problems& problems) : table_(table), what_(what), problems_(problems) {}

    [[nodiscard]] std::size_t line() const { return table_.source().begin.line; }
    /// The line of a key, or of the table when it is absent.
    [[nodiscard]] std::size_t line_of(std::string_view key) const;

    std::string text(std::string_view key, Need need = Need::required);
    /// The text must be one of `allowed`.
    std::string one_of(std::string_view key, std::span<std::string_view const> allowed, Need need = Need::required);
    bool flag(std::string_view key, bool fallback);
    std::int64_t integer(std::string_view key, std::int64_t fallback, std::int64_t minimum, std::int64_t maximum);
    std::vector<std::string> texts(std::string_view key, Need need = Need::optional);
    Level level(std::string_view key, Level fallback, Need need = Need::optional);
    /// A pair [minimum, maximum].
    std::pair<std::int64_t, std::int64_t> range(std::string_view key, Need need);
    /// The raw node, for values with more than one form; null when it is absent.
    toml::node const* node(std::string_view key, Need need = Need::optional);
    /// Every table of an array of tables; other kinds are problems.
    std::vector<toml::table const*> tables(std::string_view key);
    toml::table const* table(std::string_view key, Need need);
    [[nodiscard]] bool has(std::string_view key) const { return table_.contains(key); }

    void problem(std::string_view key, std::string_view detail);
    void finish();

private:
    toml::table const& table_;
    std::string what_;
    Problems& problems_;
    std::set<std::string, std::less<>> read_;
};

/// Lines of things that other parts of the file refer to, for the second pass.
struct Lines {
    std::map<std::string, std::size_t> of;  ///< "setting NetworkServices HTTP Mode" -> line
};

/// First pass: the file as it stands.
Family read_family(toml::table const& root, Problems& problems, Lines& lines);
/// [ssh] and [hook], when all else was read.
void read_generic(Family& family, TableReader& root, Problems& problems);
/// A driver that is told everything by the family file: what only the agent needs may be left out there.
bool is_generic_driver(std::string_view driver);
/// Second pass: references between parts, uniqueness, defaults inside value spaces.
void check_family(Family const& family, Lines const& lines, Problems& problems);

}  // namespace countersign::family
