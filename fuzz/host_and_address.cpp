// Host names and addresses as text, against inet_pton, and URLs.

#include "base/text.hpp"
#include "fuzz/target.hpp"
#include "net/address.hpp"

#include <arpa/inet.h>
#include <string>

using namespace countersign;
using fuzz::must_hold;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    std::string const text(fuzz::text_of(data, size));
    bool const has_zero = text.contains('\0');
    unsigned char bytes[16];
    bool const address = inet_pton(AF_INET, text.c_str(), bytes) == 1 || inet_pton(AF_INET6, text.c_str(), bytes) == 1;
    must_hold(is_ip_address(text) == (address && !has_zero), "is_ip_address agrees with inet_pton");
    if (is_host_name(text)) {
        must_hold(text.size() <= 253 && !text.empty(), "a host name has 1 to 253 characters");
        for (auto label : split(text, '.')) {
            must_hold(!label.empty() && label.size() <= 63 && label.front() != '-' && label.back() != '-', "labels are those of RFC 1123");
        }
        must_hold(!address, "an address is no host name");
    }
    if (auto const url = net::Url::parse(text)) {
        auto const again = net::Url::parse(url->to_string());
        must_hold(again.has_value() && again->to_string() == url->to_string(), "a URL is written as it was read");
        must_hold(is_host_name(url->host) || is_ip_address(url->host), "a URL has a host");
    }
    return 0;
}
