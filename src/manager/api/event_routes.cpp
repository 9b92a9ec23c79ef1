#include "manager/api/routes.hpp"

#include <boost/json.hpp>

#include <mutex>

namespace countersign::manager::api {
namespace http = net::http;
namespace {

/// Events that one browser has not been told of yet. Many changes of one thing become one event.
class Outbox {
public:
    void put(Event event) {
        std::scoped_lock const lock(mutex_);
        for (auto const& waiting : events_) {
            if (waiting.kind == event.kind && waiting.id == event.id) return;
        }
        if (events_.size() < k_most)
            events_.push_back(std::move(event));
        else
            overflow_ = true;
    }
    /// The text of a server-sent event stream for all that waited, or empty.
    std::string take() {
        std::scoped_lock const lock(mutex_);
        std::string out;
        if (overflow_) {
            out = "event: reload\ndata: {}\n\n";
        } else {
            for (auto const& event : events_) out += "event: " + event.kind + "\ndata: {\"id\":" + std::to_string(event.id) + "}\n\n";
        }
        events_.clear();
        overflow_ = false;
        return out;
    }

private:
    static constexpr std::size_t k_most = 1000;
    std::mutex mutex_;
    std::vector<Event> events_;
    bool overflow_ = false;
};

/// At most two messages a second, a comment every 15 s so that dead connections are noticed, an end after an hour so that
/// sessions that ran out are noticed too (the browser connects again and is asked to log in).
net::Task<> stream_events(std::shared_ptr<Manager> manager, http::BodyWriter write) {
    auto outbox = std::make_shared<Outbox>();
    auto subscription = manager->subscribe([outbox](Event event) { outbox->put(std::move(event)); });
    constexpr net::Milliseconds tick{500};
    constexpr int ticks_of_an_hour = 7200, ticks_of_silence = 30;
    if (auto sent = co_await write("retry: 2000\n\n"); !sent) co_return;
    int silent = 0;
    for (int i = 0; i < ticks_of_an_hour; ++i) {
        co_await net::sleep_for(tick);
        auto text = outbox->take();
        if (text.empty() && ++silent < ticks_of_silence) continue;
        silent = 0;
        if (auto sent = co_await write(text.empty() ? ": still here\n\n" : text); !sent) co_return;
    }
}

net::Task<http::Response> events(std::shared_ptr<Manager> manager) {
    http::Response response;
    response.fields.set("Content-Type", "text/event-stream");
    response.fields.set("Cache-Control", "no-store");
    response.stream = [manager](http::BodyWriter write) { return stream_events(manager, std::move(write)); };
    co_return response;
}

}  // namespace

void add_event_routes(http::Router& router, Doors const& doors) {
    router.add({"GET", "/api/v1/events", 4096, [manager = doors.manager](http::Request const&) { return events(manager); }});
}

}  // namespace countersign::manager::api
