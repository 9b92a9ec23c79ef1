// Values on the command lines of systems: whatever a value is, a POSIX shell reads it back as one word, the same value.

#include "family/generic.hpp"
#include "fuzz/target.hpp"

#include <optional>
#include <string>

using namespace countersign;
using fuzz::must_hold;

namespace {

/// One word as a shell reads it (POSIX.1 XCU 2.2), where nothing stands outside of single quotes but \'. Nothing: it is more than a word.
std::optional<std::string> read_word(std::string_view text) {
    std::string word;
    while (!text.empty()) {
        if (text.starts_with("\\'")) {
            word += '\'';
            text.remove_prefix(2);
            continue;
        }
        if (text.front() != '\'') return std::nullopt;
        auto const end = text.find('\'', 1);
        if (end == std::string_view::npos) return std::nullopt;
        word += text.substr(1, end - 1);
        text.remove_prefix(end + 1);
    }
    return word;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    auto const value = std::string(fuzz::text_of(data, size));
    family::Values const values{{"value", value}};
    if (auto const line = family::fill_command("set {value}", values, family::Quoting::posix)) {
        must_hold(line->starts_with("set "), "the command stays what it was");
        must_hold(read_word(std::string_view(*line).substr(4)) == value, "a value is one word, the same");
        must_hold(!value.contains('\n') && !value.contains('\0'), "a command is one line");
    }
    if (auto const line = family::fill_command("set {value}", values, family::Quoting::none)) {
        must_hold(line->substr(4) == value, "nothing is added");
        must_hold(line->find_first_of("'\"\\`$;&|<>()*?[]#~!{} \t\r\n") == 3, "nothing in it means anything to anybody");
    }
    must_hold(family::fill_template("{value}", values) == value, "input is given as it stands");
    // Any text may stand in the place of a template.
    (void)family::fill_template(value, values);
    return 0;
}
