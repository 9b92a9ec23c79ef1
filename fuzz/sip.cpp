// Messages of a SIP registrar, as they come over a stream and in a datagram.

#include "dialect/sip.hpp"

#include "fuzz/target.hpp"

using namespace countersign;
using namespace countersign::dialect;
using fuzz::must_hold;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    auto const text = fuzz::text_of(data, size);
    sip::Registration own{.registrar = "example.com", .user = "room", .contact_host = "room.example.com"};
    own.call_id = own.from_tag = own.branch = "x";
    auto const taken = sip::take_message(text);
    if (taken && *taken) {
        auto const& message = (*taken)->message;
        must_hold((*taken)->size > 0 && (*taken)->size <= text.size(), "some of it, and no more than there is");
        must_hold(message.headers.size() <= sip::k_max_headers && message.body.size() <= sip::k_max_message, "within the limits");
        must_hold(message.status == 0 ? !message.method.empty() : message.status >= 100 && message.status <= 699, "a request or an answer");
        must_hold(sip::granted(message, own).count() >= 0, "no time runs backwards");
        (void)sip::answers(message, own);
        (void)sip::shortest(message);
        // What the line holds behind it changes nothing.
        auto const again = sip::take_message(std::string_view(text).substr(0, (*taken)->size));
        must_hold(again && *again && (*again)->size == (*taken)->size, "a message is whole without the next");
    }
    (void)sip::parse_datagram(text);
    // Whatever stands in the settings: one request comes out, and nothing of it is another header.
    own.registrar = own.contact_host = own.user = own.user_agent = text.substr(0, 100);
    own.authorization = std::pair(std::string("Authorization"), std::string(text.substr(0, 100)));
    auto const written = sip::write_register(own);
    auto const read = sip::take_message(written);
    must_hold(read && *read && (*read)->size == written.size(), "what is written can be read");
    must_hold((*read)->message.method == "REGISTER" && (*read)->message.headers.size() <= 12, "and is one request");
    return 0;
}
