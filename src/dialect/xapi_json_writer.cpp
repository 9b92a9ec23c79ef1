/// The answers of a session in JSON mode, as one form of Writer.

#include "dialect/xapi_json.hpp"
#include "dialect/xapi_writer.hpp"

namespace countersign::dialect::xapi {
namespace {

/// Everything is one JSON object on a line of its own. Without a result id there is nothing to tell of what was merely done: the clients
/// would take it for feedback.
class JsonWriter final : public Writer {
public:
    explicit JsonWriter(family::Family const& family) : family_(family) {}

    [[nodiscard]] std::string done(std::string_view result_id) const override {
        return result_id.empty() ? std::string() : format_json_done(result_id);
    }
    [[nodiscard]] std::string registered(std::string_view result_id) const override { return done(result_id); }
    [[nodiscard]] std::string setting_taken(PathValue const& setting, std::vector<Error> const& warnings,
                                            std::string_view result_id) const override {
        std::vector<std::string> words;
        for (auto const& warning : warnings) words.push_back(warning.message());
        return result_id.empty() && words.empty() ? std::string() : format_json_done(result_id, setting.path, setting.value, words);
    }
    [[nodiscard]] std::string setting_refused(std::string_view path, Error const& error, std::string_view result_id) const override {
        return format_json_refusal(path, error, result_id);
    }
    [[nodiscard]] std::string settings(std::vector<PathValue> const& values, std::string_view result_id) const override {
        return format_json_tree("Configuration", typed_settings(family_, values), result_id);
    }
    [[nodiscard]] std::string status(std::vector<PathValue> const& values, std::string_view result_id) const override {
        return format_json_tree("Status", untyped(values), result_id);
    }
    [[nodiscard]] std::string result(CommandResult const& result, std::string_view result_id) const override {
        return format_json_result(result, result_id);
    }
    [[nodiscard]] std::string error(Error const& error, std::string_view verb, std::string_view result_id) const override {
        return format_json_error(error, verb, result_id);
    }
    [[nodiscard]] std::string lines(std::vector<std::string> const& lines, std::string_view result_id) const override {
        return format_json_lines(lines, result_id);
    }
    [[nodiscard]] std::string document(XmlElement const& root, std::string_view result_id) const override {
        return format_json_lines({write_document(root, header_of(family_))}, result_id);
    }
    [[nodiscard]] std::string feedback(Root root, std::vector<PathValue> const& values,
                                       std::vector<std::string> const& removed) const override {
        auto leaves = root == Root::configuration ? typed_settings(family_, values) : untyped(values);
        for (auto const& item : removed) leaves.push_back({item + " ghost", "True"});
        return format_json_feedback(to_string(root), leaves);
    }
    [[nodiscard]] std::string note(std::string_view) const override { return {}; }

private:
    static std::vector<TypedValue> untyped(std::vector<PathValue> const& values) {
        std::vector<TypedValue> out;
        out.reserve(values.size());
        for (auto const& value : values) out.push_back({value.path, value.value});
        return out;
    }

    family::Family const& family_;
};

}  // namespace

std::unique_ptr<Writer const> make_json_writer(family::Family const& family) { return std::make_unique<JsonWriter>(family); }

}  // namespace countersign::dialect::xapi
