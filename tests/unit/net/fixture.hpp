#pragma once

/// What the tests of this room share: loops, an echoing HTTP server, and a raw TCP client.

#include "net/http/client.hpp"
#include "net/http/server.hpp"
#include "net/stream.hpp"
#include "support/child_process.hpp"
#include "support/identities.hpp"
#include "support/program.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace countersign::net {

using namespace std::chrono_literals;

/// Two loops that run as long as the test. Declared first in a fixture, so that it is destroyed last.
class Loops {
public:
    Loops() { runtime.start(); }
    Executor executor() { return runtime.executor(0); }
    std::vector<Executor> executors() { return {runtime.executor(0), runtime.executor(1)}; }
    template <class T>
    T await(Task<T> task) {
        return net::run(runtime, std::move(task));
    }
    Runtime runtime{2};
};

template <class T>
std::string why(Result<T> const& result) {
    return result ? "no error" : result.error().explanation();
}

/// Answers with what it was asked.
inline Task<http::Response> echo(http::Request request) {
    auto response = http::Response::text(200, request.method + ' ' + request.path + '\n' + request.body);
    co_return response;
}

class HttpTest : public ::testing::Test {
protected:
    std::unique_ptr<http::Server> listen(std::shared_ptr<http::Service> service, http::Server::Settings settings = {}) {
        if (settings.where.address.empty()) settings.where = {"127.0.0.1", 0};
        auto server = http::Server::listen(loops.executors(), std::move(settings), std::move(service));
        if (!server) throw std::runtime_error(server.error().explanation());
        return *std::move(server);
    }
    static std::shared_ptr<http::Router> echo_router(std::size_t body_limit = 1024 * 1024) {
        auto router = std::make_shared<http::Router>();
        router->otherwise(echo, body_limit);
        return router;
    }
    /// Sends `text` over plain TCP and gives back all that comes until the server closes.
    std::string talk(Endpoint where, std::string text, Milliseconds patience = 5s) {
        return loops.await(talk_to(std::move(where), std::move(text), patience));
    }
    static Task<std::string> talk_to(Endpoint where, std::string text, Milliseconds patience) {
        auto stream = co_await connect_tcp(where, {}, patience);
        if (!stream) co_return "cannot connect: " + stream.error().message();
        if (auto written = co_await (*stream)->write(std::move(text), patience); !written) co_return written.error().message();
        std::string all;
        for (;;) {
            auto piece = co_await (*stream)->read_some(65536, patience);
            if (!piece) co_return all + "\n[" + piece.error().message() + "]";
            if (piece->empty()) co_return all;
            all += *piece;
        }
    }
    countersign::testing::Ran curl(std::string const& arguments) {
        return countersign::testing::run_in(folder, "curl -sS --max-time 20 " + arguments);
    }
    static std::string origin(http::Server const& server, std::string const& scheme = "http") {
        return scheme + "://" + to_string(server.local());
    }

    Loops loops;
    countersign::testing::TemporaryFolder folder;
};

}  // namespace countersign::net
