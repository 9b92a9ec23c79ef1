#include "device/services/words.hpp"

#include "base/text.hpp"

namespace countersign::device {

std::string words_for(family::Family const& family, Error const& error) {
    auto words = std::string(family.message("error." + std::string(error.entry().code)));
    // A value from outside may look like a {place}: each is filled in once, from left to right.
    std::string out;
    for (std::string_view rest = words; !rest.empty();) {
        auto const open = rest.find('{');
        auto const close = open == std::string_view::npos ? open : rest.find('}', open);
        if (close == std::string_view::npos) return out + std::string(rest);
        out += rest.substr(0, open);
        out += error.parameter(rest.substr(open + 1, close - open - 1));
        rest.remove_prefix(close + 1);
    }
    if (!out.empty()) return out;
    for (auto const& cause : error.causes())
        if (auto inner = words_for(family, cause); !inner.empty()) return inner;
    return {};
}

}  // namespace countersign::device
