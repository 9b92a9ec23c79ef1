#include "maintenance.hpp"

#include "base/gather.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "host/files.hpp"
#include "manager/access/restore.hpp"
#include "manager/settings/reader.hpp"
#include "manager/store/backup.hpp"
#include "manager/store/offline.hpp"

#include "countersign/errors/gen.hpp"

#include <CLI/CLI.hpp>

#include <array>
#include <iostream>

namespace countersign::manager {
namespace {

int failed(Error const& error) {
    std::cerr << "countersign-manager: " << error.explanation() << "\n";
    return error.entry().exit_code;
}

/// The settings that say where a manager's data are.
constexpr std::array<std::string_view, 4> k_place_settings{"data", "database", "database_password_file", "database_ca_file"};

/// Where the data are: from the settings file of the manager, or from options of the same names.
class PlaceOptions {
public:
    void add(CLI::App& app) {
        app.add_option("--settings", file_, "Settings file of the manager; options override it");
        for (auto name : k_place_settings) {
            auto const option = replace_all(std::string(name), "_", "-");
            app.add_option("--" + option, given_[std::string(name)], name == "data" ? "Data folder of the manager" : "As for the manager")
                ->expected(1);
        }
    }
    /// GEN-006, SET-*; GEN-002 when no data folder is named.
    [[nodiscard]] Result<StorePlace> read() const {
        GivenOptions given;
        for (auto const& [name, words] : given_)
            if (!words.empty()) given[name] = words;
        auto const read = read_settings(file_, given);
        std::vector<Error> problems;
        for (auto const& problem : read.problems) {
            auto const name = problem.parameter("name");
            // Others are the manager's matter, not ours.
            if (name.empty() || std::ranges::find(k_place_settings, name) != k_place_settings.end()) problems.push_back(problem);
        }
        if (!problems.empty()) return fail(gather(std::move(problems)));
        auto const text = [&read](std::string const& name) { return std::get<std::string>(read.values.at(name).value); };
        if (text("data").empty()) return fail(errors::gen::missing_field, {{"field", "--data, or --settings"}});
        return StorePlace{text("data"), {text("database"), text("database_password_file"), text("database_ca_file")}};
    }

private:
    std::filesystem::path file_;
    GivenOptions given_;
};

int verify(StorePlace const& place) {
    auto const verdict = verify_audit(place);
    if (!verdict) return failed(verdict.error());
    if (verdict->first_bad) {
        std::cout << "the audit trail does not hold: " << verdict->first_bad->text << "\n";
        return 2;
    }
    std::cout << "the audit trail holds: " << verdict->records << " records, the newest is " << verdict->head.newest << " with the hash\n"
              << verdict->head.hash << "\n";
    return 0;
}

int let_in(StorePlace const& place, std::string const& account) {
    auto const restored = restore_administrator(place, account);
    if (!restored) return failed(restored.error());
    std::cout << (restored->setup ? "set-up password: " : "one-time password of " + account + ": ") << restored->password.reveal() << "\n";
    return 0;
}

/// One line of a file, or of the terminal's other end: nothing that stands in a list of programs.
Result<SecretText> read_passphrase(std::filesystem::path const& file) {
    CS_TRY(auto const text, host::read_secret_file(file));
    auto line = std::string_view(text.reveal());
    while (line.ends_with('\n') || line.ends_with('\r')) line.remove_suffix(1);
    return SecretText(std::string(line));
}

int say(char const* what, std::filesystem::path const& file, Result<BackupSummary> const& done) {
    if (!done) return failed(done.error());
    std::cout << what << " " << file.string() << ": " << done->rows << " rows of " << done->tables << " tables, schema " << done->schema
              << ", of " << to_string(done->made) << "\n";
    if (done->trail_holds) return 0;
    std::cout << "its audit trail does not hold: countersign-manager verify-audit says where\n";
    return 2;
}

}  // namespace

int run_maintenance(int argc, char** argv) {
    CLI::App app("countersign-manager: on the manager's own machine, with its data");
    app.require_subcommand(1);
    log::configure(log::parse_level("warning"), log::Format::text);
    PlaceOptions options;
    int code = 0;
    auto const with_place = [&options, &code](auto work) {
        return [&options, &code, work] {
            auto const place = options.read();
            code = place ? work(*place) : failed(place.error());
        };
    };
    auto* check = app.add_subcommand("verify-audit", "Was a record of the audit trail changed, removed or moved? Exit code 2: it was");
    check->callback(with_place([](StorePlace const& place) { return verify(place); }));

    std::string account = "admin";
    auto* restore = app.add_subcommand("restore-administrator", "A one-time password when nobody can log in any more");
    restore->add_option("--account", account, "Account that becomes an administrator; made when it does not exist")->capture_default_str();
    restore->callback(with_place([&account](StorePlace const& place) { return let_in(place, account); }));

    std::filesystem::path file, passphrase_file;
    auto* write = app.add_subcommand("backup", "One encrypted file with everything that the manager remembers, while it works");
    write->add_option("file", file, "The file to write; there is none of that name yet")->required();
    auto* back = app.add_subcommand("restore", "Everything from a backup, into an empty data folder (and an empty database)");
    back->add_option("file", file, "What `backup` wrote")->required();
    for (auto* command : {write, back})
        command->add_option("--passphrase-file", passphrase_file, "File with the passphrase as its only line, 12 characters at least")
            ->required();
    for (auto* command : {check, restore, write, back}) options.add(*command);
    write->callback(with_place([&file, &passphrase_file](StorePlace const& place) {
        auto const passphrase = read_passphrase(passphrase_file);
        if (!passphrase) return failed(passphrase.error());
        return say("written", file, write_backup(place, file, *passphrase, SystemClock().now()));
    }));
    back->callback(with_place([&file, &passphrase_file](StorePlace const& place) {
        auto const passphrase = read_passphrase(passphrase_file);
        if (!passphrase) return failed(passphrase.error());
        return say("restored", file, restore_backup(file, *passphrase, place, std::make_shared<SystemClock>()));
    }));
    CLI11_PARSE(app, argc, argv);
    return code;
}

}  // namespace countersign::manager
