#include "base/text.hpp"
#include "dialect/csv.hpp"
#include "manager/api/routes.hpp"
#include "manager/api/selection.hpp"
#include "manager/estate/system_list.hpp"
#include "manager/store/list_store.hpp"

#include "countersign/errors/gen.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <array>
#include <stdexcept>

namespace countersign::manager::api {
namespace http = net::http;
namespace {

using Fields = std::map<std::string, std::string>;

std::size_t limit_of(Fields& query) { return std::clamp<std::size_t>(parse_number<std::size_t>(query["limit"]).value_or(100), 1, 1000); }

Error invalid(std::string_view field, std::string_view detail) {
    return Error(errors::gen::invalid_input, {{"field", field}, {"detail", detail}});
}

json::object to_json(ListedSystem const& one) {
    auto out = api::to_json(one.system);
    out["folder_path"] = one.folder_path;
    out["why"] = one.why;
    out["open_tickets"] = one.open_tickets;
    return out;
}

// --- columns of exports ---

std::string time_text(std::optional<UtcTime> const& time) { return time ? to_string(*time) : std::string(); }
std::string yes_no(bool value) { return value ? "yes" : "no"; }

struct Column {
    std::string_view name;
    std::string (*text)(ListedSystem const&);
};

constexpr std::array<Column, 20> k_columns = {{
    {"id", [](ListedSystem const& one) { return std::to_string(one.system.id); }},
    {"name", [](ListedSystem const& one) { return one.system.name; }},
    {"host_name", [](ListedSystem const& one) { return one.system.host_name; }},
    {"address", [](ListedSystem const& one) { return one.system.address; }},
    {"mac", [](ListedSystem const& one) { return one.system.mac_address; }},
    {"serial", [](ListedSystem const& one) { return one.system.serial_number; }},
    {"family", [](ListedSystem const& one) { return one.system.family; }},
    {"software", [](ListedSystem const& one) { return one.system.software; }},
    {"folder", [](ListedSystem const& one) { return one.folder_path; }},
    {"level", [](ListedSystem const& one) { return std::to_string(one.system.level); }},
    {"why", [](ListedSystem const& one) { return one.why; }},
    {"reachability", [](ListedSystem const& one) { return std::string(to_string(one.system.reachability)); }},
    {"capable", [](ListedSystem const& one) { return yes_no(one.system.secure_only_capable); }},
    {"track_by", [](ListedSystem const& one) { return std::string(to_string(one.system.track_by)); }},
    {"https_port", [](ListedSystem const& one) { return std::to_string(one.system.https_port); }},
    {"tickets", [](ListedSystem const& one) { return std::to_string(one.open_tickets); }},
    {"certificate_expires", [](ListedSystem const& one) { return time_text(one.system.certificate_expires); }},
    {"observed_at", [](ListedSystem const& one) { return time_text(one.system.observed_at); }},
    {"last_call_at", [](ListedSystem const& one) { return time_text(one.system.last_call_at); }},
    {"created", [](ListedSystem const& one) { return to_string(one.system.created); }},
}};

using Columns = std::vector<Column const*>;

/// "name,level"; empty: all.
Result<Columns> read_columns(std::string_view text) {
    Columns out;
    for (auto name : split(text, ',')) {
        name = trim(name);
        if (name.empty()) continue;
        auto const* found = std::ranges::find(k_columns, name, &Column::name);
        if (found == k_columns.end()) return fail(invalid("columns", "there is no column " + std::string(name)));
        out.push_back(found);
    }
    if (out.empty())
        for (auto const& column : k_columns) out.push_back(&column);
    return out;
}

/// What a spreadsheet would take for a formula gets an apostrophe before it, which spreadsheets do not show.
std::string harmless(std::string text) {
    bool const formula = !text.empty() && std::string_view("=+-@\t\r").contains(text.front());
    return formula ? "'" + text : text;
}

// --- what is asked for ---

struct Wanted {
    SystemFilter filter;
    ListOrder order;
    Columns columns;
};

/// The fields of a saved view, when one is named, with those of the query instead where both say something.
net::Task<Result<Fields>> with_view(Doors doors, http::Request request) {
    auto fields = request.query;
    auto const name = fields["view"];
    if (name.empty()) co_return fields;
    CS_CO_TRY(auto view, co_await doors.manager->store().lists().find_view(request.user, name));
    if (!view) co_return fail(errors::gen::not_found, {{"what", "view"}, {"name", name}});
    for (auto& [field, text] : view->fields)
        if (fields[field].empty()) fields[field] = text;
    co_return fields;
}

net::Task<Result<Wanted>> read_wanted(Doors doors, Fields fields) {
    Wanted wanted;
    CS_CO_TRY(wanted.filter, co_await read_selection(doors.manager, fields));
    if (auto const sort = fields["sort"]; !sort.empty()) {
        auto order = parse_list_order(sort);
        if (!order) co_return fail(invalid("sort", "there is no such column; a minus before its name is for descending"));
        wanted.order = *order;
    }
    CS_CO_TRY(wanted.columns, read_columns(fields["columns"]));
    wanted.filter.limit = limit_of(fields);
    co_return wanted;
}

net::Task<http::Response> list_systems(Doors doors, http::Request request) {
    auto fields = co_await with_view(doors, request);
    if (!fields) co_return http::problem(fields.error());
    auto wanted = co_await read_wanted(doors, *fields);
    if (!wanted) co_return http::problem(wanted.error());
    auto after = request.query["after"];
    if (after == "0") after.clear();
    auto page = co_await doors.manager->store().lists().page(wanted->filter, wanted->order, std::move(after));
    co_return answer_or_problem(page, [](ListPage const& found) {
        json::array out;
        for (auto const& one : found.systems) out.push_back(to_json(one));
        auto next = found.next.empty() ? json::value(nullptr) : json::value(found.next);
        return json::object{{"systems", std::move(out)}, {"next", std::move(next)}};
    });
}

// --- export ---

enum class Format { csv, json };

std::string rows_of(ListPage const& page, Columns const& columns, Format format, bool first) {
    std::string out;
    std::vector<std::vector<std::string>> records;
    for (auto const& one : page.systems) {
        if (format == Format::json) {
            json::object row;
            for (auto const* column : columns) row[column->name] = column->text(one);
            out += (first ? "\n" : ",\n") + json::serialize(row);
            first = false;
            continue;
        }
        std::vector<std::string> record;
        for (auto const* column : columns) record.push_back(harmless(column->text(one)));
        records.push_back(std::move(record));
    }
    return format == Format::json ? out : dialect::csv::write(records);
}

std::string head_of(Columns const& columns, Format format) {
    if (format == Format::json) return "{\"systems\":[";
    std::vector<std::string> names;
    for (auto const* column : columns) names.emplace_back(column->name);
    return dialect::csv::write({names});
}

/// A page at a time, so that an export of any size takes little memory and holds up nobody.
net::Task<> stream_rows(std::shared_ptr<Manager> manager, Wanted wanted, ListPage page, Format format, http::BodyWriter write) {
    auto text = head_of(wanted.columns, format) + rows_of(page, wanted.columns, format, true);
    while (true) {
        if (page.next.empty() && format == Format::json) text += "\n]}\n";
        if (auto sent = co_await write(std::move(text)); !sent || page.next.empty()) co_return;
        auto next = co_await manager->store().lists().page(wanted.filter, wanted.order, page.next);
        // The client must not take a part for the whole: the connection ends without the end of the answer.
        if (!next) throw std::runtime_error("an export was cut off: " + next.error().explanation());
        page = *std::move(next);
        text = rows_of(page, wanted.columns, format, false);
    }
}

net::Task<http::Response> export_systems(Doors doors, http::Request request) {
    auto const name = request.query["format"];
    if (!name.empty() && name != "csv" && name != "json") co_return http::problem(invalid("format", "csv or json is expected"));
    auto const format = name == "json" ? Format::json : Format::csv;
    auto fields = co_await with_view(doors, request);
    if (!fields) co_return http::problem(fields.error());
    (*fields)["limit"] = "1000";
    auto wanted = co_await read_wanted(doors, *fields);
    if (!wanted) co_return http::problem(wanted.error());
    auto page = co_await doors.manager->store().lists().page(wanted->filter, wanted->order, "");
    if (!page) co_return http::problem(page.error());
    http::Response response;
    response.fields.set("Content-Type", format == Format::csv ? "text/csv; charset=utf-8" : "application/json");
    response.fields.set("Content-Disposition",
                        format == Format::csv ? "attachment; filename=\"systems.csv\"" : "attachment; filename=\"systems.json\"");
    response.fields.set("Cache-Control", "no-store");
    response.fields.set("X-Content-Type-Options", "nosniff");
    response.stream = [manager = doors.manager, wanted = *wanted, page = *std::move(page), format](http::BodyWriter write) {
        return stream_rows(manager, wanted, page, format, std::move(write));
    };
    co_return response;
}

// --- saved views ---

json::object to_json(SavedView const& view) {
    json::object fields;
    for (auto const& [field, text] : view.fields) fields[field] = text;
    return {{"name", view.name}, {"fields", std::move(fields)}};
}

net::Task<http::Response> list_views(Doors doors, http::Request request) {
    auto views = co_await doors.manager->store().lists().list_views(request.user);
    co_return answer_or_problem(views, [](std::vector<SavedView> const& list) {
        json::array out;
        for (auto const& view : list) out.push_back(to_json(view));
        return json::object{{"views", std::move(out)}};
    });
}

net::Task<http::Response> save_view(Doors doors, http::Request request) {
    constexpr std::size_t k_longest_name = 100;
    constexpr std::array<std::string_view, 12> known = {"text",   "folder",   "family",         "level",         "reachability", "capable",
                                                        "ticket", "track_by", "expires_before", "expires_after", "sort",         "columns"};
    auto object = parse_object(request.body);
    if (!object) co_return http::problem(object.error());
    Reader reader(*std::move(object));
    reader.required("name");
    SavedView view{.name = reader.text("name").value_or(""), .fields = {}};
    if (view.name.size() > k_longest_name || view.name.contains('/')) reader.problem("name", "1 to 100 bytes without \"/\"");
    for (auto field : known)
        if (auto text = reader.text(field, 1000); text && !text->empty()) view.fields[std::string(field)] = *std::move(text);
    if (auto good = reader.finish(); !good) co_return http::problem(good.error());
    if (auto good = co_await read_wanted(doors, view.fields); !good) co_return http::problem(good.error());
    auto done = co_await doors.manager->store().lists().save_view(request.user, view);
    if (!done) co_return http::problem(done.error());
    co_return answer(to_json(view));
}

net::Task<http::Response> remove_view(Doors doors, http::Request request) {
    auto done = co_await doors.manager->store().lists().remove_view(request.user, request.parameters["name"]);
    if (!done) co_return http::problem(done.error());
    co_return http::Response{204, {}, {}, {}};
}

// --- adding by list ---

net::Task<http::Response> import_list(Doors doors, http::Request request) {
    auto const type = to_lower(request.fields.get("Content-Type"));
    if (!type.starts_with("text/csv")) co_return http::problem(invalid("Content-Type", "text/csv is expected"));
    auto const charset = type.find("charset=");
    if (charset != std::string::npos && !type.substr(charset + 8).starts_with("utf-8"))
        co_return http::problem(invalid("Content-Type", "the list is to be UTF-8"));
    ImportOptions options{.dry_run = request.query["dry_run"] == "yes",
                          .partial = request.query["partial"] == "yes",
                          .make_folders = request.query["make_folders"] == "yes"};
    for (auto const* flag : {"dry_run", "partial", "make_folders"}) {
        auto const value = request.query[flag];
        if (!value.empty() && value != "yes" && value != "no") co_return http::problem(invalid(flag, "yes or no is expected"));
    }
    if (auto const folder = request.query["folder"]; !folder.empty()) options.folder = folder;
    auto done = co_await import_systems(doors.manager, std::move(request.body), std::move(options), request.user);
    co_return answer_or_problem(
        done,
        [](ImportResult const& result) {
            json::array problems;
            for (auto const& one : result.problems) problems.push_back(api::to_json(one));
            return json::object{{"lines", result.lines},
                                {"added", json::array(result.added.begin(), result.added.end())},
                                {"would_add", result.would_add},
                                {"problems", std::move(problems)},
                                {"more_problems", result.more_problems}};
        },
        done && !done->added.empty() ? 201 : 200);
}

}  // namespace

void add_list_routes(http::Router& router, Doors const& doors) {
    auto route = [&](std::string method, std::string pattern, auto function, std::size_t body = 16UL * 1024) {
        router.add({std::move(method), std::move(pattern), body,
                    [doors, function](http::Request request) { return function(doors, std::move(request)); }});
    };
    route("GET", "/api/v1/systems", list_systems);
    route("GET", "/api/v1/export/systems", export_systems);
    route("POST", "/api/v1/import/systems", import_list, k_largest_list);
    route("GET", "/api/v1/views", list_views);
    route("POST", "/api/v1/views", save_view);
    route("DELETE", "/api/v1/views/{name}", remove_view);
}

}  // namespace countersign::manager::api
