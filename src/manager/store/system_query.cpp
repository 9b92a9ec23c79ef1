#include "manager/store/system_query.hpp"

#include "base/text.hpp"
#include "manager/store/backing.hpp"

namespace countersign::manager::store {
namespace {

/// Joins conditions; each value gets a name of its own.
class Builder {
public:
    /// `sql` has a "?" for each value.
    void add(std::string_view sql, std::vector<Value> values) {
        if (!out_.sql.empty()) out_.sql += " AND ";
        for (char c : sql) {
            if (c == '?')
                out_.sql += ":f" + std::to_string(++count_);
            else
                out_.sql += c;
        }
        out_.values.insert(out_.values.end(), std::make_move_iterator(values.begin()), std::make_move_iterator(values.end()));
    }
    Condition take() {
        if (out_.sql.empty()) out_.sql = "1";
        return std::move(out_);
    }

private:
    Condition out_;
    int count_ = 0;
};

/// The folder's own path and what begins with it and a slash.
constexpr std::string_view k_below =
    "folder IN (WITH RECURSIVE below (id) AS (SELECT ? UNION ALL SELECT folders.id FROM folders JOIN below ON folders.parent = below.id) "
    "SELECT id FROM below)";
constexpr std::string_view k_word =
    R"((name LIKE ? ESCAPE '\' OR host_name LIKE ? ESCAPE '\' OR address LIKE ? ESCAPE '\' OR serial_number LIKE ? ESCAPE '\')"
    R"( OR mac_address LIKE ? ESCAPE '\' OR family LIKE ? ESCAPE '\' OR software LIKE ? ESCAPE '\')"
    R"( OR folder IN (SELECT id FROM folders WHERE path LIKE ? ESCAPE '\')))";
constexpr std::size_t k_word_columns = 8;
constexpr std::string_view k_open_ticket = "id IN (SELECT system FROM tickets WHERE state = 'open' AND system IS NOT NULL)";

}  // namespace

Condition condition_of(SystemFilter const& filter) {
    Builder builder;
    for (auto word : words(filter.text)) builder.add(k_word, std::vector<Value>(k_word_columns, value("%" + escape_like(word) + "%")));
    if (filter.level) builder.add("level = ?", {value(std::int64_t{*filter.level})});
    if (!filter.family.empty()) builder.add("family = ?", {value(filter.family)});
    if (filter.folder && *filter.folder != k_root_folder) builder.add(k_below, {value(*filter.folder)});
    if (filter.reachability) builder.add("reachability = ?", {value(to_string(*filter.reachability))});
    if (filter.secure_only_capable) builder.add("secure_only_capable = ?", {value(std::int64_t{*filter.secure_only_capable ? 1 : 0})});
    if (filter.track_by) builder.add("track_by = ?", {value(to_string(*filter.track_by))});
    if (filter.has_ticket) builder.add((*filter.has_ticket ? "" : "NOT ") + std::string(k_open_ticket), {});
    if (filter.certificate_expires_before) builder.add("certificate_expires < ?", {value(*filter.certificate_expires_before)});
    return builder.take();
}

}  // namespace countersign::manager::store
