// Documents of the xAPI: what is put, what is answered, and XML itself.

#include "dialect/xapi_xml.hpp"

#include "fuzz/family.hpp"
#include "fuzz/target.hpp"

using namespace countersign;
using namespace countersign::dialect;
using fuzz::must_hold;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    auto const text = fuzz::text_of(data, size);
    auto const& family = fuzz::xapi_family();
    if (auto const document = parse_xml(text)) {
        auto const again = parse_xml(write_xml(*document));
        must_hold(again.has_value(), "what is written is read back");
        must_hold(write_xml(*again) == write_xml(*document), "XML is written as it was read");
    }
    (void)xapi::parse_put(text, family);
    (void)xapi::parse_configuration_answer(text);
    (void)xapi::parse_command_answer(text);
    (void)xapi::parse_document(text, family);
    (void)xapi::parse_document(text);
    return 0;
}
