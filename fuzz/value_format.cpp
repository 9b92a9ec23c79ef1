/// Texts of settings that hold an address: what is taken is what the next layer can use.

#include "family/value_format.hpp"

#include "base/text.hpp"
#include "fuzz/target.hpp"
#include "net/address.hpp"

#include <algorithm>
#include <string>

using countersign::family::has_format;
using countersign::family::ValueFormat;
using countersign::fuzz::must_hold;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    auto const text = countersign::fuzz::text_of(data, size);
    if (text.empty()) return 0;
    auto const is = [text](ValueFormat format) { return has_format(format, text); };
    bool const plain = std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7f; });
    for (auto const format : {ValueFormat::ipv4_address, ValueFormat::ip_address, ValueFormat::subnet_mask, ValueFormat::host_name,
                              ValueFormat::host, ValueFormat::server, ValueFormat::url, ValueFormat::url_path})
        if (is(format)) must_hold(plain, "an address has no blanks and no control characters");
    if (is(ValueFormat::ipv4_address)) must_hold(is(ValueFormat::ip_address), "an IPv4 address is an IP address");
    if (is(ValueFormat::ip_address)) must_hold(countersign::is_ip_address(text) && is(ValueFormat::host), "an IP address is a host");
    if (is(ValueFormat::subnet_mask)) must_hold(countersign::is_ip_address(text), "a mask is written as an address");
    if (is(ValueFormat::host_name)) must_hold(countersign::is_host_name(text) && is(ValueFormat::host), "a host name is a host");
    if (is(ValueFormat::host)) must_hold(is(ValueFormat::server), "a host is a server without a port");
    constexpr std::size_t k_longest_url = 2048;
    if (is(ValueFormat::url) && text.size() <= k_longest_url)
        must_hold(countersign::net::Url::parse(text).has_value(), "a URL can be called");
    if (is(ValueFormat::server) && !countersign::is_ip_address(text))
        must_hold(countersign::net::Url::parse("https://" + std::string(text) + "/").has_value(), "a server can be called");
    return 0;
}
