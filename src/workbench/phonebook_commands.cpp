#include "host/files.hpp"
#include "workbench/commands.hpp"
#include "workbench/workbench.hpp"

#include <boost/json.hpp>

namespace countersign::workbench {
namespace {

constexpr std::size_t k_largest = 16UL * 1024 * 1024;

std::string numbers_of(json::value const& entry) {
    std::string out;
    for (auto const& route : list_of(entry, "routes"))
        out += (out.empty() ? "" : ", ") + text_of(route, "number") + " (" + text_of(route, "protocol") + ")";
    return out;
}

std::string assignments_of(json::value const& book) {
    std::string out;
    for (auto const& one : list_of(book, "assignments"))
        if (one.is_string()) out += (out.empty() ? "" : ", ") + printable(one.get_string());
    return out.empty() ? "nobody" : out;
}

void print_book(Output& output, json::value const& book) {
    output.line(text_of(book, "name") + ": " + std::to_string(number_of(book, "entries")) +
                (number_of(book, "entries") == 1 ? " entry" : " entries") + ", seen by " + assignments_of(book) + ".");
}

struct Import {
    std::string name, file;
    bool replace = false;
};

Result<int> import_book(ApiClient& client, Output& output, Import const& wanted) {
    CS_TRY(auto csv, host::read_file(wanted.file, k_largest));
    CS_TRY(auto done,
           client.send("POST", "phonebooks/import", {{"name", wanted.name}, {"csv", csv}, {"mode", wanted.replace ? "replace" : "merge"}}));
    if (!output.value(done))
        output.line(wanted.name + " has " + std::to_string(number_of(done, "entries")) +
                    (number_of(done, "entries") == 1 ? " entry: " : " entries: ") + std::to_string(number_of(done, "added")) + " added, " +
                    std::to_string(number_of(done, "changed")) + " changed, " + std::to_string(number_of(done, "removed")) + " removed.");
    return k_holds;
}

struct Search {
    std::string text, book;
    int limit = 100;
};

Result<int> search(ApiClient& client, Output& output, Search const& wanted) {
    CS_TRY(auto found, client.get("phonebook-entries?text=" + path_part(wanted.text) + "&book=" + path_part(wanted.book) +
                                  "&limit=" + std::to_string(wanted.limit)));
    if (output.value(found)) return k_holds;
    Table table{{"Name", "Numbers", "Phone book", "Folder"}, {}};
    for (auto const& entry : list_of(found, "entries"))
        table.rows.push_back({text_of(entry, "name"), numbers_of(entry), text_of(entry, "book"), text_of(entry, "folder")});
    output.table(table);
    if (number_of(found, "next") != 0) output.line("There are more; search for more of the name.");
    return k_holds;
}

struct Assignment {
    std::string book, folder, system;
    bool all = false;
};

Result<int> change_assignment(ApiClient& client, Output& output, Assignment const& wanted, std::string const& what) {
    json::object body;
    if (wanted.all) body["all"] = true;
    if (!wanted.folder.empty()) body["folder"] = wanted.folder;
    if (!wanted.system.empty()) body["system"] = wanted.system;
    CS_TRY(auto book, client.send("POST", "phonebooks/" + path_part(wanted.book) + "/" + what, body));
    if (!output.value(book)) print_book(output, book);
    return k_holds;
}

}  // namespace

void add_phonebook_commands(CLI::App& app, Context& context) {
    auto act = [&context](CLI::App* command, auto work) {
        command->callback([&context, work] {
            context.action = [&context, work](Output& output) {
                return with_manager(context, output, [&](ApiClient& client) { return work(client, output); });
            };
        });
    };
    auto* phonebook = app.add_subcommand("phonebook", "Phone books that the manager serves to systems")->require_subcommand(1);
    auto import = std::make_shared<Import>();
    auto* importing =
        phonebook->add_subcommand("import", "Take entries from a list (CSV: name, number, protocol, call_type, folder, description)");
    importing->add_option("name", import->name, "The book; made when there is none of that name")->required();
    importing->add_option("file", import->file, "The list")->required();
    importing->add_flag("--replace", import->replace, "Entries that the list does not name go");
    act(importing, [import](ApiClient& client, Output& output) { return import_book(client, output, *import); });
    act(phonebook->add_subcommand("list", "All books, and who sees them"), [](ApiClient& client, Output& output) -> Result<int> {
        CS_TRY(auto answer, client.get("phonebooks"));
        if (output.value(answer)) return k_holds;
        Table table{{"ID", "Phone book", "Entries", "Seen by", "Changed"}, {}};
        for (auto const& book : list_of(answer, "phonebooks"))
            table.rows.push_back({std::to_string(number_of(book, "id")), text_of(book, "name"), std::to_string(number_of(book, "entries")),
                                  assignments_of(book), text_of(book, "changed")});
        output.table(table);
        return k_holds;
    });
    auto wanted = std::make_shared<Search>();
    auto* searching = phonebook->add_subcommand("search", "Entries by a part of the name, or the beginning of a number");
    searching->add_option("text", wanted->text, "What to look for")->required();
    searching->add_option("--book", wanted->book, "Only in this book");
    searching->add_option("--limit", wanted->limit, "At most so many")->check(CLI::Range(1, 1000))->capture_default_str();
    act(searching, [wanted](ApiClient& client, Output& output) { return search(client, output, *wanted); });
    auto name = std::make_shared<std::string>();
    auto* removing = phonebook->add_subcommand("remove", "Remove a book with its entries");
    removing->add_option("book", *name, "Number or name")->required();
    act(removing, [name](ApiClient& client, Output& output) -> Result<int> {
        CS_CHECK(client.send("DELETE", "phonebooks/" + path_part(*name)));
        if (!output.json()) output.line("Removed " + *name + ".");
        return k_holds;
    });
    for (std::string const what : {"assign", "unassign"}) {
        auto assignment = std::make_shared<Assignment>();
        auto* command = phonebook->add_subcommand(what, what == "assign" ? "Let systems see a book" : "Take that back");
        command->add_option("book", assignment->book, "Number or name")->required();
        command->add_flag("--all", assignment->all, "All systems, also those that the manager does not know");
        command->add_option("--folder", assignment->folder, "Systems in this folder (path or number) and below it");
        command->add_option("--to-system", assignment->system, "One system");
        act(command,
            [assignment, what](ApiClient& client, Output& output) { return change_assignment(client, output, *assignment, what); });
    }
}

}  // namespace countersign::workbench
