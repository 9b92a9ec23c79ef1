// XML transactions: requests and responses.

#include "dialect/transactions.hpp"

#include "fuzz/target.hpp"

using namespace countersign;
using namespace countersign::dialect;
using fuzz::must_hold;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    auto const text = fuzz::text_of(data, size);
    // Control characters that XML forbids are written as '?', so what has been written once is what comes back for ever. What grows
    // over the limit of documents by its escapes cannot be read again.
    if (auto const request = transactions::parse_request(text)) {
        auto const once = transactions::parse_request(transactions::write_request(*request));
        must_hold(once.has_value() || size > 100'000, "a request that was read can be written");
        if (once) {
            must_hold(once->transaction == request->transaction && once->action.name == request->action.name &&
                          once->token == request->token && once->user_token == request->user_token && once->echo == request->echo,
                      "a request keeps its names and numbers");
            auto const twice = transactions::parse_request(transactions::write_request(*once));
            must_hold(twice.has_value() && *twice == *once, "a request is written as it was read");
        }
        for (auto const& leaf : transactions::leaves_of(request->action))
            must_hold(!leaf.name.empty() && leaf.name.size() <= transactions::k_longest_name, "a leaf has a name");
    }
    if (auto const response = transactions::parse_response(text)) {
        auto const once = transactions::parse_response(transactions::write_response(*response));
        must_hold(once.has_value() || size > 100'000, "a response that was read can be written");
        must_hold(!once || once->status == response->status, "a response keeps its status");
    }
    auto const name = transactions::upper_snake(text);
    must_hold(!name.starts_with('_') && !name.ends_with('_'), "a name has no underscore at its ends");
    return 0;
}
