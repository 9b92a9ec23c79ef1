#include "dialect/xapi.hpp"

#include "base/text.hpp"
#include "dialect/xapi_parts.hpp"

#include "countersign/errors/dev.hpp"
#include "countersign/errors/gen.hpp"

#include <algorithm>
#include <bitset>
#include <cctype>
#include <unordered_map>

namespace countersign::dialect::xapi {
namespace {

constexpr std::size_t k_max_location = 1000;
constexpr std::size_t k_max_steps = 32;
using Active = std::bitset<k_max_steps + 1>;

XmlElement& find_or_add(XmlElement& parent, Part const& part) {
    auto const found = std::ranges::find_if(
        parent.children, [&](XmlElement const& child) { return iequals(child.name, part.name) && child.attribute("item") == part.item; });
    if (found != parent.children.end()) return *found;
    auto& child = parent.add(part.name);
    if (!part.item.empty()) child.set("item", part.item);
    return child;
}

/// Collects leaves with the path to each.
class Flattener {
public:
    explicit Flattener(std::vector<std::string> const& known_paths) {
        for (auto const& path : known_paths) known_.push_back(split_path(path));
    }

    void walk(XmlElement const& element) {
        std::unordered_map<std::string, std::size_t> count;
        for (auto const& child : element.children) ++count[to_lower(child.name)];
        for (auto const& child : element.children) {
            bool const in_list = count[to_lower(child.name)] > 1;
            path_.push_back({std::string(child.local_name()), std::string(child.attribute("item"))});
            listed_.push_back(in_list || (path_.back().item != "1" && !path_.back().item.empty()));
            if (child.children.empty())
                leaves_.push_back({spelling(), child.text});
            else
                walk(child);
            path_.pop_back();
            listed_.pop_back();
        }
    }

    std::vector<PathValue> take() { return std::move(leaves_); }

private:
    [[nodiscard]] std::string spelling() const {
        for (auto const& known : known_)
            if (auto path = match_known(path_, known)) return *std::move(path);
        auto parts = path_;
        for (std::size_t i = 0; i < parts.size(); ++i)
            if (!listed_[i]) parts[i].item.clear();
        return join_path(parts);
    }

    std::vector<std::vector<Part>> known_;
    std::vector<Part> path_;
    std::vector<bool> listed_;
    std::vector<PathValue> leaves_;
};

bool fits(Location::Step const& step, std::string_view name, std::string_view item) {
    if (step.name != "*" && !iequals(step.name, name)) return false;
    if (step.item == 0) return true;
    return parse_number<int>(item.empty() ? "1" : item) == step.item;
}

/// All steps that may come next are followed at once, so that no location costs more than one walk over the document.
struct Follow {
    Active next;
    bool whole = false;  ///< the last step fits here
};
Follow follow(Location const& location, Active const& active, std::string_view name, std::string_view item) {
    Follow result;
    for (std::size_t i = 0; i < location.steps.size(); ++i) {
        if (!active[i]) continue;
        if (location.steps[i].any_depth) result.next.set(i);
        if (!fits(location.steps[i], name, item)) continue;
        if (i + 1 == location.steps.size())
            result.whole = true;
        else
            result.next.set(i + 1);
    }
    return result;
}

std::optional<XmlElement> prune(XmlElement const& element, Location const& location, Active const& active) {
    auto const state = follow(location, active, element.local_name(), element.attribute("item"));
    if (state.whole) return element;
    if (state.next.none()) return std::nullopt;
    XmlElement pruned(element.name);
    pruned.attributes = element.attributes;
    for (auto const& child : element.children)
        if (auto kept = prune(child, location, state.next)) pruned.children.push_back(*std::move(kept));
    if (pruned.children.empty()) return std::nullopt;
    return pruned;
}

/// One step without its slashes: "Network[1]", "Connector[@item='3']", "*".
std::optional<Location::Step> parse_step(std::string_view text) {
    Location::Step step;
    auto const bracket = text.find('[');
    auto const name = text.substr(0, bracket);
    auto const good = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-' || c == '.'; };
    bool const word = !name.empty() && name.front() != '.' && std::ranges::all_of(name, good);
    if (name != "*" && !word) return std::nullopt;
    step.name = name;
    if (bracket == std::string_view::npos) return step;
    auto inside = text.substr(bracket + 1);
    if (inside.empty() || inside.back() != ']') return std::nullopt;
    inside = trim(inside.substr(0, inside.size() - 1));
    constexpr std::string_view k_item = "@item=";
    if (inside.starts_with(k_item)) {
        inside = trim(inside.substr(k_item.size()));
        bool const quoted = inside.size() > 2 && (inside.front() == '\'' || inside.front() == '"') && inside.back() == inside.front();
        if (!quoted) return std::nullopt;
        inside = inside.substr(1, inside.size() - 2);
    }
    auto const item = parse_number<int>(inside);
    if (!item || *item < 1) return std::nullopt;
    step.item = *item;
    return step;
}

}  // namespace

bool is_item(std::string_view word) {
    if (word.size() > 2 && word.front() == '{' && word.back() == '}') return true;
    return !word.empty() && word.size() < 10 && std::ranges::all_of(word, [](char c) { return c >= '0' && c <= '9'; });
}

std::vector<Part> split_path(std::string_view path) {
    std::vector<Part> parts;
    for (auto word : words(path)) {
        if (is_item(word) && !parts.empty() && parts.back().item.empty())
            parts.back().item = word;
        else
            parts.push_back({std::string(word), {}});
    }
    return parts;
}

std::string join_path(std::vector<Part> const& parts) {
    std::string path;
    for (auto const& part : parts) {
        if (!path.empty()) path += ' ';
        path += part.name;
        if (!part.item.empty()) path += ' ' + part.item;
    }
    return path;
}

std::optional<std::string> match_known(std::vector<Part> const& parts, std::vector<Part> const& known) {
    if (parts.size() != known.size()) return std::nullopt;
    auto spelt = known;
    for (std::size_t i = 0; i < parts.size(); ++i) {
        if (!iequals(parts[i].name, known[i].name)) return std::nullopt;
        std::string const item = parts[i].item.empty() ? "1" : parts[i].item;
        if (known[i].item.starts_with('{'))
            spelt[i].item = item;
        else if (item != (known[i].item.empty() ? "1" : known[i].item))
            return std::nullopt;
    }
    return join_path(spelt);
}

std::string reason_for(Error const& error) {
    if (error.id() == errors::dev::unknown_setting) return "No match on address expression";
    if (error.id() == errors::dev::illegal_value) return "Illegal value";
    if (error.id() == errors::dev::unknown_command) return "Unknown command";
    if (error.id() == errors::dev::missing_parameter) return "Missing or invalid parameter";
    // Several problems of one call: the words of the first, as systems report only one.
    if (error.id() == errors::gen::several_problems && !error.causes().empty()) return reason_for(error.causes().front());
    return error.message();
}

CommandResult result_for(Error const& error, std::string_view result_name) {
    CommandResult result;
    result.name = result_name;
    auto const* first = error.id() == errors::gen::several_problems && !error.causes().empty() ? &error.causes().front() : &error;
    bool const about_parameter = first->id() == errors::dev::missing_parameter || first->id() == errors::dev::illegal_value;
    result.outcome = about_parameter ? Outcome::parameter_error : Outcome::error;
    result.reason = reason_for(error);
    if (about_parameter) {
        // What a person needs to correct the call: which parameter, and what is allowed there.
        if (auto const name = first->parameter("parameter"); !name.empty())
            result.reason += ": " + std::string(name);
        else
            result.reason += ": " + std::string(first->parameter("path")) + " takes " + std::string(first->parameter("allowed"));
    }
    if (first->id() == errors::dev::unknown_command || first->id() == errors::dev::unknown_setting)
        result.xpath = "/" + replace_all(std::string(first->parameter("path")), " ", "/");
    return result;
}

XmlElement build_tree(std::string_view root, std::vector<PathValue> const& leaves) {
    XmlElement tree(root);
    for (auto const& leaf : leaves) {
        auto* place = &tree;
        for (auto const& part : split_path(leaf.path)) place = &find_or_add(*place, part);
        if (place != &tree) place->text = leaf.value;
    }
    return tree;
}

std::vector<PathValue> flatten(XmlElement const& root, std::vector<std::string> const& known_paths) {
    Flattener flattener(known_paths);
    flattener.walk(root);
    return flattener.take();
}

std::vector<std::string> setting_paths(family::Family const& family) {
    std::vector<std::string> paths;
    for (auto const& setting : family.settings) {
        paths.push_back(setting.path);
        paths.insert(paths.end(), setting.also.begin(), setting.also.end());
    }
    return paths;
}

std::vector<std::string> status_paths(family::Family const& family) {
    std::vector<std::string> paths;
    for (auto const& item : family.status) paths.push_back(item.path);
    return paths;
}

Result<Location> parse_location(std::string_view text) {
    auto const refuse = [&] { return fail(errors::dev::unknown_setting, {{"path", text.substr(0, 200)}}); };
    auto rest = trim(text);
    if (rest.empty() || rest.size() > k_max_location) return refuse();
    Location location;
    while (!rest.empty()) {
        bool any_depth = false;
        if (rest.starts_with("//")) {
            any_depth = true;
            rest.remove_prefix(2);
        } else if (rest.starts_with('/')) {
            rest.remove_prefix(1);
        } else if (!location.steps.empty()) {
            return refuse();
        }
        // A trailing slash names the element before it.
        if (rest.empty() && !any_depth && !location.steps.empty()) break;
        auto const end = std::min(rest.find('/'), rest.size());
        auto step = parse_step(rest.substr(0, end));
        if (!step || location.steps.size() == k_max_steps) return refuse();
        step->any_depth = any_depth;
        location.steps.push_back(*std::move(step));
        rest.remove_prefix(end);
    }
    return location;
}

XmlElement select(XmlElement const& document, Location const& location) {
    Active start;
    start.set(0);
    if (auto found = prune(document, location, start)) return *std::move(found);
    XmlElement empty(document.name);
    empty.attributes = document.attributes;
    return empty;
}

bool touches(Location const& location, std::string_view path) {
    Active active;
    active.set(0);
    for (auto const& part : split_path(path)) {
        auto const state = follow(location, active, part.name, part.item);
        if (state.whole) return true;
        active = state.next;
    }
    return false;
}

}  // namespace countersign::dialect::xapi
