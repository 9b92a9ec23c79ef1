// Foreign texts on their way to a terminal.

#include "base/text.hpp"
#include "fuzz/target.hpp"
#include "workbench/output.hpp"

#include <algorithm>

using namespace countersign;
using fuzz::must_hold;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    auto const shown = workbench::printable(fuzz::text_of(data, size));
    must_hold(is_utf8(shown), "what is shown is UTF-8");
    must_hold(std::ranges::none_of(shown, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }),
              "no control character reaches the terminal");
    // U+0080 to U+009F are control characters too, and terminals obey them.
    for (std::size_t i = 0; i + 1 < shown.size(); ++i) {
        bool const second = static_cast<unsigned char>(shown[i + 1]) >= 0x80 && static_cast<unsigned char>(shown[i + 1]) < 0xa0;
        must_hold(shown[i] != '\xc2' || !second, "no control character reaches the terminal");
    }
    must_hold(workbench::printable(shown) == shown, "what is printable stays as it is");
    return 0;
}
