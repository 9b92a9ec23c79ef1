// Expressions of family files and the answers that they are tried on: the first line is the expression, the rest the answer.

#include "base/pattern.hpp"

#include "fuzz/target.hpp"

using namespace countersign;
using fuzz::must_hold;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    auto const input = fuzz::text_of(data, size);
    auto const end = input.find('\n');
    auto const pattern = Pattern::parse(input.substr(0, end));
    if (!pattern || end == std::string_view::npos) return 0;
    auto const text = input.substr(end + 1).substr(0, 16'384);
    auto const found = pattern->find_all(text, 100);
    must_hold(found.size() <= 100, "no more is found than was asked for");
    for (auto const& one : found) {
        must_hold(text.find(one) != std::string_view::npos, "what is found stands in the answer");
        must_hold(!one.contains('\n'), "nothing reaches over the end of a line");
    }
    must_hold(pattern->matches_a_line_of(text) == !found.empty(), "a line fits or it does not");
    auto const again = Pattern::parse(pattern->text());
    must_hold(again && again->find_all(text, 100) == found, "an expression always means the same");
    return 0;
}
