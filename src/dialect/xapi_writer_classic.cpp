/// Text of MXP, MPS and VCS: `*c xConfiguration ...`, `*s Name: /` ... `*s/end`, `*r Result (status=OK):` ... `*r/end`, then OK
/// (protocols 2.2). Elements below another are set in by four blanks, then by two for each level.

#include "base/text.hpp"
#include "dialect/line_reader.hpp"
#include "dialect/xapi_text.hpp"
#include "dialect/xapi_writers.hpp"

#include "countersign/errors/dev.hpp"

#include <algorithm>

namespace countersign::dialect::xapi {
namespace {

constexpr std::size_t k_hidden_depth = 3;  ///< with detail level 1: elements this deep and deeper are not shown

std::string plain_or_quoted(std::string_view value) {
    bool const number = !value.empty() && parse_number<std::int64_t>(value).has_value();
    bool const truth = value == "True" || value == "False";
    return number || truth ? std::string(value) : quote(value);
}

/// One top-level element with its lines.
class Tree {
public:
    Tree(char letter, Preferences const& preferences) : letter_(letter), preferences_(preferences) {}

    std::string write(XmlElement const& root) {
        for (auto const& child : root.children) {
            auto const head = std::string("*") + letter_ + " " + name_of(child, root);
            if (preferences_.complete_path) {
                append_paths(head, child);
            } else if (child.children.empty()) {
                out_ += head + ": " + plain_or_quoted(child.text) + "\n";
            } else {
                out_ += head + ": /\n";
                append_below(child, 1);
            }
            out_ += std::string("*") + letter_ + "/end\n";
        }
        return std::move(out_);
    }
    /// The children alone, as they stand in a result.
    std::string write_below(XmlElement const& element) {
        append_below(element, 1);
        return std::move(out_);
    }

private:
    /// "Call 2", or "Call" when it is the only one.
    [[nodiscard]] std::string name_of(XmlElement const& element, XmlElement const& parent) const {
        auto const item = element.attribute("item");
        auto const same = std::ranges::count(parent.children, element.name, &XmlElement::name);
        std::string name(element.local_name());
        if (!item.empty() && (same > 1 || item != "1" || preferences_.item_numbers)) return name + " " + std::string(item);
        return item.empty() && preferences_.item_numbers ? name + " 1" : name;
    }
    [[nodiscard]] bool hidden(std::size_t depth) const { return preferences_.detail_level < 2 && depth >= k_hidden_depth; }

    void append_below(XmlElement const& element, std::size_t depth) {
        if (hidden(depth)) return;
        std::string const blanks(2 + 2 * depth, ' ');
        for (auto const& child : element.children) {
            auto const head = blanks + name_of(child, element) + ": ";
            if (child.children.empty()) {
                out_ += head + plain_or_quoted(child.text) + "\n";
                continue;
            }
            out_ += head + "/\n";
            append_below(child, depth + 1);
        }
    }
    void append_paths(std::string const& path, XmlElement const& element, std::size_t depth = 0) {
        if (element.children.empty()) out_ += path + ": " + plain_or_quoted(element.text) + "\n";
        if (hidden(depth + 1)) return;
        for (auto const& child : element.children) append_paths(path + " " + name_of(child, element), child, depth + 1);
    }

    char letter_;
    Preferences const& preferences_;
    std::string out_;
};

class ClassicWriter final : public Writer {
public:
    ClassicWriter(family::Family const& family, Preferences const& preferences) : family_(family), preferences_(preferences) {}

    [[nodiscard]] std::string done(std::string_view) const override { return "OK\n"; }
    [[nodiscard]] std::string registered(std::string_view) const override { return "OK\n"; }
    [[nodiscard]] std::string setting_taken(PathValue const&, std::vector<Error> const& warnings, std::string_view) const override {
        std::string out;
        for (auto const& warning : warnings) out += "Warning: " + warning.message() + "\n";
        return out + "OK\n";
    }
    [[nodiscard]] std::string setting_refused(std::string_view, Error const& error, std::string_view) const override {
        return error_line(error);
    }
    [[nodiscard]] std::string settings(std::vector<PathValue> const& values, std::string_view) const override {
        std::string out;
        for (auto const& value : values) out += setting_line(value);
        return out + "\nOK\n";
    }
    [[nodiscard]] std::string status(std::vector<PathValue> const& values, std::string_view) const override {
        return Tree('s', preferences_).write(build_tree("Status", values)) + "\nOK\n";
    }
    [[nodiscard]] std::string result(CommandResult const& result, std::string_view) const override {
        bool const ok = result.outcome == Outcome::ok;
        XmlElement element("Result");
        if (!ok) {
            element.add("Cause", std::to_string(static_cast<int>(cause_of(result))));
            element.add("Description", result.reason + (result.xpath.empty() ? std::string() : ": " + result.xpath));
        }
        for (auto const& value : result.values) element.add(value);
        std::string const end = ok ? "\nOK\n" : "\nERROR\n";
        if (preferences_.xml_command_result) {
            element.set("item", "1").set("status", ok ? "OK" : "Error");
            XmlElement root("Command");
            root.add(std::move(element));
            return write_xml(root, XmlStyle::indented) + end;
        }
        return std::string("*r Result (status=") + (ok ? "OK" : "Error") + "):\n" + Tree('r', preferences_).write_below(element) +
               "*r/end\n" + end;
    }
    [[nodiscard]] std::string error(Error const& error, std::string_view verb, std::string_view result_id) const override {
        if (verb == "xCommand") return result(result_for(error, "Result"), result_id);
        return error_line(error);
    }
    [[nodiscard]] std::string lines(std::vector<std::string> const& lines, std::string_view) const override {
        std::string out;
        for (auto const& line : lines) out += line + "\n";
        return out + "\nOK\n";
    }
    [[nodiscard]] std::string expressions(std::vector<std::string> const& expressions, std::string_view result_id) const override {
        std::vector<std::string> shown{"Registered XPath feedback expressions:"};
        for (std::size_t i = 0; i < expressions.size(); ++i) shown.push_back("*xf " + std::to_string(i + 1) + " " + expressions[i]);
        return lines(shown, result_id);
    }
    [[nodiscard]] std::string document(XmlElement const& root, std::string_view) const override {
        return write_document(root, header_of(family_)) + "\n\nOK\n";
    }
    [[nodiscard]] std::string feedback(Root root, std::vector<PathValue> const& values,
                                       std::vector<std::string> const& removed) const override {
        bool const configuration = root == Root::configuration;
        std::string out;
        for (auto const& item : removed) out += "*s " + item + " (ghost=True): /\n*s/end\n";
        if (values.empty()) return out;
        if (configuration ? preferences_.xml_configuration_feedback : preferences_.xml_status_feedback)
            return out +
                   write_document(configuration ? configuration_document(family_, values) : build_tree(to_string(root), values),
                                  header_of(family_)) +
                   "\n";
        if (!configuration) return out + Tree(root == Root::event ? 'e' : 's', preferences_).write(build_tree(to_string(root), values));
        for (auto const& value : values) out += setting_line(value);
        return out;
    }
    [[nodiscard]] std::string note(std::string_view line) const override { return std::string(line) + "\n"; }

private:
    enum class Cause { other = 1, unknown_command = 2, parameter = 3 };
    static Cause cause_of(CommandResult const& result) {
        if (result.outcome == Outcome::parameter_error) return Cause::parameter;
        return result.reason == "Unknown command" ? Cause::unknown_command : Cause::other;
    }

    [[nodiscard]] std::string setting_line(PathValue const& value) const {
        auto const* setting = family_.find_setting(value.path);
        bool const plain =
            setting != nullptr && (setting->space.kind == family::ValueKind::literal || setting->space.kind == family::ValueKind::integer);
        bool const secret = setting != nullptr && setting->space.kind == family::ValueKind::password;
        auto const shown = secret && !value.value.empty() ? std::string("***") : value.value;
        return "*c xConfiguration " + value.path + ": " + (plain ? shown : quote(shown)) + "\n";
    }

    /// One line, so that a program that waits for OK or ERROR at its beginning has all of it.
    [[nodiscard]] std::string error_line(Error const& error) const {
        if (error.id() == errors::dev::unknown_setting)
            return "ERROR: No match on address expression: " + quote(error.parameter("path")) + "\n";
        if (error.id() == errors::dev::unknown_command) return "ERROR: Unknown command: " + quote(error.parameter("path")) + "\n";
        if (error.id() == errors::dev::illegal_value) {
            auto const* setting = family_.find_setting(error.parameter("path"));
            auto const allowed = setting != nullptr ? setting->space.notation() : std::string(error.parameter("allowed"));
            return std::string("ERROR: ") + (is_out_of_range(family_, error) ? "Value out of range: " : "Illegal value: ") +
                   quote(error.parameter("value")) + ", allowed: " + allowed + "\n";
        }
        return "ERROR: " + replace_all(error.message(), "\n", " ") + "\n";
    }

    family::Family const& family_;
    Preferences preferences_;
};

}  // namespace

std::unique_ptr<Writer const> make_classic_writer(family::Family const& family, Preferences const& preferences) {
    return std::make_unique<ClassicWriter>(family, preferences);
}

}  // namespace countersign::dialect::xapi
