#include "dialect/soap_envelope.hpp"

#include "base/text.hpp"

#include "countersign/errors/dev.hpp"

#include <utility>

namespace countersign::dialect::soap {
namespace {

constexpr std::string_view k_envelope = "http://schemas.xmlsoap.org/soap/envelope/";

}  // namespace

std::string in_envelope(XmlElement content) {
    XmlElement envelope("env:Envelope");
    envelope.set("xmlns:env", k_envelope);
    envelope.add("env:Body").add(std::move(content));
    return write_xml(envelope);
}

XmlElement const* find_in_envelope(XmlElement const& root, std::string_view name) {
    if (iequals(root.local_name(), name)) return &root;
    if (!iequals(root.local_name(), "Envelope")) return nullptr;
    return root.descend({"Body", name});
}

Result<void> refuse_fault(XmlElement const& root) {
    auto const* fault = find_in_envelope(root, "Fault");
    if (fault == nullptr) return {};
    auto words = limited(fault->child_text("faultstring"));
    if (words.empty()) words = limited(fault->child_text("faultcode"));
    return fail(errors::dev::soap_fault, {{"detail", words.empty() ? std::string_view("without a reason") : words}});
}

std::string limited(std::string_view text, std::size_t limit) {
    text = trim(text);
    if (text.size() <= limit) return std::string(text);
    auto end = limit;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
    return std::string(text.substr(0, end));
}

}  // namespace countersign::dialect::soap
