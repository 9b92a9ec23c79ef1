#include "net/ports.hpp"

#include "fixture.hpp"
#include "net/local.hpp"
#include "support/temporary_folder.hpp"

#include "countersign/errors/net.hpp"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace countersign::net {
namespace {

using countersign::testing::TemporaryFolder;

/// A free port at the wildcard address: one that the kernel gives, given back.
std::uint16_t free_port(int type = SOCK_STREAM) {
    int const descriptor = ::socket(AF_INET, type, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    ::bind(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof address);
    socklen_t size = sizeof address;
    ::getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &size);
    ::close(descriptor);
    return ntohs(address.sin_port);
}

int listening(std::uint16_t port) {
    int const descriptor = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int const yes = 1;
    ::setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    EXPECT_EQ(::bind(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(::listen(descriptor, 8), 0);
    return descriptor;
}

class PortsTest : public ::testing::Test {
protected:
    std::unique_ptr<Listener> listen(Endpoint where, std::string greeting) {
        auto listener = listen_tcp(loops.executor(), std::move(where), [greeting](std::shared_ptr<Stream> stream) -> Task<> {
            (void)co_await stream->write(greeting, 5s);
            stream->finish();
        });
        if (!listener) throw std::runtime_error(listener.error().explanation());
        return *std::move(listener);
    }
    /// What the port says, or the id of what went wrong.
    std::string hear(Endpoint where, Milliseconds patience = 5s) {
        return loops.await([](Endpoint to, Milliseconds limit) -> Task<std::string> {
            auto stream = co_await connect_tcp(std::move(to), "", limit);
            if (!stream) co_return std::string(stream.error().entry().code);
            auto text = co_await (*stream)->read_some(100, limit);
            co_return text ? *text : std::string(text.error().entry().code);
        }(std::move(where), patience));
    }
    std::string ask(Endpoint where) {
        return loops.await([](Endpoint to) -> Task<std::string> {
            auto answer = co_await ask_udp(std::move(to), "hello", "", 400ms);
            co_return answer ? *answer : std::string(answer.error().entry().code);
        }(std::move(where)));
    }
    Loops loops;
};

TEST_F(PortsTest, OneListenerServesManyAddresses) {
    auto const port = free_port();
    loops.runtime.ports().share(loops.executor());
    auto one = listen({"127.3.1.1", port}, "one");
    auto two = listen({"127.3.1.2", port}, "two");
    EXPECT_EQ(hear({"127.3.1.1", port}), "one");
    EXPECT_EQ(hear({"127.3.1.2", port}), "two");
    EXPECT_EQ(one->local(), (Endpoint{"127.3.1.1", port}));
    EXPECT_EQ(hear({"127.3.1.3", port}), "NET-003") << "nobody has that address: reset";
    one->close();
    EXPECT_EQ(hear({"127.3.1.1", port}), "NET-003");
    EXPECT_EQ(hear({"127.3.1.2", port}), "two");
    one = listen({"127.3.1.1", port}, "again");
    EXPECT_EQ(hear({"127.3.1.1", port}), "again");
}

TEST_F(PortsTest, TwoListenersCannotShareOneAddress) {
    auto const port = free_port();
    loops.runtime.ports().share(loops.executor());
    auto one = listen({"127.3.2.1", port}, "one");
    EXPECT_THROW(listen({"127.3.2.1", port}, "two"), std::runtime_error);
    EXPECT_EQ(hear({"127.3.2.1", port}), "one");
}

TEST_F(PortsTest, DatagramsAreSharedAndAnsweredFromTheAddressThatWasAsked) {
    auto const port = free_port(SOCK_DGRAM);
    loops.runtime.ports().share(loops.executor());
    auto answer = [](std::string text) { return [text](std::string_view, Endpoint const&) { return text; }; };
    auto one = listen_udp(loops.executor(), {"127.3.3.1", port}, answer("one"));
    auto two = listen_udp(loops.executor(), {"127.3.3.2", port}, answer("two"));
    ASSERT_TRUE(one && two);
    // ask_udp is connected: an answer from another address would not arrive.
    EXPECT_EQ(ask({"127.3.3.1", port}), "one");
    EXPECT_EQ(ask({"127.3.3.2", port}), "two");
    (*one)->close();
    EXPECT_EQ(ask({"127.3.3.1", port}), "NET-002");
}

TEST_F(PortsTest, AnInheritedSocketServesWhoWantsItsPort) {
    auto const port = free_port();
    auto const where = loops.runtime.ports().inherit(listening(port), loops.executor());
    ASSERT_TRUE(where) << why(where);
    EXPECT_EQ(*where, (Endpoint{"127.0.0.1", port}));
    EXPECT_EQ(hear(*where), "NET-003") << "open, but of nobody";
    EXPECT_EQ(loops.runtime.ports().unused().size(), 1U);
    auto listener = listen({"0.0.0.0", port}, "served");
    EXPECT_EQ(hear(*where), "served");
    EXPECT_TRUE(loops.runtime.ports().unused().empty());
    listener.reset();
    EXPECT_EQ(hear(*where), "NET-003");
}

TEST_F(PortsTest, WhatDoesNotListenIsNotInherited) {
    int const descriptor = ::socket(AF_INET, SOCK_STREAM, 0);
    auto const refused = loops.runtime.ports().inherit(descriptor, loops.executor());
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().id(), errors::net::inherited_socket);
    EXPECT_FALSE(loops.runtime.ports().inherit(12345, loops.executor()));
}

TEST_F(PortsTest, TheGateDecidesBeforeTheService) {
    auto const kind = std::make_shared<std::atomic<Reception::Kind>>(Reception::Kind::serve);
    loops.runtime.ports().set_gate([kind](Endpoint const&) { return Reception{.kind = *kind, .delay = 20ms}; });
    auto listener = listen({"127.0.0.1", 0}, "served");
    EXPECT_EQ(hear(listener->local()), "served");
    *kind = Reception::Kind::reset;
    EXPECT_EQ(hear(listener->local()), "NET-003");
    *kind = Reception::Kind::hold;
    EXPECT_EQ(hear(listener->local(), 200ms), "NET-002");
}

TEST_F(PortsTest, ALocalSocketAnswersOneLine) {
    TemporaryFolder const folder;
    auto const file = folder.path() / "socket";
    auto listener = listen_local(loops.executor(), file, [](std::string line) -> Task<std::string> { co_return "<" + line + ">"; });
    ASSERT_TRUE(listener) << why(listener);
    EXPECT_EQ(ask_local(file, "hello").value_or(""), "<hello>");
    EXPECT_FALSE(listen_local(loops.executor(), file, [](std::string) -> Task<std::string> { co_return ""; })) << "it is in use";
    listener->reset();
    EXPECT_FALSE(ask_local(file, "hello"));
    EXPECT_FALSE(std::filesystem::exists(file));
}

}  // namespace
}  // namespace countersign::net
