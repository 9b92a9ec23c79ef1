#include "manager/store/sqlite_lists.hpp"

#include "countersign/errors/sto.hpp"

#include <boost/json.hpp>

namespace countersign::manager::store {
namespace json = boost::json;
namespace {

std::string document_of(SavedView const& view) {
    json::object out;
    for (auto const& [field, text] : view.fields) out[field] = text;
    return json::serialize(out);
}

Result<SavedView> view_of(Row const& row) {
    SavedView view{.name = row.text(0), .fields = {}};
    boost::system::error_code error;
    auto const document = json::parse(row.text(1), error);
    if (error || !document.is_object()) return fail(errors::sto::query_failed, {{"detail", "a stored view is damaged"}});
    for (auto const& [field, text] : document.get_object())
        if (text.is_string()) view.fields[std::string(field)] = std::string(text.get_string());
    return view;
}

}  // namespace

net::Task<Result<std::vector<SavedView>>> SqliteLists::list_views(std::string user) {
    return backing_.read([user = std::move(user)](Database& database) -> Result<std::vector<SavedView>> {
        std::vector<SavedView> out;
        for (auto const& row :
             database.select({"name", "document"}, "FROM saved_views WHERE user_name = :user ORDER BY name", {value(user)})) {
            CS_TRY(auto view, view_of(row));
            out.push_back(std::move(view));
        }
        return out;
    });
}

net::Task<Result<std::optional<SavedView>>> SqliteLists::find_view(std::string user, std::string name) {
    return backing_.read([user = std::move(user), name = std::move(name)](Database& database) -> Result<std::optional<SavedView>> {
        auto row = database.select_one({"name", "document"}, "FROM saved_views WHERE user_name = :user AND name = :name",
                                       {value(user), value(name)});
        if (!row) return std::nullopt;
        CS_TRY(auto view, view_of(*row));
        return std::optional(std::move(view));
    });
}

net::Task<Result<void>> SqliteLists::save_view(std::string user, SavedView view) {
    return backing_.write([user = std::move(user), view = std::move(view)](Database& database) -> Result<void> {
        auto const count = database.select_one({"count(*)"}, "FROM saved_views WHERE user_name = :user AND name <> :name",
                                               {value(user), value(view.name)});
        if (count->number(0) >= static_cast<std::int64_t>(k_most_views))
            return fail(errors::gen::invalid_input,
                        {{"field", "name"}, {"detail", "an account has at most " + std::to_string(k_most_views) + " views"}});
        database.execute(
            "INSERT INTO saved_views (user_name, name, document) VALUES (:user, :name, :document) "
            "ON CONFLICT (user_name, name) DO UPDATE SET name = excluded.name, document = excluded.document",
            {value(user), value(view.name), value(document_of(view))});
        return {};
    });
}

net::Task<Result<void>> SqliteLists::remove_view(std::string user, std::string name) {
    return backing_.write([user = std::move(user), name = std::move(name)](Database& database) -> Result<void> {
        auto const gone = database.execute("DELETE FROM saved_views WHERE user_name = :user AND name = :name", {value(user), value(name)});
        if (gone == 0) return fail(errors::gen::not_found, {{"what", "view"}, {"name", name}});
        return {};
    });
}

}  // namespace countersign::manager::store
