// Keys of a terminal. The first byte says how many come at once, so that states between keys are met.

#include "dialect/line_editor.hpp"

#include "dialect/xapi_text.hpp"
#include "fuzz/family.hpp"
#include "fuzz/target.hpp"

#include <algorithm>

using namespace countersign;
using dialect::LineEditor;
using fuzz::must_hold;

namespace {

constexpr std::size_t k_line = 200;
constexpr std::size_t k_most_words = 64 * 1024;  ///< what lists of words may add to the echo

void type(LineEditor& editor, std::string_view keys, std::size_t at_once) {
    while (!keys.empty()) {
        auto const part = keys.substr(0, std::min(at_once, keys.size()));
        keys.remove_prefix(part.size());
        auto const output = editor.feed(part);
        for (auto const& line : output.lines) must_hold(line.text.size() <= k_line, "no line is over the limit");
        must_hold(editor.text().size() <= k_line, "nor is what is being typed");
        must_hold(output.lines.size() <= part.size(), "a line takes a key");
        must_hold(output.echo.size() <= (part.size() + 8) * (3 * k_line) + k_most_words, "the echo is bounded");
        for (char const c : output.echo) {
            auto const byte = static_cast<unsigned char>(c);
            must_hold(byte >= 0x20 || c == '\r' || c == '\n' || c == '\b', "no control character of the input reaches the terminal");
            must_hold(byte != 0x7f, "nor the delete key");
        }
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    if (size < 2) return 0;
    auto const keys = fuzz::text_of(data + 1, std::min<std::size_t>(size - 1, 4096));
    LineEditor editor({.line = k_line, .history = 5});
    editor.complete_with([](std::string_view before) { return dialect::xapi::complete_line(before, fuzz::xapi_family()); });
    type(editor, keys, 1 + data[0] % 16U);
    type(editor, "\r", 1);
    must_hold(editor.text().empty(), "Enter ends a line");
    return 0;
}
