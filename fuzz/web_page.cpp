// Pages with forms as a manager reads them off a system, and submissions as a system reads them.

#include "dialect/html_tokens.hpp"
#include "dialect/web_form.hpp"
#include "fuzz/family.hpp"
#include "fuzz/target.hpp"

using namespace countersign;
using namespace countersign::dialect;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    auto const text = fuzz::text_of(data, size);
    (void)web::decode_references(text);
    auto const page = web::parse_page(text);
    if (!page) return 0;
    auto const& family = fuzz::xapi_family();
    for (auto const& form : page->forms) {
        std::map<std::string, std::string> fields;
        for (auto const& [name, value] : form.submission({{"a", "b"}})) fields[name] = value;
        for (auto const& of_family : family.pages) {
            for (auto const& known : of_family.forms) (void)web::decode_submission(family, known, fields);
        }
    }
    for (auto const& table : page->tables) (void)table.cell(0, "Subject");
    return 0;
}
