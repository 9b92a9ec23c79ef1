/// Text of the C-series and later: `*c ...`, `** end`, `OK` (protocols 1.3).

#include "dialect/xapi_text.hpp"
#include "dialect/xapi_writers.hpp"

namespace countersign::dialect::xapi {
namespace {

class ModernWriter final : public Writer {
public:
    explicit ModernWriter(family::Family const& family) : family_(family) {}

    [[nodiscard]] std::string done(std::string_view result_id) const override {
        return result_id.empty() ? format_ok() : format_set_done(result_id);
    }
    [[nodiscard]] std::string registered(std::string_view result_id) const override { return format_set_done(result_id); }
    [[nodiscard]] std::string setting_taken(PathValue const&, std::vector<Error> const& warnings,
                                            std::string_view result_id) const override {
        std::string out;
        for (auto const& warning : warnings) out += "Warning: " + warning.message() + "\n";
        return out + format_set_done(result_id);
    }
    [[nodiscard]] std::string setting_refused(std::string_view, Error const& error, std::string_view result_id) const override {
        if (is_out_of_range(family_, error)) return format_error(error, "xConfiguration", result_id, "Value out of range");
        return format_error(error, "xConfiguration", result_id);
    }
    [[nodiscard]] std::string settings(std::vector<PathValue> const& values, std::string_view result_id) const override {
        return format_settings(family_, values, result_id);
    }
    [[nodiscard]] std::string status(std::vector<PathValue> const& values, std::string_view result_id) const override {
        return format_status(values, result_id);
    }
    [[nodiscard]] std::string result(CommandResult const& result, std::string_view result_id) const override {
        return format_command_result(result, result_id);
    }
    [[nodiscard]] std::string error(Error const& error, std::string_view verb, std::string_view result_id) const override {
        return format_error(error, verb, result_id);
    }
    [[nodiscard]] std::string lines(std::vector<std::string> const& lines, std::string_view result_id) const override {
        std::string out;
        for (auto const& line : lines) out += line + "\n";
        return out + done(result_id);
    }
    [[nodiscard]] std::string document(XmlElement const& root, std::string_view result_id) const override {
        return write_document(root, header_of(family_)) + "\n" + done(result_id);
    }
    [[nodiscard]] std::string feedback(Root root, std::vector<PathValue> const& values,
                                       std::vector<std::string> const& removed) const override {
        constexpr std::string_view k_letters = "cse";
        std::string out;
        for (auto const& item : removed) out += "*s " + item + " (ghost=True):\n";
        return out + format_feedback(k_letters[static_cast<std::size_t>(root)], values);
    }
    [[nodiscard]] std::string note(std::string_view line) const override { return std::string(line) + "\n"; }

private:
    family::Family const& family_;
};

}  // namespace

std::unique_ptr<Writer const> make_modern_writer(family::Family const& family) { return std::make_unique<ModernWriter>(family); }

}  // namespace countersign::dialect::xapi
