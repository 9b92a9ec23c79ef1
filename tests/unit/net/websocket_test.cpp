#include "net/http/websocket.hpp"

#include "countersign/errors/net.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace countersign::net::http {
namespace {

using testing::ElementsAre;

Request handshake() {
    Request request;
    request.fields = {{"Host", "x"},
                      {"Upgrade", "websocket"},
                      {"Connection", "keep-alive, Upgrade"},
                      {"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="},
                      {"Sec-WebSocket-Version", "13"},
                      {"Sec-WebSocket-Protocol", "chat, auth-YWRtaW46cHc"}};
    return request;
}

TEST(WebSocketHandshake, of_the_standard_is_answered_as_there) {
    EXPECT_EQ(websocket_accept_value("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");  // RFC 6455 section 1.3
    auto const offer = websocket_offer(handshake());
    ASSERT_TRUE(offer) << offer.error().message();
    EXPECT_THAT(offer->protocols, ElementsAre("chat", "auth-YWRtaW46cHc"));
    auto const response = accept_websocket(*offer, "auth-YWRtaW46cHc", {});
    EXPECT_EQ(response.status, 101);
    EXPECT_EQ(response.fields.get("Sec-WebSocket-Accept"), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    EXPECT_EQ(response.fields.get("Sec-WebSocket-Protocol"), "auth-YWRtaW46cHc");
    EXPECT_FALSE(accept_websocket(*offer, "", {}).fields.has("Sec-WebSocket-Protocol"));
}

struct Spoiled {
    std::string_view field;
    std::string_view value;
    ErrorId id;
};
class Handshakes : public testing::TestWithParam<Spoiled> {};

TEST_P(Handshakes, that_are_none_are_refused) {
    auto request = handshake();
    request.fields.set(GetParam().field, GetParam().value);
    auto const offer = websocket_offer(request);
    ASSERT_FALSE(offer);
    EXPECT_EQ(offer.error().id(), GetParam().id);
}

INSTANTIATE_TEST_SUITE_P(Fields, Handshakes,
                         testing::Values(Spoiled{"Upgrade", "h2c", errors::net::websocket_expected},
                                         Spoiled{"Connection", "close", errors::net::websocket_expected},
                                         Spoiled{"Sec-WebSocket-Key", "", errors::net::websocket_expected},
                                         Spoiled{"Sec-WebSocket-Key", "c2hvcnQ=", errors::net::websocket_expected},
                                         Spoiled{"Sec-WebSocket-Protocol", "a b", errors::net::websocket_expected},
                                         Spoiled{"Sec-WebSocket-Protocol", "a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a",
                                                 errors::net::websocket_expected},
                                         Spoiled{"Sec-WebSocket-Version", "8", errors::net::websocket_version}));

TEST(WebSocketHandshake, is_a_get) {
    auto request = handshake();
    request.method = "POST";
    EXPECT_FALSE(websocket_offer(request));
}

}  // namespace
}  // namespace countersign::net::http
