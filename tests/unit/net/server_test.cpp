#include "fixture.hpp"

#include "countersign/errors/gen.hpp"
#include "countersign/errors/net.hpp"

namespace countersign::net {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class HttpServer : public HttpTest {
protected:
    std::string status_of(http::Server const& server, std::string const& text) {
        auto answer = talk(server.local(), text);
        return answer.substr(0, answer.find("\r\n"));
    }
};

TEST_F(HttpServer, answers_curl_with_date_and_server_fields) {
    auto server = listen(echo_router());
    auto ran = curl("-i " + origin(*server) + "/a/b");
    EXPECT_EQ(ran.exit_code, 0) << ran.output;
    EXPECT_THAT(ran.output, StartsWith("HTTP/1.1 200 OK\r\n"));
    EXPECT_THAT(ran.output, ContainsRegex("Date: [A-Z][a-z][a-z], [0-9][0-9] [A-Z][a-z][a-z] 20"));
    EXPECT_THAT(ran.output, HasSubstr("Server: Countersign\r\n"));
    EXPECT_THAT(ran.output, HasSubstr("GET /a/b\n"));
}

TEST_F(HttpServer, keeps_the_connection_for_further_requests_of_curl) {
    auto server = listen(echo_router());
    auto ran = curl("-v -o /dev/null -o /dev/null " + origin(*server) + "/1 " + origin(*server) + "/2");
    EXPECT_THAT(ran.output, HasSubstr("Re-using existing connection")) << ran.output;
}

TEST_F(HttpServer, takes_a_body_that_curl_announces_with_expect) {
    auto server = listen(echo_router(8 * 1024 * 1024));
    std::string body(3 * 1024 * 1024, 'x');
    auto ran = curl("-H 'Expect: 100-continue' --data-binary @" + folder.file("body", body) + " " + origin(*server) + "/up | wc -c");
    EXPECT_THAT(ran.output, HasSubstr(std::to_string(body.size() + 9)));
}

TEST_F(HttpServer, takes_chunked_bodies) {
    auto server = listen(echo_router());
    auto ran = curl("-H 'Transfer-Encoding: chunked' -d hello " + origin(*server) + "/c");
    EXPECT_EQ(ran.output, "POST /c\nhello");
}

TEST_F(HttpServer, sends_no_body_for_head_but_its_length) {
    auto server = listen(echo_router());
    auto answer = talk(server->local(), "HEAD /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    EXPECT_THAT(answer, HasSubstr("Content-Length: 8\r\n"));
    EXPECT_TRUE(answer.ends_with("\r\n\r\n")) << answer;
}

TEST_F(HttpServer, honours_connection_close) {
    auto server = listen(echo_router());
    auto answer = talk(server->local(), "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    EXPECT_THAT(answer, HasSubstr("Connection: close\r\n"));
    EXPECT_TRUE(answer.ends_with("GET /\n")) << answer;  // and the server closed, or talk() had not come back
}

TEST_F(HttpServer, closes_after_http_1_0) {
    auto server = listen(echo_router());
    EXPECT_THAT(talk(server->local(), "GET /old HTTP/1.0\r\n\r\n"), HasSubstr("GET /old\n"));
}

TEST_F(HttpServer, answers_pipelined_requests_in_order) {
    auto server = listen(echo_router());
    auto answer = talk(server->local(), "GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    EXPECT_LT(answer.find("GET /1\n"), answer.find("GET /2\n"));
    EXPECT_NE(answer.find("GET /2\n"), std::string::npos);
}

TEST_F(HttpServer, takes_targets_in_absolute_form) {
    auto server = listen(echo_router());
    EXPECT_THAT(talk(server->local(), "GET http://a.test/abs?q=1 HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n"),
                HasSubstr("GET /abs\n"));
}

TEST_F(HttpServer, answers_400_to_what_is_not_http) {
    auto server = listen(echo_router());
    EXPECT_EQ(status_of(*server, "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"), "HTTP/1.1 400 Bad Request");
    EXPECT_EQ(status_of(*server, "GET / HTTP/1.1\r\nbroken line\r\n\r\n"), "HTTP/1.1 400 Bad Request");
    EXPECT_EQ(status_of(*server, "GET /../x HTTP/1.1\r\nHost: a\r\n\r\n"), "HTTP/1.1 400 Bad Request");
}

TEST_F(HttpServer, answers_400_without_or_with_two_host_fields) {
    auto server = listen(echo_router());
    EXPECT_EQ(status_of(*server, "GET / HTTP/1.1\r\n\r\n"), "HTTP/1.1 400 Bad Request");
    EXPECT_EQ(status_of(*server, "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"), "HTTP/1.1 400 Bad Request");
}

TEST_F(HttpServer, refuses_a_request_with_two_lengths) {
    auto server = listen(echo_router());
    EXPECT_EQ(status_of(*server, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
              "HTTP/1.1 400 Bad Request");
    EXPECT_EQ(status_of(*server, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc"),
              "HTTP/1.1 400 Bad Request");
}

TEST_F(HttpServer, answers_431_to_a_head_over_the_limit) {
    auto server = listen(echo_router());
    auto answer = talk(server->local(), "GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(64 * 1024, 'x') + "\r\n\r\n");
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 431 "));
}

TEST_F(HttpServer, answers_413_to_an_announced_body_over_the_limit_without_reading_it) {
    auto server = listen(echo_router(10));
    auto answer = talk(server->local(), "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000000\r\n\r\nbegin");
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 413 "));
    EXPECT_THAT(answer, HasSubstr("\"id\":\"NET-009\""));
}

TEST_F(HttpServer, answers_413_when_chunks_grow_over_the_limit) {
    auto server = listen(echo_router(10));
    auto answer =
        talk(server->local(), "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nabcdef\r\n6\r\nabcdef\r\n0\r\n\r\n");
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 413 "));
}

TEST_F(HttpServer, answers_408_to_a_head_that_does_not_end) {
    auto server = listen(echo_router(), {.limits = {.head = 100ms}});
    EXPECT_THAT(talk(server->local(), "GET / HTTP/1.1\r\nHo"), StartsWith("HTTP/1.1 408 "));
}

TEST_F(HttpServer, answers_408_to_a_body_that_does_not_end) {
    auto server = listen(echo_router(), {.limits = {.body = 100ms}});
    EXPECT_THAT(talk(server->local(), "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab"), StartsWith("HTTP/1.1 408 "));
}

TEST_F(HttpServer, is_not_held_by_a_client_that_sends_its_head_byte_by_byte) {
    auto server = listen(echo_router(), {.limits = {.head = 300ms}});
    auto answer = loops.await([](Endpoint where) -> Task<std::string> {
        auto stream = *co_await connect_tcp(where, {}, 5s);
        // Each byte comes in time; the whole head does not.
        for (char c : std::string("GET / HTTP/1.1\r\nHost: aaaaaaaaaaaaaaaaaaaaaaaaaaaa")) {
            auto written = co_await stream->write(std::string(1, c), 5s);
            if (!written) break;
            co_await sleep_for(20ms);
        }
        auto got = co_await stream->read_some(1000, 5s);
        co_return got ? *got : got.error().message();
    }(server->local()));
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 408 "));
}

TEST_F(HttpServer, closes_an_idle_connection_without_an_answer) {
    auto server = listen(echo_router(), {.limits = {.idle = 100ms}});
    auto answer = talk(server->local(), "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_THAT(answer, HasSubstr("200 OK"));
    EXPECT_THAT(answer, Not(HasSubstr("408")));
}

TEST_F(HttpServer, closes_connections_beyond_its_limit) {
    auto server = listen(echo_router(), {.limits = {.connections = 1}});
    auto second = loops.await([](Endpoint where) -> Task<Result<std::string>> {
        auto first = *co_await connect_tcp(where, {}, 5s);
        (void)co_await first->write("GET / HTTP/1.1\r\nHost: a\r\n\r\n", 5s);
        (void)co_await first->read_some(1000, 5s);
        auto stream = *co_await connect_tcp(where, {}, 5s);
        co_return co_await stream->read_some(1000, 5s);
    }(server->local()));
    EXPECT_TRUE(!second || second->empty());
}

TEST_F(HttpServer, closes_after_its_number_of_requests) {
    auto server = listen(echo_router(), {.limits = {.requests_per_connection = 1}});
    EXPECT_THAT(talk(server->local(), "GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n"), Not(HasSubstr("GET /2")));
}

TEST_F(HttpServer, turns_an_exception_of_a_handler_into_a_problem_document) {
    auto router = std::make_shared<http::Router>();
    router->otherwise([](http::Request) -> Task<http::Response> {
        throw std::runtime_error("defect");
        co_return http::Response();
    });
    auto server = listen(router);
    auto ran = curl("-i " + origin(*server) + "/");
    EXPECT_THAT(ran.output, HasSubstr("500 Internal Server Error"));
    EXPECT_THAT(ran.output, HasSubstr("application/problem+json"));
    EXPECT_THAT(ran.output, Not(HasSubstr("defect")));
}

TEST_F(HttpServer, streams_pieces_in_chunks) {
    auto router = std::make_shared<http::Router>();
    router->otherwise([](http::Request) -> Task<http::Response> {
        http::Response response;
        response.stream = [](http::BodyWriter write) -> Task<> {
            for (auto const* piece : {"one ", "two ", "three"}) (void)co_await write(piece);
        };
        co_return response;
    });
    auto server = listen(router);
    EXPECT_EQ(curl(origin(*server) + "/").output, "one two three");
    EXPECT_THAT(talk(server->local(), "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"), HasSubstr("4\r\ntwo \r\n"));
    EXPECT_EQ(curl("--http1.0 " + origin(*server) + "/").output, "one two three");
}

TEST_F(HttpServer, tells_a_stream_that_its_client_has_gone) {
    auto gone = std::make_shared<std::promise<void>>();
    auto router = std::make_shared<http::Router>();
    router->otherwise([gone](http::Request) -> Task<http::Response> {
        http::Response response;
        response.stream = [gone](http::BodyWriter write) -> Task<> {
            while (co_await write("tick\n")) co_await sleep_for(5ms);
            gone->set_value();
        };
        co_return response;
    });
    auto server = listen(router);
    loops.await([](Endpoint where) -> Task<> {
        auto stream = *co_await connect_tcp(where, {}, 5s);
        (void)co_await stream->write("GET / HTTP/1.1\r\nHost: a\r\n\r\n", 5s);
        (void)co_await stream->read_some(10, 5s);
    }(server->local()));
    EXPECT_EQ(gone->get_future().wait_for(10s), std::future_status::ready);
}

TEST_F(HttpServer, cannot_be_made_to_send_a_second_header_line) {
    auto router = std::make_shared<http::Router>();
    router->otherwise([](http::Request) -> Task<http::Response> { co_return http::Response::redirect(302, "/a\r\nX-Bad: 1"); });
    auto server = listen(router);
    EXPECT_THAT(curl("-i " + origin(*server) + "/").output, Not(HasSubstr("\nX-Bad")));
}

TEST_F(HttpServer, lets_a_request_under_way_end_when_it_is_closed) {
    auto entered = std::make_shared<std::promise<void>>();
    auto router = std::make_shared<http::Router>();
    router->otherwise([entered](http::Request) -> Task<http::Response> {
        entered->set_value();
        co_await sleep_for(100ms);
        co_return http::Response::text(200, "finished");
    });
    auto server = listen(router);
    auto answer = std::async(std::launch::async, [this, &server] { return curl("-i " + origin(*server) + "/").output; });
    entered->get_future().wait();
    loops.await(server->close(10s));
    EXPECT_THAT(answer.get(), HasSubstr("finished"));
    EXPECT_FALSE(countersign::testing::accepts_connections(server->local().address, server->local().port));
}

TEST_F(HttpServer, ends_connections_when_asked_and_takes_new_ones) {
    auto entered = std::make_shared<std::promise<void>>();
    auto router = std::make_shared<http::Router>();
    router->add({.method = "GET", .pattern = "/slow", .handler = [entered](http::Request) -> Task<http::Response> {
                     entered->set_value();
                     co_await sleep_for(100ms);
                     co_return http::Response::text(200, "finished");
                 }});
    router->otherwise(echo);
    auto server = listen(router);
    auto idle = std::make_shared<std::promise<void>>();
    auto end = std::async(std::launch::async, [this, idle, where = server->local()] {
        return loops.await([](Endpoint there, std::shared_ptr<std::promise<void>> ready) -> Task<Result<std::string>> {
            auto stream = *co_await connect_tcp(there, {}, 5s);
            (void)co_await stream->write("GET / HTTP/1.1\r\nHost: a\r\n\r\n", 5s);
            (void)co_await stream->read_some(1000, 5s);
            ready->set_value();
            co_return co_await stream->read_some(1000, 20s);
        }(where, idle));
    });
    auto busy = std::async(std::launch::async, [this, &server] { return curl("-i " + origin(*server) + "/slow").output; });
    idle->get_future().wait();
    entered->get_future().wait();
    server->end_connections();
    auto const nothing = end.get();
    EXPECT_TRUE(nothing && nothing->empty()) << "it waited for a request: it is closed";
    auto const last = busy.get();
    EXPECT_THAT(last, HasSubstr("finished"));
    EXPECT_THAT(last, HasSubstr("Connection: close\r\n"));
    EXPECT_EQ(curl(origin(*server) + "/new").output, "GET /new\n");
}

TEST_F(HttpServer, a_request_that_was_not_whole_when_connections_were_ended_is_not_carried_out) {
    auto handled = std::make_shared<std::atomic<bool>>(false);
    auto router = std::make_shared<http::Router>();
    router->otherwise([handled](http::Request) -> Task<http::Response> {
        *handled = true;
        co_return http::Response::text(200, "done");
    });
    auto server = listen(router);
    auto const got = loops.await([](http::Server& asked) -> Task<std::string> {
        auto stream = *co_await connect_tcp(asked.local(), {}, 5s);
        (void)co_await stream->write("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n", 5s);
        auto text = (co_await stream->read_some(1000, 5s)).value_or("");
        asked.end_connections();
        (void)co_await stream->write("hello", 5s);
        text += (co_await stream->read_some(1000, 20s)).value_or("");
        co_return text;
    }(*server));
    EXPECT_EQ(got, "HTTP/1.1 100 Continue\r\n\r\n");
    EXPECT_FALSE(*handled);
}

TEST_F(HttpServer, frees_its_port_at_once_when_it_is_destroyed) {
    auto server = listen(echo_router());
    auto const where = server->local();
    EXPECT_EQ(curl(origin(*server) + "/").exit_code, 0);
    server.reset();
    EXPECT_FALSE(countersign::testing::accepts_connections(where.address, where.port));
    EXPECT_NO_THROW(listen(echo_router(), {.where = where}));
}

TEST_F(HttpServer, says_when_a_port_is_taken) {
    auto first = listen(echo_router());
    auto second = http::Server::listen(loops.executors(), {.where = first->local()}, echo_router());
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().id(), errors::net::cannot_listen);
}

// Router

class HttpRouter : public HttpTest {
protected:
    static std::shared_ptr<http::Router> router() {
        auto made = std::make_shared<http::Router>();
        made->add({.method = "GET", .pattern = "/systems/{id}", .handler = [](http::Request request) -> Task<http::Response> {
                       co_return http::Response::text(200, "system " + request.parameters.at("id"));
                   }});
        made->add({.method = "PUT", .pattern = "/systems/{id}", .body_limit = 4, .handler = echo});
        made->add({.method = "GET", .pattern = "/files/{path*}", .handler = [](http::Request request) -> Task<http::Response> {
                       co_return http::Response::text(200, "file " + request.parameters.at("path"));
                   }});
        return made;
    }
};

TEST_F(HttpRouter, gives_parts_of_the_path_as_parameters) {
    auto server = listen(router());
    EXPECT_EQ(curl(origin(*server) + "/systems/a%20b").output, "system a b");
    EXPECT_EQ(curl(origin(*server) + "/files/x/y.js").output, "file x/y.js");
}

TEST_F(HttpRouter, answers_404_and_405_as_problem_documents) {
    auto server = listen(router());
    auto missing = curl("-i " + origin(*server) + "/nothing").output;
    EXPECT_THAT(missing, HasSubstr("404 Not Found"));
    EXPECT_THAT(missing, HasSubstr("\"id\":\"GEN-003\""));
    auto wrong = curl("-i -X DELETE " + origin(*server) + "/systems/1").output;
    EXPECT_THAT(wrong, HasSubstr("405 Method Not Allowed"));
    EXPECT_THAT(wrong, HasSubstr("Allow: GET, PUT, HEAD"));
}

TEST_F(HttpRouter, applies_the_body_limit_of_the_route) {
    auto server = listen(router());
    EXPECT_THAT(curl("-i -X PUT -d 1234 " + origin(*server) + "/systems/1").output, HasSubstr("200 OK"));
    EXPECT_THAT(curl("-i -X PUT -d 12345 " + origin(*server) + "/systems/1").output, HasSubstr("413 "));
}

TEST_F(HttpRouter, lets_a_filter_answer_instead_of_the_handler) {
    auto routes = router();
    routes->before([](http::Request& request) -> Task<std::optional<http::Response>> {
        if (request.path == "/systems/7") co_return http::Response::text(403, "no");
        co_return std::nullopt;
    });
    auto server = listen(routes);
    EXPECT_EQ(curl(origin(*server) + "/systems/7").output, "no");
    EXPECT_EQ(curl(origin(*server) + "/systems/8").output, "system 8");
}

TEST(Problem, carries_id_remedy_parameters_and_causes) {
    Error error(errors::gen::invalid_input, {{"field", "address"}, {"detail", "it is \"empty\""}});
    error.because(Error(errors::net::connection_refused, {{"peer", "a:1"}}));
    auto response = http::problem(error);
    EXPECT_EQ(response.status, 422);
    EXPECT_THAT(response.body, HasSubstr(R"("type":"urn:countersign:error:GEN-001")"));
    EXPECT_THAT(response.body, HasSubstr(R"("parameters":{"field":"address","detail":"it is \"empty\""})"));
    EXPECT_THAT(response.body, HasSubstr(R"("id":"NET-001")"));
}

}  // namespace countersign::net
