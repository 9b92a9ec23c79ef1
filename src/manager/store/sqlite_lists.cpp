#include "manager/store/sqlite_lists.hpp"

#include "base/text.hpp"
#include "manager/store/system_query.hpp"

#include <algorithm>
#include <array>

namespace countersign::manager {
namespace {

struct ColumnName {
    SortColumn column;
    std::string_view name;
};

constexpr std::array<ColumnName, 17> k_names{{{SortColumn::id, "id"},
                                              {SortColumn::name, "name"},
                                              {SortColumn::host_name, "host_name"},
                                              {SortColumn::address, "address"},
                                              {SortColumn::family, "family"},
                                              {SortColumn::software, "software"},
                                              {SortColumn::level, "level"},
                                              {SortColumn::reachability, "reachability"},
                                              {SortColumn::capable, "capable"},
                                              {SortColumn::track_by, "track_by"},
                                              {SortColumn::serial_number, "serial_number"},
                                              {SortColumn::mac_address, "mac_address"},
                                              {SortColumn::certificate_expires, "certificate_expires"},
                                              {SortColumn::observed_at, "observed_at"},
                                              {SortColumn::last_call_at, "last_call_at"},
                                              {SortColumn::created, "created"},
                                              {SortColumn::folder, "folder"}}};

}  // namespace

std::string_view to_string(SortColumn value) {
    for (auto const& [column, name] : k_names)
        if (column == value) return name;
    return "";
}

std::optional<SortColumn> parse_sort_column(std::string_view text) {
    for (auto const& [column, name] : k_names)
        if (name == text) return column;
    return std::nullopt;
}

std::optional<ListOrder> parse_list_order(std::string_view text) {
    bool const descending = text.starts_with('-');
    auto column = parse_sort_column(descending ? text.substr(1) : text);
    return column ? std::optional(ListOrder{*column, descending}) : std::nullopt;
}

namespace store {
namespace {

/// A restriction with no more systems than this is looked up and sorted; a wider one is met on the way along the order.
constexpr std::int64_t k_narrow = 5000;

/// What a list is sorted by; each has an index in exactly this form (migrations.cpp), with the id behind it.
struct Key {
    std::string_view sql;
    bool number;
};

Key key_of(SortColumn column) {
    switch (column) {
        case SortColumn::id: return {"systems.id", true};
        case SortColumn::name: return {"systems.name COLLATE NOCASE", false};
        case SortColumn::host_name: return {"systems.host_name", false};
        case SortColumn::address: return {"systems.address_key", false};
        case SortColumn::family: return {"systems.family", false};
        case SortColumn::software: return {"systems.software COLLATE NOCASE", false};
        case SortColumn::level: return {"systems.level", true};
        case SortColumn::reachability: return {"systems.reachability", false};
        case SortColumn::capable: return {"systems.secure_only_capable", true};
        case SortColumn::track_by: return {"systems.track_by", false};
        case SortColumn::serial_number: return {"systems.serial_number", false};
        case SortColumn::mac_address: return {"systems.mac_address", false};
        case SortColumn::certificate_expires: return {"ifnull(systems.certificate_expires, 9223372036854775807)", true};
        case SortColumn::observed_at: return {"ifnull(systems.observed_at, 0)", true};
        case SortColumn::last_call_at: return {"ifnull(systems.last_call_at, 0)", true};
        case SortColumn::created: return {"systems.created", true};
        case SortColumn::folder: return {"sorted.path", false};
    }
    return {"systems.id", true};
}

/// Where the page before ended.
struct Place {
    std::string key;
    SystemId id = 0;
};

std::string cursor_of(ListOrder order, Place const& place) {
    auto const text = std::string(order.descending ? "-" : "") + std::string(to_string(order.column)) + "\n" + std::to_string(place.id) +
                      "\n" + place.key;
    return to_base64url(bytes_of(text));
}

/// Nothing: not a cursor of this order. A number is the cursor of the order by id, as lists had it before they had orders.
std::optional<Place> place_of(ListOrder order, std::string const& cursor) {
    if (auto id = parse_number<SystemId>(cursor); id && order == ListOrder()) return Place{std::to_string(*id), *id};
    auto padded = replace_all(replace_all(cursor, "-", "+"), "_", "/");
    while (padded.size() % 4 != 0) padded += '=';
    auto const bytes = from_base64(padded);
    if (!bytes) return std::nullopt;
    std::string_view text(reinterpret_cast<char const*>(bytes->data()), bytes->size());
    auto const first = text.find('\n');
    auto const second = text.find('\n', first == std::string_view::npos ? text.size() : first + 1);
    if (second == std::string_view::npos || parse_list_order(text.substr(0, first)) != order) return std::nullopt;
    auto const id = parse_number<SystemId>(text.substr(first + 1, second - first - 1));
    Place place{std::string(text.substr(second + 1)), id.value_or(0)};
    bool const good = id && (!key_of(order.column).number || parse_number<std::int64_t>(place.key)) && is_utf8(place.key);
    return good ? std::optional(std::move(place)) : std::nullopt;
}

/// Finds the numbers of a page, a piece at a time, and the key of each.
class Pager {
public:
    Pager(Database& database, SystemFilter const& filter, ListOrder order)
        : database_(database), restrictions_(restrictions_of(database.engine(), filter)), order_(order), key_(key_of(order.column)) {
        choose();
    }

    std::vector<Place> find(std::optional<Place> const& after, std::size_t limit) {
        if (driver_) return ask(after, Part::narrow, limit);
        if (!after) return ask(after, Part::rest, limit);
        // Two questions, each of which begins at one place of the index: those with the same key, and those with later ones.
        std::vector<Place> out;
        if (order_.column != SortColumn::id) out = ask(after, Part::same_key, limit);
        if (out.size() == limit) return out;
        auto rest = ask(after, Part::rest, limit - out.size());
        out.insert(out.end(), std::make_move_iterator(rest.begin()), std::make_move_iterator(rest.end()));
        return out;
    }

private:
    enum class Part { narrow, same_key, rest };

    /// The narrowest restriction leads, when it is narrow at all. No more than k_narrow systems are counted for each.
    void choose() {
        auto fewest = k_narrow + 1;
        for (auto const& one : restrictions_) {
            if (one.ids.empty()) continue;
            Query query;
            query.add("FROM (SELECT 1 FROM (" + one.ids + ") AS found LIMIT ", one.ids_values).add("?) AS counted", {value(k_narrow + 1)});
            auto const count = database_.select_one({"count(*)"}, query.sql(), query.values())->number(0);
            if (count >= fewest) continue;
            fewest = count;
            driver_ = &one;
        }
    }

    [[nodiscard]] std::string_view from(Part part) const {
        if (order_.column != SortColumn::folder) return "FROM systems";
        return part == Part::narrow ? "FROM systems CROSS JOIN folders AS sorted ON sorted.id = systems.folder"
                                    : "FROM folders AS sorted CROSS JOIN systems ON systems.folder = sorted.id";
    }

    /// What asks for one value of the very column that sorts, or of any where the id sorts, may lead: the order is the index's.
    [[nodiscard]] std::string test_of(Restriction const& one) const {
        bool const may_lead = one.test.starts_with("+" + std::string(key_.sql) + " = ") ||
                              (order_.column == SortColumn::id && one.test.starts_with("+systems.") && one.test.ends_with(" = ?"));
        return may_lead && !driver_ ? one.test.substr(1) : one.test;
    }

    [[nodiscard]] Value key_value(Place const& place) const {
        return key_.number ? value(parse_number<std::int64_t>(place.key).value_or(0)) : value(place.key);
    }

    std::vector<Place> ask(std::optional<Place> const& after, Part part, std::size_t limit) {
        std::string const later = order_.descending ? " < ?" : " > ?";
        std::string const key(key_.sql);
        Query query;
        query.add(from(part));
        query.add(" WHERE 1 = 1");
        for (auto const& one : restrictions_) {
            if (&one == driver_)
                query.add(" AND systems.id IN (" + one.ids + ")", one.ids_values);
            else
                query.add(" AND " + test_of(one), one.test_values);
        }
        if (after && part == Part::narrow)
            query.add(" AND (" + key + later + " OR (" + key + " = ? AND systems.id" + later + "))",
                      {key_value(*after), key_value(*after), value(after->id)});
        if (after && part == Part::same_key)
            query.add(" AND " + key + " = ? AND systems.id" + later, {key_value(*after), value(after->id)});
        if (after && part == Part::rest) query.add(" AND " + key + later, {key_value(*after)});
        std::string const way = order_.descending ? " DESC" : "";
        // The sign keeps a narrow query from walking along the order instead of looking up what leads it.
        query.add(" ORDER BY " + std::string(part == Part::narrow ? "+" : "") + key + way);
        if (order_.column != SortColumn::id) query.add(", systems.id" + way);
        query.add(" LIMIT ?", {value(static_cast<std::int64_t>(limit))});
        std::vector<Place> out;
        for (auto const& row : database_.select({"systems.id", key_.sql}, query.sql(), query.values()))
            out.push_back({row.text(1), row.number(0)});
        return out;
    }

    Database& database_;
    std::vector<Restriction> restrictions_;
    ListOrder order_;
    Key key_;
    Restriction const* driver_ = nullptr;
};

std::vector<std::string_view> const& listed_columns() {
    static std::vector<std::string_view> const columns = [] {
        auto out = system_columns();
        out.emplace_back("(SELECT path FROM folders WHERE folders.id = systems.folder)");
        out.emplace_back("(SELECT json_extract(document, '$.why') FROM assessments WHERE system = systems.id)");
        // The index is named, because the planner takes the one by state, which counts through all open tickets; the plus takes the
        // column's affinity away, with which an index of an expression is scanned, not searched.
        out.emplace_back("(SELECT count(*) FROM tickets INDEXED BY tickets_open WHERE ifnull(system, 0) = +systems.id AND state = 'open')");
        return out;
    }();
    return columns;
}

/// In the order of `places`.
std::vector<ListedSystem> load_listed(Database& database, std::vector<Place> const& places) {
    if (places.empty()) return {};
    std::string numbers;
    std::map<SystemId, std::size_t> order;
    for (auto const& place : places) {
        numbers += (numbers.empty() ? "[" : ",") + std::to_string(place.id);
        order.emplace(place.id, order.size());
    }
    numbers += "]";
    std::vector<ListedSystem> out(places.size());
    auto const after = system_columns().size();
    for (auto const& row :
         database.select(listed_columns(), "FROM systems WHERE systems.id IN (SELECT CAST(value AS INTEGER) FROM json_each(:numbers))",
                         {value(numbers)}))
        out.at(order.at(row.number(0))) = {system_of(row), row.text(after), row.text(after + 1), row.number(after + 2)};
    return out;
}

}  // namespace

net::Task<Result<std::vector<SystemId>>> SqliteLists::select(SystemFilter filter) {
    return backing_.read([filter = std::move(filter)](Database& database) -> Result<std::vector<SystemId>> {
        Query query;
        query.add("FROM systems WHERE 1 = 1");
        for (auto const& one : restrictions_of(database.engine(), filter)) query.add(" AND " + one.test, one.test_values);
        std::vector<SystemId> out;
        for (auto const& row : database.select({"systems.id"}, query.sql() + " ORDER BY systems.id", query.values()))
            out.push_back(row.number(0));
        return out;
    });
}

net::Task<Result<ListPage>> SqliteLists::page(SystemFilter filter, ListOrder order, std::string cursor) {
    return backing_.read([filter = std::move(filter), order, cursor = std::move(cursor)](Database& database) -> Result<ListPage> {
        std::optional<Place> after;
        if (!cursor.empty()) {
            after = place_of(order, cursor);
            if (!after) return fail(errors::gen::invalid_input, {{"field", "after"}, {"detail", "it is no `next` of this list and order"}});
        }
        auto const limit = std::clamp<std::size_t>(filter.limit, 1, 1000);
        // One more than asked for tells whether a page follows.
        auto places = Pager(database, filter, order).find(after, limit + 1);
        bool const more = places.size() > limit;
        if (more) places.pop_back();
        ListPage page{.systems = load_listed(database, places), .next = {}};
        if (more) page.next = cursor_of(order, places.back());
        return page;
    });
}

}  // namespace store
}  // namespace countersign::manager
