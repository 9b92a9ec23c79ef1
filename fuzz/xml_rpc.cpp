// XML-RPC calls and responses.

#include "dialect/xml_rpc.hpp"

#include "fuzz/target.hpp"

using namespace countersign;
using namespace countersign::dialect;
using fuzz::must_hold;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    auto const text = fuzz::text_of(data, size);
    if (auto const call = xml_rpc::parse_call(text)) {
        auto const again = xml_rpc::parse_call(xml_rpc::write_call(*call));
        must_hold(again.has_value() && again->method == call->method && again->parameters.size() == call->parameters.size(),
                  "a call is written as it was read");
        for (auto const& value : call->parameters) (void)value.to_text();
    }
    if (auto const response = xml_rpc::parse_response(text)) {
        auto const written = std::holds_alternative<xml_rpc::Fault>(*response)
                                 ? xml_rpc::write_fault(std::get<xml_rpc::Fault>(*response))
                                 : xml_rpc::write_response(std::get<xml_rpc::Value>(*response));
        must_hold(xml_rpc::parse_response(written).has_value(), "a response that was read can be written");
    }
    return 0;
}
