// Lists as comma-separated values.

#include "dialect/csv.hpp"

#include "fuzz/target.hpp"

using namespace countersign;
using namespace countersign::dialect;
using fuzz::must_hold;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    csv::Limits const limits{.bytes = 1UL << 20, .records = 1000, .fields = 20, .field_bytes = 200};
    auto const text = fuzz::text_of(data, size);
    auto const records = csv::parse(text, limits);
    if (records) {
        must_hold(records->size() <= limits.records, "a list has a limit");
        std::vector<std::vector<std::string>> plain;
        for (auto const& record : *records) {
            must_hold(!record.fields.empty() && record.fields.size() <= limits.fields, "a record has a limit");
            for (auto const& field : record.fields) must_hold(field.size() <= limits.field_bytes, "a field has a limit");
            plain.push_back(record.fields);
        }
        auto const again = csv::parse(csv::write(plain), {.bytes = 8UL << 20, .records = 1000, .fields = 20, .field_bytes = 200});
        must_hold(again && again->size() == records->size(), "what was read can be written");
        for (std::size_t i = 0; i < again->size(); ++i)
            must_hold((*again)[i].fields == (*records)[i].fields, "what was written is read as the same");
    }
    if (auto const table = csv::parse_table(text, limits)) {
        must_hold(records.has_value(), "a table is a list");
        for (auto const& record : table->records) must_hold(record.fields.size() == table->header.size(), "every column has a field");
    }
    return 0;
}
