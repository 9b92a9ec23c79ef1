/// Answers for programs that read XML: `<XmlDoc resultId="7">...</XmlDoc>` around what the web interface would answer, and no OK
/// (protocols 1.3).

#include "base/text.hpp"
#include "dialect/xapi_writers.hpp"

#include <algorithm>
#include <utility>

namespace countersign::dialect::xapi {
namespace {

std::string wrap(std::vector<XmlElement> inside, std::string_view result_id) {
    XmlElement root("XmlDoc");
    root.set("resultId", result_id);
    for (auto& element : inside) root.add(std::move(element));
    // Without the declaration: documents follow each other on one line of communication.
    auto text = write_xml(root);
    if (text.starts_with("<?xml")) text.erase(0, text.find("?>") + 2);
    return std::string(trim(text)) + "\n";
}

XmlElement problem_element(std::string_view name, CommandResult const& result) {
    XmlElement element(name);
    element.set("status", result.outcome == Outcome::parameter_error ? "ParameterError" : "Error");
    element.add("Reason", result.reason);
    if (!result.xpath.empty()) element.add("XPath", result.xpath);
    return element;
}

class XmlWriter final : public Writer {
public:
    explicit XmlWriter(family::Family const& family) : family_(family) {}

    [[nodiscard]] std::string done(std::string_view result_id) const override { return wrap({XmlElement("Success")}, result_id); }
    [[nodiscard]] std::string registered(std::string_view result_id) const override { return done(result_id); }
    [[nodiscard]] std::string setting_taken(PathValue const&, std::vector<Error> const& warnings,
                                            std::string_view result_id) const override {
        XmlElement root("Configuration");
        root.add("Success");
        for (auto const& warning : warnings) root.add("Warning").add("Reason", warning.message());
        return wrap({std::move(root)}, result_id);
    }
    [[nodiscard]] std::string setting_refused(std::string_view path, Error const& error, std::string_view result_id) const override {
        XmlElement root("Configuration");
        auto& problem = root.add("Error");
        problem.add("Reason", is_out_of_range(family_, error) ? std::string("Value out of range") : reason_for(error));
        problem.add("XPath", "/Configuration/" + replace_all(std::string(path), " ", "/"));
        return wrap({std::move(root)}, result_id);
    }
    [[nodiscard]] std::string settings(std::vector<PathValue> const& values, std::string_view result_id) const override {
        return wrap({configuration_document(family_, values)}, result_id);
    }
    [[nodiscard]] std::string status(std::vector<PathValue> const& values, std::string_view result_id) const override {
        return wrap({build_tree("Status", values)}, result_id);
    }
    [[nodiscard]] std::string result(CommandResult const& result, std::string_view result_id) const override {
        XmlElement root("Command");
        auto element = result.outcome == Outcome::ok ? XmlElement(result.name) : problem_element(result.name, result);
        if (result.outcome == Outcome::ok) element.set("status", "OK");
        for (auto const& value : result.values) element.add(value);
        root.add(std::move(element));
        return wrap({std::move(root)}, result_id);
    }
    [[nodiscard]] std::string error(Error const& error, std::string_view verb, std::string_view result_id) const override {
        if (verb == "xCommand" || verb.empty()) return result(result_for(error, "Result"), result_id);
        return wrap({problem_element(verb == "xConfiguration" ? "Configuration" : "Status", result_for(error, "Result"))}, result_id);
    }
    [[nodiscard]] std::string lines(std::vector<std::string> const& lines, std::string_view result_id) const override {
        XmlElement root("Text");
        for (auto const& line : lines) root.add("Line", line);
        return wrap({std::move(root)}, result_id);
    }
    [[nodiscard]] std::string document(XmlElement const& root, std::string_view result_id) const override {
        auto const header = header_of(family_);
        auto document = root;
        document.set("product", header.product).set("version", header.version).set("apiVersion", header.api_version);
        return wrap({std::move(document)}, result_id);
    }
    [[nodiscard]] std::string feedback(Root root, std::vector<PathValue> const& values,
                                       std::vector<std::string> const& removed) const override {
        auto tree = root == Root::configuration ? configuration_document(family_, values) : build_tree(to_string(root), values);
        for (auto const& item : removed) {
            auto gone = build_tree("Status", {{item, ""}});
            for (auto* place = &gone; !place->children.empty(); place = &place->children.front())
                if (place->children.front().children.empty()) place->children.front().set("ghost", "True");
            for (auto& child : gone.children) tree.add(std::move(child));
        }
        return wrap({std::move(tree)}, {});
    }
    [[nodiscard]] std::string note(std::string_view line) const override { return wrap({XmlElement("Syslog", line)}, {}); }

private:
    family::Family const& family_;
};

}  // namespace

std::unique_ptr<Writer const> make_xml_writer(family::Family const& family) { return std::make_unique<XmlWriter>(family); }

}  // namespace countersign::dialect::xapi
