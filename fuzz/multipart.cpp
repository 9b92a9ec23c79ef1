// Submitted forms: the first line is the content type, the rest the body. And targets of request lines.

#include "fuzz/target.hpp"
#include "net/http/message.hpp"
#include "net/http/target.hpp"

#include <algorithm>

using namespace countersign;
using namespace countersign::net;
using fuzz::must_hold;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    auto const text = fuzz::text_of(data, size);
    auto const line = std::min(text.find('\n'), text.size());
    auto const body = text.substr(std::min(line + 1, text.size()));
    auto const type = text.substr(0, line);
    if (auto const parts = http::parse_multipart(type, body)) {
        must_hold(parts->size() <= 100, "there are 100 parts at most");
        std::string again_type;
        auto const written = http::encode_multipart(*parts, again_type);
        auto const again = http::parse_multipart(again_type, written);
        must_hold(again.has_value() && again->size() == parts->size(), "parts that were read can be written");
        for (auto const& part : *parts) must_hold(!part.name.empty(), "a part has a name");
    }
    if (auto const fields = http::parse_form(body)) must_hold(fields->size() <= 1000, "there are 1,000 fields at most");
    if (auto const plain = http::url_decode(body, false))
        must_hold(http::url_decode(http::url_encode(*plain), false) == *plain, "what is encoded is decoded");
    if (auto const target = http::parse_target(type)) {
        must_hold(target->path.starts_with('/') || target->path == "*", "a path begins with a slash");
        must_hold(!target->path.contains("/../") && !target->path.contains('\0'), "a path does not climb");
    }
    return 0;
}
