#include "base/text.hpp"
#include "workbench/commands.hpp"
#include "workbench/workbench.hpp"

#include "countersign/errors/gen.hpp"

#include <boost/json.hpp>

namespace countersign::workbench {
namespace {

Result<int> list(ApiClient& client, Output& output) {
    CS_TRY(auto const folders, all_folders(client));
    if (output.value(json::object{{"folders", folders}})) return k_holds;
    Table table{{"ID", "Folder", "Systems", "Certificates"}, {}};
    for (auto const& folder : folders)
        table.rows.push_back({std::to_string(number_of(folder, "id")), text_of(folder, "path"),
                              std::to_string(number_of(folder, "systems")),
                              text_of(folder, "issuer") == "by_hand" ? "by hand" : "internal authority"});
    output.table(table);
    return k_holds;
}

struct FolderOptions {
    std::string folder, name, to;
};

Result<int> add(ApiClient& client, Output& output, FolderOptions const& options) {
    CS_TRY(auto made, client.send("POST", "folders", {{"path", options.folder}}));
    if (!output.value(made)) output.line("Folder " + text_of(made, "path") + " is folder " + std::to_string(number_of(made, "id")) + ".");
    return k_holds;
}

Result<int> change(ApiClient& client, Output& output, FolderOptions const& options) {
    CS_TRY(auto id, folder_number(client, options.folder));
    json::object body;
    if (!options.name.empty()) body["name"] = options.name;
    if (!options.to.empty()) {
        CS_TRY(auto parent, folder_number(client, options.to));
        body["parent"] = parent;
    }
    CS_TRY(auto changed, client.send("PATCH", "folders/" + std::to_string(id), body));
    if (!output.value(changed)) output.line("It is " + text_of(changed, "path") + " now.");
    return k_holds;
}

Result<int> remove(ApiClient& client, Output& output, FolderOptions const& options) {
    CS_TRY(auto id, folder_number(client, options.folder));
    std::string query;
    if (!options.to.empty()) {
        CS_TRY(auto target, folder_number(client, options.to));
        query = "?move_to=" + std::to_string(target);
    }
    CS_CHECK(client.send("DELETE", "folders/" + std::to_string(id) + query));
    if (!output.json()) output.line("Removed " + options.folder + ".");
    return k_holds;
}

}  // namespace

Result<json::array> all_folders(ApiClient& client) { return all_of(client, "folders", "folders"); }

Result<std::int64_t> folder_number(ApiClient& client, std::string const& folder) {
    if (auto id = parse_number<std::int64_t>(folder)) return *id;
    CS_TRY(auto found, client.get("folders?path=" + path_part(folder)));
    auto const& list = list_of(found, "folders");
    if (list.empty()) return fail(errors::gen::not_found, {{"what", "folder"}, {"name", folder}});
    return number_of(list.front(), "id");
}

void add_folder_commands(CLI::App& app, Context& context) {
    auto* folder = app.add_subcommand("folder", "Folders of systems")->require_subcommand(1);
    auto options = std::make_shared<FolderOptions>();
    using Work = Result<int> (*)(ApiClient&, Output&, FolderOptions const&);
    auto command = [&](std::string name, std::string help, std::string which, Work work) {
        auto* sub = folder->add_subcommand(std::move(name), std::move(help));
        sub->add_option("folder", options->folder, std::move(which))->required();
        sub->callback([&context, options, work] {
            context.action = [&context, options, work](Output& output) {
                return with_manager(context, output, [&](ApiClient& client) { return work(client, output, *options); });
            };
        });
        return sub;
    };
    folder->add_subcommand("list", "All folders, with how many systems are in each")->callback([&context] {
        context.action = [&context](Output& output) {
            return with_manager(context, output, [&](ApiClient& client) { return list(client, output); });
        };
    });
    command("add", "Make a folder, and those that it is in", "Path, such as /Europe/Berlin", add);
    constexpr auto k_which = "Path or number";
    command("rename", "Give a folder another name", k_which, change)->add_option("name", options->name, "The new name")->required();
    command("move", "Put a folder, with all in it, into another", k_which, change)
        ->add_option("--to", options->to, "The folder that it goes into: path or number")
        ->required();
    command("remove", "Remove an empty folder, or one whose contents go elsewhere", k_which, remove)
        ->add_option("--move-to", options->to, "Where its systems and folders go: path or number");
}

}  // namespace countersign::workbench
