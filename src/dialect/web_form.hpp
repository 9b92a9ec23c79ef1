#pragma once

/// Pages with forms: drawn from a family page and current values, read back from such HTML, and the submitted fields decoded.
/// The agent draws and decodes; the manager's driver reads a page and fills in its forms, so that hidden fields and
/// field names come from the system itself. The reader is small and tolerant: it looks for titles, banners, forms, fields,
/// labels and tables, and ignores everything else. At most 1 MiB, 1,000 fields, 10,000 cells.

#include "base/secret.hpp"
#include "dialect/web_frame.hpp"
#include "family/family.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace countersign::dialect::web {

/// What a page shows at this moment.
struct PageValues {
    std::string system_name;
    std::map<std::string, std::string> settings;  ///< canonical -> value in the family's spelling; of a role: "FORM#ROLE"
    /// table id -> rows; a row is fact -> text
    std::map<std::string, std::vector<std::map<std::string, std::string>>> tables;
    /// role -> what can be chosen: value and words for it
    std::map<std::string, std::vector<std::pair<std::string, std::string>>> choices;
    std::string banner;                                       ///< "restart needed"; shown in the header of every page
    std::vector<std::string> alarms;                          ///< what is wrong now; shown in the header of every page
    std::string notice;                                       ///< result of what was just submitted
    std::vector<std::string> problems;                        ///< why it was refused
    std::vector<std::pair<std::string, std::string>> hidden;  ///< put into every form (a token against forged requests)
    std::string state = "running";                            ///< lifecycle state, see family::Form::needs_state
    std::vector<std::string> unavailable;                     ///< ids of forms that have nothing to do now, and are not drawn
    std::vector<std::string> feature_keys;
    std::string software;  ///< version; empty: not known, and everything is shown
    Frame frame;           ///< what stands around
};

/// A whole HTML document with menu, labels for every field, and everything escaped. It works without a script.
std::string render_page(family::Family const& family, family::Page const& page, PageValues const& values);

enum class InputKind { text, password, checkbox, file, select, hidden, submit };

struct HtmlField {
    std::string name;
    InputKind kind = InputKind::text;
    std::string label;  ///< of <label for>, or aria-label
    std::string value;
    bool checked = false;
    std::vector<std::string> options;  ///< of a select
};

struct HtmlForm {
    std::string id;
    std::string action;
    bool multipart = false;
    std::vector<HtmlField> fields;

    [[nodiscard]] HtmlField const* find(std::string_view name) const;
    /// What a browser would send if nothing were touched but `changes` (name -> value; for a checkbox "on", or "" to clear it).
    /// File fields are left out: the caller adds them as parts. The first submit button is pressed.
    [[nodiscard]] std::vector<std::pair<std::string, std::string>> submission(std::map<std::string, std::string> const& changes) const;
};

struct HtmlTable {
    std::string id;
    std::string caption;
    std::vector<std::string> columns;
    std::vector<std::vector<std::string>> rows;

    /// The cell of that column (without case) in that row; nothing when there is none.
    [[nodiscard]] std::optional<std::string_view> cell(std::size_t row, std::string_view column) const;
};

struct HtmlPage {
    std::string title;
    std::string banner;
    std::vector<std::string> alarms;
    std::string notice;
    std::vector<std::string> problems;
    std::vector<HtmlForm> forms;
    std::vector<HtmlTable> tables;
    std::vector<std::pair<std::string, std::string>> links;  ///< address, text

    [[nodiscard]] HtmlForm const* find_form(std::string_view id) const;
    [[nodiscard]] HtmlTable const* find_table(std::string_view id) const;
};

/// GEN-001 when it is over a limit or not UTF-8. Broken markup gives what could be read.
Result<HtmlPage> parse_page(std::string_view html);

/// A submitted form, decoded against the family: values checked, secrets wrapped.
struct Submission {
    struct Change {
        std::string canonical;
        std::string path;
        std::string value;  ///< in the family's spelling, checked against its value space
        bool operator==(Change const&) const = default;
    };
    std::vector<Change> changes;
    /// role -> content, only those that were given and are not empty
    std::map<std::string, SecretText, std::less<>> roles;
};

/// `fields`: name -> content of both plain fields and files. A checkbox that is not sent is off. A setting field (other than a checkbox)
/// that is not sent, and a password field that is empty, is left as it is. A change may be to what stands there already (a browser sends
/// every field): that is none, whatever the setting needs. Names that the form does not know are ignored. DEV-002; several problems:
/// GEN-006.
Result<Submission> decode_submission(family::Family const& family, family::Form const& form, std::map<std::string, std::string> fields);

}  // namespace countersign::dialect::web
