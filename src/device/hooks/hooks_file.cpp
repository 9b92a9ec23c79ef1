#include "device/hooks/hooks_file.hpp"

#include "base/text.hpp"
#include "base/toml.hpp"
#include "base/toml_guard.hpp"
#include "host/privileges.hpp"

#include "countersign/errors/gen.hpp"

#include <algorithm>
#include <array>
#include <set>

namespace countersign::device {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t k_file_limit = 64 * 1024;
constexpr std::size_t k_hooks = 32;
constexpr std::size_t k_arguments = 64;
constexpr std::array k_parts{HookPart::certificate, HookPart::leaf, HookPart::chain, HookPart::key, HookPart::combined, HookPart::trust};

Error invalid(std::string_view field, std::string_view detail) {
    return Error(errors::gen::invalid_input, {{"field", field}, {"detail", detail}});
}

bool is_name(std::string_view text) {
    return !text.empty() && text.size() <= 32 &&
           std::ranges::all_of(text, [](unsigned char c) { return std::isalnum(c) != 0 || c == '-' || c == '_'; });
}

bool has_zero(std::string_view text) { return text.find('\0') != std::string_view::npos; }

class HookReader {
public:
    HookReader(toml::table const& table, std::string_view file, std::vector<Error>& problems)
        : table_(table), place_(std::string(file) + " line " + std::to_string(table.source().begin.line)), problems_(problems) {}

    Hook read() {
        Hook hook;
        hook.name = text("name");
        if (!is_name(hook.name)) add(invalid("name", "must be 1 to 32 letters, digits, '-' or '_'"));
        hook.identity = text("identity");
        for (auto part : k_parts) read_file(hook, part);
        if (hook.files.empty()) add(Error(errors::gen::missing_field, {{"field", "certificate, leaf, chain, key, combined or trust"}}));
        read_access(hook.access);
        hook.check = command("check");
        hook.reload = command("reload");
        hook.timeout = seconds("timeout", hook.timeout, 600);
        hook.first_retry = seconds("retry", hook.first_retry, 600);
        check_keys();
        return hook;
    }

private:
    void add(Error problem) { problems_.push_back(std::move(problem.at(place_))); }

    std::string text(std::string_view key) {
        auto const node = table_[key];
        if (node && !node.is_string()) add(invalid(key, "must be text"));
        return node.value_or(std::string());
    }

    void read_file(Hook& hook, HookPart part) {
        auto const key = to_string(part);
        if (!table_.contains(key)) return;
        fs::path path = text(key);
        bool const usable = path.is_absolute() && path.has_filename() && !has_zero(path.native()) &&
                            std::ranges::none_of(path, [](fs::path const& name) { return name == ".."; });
        if (!usable) return add(invalid(key, "must be an absolute path of a file"));
        if (std::ranges::find(hook.files, path, &std::pair<HookPart, fs::path>::second) != hook.files.end())
            return add(invalid(key, "two parts cannot have one file"));
        hook.files.emplace_back(part, std::move(path));
    }

    void read_access(host::FileAccess& access) {
        if (table_.contains("mode")) {
            auto const mode = text("mode");
            unsigned value = 0;
            bool octal = mode.size() >= 3 && mode.size() <= 4;
            for (char c : mode) {
                octal = octal && c >= '0' && c <= '7';
                value = value * 8 + static_cast<unsigned>(c - '0');
            }
            // A private key that everybody may read, or a file that others may change, helps nobody.
            if (!octal || (value & ~0660U) != 0 || (value & 0400U) == 0)
                add(invalid("mode", "must be an octal number of three or four digits, with nothing for others: \"0640\""));
            else
                access.mode = value;
        }
        if (auto const owner = text("owner"); !owner.empty()) take(access.owner, host::find_user(owner));
        if (auto const group = text("group"); !group.empty()) take(access.group, host::find_group(group));
    }
    template <class Number>
    void take(std::optional<unsigned>& into, Result<Number> found) {
        if (found)
            into = *found;
        else
            add(std::move(found).error());
    }

    std::vector<std::string> command(std::string_view key) {
        std::vector<std::string> out;
        auto const node = table_[key];
        if (!node) return out;
        auto const* items = node.as_array();
        if (items == nullptr || items->empty() || items->size() > k_arguments) {
            add(invalid(key, "must be a list of a program and its arguments, at most 64"));
            return out;
        }
        for (auto const& item : *items) {
            auto argument = item.value<std::string>();
            if (!argument || has_zero(*argument)) {
                add(invalid(key, "must be a list of texts"));
                return {};
            }
            out.push_back(*std::move(argument));
        }
        if (out.front().empty()) add(invalid(key, "names no program"));
        return out;
    }

    std::chrono::seconds seconds(std::string_view key, std::chrono::seconds otherwise, int most) {
        auto const node = table_[key];
        if (!node) return otherwise;
        auto const value = node.value<std::int64_t>();
        if (node.is_integer() && value && *value >= 1 && *value <= most) return std::chrono::seconds(*value);
        add(invalid(key, "must be 1 to " + std::to_string(most) + " seconds"));
        return otherwise;
    }

    void check_keys() {
        static constexpr std::array<std::string_view, 9> known{"name",  "identity", "mode",    "owner", "group",
                                                               "check", "reload",   "timeout", "retry"};
        for (auto const& [key, value] : table_) {
            bool const part = std::ranges::any_of(k_parts, [&key](HookPart one) { return to_string(one) == key.str(); });
            if (!part && std::ranges::find(known, key.str()) == known.end()) add(invalid(key.str(), "is not known here"));
        }
    }

    toml::table const& table_;
    std::string place_;
    std::vector<Error>& problems_;
};

void check_unique(std::vector<Hook> const& hooks, std::string_view file, std::vector<Error>& problems) {
    std::set<std::string> names;
    std::set<fs::path> paths;
    for (auto const& hook : hooks) {
        if (!names.insert(hook.name).second) problems.push_back(invalid("name", hook.name + " stands twice").at(file));
        for (auto const& [part, path] : hook.files)
            if (!paths.insert(path).second)
                problems.push_back(invalid(to_string(part), path.string() + " belongs to another hook").at(file));
    }
}

Error all_of(std::vector<Error> problems) {
    if (problems.size() == 1) return std::move(problems.front());
    Error several(errors::gen::several_problems);
    for (auto& problem : problems) several.because(std::move(problem));
    return several;
}

}  // namespace

std::string_view to_string(HookPart part) {
    switch (part) {
        case HookPart::certificate: return "certificate";
        case HookPart::leaf: return "leaf";
        case HookPart::chain: return "chain";
        case HookPart::key: return "key";
        case HookPart::combined: return "combined";
        case HookPart::trust: return "trust";
    }
    return "";
}

Result<std::vector<Hook>> parse_hooks(std::string_view text, std::string_view file) {
    std::vector<Hook> hooks;
    std::vector<Error> problems;
    if (auto const line = find_fatal_toml(text))
        return fail(invalid(std::string(file) + " line " + std::to_string(*line), "a character that TOML does not allow here"));
    try {
        auto const document = toml::parse(text, file);
        for (auto const& [key, value] : document)
            if (key.str() != "hook") problems.push_back(invalid(key.str(), "is not known here").at(file));
        auto const* items = document["hook"].as_array();
        if (document.contains("hook") && (items == nullptr || items->size() > k_hooks))
            return fail(invalid("hook", "must be a list of at most 32 tables: [[hook]]").at(file));
        for (std::size_t i = 0; items != nullptr && i < items->size(); ++i) {
            auto const* table = items->get(i)->as_table();
            if (table == nullptr) return fail(invalid("hook", "must be a list of tables: [[hook]]").at(file));
            hooks.push_back(HookReader(*table, file, problems).read());
        }
    } catch (toml::parse_error const& error) {
        return fail(invalid(std::string(file) + " line " + std::to_string(error.source().begin.line), error.description()));
    }
    check_unique(hooks, file, problems);
    if (!problems.empty()) return fail(all_of(std::move(problems)));
    return hooks;
}

Result<std::vector<Hook>> load_hooks(fs::path const& file) {
    std::error_code ignored;
    if (file.empty() || !fs::exists(file, ignored)) return std::vector<Hook>{};
    CS_TRY(auto text, host::read_file(file, k_file_limit));
    return parse_hooks(text, file.string());
}

}  // namespace countersign::device
