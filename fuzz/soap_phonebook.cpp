// Searches of the corporate directory, and what its server answers.

#include "dialect/soap_phonebook.hpp"

#include "fuzz/target.hpp"

using namespace countersign;
using namespace countersign::dialect;
using fuzz::must_hold;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    auto const text = fuzz::text_of(data, size);
    if (auto const search = phonebook::parse_search(text)) {
        must_hold(search->max_result >= 1 && search->max_result <= static_cast<int>(phonebook::k_max_items), "a search has a limit");
        must_hold(phonebook::parse_search(phonebook::write_search(*search)).has_value(), "a search that was read can be written");
    }
    if (auto const answer = phonebook::parse_answer(text)) {
        must_hold(answer->entries.size() + answer->catalogs.size() <= phonebook::k_max_items, "an answer has a limit");
        // Need not be read again: what was cut to the limits may still be longer as XML than a document may be.
        (void)phonebook::write_answer(*answer);
    }
    return 0;
}
