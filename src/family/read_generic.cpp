/// [ssh] and [hook] of a family file: what the drivers without a protocol of their own are told.

#include "base/text.hpp"
#include "family/generic.hpp"
#include "family/toml_reader.hpp"

#include <algorithm>

namespace countersign::family {
namespace {

using namespace std::string_view_literals;

constexpr std::array k_log_ins{"public_key"sv, "password"sv};
constexpr std::array k_quotings{"posix"sv, "none"sv};
constexpr std::size_t k_longest_template = 4000;
constexpr std::size_t k_most_steps = 100;
constexpr int k_longest_seconds = 600;
constexpr std::int64_t k_mode_bits = 0777;

bool has_control_characters(std::string_view text) {
    return std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

/// Where a placeholder stands, as far as a shell's quotes go.
class ShellQuotes {
public:
    void take(char c) {
        if (escaped_) {
            escaped_ = false;
        } else if (c == '\\' && open_ != '\'') {
            escaped_ = true;
        } else if (open_ != 0) {
            if (c == open_) open_ = 0;
        } else if (c == '\'' || c == '"' || c == '`') {
            open_ = c;
        }
    }
    [[nodiscard]] bool inside() const { return open_ != 0 || escaped_; }

private:
    char open_ = 0;
    bool escaped_ = false;
};

enum class Where { command, content };

/// Every problem of a template.
void check_template(TableReader& reader, std::string_view key, std::string_view text, Action action, Where where, Quoting quoting) {
    if (text.size() > k_longest_template) reader.problem(key, "is longer than " + std::to_string(k_longest_template) + " bytes");
    auto const known = placeholders_of(action);
    ShellQuotes quotes;
    for (std::size_t at = 0; at < text.size(); ++at) {
        char const c = text[at];
        if (c != '{' && c != '}') {
            quotes.take(c);
            continue;
        }
        if (at + 1 < text.size() && text[at + 1] == c) {
            quotes.take(c);
            ++at;
            continue;
        }
        auto const end = c == '{' ? text.find('}', at) : std::string_view::npos;
        if (end == std::string_view::npos) {
            reader.problem(key, "a brace by itself is written twice: {{ or }}");
            return;
        }
        auto const name = text.substr(at + 1, end - at - 1);
        at = end;
        if (std::ranges::find(known, name) == known.end()) {
            std::vector<std::string> names(known.begin(), known.end());
            reader.problem(key, "there is no {" + std::string(name) + "} here (known: " + join(names, ", ") + ")");
        } else if (where == Where::command && (is_secret_placeholder(name) || name == "certificate" || name == "trust_list")) {
            reader.problem(key, "{" + std::string(name) +
                                    "} cannot stand on a command line, which others on the system can read: use input or content");
        } else if (where == Where::command && quoting == Quoting::posix && quotes.inside()) {
            reader.problem(key, "{" + std::string(name) + "} stands inside of quotes; it is quoted by itself");
        }
    }
}

std::optional<Pattern> read_pattern(TableReader& reader, std::string_view key, std::string_view text) {
    auto pattern = Pattern::parse(text);
    if (pattern) return *std::move(pattern);
    reader.problem(key, pattern.error().parameter("detail"));
    return std::nullopt;
}

void read_expectations(TableReader& reader, SshStep& step) {
    for (auto const& text : reader.texts("expect"))
        if (auto pattern = read_pattern(reader, "expect", text)) step.expect.push_back(*std::move(pattern));
    auto const* node = reader.node("exit_status");
    auto const* list = node == nullptr ? nullptr : node->as_array();
    if (node != nullptr && list == nullptr) reader.problem("exit_status", "must be a list of numbers");
    if (list == nullptr) return;
    for (auto const& element : *list) {
        auto const number = element.value_exact<std::int64_t>();
        if (number && *number >= 0 && *number <= 255)
            step.exit_status.push_back(static_cast<int>(*number));
        else
            reader.problem("exit_status", "must be a list of numbers from 0 to 255");
    }
}

/// { "system.software" = '^Version: (\S+)' }
void read_readings(TableReader& reader, std::string_view key, SshStep& step, Problems& problems) {
    auto const* table = reader.table(key, Need::optional);
    if (table == nullptr) return;
    TableReader inner(*table, "ssh.read." + std::string(key), problems);
    for (auto const& [name, value] : *table) {
        auto const text = inner.text(name.str());
        auto pattern = read_pattern(inner, name.str(), text);
        if (!pattern) continue;
        bool const is_fact = key == "facts";
        auto const facts = known_facts();
        if (is_fact && std::ranges::find(facts, name.str()) == facts.end()) inner.problem(name.str(), "there is no such fact");
        step.readings.push_back({.fact = is_fact ? std::string(name.str()) : std::string(),
                                 .setting = is_fact ? std::string() : std::string(name.str()),
                                 .pattern = *std::move(pattern)});
    }
    inner.finish();
}

SshStep read_step(TableReader reader, Action action, SshScript const& script, std::chrono::seconds time_limit, Problems& problems) {
    SshStep step;
    step.command = reader.text("command", Need::optional);
    step.input = reader.text("input", Need::optional);
    step.file = reader.text("file", Need::optional);
    step.content = reader.text("content", Need::optional);
    step.mode = static_cast<unsigned>(reader.integer("mode", step.mode, 0, k_mode_bits));
    step.time_limit = std::chrono::seconds(reader.integer("time_limit", time_limit.count(), 1, k_longest_seconds));
    read_expectations(reader, step);
    if (action == Action::read) {
        read_readings(reader, "facts", step, problems);
        read_readings(reader, "settings", step, problems);
        if (step.readings.empty()) reader.problem("facts", "nothing is taken from the answer: give facts or settings");
    }
    if (action == Action::apply) step.setting = reader.text("setting");
    if (step.command.empty() == step.file.empty()) reader.problem("command", "is missing, or there is a file as well");
    if (step.file.empty() && !step.content.empty()) reader.problem("content", "needs file");
    if (!step.file.empty() && step.content.empty()) reader.problem("file", "needs content");
    if (!step.file.empty() && !(step.input.empty() && step.expect.empty() && step.exit_status.empty()))
        reader.problem("file", "has neither input nor an answer");
    if (!step.file.empty() &&
        (!step.file.starts_with('/') || step.file.contains("/../") || step.file.ends_with('/') || has_control_characters(step.file)))
        reader.problem("file", "must be an absolute path of a file");
    if (action == Action::read && !step.file.empty()) reader.problem("file", "nothing is written while the system is read");
    if (has_control_characters(step.command)) reader.problem("command", "must be one line");
    check_template(reader, "command", step.command, action, Where::command, script.quoting);
    check_template(reader, "input", step.input, action, Where::content, script.quoting);
    check_template(reader, "content", step.content, action, Where::content, script.quoting);
    reader.finish();
    return step;
}

/// What there must be for the rest to be of use.
void check_script(Family const& family, SshScript const& script, TableReader& reader) {
    std::set<std::string, std::less<>> read;
    for (auto const& step : script.steps.contains(Action::read) ? script.steps.at(Action::read) : std::vector<SshStep>())
        for (auto const& reading : step.readings) read.insert(reading.fact.empty() ? reading.setting : reading.fact);
    if (!read.contains("system.software"))
        reader.problem("read", "the fact system.software is not read: the system would be left as it is");
    for (auto const& setting : family.settings)
        if (!setting.canonical.empty() && setting.space.kind != ValueKind::password && !read.contains(setting.canonical))
            reader.problem("read", "nothing reads the setting " + setting.canonical);
    for (auto const& [action, steps] : script.steps)
        for (auto const& step : steps) {
            if (action == Action::apply && family.find_canonical(step.setting) == nullptr)
                reader.problem("apply", "there is no setting " + step.setting);
            for (auto const& reading : step.readings)
                if (!reading.setting.empty() && family.find_canonical(reading.setting) == nullptr)
                    reader.problem("read", "there is no setting " + reading.setting);
        }
    bool const begins = script.steps.contains(Action::begin_trial);
    if (begins &&
        !(script.steps.contains(Action::confirm_trial) && script.steps.contains(Action::cancel_trial) && read.contains("trial.id")))
        reader.problem("begin_trial", "needs confirm_trial, cancel_trial and the fact trial.id");
    if (script.steps.contains(Action::set_password) && !script.password) reader.problem("set_password", "log_in has no password");
    if (script.steps.contains(Action::install_certificate) && !read.contains("certificate.fingerprint"))
        reader.problem("install_certificate", "needs the fact certificate.fingerprint, which says what is installed");
    if (script.steps.contains(Action::install_trust) && !read.contains("trust.fingerprint"))
        reader.problem("install_trust", "needs the fact trust.fingerprint, which says what is trusted");
}

void read_ssh(Family& family, TableReader reader, Problems& problems) {
    auto script = std::make_shared<SshScript>();
    script->service = reader.text("service");
    for (auto const& way : reader.texts("log_in", Need::required)) {
        script->public_key = script->public_key || way == "public_key";
        script->password = script->password || way == "password";
        if (std::ranges::find(k_log_ins, way) == k_log_ins.end()) reader.problem("log_in", way + " is none of public_key, password");
    }
    if (!script->public_key && !script->password && reader.has("log_in")) reader.problem("log_in", "names no way");
    script->quoting = reader.one_of("quoting", k_quotings, Need::optional) == "none" ? Quoting::none : Quoting::posix;
    std::chrono::seconds const time_limit(reader.integer("time_limit", 30, 1, k_longest_seconds));
    for (std::size_t i = 0; i < k_action_names.size(); ++i) {
        auto const action = static_cast<Action>(i);
        auto const tables = reader.tables(k_action_names[i]);
        if (tables.size() > k_most_steps) reader.problem(k_action_names[i], "has more than 100 steps");
        for (auto const* table : tables)
            script->steps[action].push_back(
                read_step({*table, "ssh." + std::string(k_action_names[i]), problems}, action, *script, time_limit, problems));
    }
    auto const* service = family.find_service(script->service);
    if (reader.has("service") && (service == nullptr || service->door != "ssh"))
        reader.problem("service", "there is no service " + script->service + " with the door ssh");
    check_script(family, *script, reader);
    reader.finish();
    family.ssh = std::move(script);
}

void read_hook(Family& family, TableReader reader) {
    auto hook = std::make_shared<HookProgram>();
    hook->program = reader.text("program");
    auto const good = [](char c) {
        return c == '.' || c == '_' || c == '-' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    };
    if (reader.has("program") && (hook->program.empty() || hook->program.starts_with('.') || !std::ranges::all_of(hook->program, good)))
        reader.problem("program", "is the name of a file in the manager's folder of hooks: letters, digits and . _ - only");
    hook->service = reader.text("service");
    hook->time_limit = std::chrono::seconds(reader.integer("time_limit", 60, 1, k_longest_seconds));
    for (auto const& name : reader.texts("actions", Need::required)) {
        auto const place = std::ranges::find(k_action_names, name);
        if (place == k_action_names.end()) {
            std::vector<std::string> names(k_action_names.begin(), k_action_names.end());
            reader.problem("actions", name + " is none of " + join(names, ", "));
            continue;
        }
        hook->actions.insert(static_cast<Action>(place - k_action_names.begin()));
    }
    if (!hook->actions.contains(Action::read)) reader.problem("actions", "read is missing: nothing could be known of the system");
    bool const trials = hook->actions.contains(Action::begin_trial);
    if (trials && !(hook->actions.contains(Action::confirm_trial) && hook->actions.contains(Action::cancel_trial)))
        reader.problem("actions", "begin_trial needs confirm_trial and cancel_trial");
    for (auto const& canonical : reader.texts("read_only")) {
        if (family.find_canonical(canonical) == nullptr) reader.problem("read_only", "there is no setting " + canonical);
        hook->read_only.insert(canonical);
    }
    auto const* service = family.find_service(hook->service);
    if (reader.has("service") && (service == nullptr || (service->door != "https" && service->door != "ssh")))
        reader.problem("service", "there is no service " + hook->service + " with the door https or ssh");
    reader.finish();
    family.hook = std::move(hook);
}

}  // namespace

bool is_generic_driver(std::string_view driver) { return driver == "ssh" || driver == "hook"; }

void read_generic(Family& family, TableReader& root, Problems& problems) {
    auto const* ssh = root.table("ssh", Need::optional);
    auto const* hook = root.table("hook", Need::optional);
    if ((family.driver == "ssh") != root.has("ssh")) root.problem("ssh", "the driver ssh and the table [ssh] need each other");
    if ((family.driver == "hook") != root.has("hook")) root.problem("hook", "the driver hook and the table [hook] need each other");
    if (ssh != nullptr) read_ssh(family, {*ssh, "ssh", problems}, problems);
    if (hook != nullptr) read_hook(family, {*hook, "hook", problems});
    if (!is_generic_driver(family.driver)) return;
    // What is judged as HTTPS goes by that name everywhere.
    for (auto const& service : family.services)
        if ((service.door == "https") != (service.id == "https"))
            root.problem("service", "the service with the door https has the id https");
    if (family.can(Action::install_certificate) && family.find_service("https") == nullptr)
        root.problem(family.driver, "install_certificate needs a service https, where the certificate can be seen");
}

}  // namespace countersign::family
