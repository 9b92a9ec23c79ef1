// Messages of JSON-RPC as a system reads them, and trees that are written as JSON.

#include "dialect/xapi_json.hpp"

#include "dialect/xapi_rpc.hpp"
#include "fuzz/family.hpp"
#include "fuzz/target.hpp"

#include <boost/json/parse.hpp>

using namespace countersign;
using namespace countersign::dialect;
using fuzz::must_hold;

namespace {

/// Every answer is one JSON object, whatever it holds.
boost::json::object object_of(std::string_view text) {
    boost::system::error_code code;
    auto value = boost::json::parse(text, code, {}, {.max_depth = 64});
    must_hold(!code && value.is_object(), "an answer is a JSON object");
    return std::move(value.as_object());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    auto const text = fuzz::text_of(data, size);
    auto const request = xapi::parse_rpc(text, fuzz::xapi_family());
    if (auto const* failure = std::get_if<xapi::RpcFailure>(&request.what)) {
        must_hold(object_of(xapi::write_rpc_failure(request.id, *failure)).contains("error"), "a failure has an error");
    }
    must_hold(object_of(xapi::write_rpc_result(request.id, nullptr)).at("id") == request.id, "an answer has the id of its request");
    if (auto const* get = std::get_if<xapi::RpcGet>(&request.what)) {
        boost::json::object tree;
        tree["Status"] = xapi::json_tree({{"Network 1 Mac", "a", false}, {"Network 2 Mac", "b", false}}, xapi::JsonForm::plain);
        (void)xapi::dig(tree, get->words);
        (void)xapi::touches(get->location, "Status Network 1 Mac");
    }
    if (auto const answer = xapi::answer_xdocument(text, fuzz::xapi_family())) (void)object_of(*answer);
    // The same bytes as path and as value.
    std::string const bytes(text.substr(0, 2000));
    for (auto const form : {xapi::JsonForm::terminal, xapi::JsonForm::plain})
        (void)xapi::json_tree({{bytes, bytes, true}, {"a 1 b", bytes, false}, {"a", bytes, false}, {"a 1", bytes, false}}, form);
    (void)object_of(xapi::format_json_tree("Status", {{"SystemUnit Name", bytes, false}}, bytes));
    return 0;
}
