#include "dialect/csv.hpp"

#include "base/text.hpp"

#include "countersign/errors/gen.hpp"
#include "countersign/errors/mgr.hpp"

#include <algorithm>
#include <array>
#include <set>

namespace countersign::dialect::csv {
namespace {

constexpr std::string_view k_byte_order_mark = "\xEF\xBB\xBF";

Error malformed(std::size_t line, std::string_view detail) {
    return Error(errors::mgr::bad_list, {{"line", std::to_string(line)}, {"detail", detail}});
}

std::string_view without_mark(std::string_view text) {
    return text.starts_with(k_byte_order_mark) ? text.substr(k_byte_order_mark.size()) : text;
}

char separator_of(std::string_view text) {
    constexpr std::array<char, 3> candidates{',', ';', '\t'};
    std::array<std::size_t, 3> counts{};
    bool quoted = false;
    for (char c : text) {
        if (c == '"') quoted = !quoted;
        if (!quoted && (c == '\n' || c == '\r')) break;
        for (std::size_t i = 0; i < candidates.size(); ++i)
            if (!quoted && c == candidates[i]) ++counts[i];
    }
    return candidates[static_cast<std::size_t>(std::ranges::max_element(counts) - counts.begin())];
}

class Reader {
public:
    Reader(std::string_view text, Limits const& limits) : rest_(without_mark(text)), limits_(limits), separator_(separator_of(rest_)) {}

    Result<std::vector<Record>> read() {
        std::vector<Record> out;
        while (!rest_.empty()) {
            Record record{.line = line_, .fields = {}};
            CS_CHECK(read_record(record));
            bool const blank = record.fields.size() == 1 && trim(record.fields.front()).empty();
            if (blank) continue;
            if (out.size() == limits_.records)
                return fail(malformed(record.line, "there are more than " + std::to_string(limits_.records) + " lines"));
            out.push_back(std::move(record));
        }
        return out;
    }

private:
    Result<void> read_record(Record& record) {
        while (true) {
            if (record.fields.size() == limits_.fields)
                return fail(malformed(record.line, "there are more than " + std::to_string(limits_.fields) + " fields in it"));
            std::string field;
            CS_CHECK(rest_.starts_with('"') ? read_quoted(field) : read_plain(field));
            record.fields.push_back(std::move(field));
            if (!take(separator_)) break;
        }
        end_of_line();
        return {};
    }

    Result<void> read_plain(std::string& field) {
        auto const end = std::min(rest_.find_first_of(std::string{separator_, '\r', '\n'}), rest_.size());
        auto const part = rest_.substr(0, end);
        if (part.contains('"')) return fail(malformed(line_, "a quote stands inside a field that does not begin with one"));
        CS_CHECK(check_length(part.size()));
        field = part;
        rest_.remove_prefix(end);
        return {};
    }

    Result<void> read_quoted(std::string& field) {
        auto const begun = line_;
        rest_.remove_prefix(1);
        while (true) {
            auto const quote = rest_.find('"');
            if (quote == std::string_view::npos) return fail(malformed(begun, "a field that begins with a quote does not end"));
            auto const part = rest_.substr(0, quote);
            line_ += static_cast<std::size_t>(std::ranges::count(part, '\n'));
            field += part;
            CS_CHECK(check_length(field.size()));
            rest_.remove_prefix(quote + 1);
            if (!take('"')) break;
            field += '"';
        }
        bool const ended = rest_.empty() || rest_.front() == separator_ || rest_.front() == '\r' || rest_.front() == '\n';
        if (!ended) return fail(malformed(line_, "text stands behind the closing quote of a field"));
        return {};
    }

    Result<void> check_length(std::size_t size) const {
        if (size <= limits_.field_bytes) return {};
        return fail(malformed(line_, "a field is longer than " + std::to_string(limits_.field_bytes) + " bytes"));
    }

    bool take(char wanted) {
        if (!rest_.starts_with(wanted)) return false;
        rest_.remove_prefix(1);
        return true;
    }

    void end_of_line() {
        if (take('\r')) {
            take('\n');
            ++line_;
        } else if (take('\n')) {
            ++line_;
        }
    }

    std::string_view rest_;
    Limits const& limits_;
    char separator_;
    std::size_t line_ = 1;
};

std::string column_name(std::string_view text) {
    auto name = to_lower(trim(text));
    std::ranges::replace(name, ' ', '_');
    std::ranges::replace(name, '-', '_');
    return name;
}

}  // namespace

std::optional<std::size_t> Table::column(std::string_view name) const {
    auto const found = std::ranges::find(header, name);
    return found == header.end() ? std::nullopt : std::optional(static_cast<std::size_t>(found - header.begin()));
}

Result<std::vector<Record>> parse(std::string_view text, Limits const& limits) {
    if (text.size() > limits.bytes) return fail(malformed(1, "the list is longer than " + std::to_string(limits.bytes) + " bytes"));
    if (!is_utf8(text)) return fail(malformed(1, "the list is no UTF-8; save it as CSV UTF-8"));
    return Reader(text, limits).read();
}

Result<Table> parse_table(std::string_view text, Limits const& limits) {
    CS_TRY(auto records, parse(text, limits));
    if (records.empty()) return fail(malformed(1, "the list is empty; its first line names the columns"));
    Table table;
    std::vector<Error> problems;
    std::set<std::string> names;
    for (auto const& field : records.front().fields) {
        table.header.push_back(column_name(field));
        if (table.header.back().empty())
            problems.push_back(malformed(records.front().line, "a column has no name"));
        else if (!names.insert(table.header.back()).second)
            problems.push_back(malformed(records.front().line, "there are two columns " + table.header.back()));
    }
    records.erase(records.begin());
    for (auto const& record : records) {
        if (record.fields.size() == table.header.size() || problems.size() >= limits.problems) continue;
        problems.push_back(malformed(record.line, "there are " + std::to_string(record.fields.size()) + " fields, and " +
                                                      std::to_string(table.header.size()) + " columns"));
    }
    if (problems.size() == 1) return fail(std::move(problems.front()));
    if (!problems.empty()) {
        Error all(errors::gen::several_problems);
        for (auto& problem : problems) all.because(std::move(problem));
        return fail(std::move(all));
    }
    table.records = std::move(records);
    return table;
}

std::string write(std::vector<std::vector<std::string>> const& records) {
    std::string out;
    for (auto const& record : records) {
        bool first = true;
        for (auto const& field : record) {
            if (!first) out += ',';
            first = false;
            bool const plain = field.find_first_of(",;\t\"\r\n") == std::string::npos && trim(field).size() == field.size() &&
                               !field.starts_with(k_byte_order_mark);
            // An empty record of one field would be an empty line, which readers pass over.
            if (plain && !(field.empty() && record.size() == 1))
                out += field;
            else
                out += '"' + replace_all(field, "\"", "\"\"") + '"';
        }
        out += "\r\n";
    }
    return out;
}

}  // namespace countersign::dialect::csv
