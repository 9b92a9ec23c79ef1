#include "manager/api/system_selection.hpp"

#include "manager/api/selection.hpp"
#include "manager/drivers/web_driver.hpp"

#include "countersign/errors/mgr.hpp"

#include <array>

namespace countersign::manager::api {

namespace {

constexpr std::array<std::string_view, 9> k_fields = {"folder", "family",   "text",           "reachability", "capable",
                                                      "ticket", "track_by", "expires_before", "expires_after"};
constexpr std::size_t k_page = 1000;

Failure too_many(std::size_t most) {
    return fail(errors::mgr::bad_selection, {{"detail", "it holds more than " + std::to_string(most) + " systems"}});
}

}  // namespace

SystemSelection read_system_selection(Reader& reader) {
    SystemSelection out;
    out.systems = reader.numbers("systems").value_or(std::vector<SystemId>());
    out.all = reader.boolean("all").value_or(false);
    for (auto field : k_fields)
        if (auto text = reader.text(field); text && !text->empty()) out.fields[std::string(field)] = *std::move(text);
    if (auto level = reader.number("level", 0, 4)) out.fields["level"] = std::to_string(*level);
    int const ways = (out.systems.empty() ? 0 : 1) + (out.fields.empty() ? 0 : 1) + (out.all ? 1 : 0);
    if (ways > 1) reader.problem("systems", "select by numbers, by fields or all, not by several of them");
    return out;
}

net::Task<Result<std::vector<SystemId>>> select_systems(std::shared_ptr<Manager> manager, SystemSelection selection, std::size_t most) {
    if (selection.empty()) co_return fail(errors::mgr::bad_selection, {{"detail", "it says nothing"}});
    if (selection.systems.size() > most) co_return too_many(most);
    if (!selection.systems.empty()) {
        std::vector<Error> problems;
        for (auto id : selection.systems)
            if (auto known = co_await manager->store().get_system(id); !known) problems.push_back(std::move(known).error());
        if (!problems.empty()) co_return fail(gather(std::move(problems)));
        co_return std::move(selection.systems);
    }
    CS_CO_TRY(auto filter, co_await read_selection(manager, selection.fields));
    filter.limit = k_page;
    std::vector<SystemId> out;
    while (true) {
        CS_CO_TRY(auto const systems, co_await manager->store().list_systems(filter));
        for (auto const& system : systems) out.push_back(system.id);
        if (out.size() > most) co_return too_many(most);
        if (systems.size() < k_page) break;
        filter.after = systems.back().id;
    }
    if (out.empty()) co_return fail(errors::mgr::bad_selection, {{"detail", "no system is in it (" + describe(selection) + ")"}});
    co_return out;
}

std::string describe(SystemSelection const& selection) {
    if (selection.all) return "the whole estate";
    if (!selection.systems.empty()) return std::to_string(selection.systems.size()) + " systems";
    std::string out;
    for (auto const& [field, text] : selection.fields) out += (out.empty() ? "" : ", ") + field + " " + text;
    return out;
}

}  // namespace countersign::manager::api
