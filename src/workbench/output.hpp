#pragma once

/// How the workbench speaks: tables for people, JSON for programs, errors with id and remedy, progress on a terminal.

#include "base/error.hpp"

#include <boost/json/value.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace countersign::workbench {

namespace json = boost::json;

enum class Form { text, json };

struct Table {
    std::vector<std::string> heading;
    std::vector<std::vector<std::string>> rows;
};

/// What needs a person's eye: green, yellow, red on a terminal.
enum class Mark { good, attention, bad };

class Output {
public:
    explicit Output(Form form);
    [[nodiscard]] bool json() const { return form_ == Form::json; }

    /// The value as JSON, or nothing when text is wanted: returns whether it was printed.
    bool value(json::value const& value) const;
    void table(Table const& table) const;
    void line(std::string_view text) const;
    /// Standard error; with --json as a JSON object. Returns the exit code of the error; of several problems, the highest.
    [[nodiscard]] int error(Error const& error) const;
    /// Standard error, "countersign: warning: ..."; with --json as {"warning": ...}. It does not change the exit code.
    void warning(std::string_view text) const;
    /// Replaces the line before on a terminal; one line each time it changes otherwise. Standard error.
    void progress(std::string_view text);
    void progress_done();
    /// Green, yellow, red on a terminal; plain in a pipe or with NO_COLOR.
    [[nodiscard]] std::string level(int level) const;
    [[nodiscard]] std::string strong(std::string_view text) const;
    [[nodiscard]] std::string mark(Mark mark, std::string_view text) const;

private:
    Form form_;
    bool colour_;
    bool live_;
    std::string last_;
};

/// Control characters that a foreign text might carry, and broken UTF-8, become "?", so that nothing can rewrite the terminal or
/// show as another text.
std::string printable(std::string_view text);

/// "1 system", "2 systems".
std::string counted(std::int64_t number, std::string_view singular);

/// As `--json` prints it on standard error, without the object around it.
json::object error_object(Error const& error);

// Fields of answers; absent or of another kind: empty, 0, false.
std::string text_of(json::value const& value, std::string_view field);
std::int64_t number_of(json::value const& value, std::string_view field);
bool flag_of(json::value const& value, std::string_view field);
json::array const& list_of(json::value const& value, std::string_view field);

}  // namespace countersign::workbench
