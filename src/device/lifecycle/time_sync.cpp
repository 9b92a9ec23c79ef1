#include "device/lifecycle/time_sync.hpp"

#include "base/log.hpp"
#include "base/text.hpp"
#include "net/sync.hpp"

#include "countersign/errors/net.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace countersign::device {

struct TimeSync::Work {
    Work(Settings asked, Changed tell) : settings(std::move(asked)), changed(std::move(tell)) {}
    Settings settings;
    Changed changed;
    net::Signal stopping;  ///< ends a wait early
    State state = State::unsynchronised;
    std::size_t answering = 0;  ///< place of the server that answered last
    bool stopped = false;
    std::chrono::steady_clock::time_point last_answer{};

    void enter(State next) {
        if (state == next || stopped) return;
        state = next;
        if (changed) changed();
    }
    [[nodiscard]] net::Task<Result<net::NtpAnswer>> ask(std::string server) const;
    net::Task<std::optional<net::NtpAnswer>> ask_all();
    static net::Task<> run(std::shared_ptr<Work> work, std::shared_ptr<UnitClock> clock);
};

namespace {

constexpr net::Milliseconds k_timeout{2000};
constexpr std::chrono::seconds k_first_retry{2};
/// Without an answer for so many intervals the clock is not relied on any more.
constexpr int k_patience = 10;

}  // namespace

net::Task<Result<net::NtpAnswer>> TimeSync::Work::ask(std::string server) const {
    std::string address = server;
    if (!is_ip_address(address)) {
        auto names = settings.resolver;
        if (!names) co_return fail(errors::net::ntp_failed, {{"server", server}, {"detail", "no DNS server is configured"}});
        CS_CO_TRY(auto addresses, co_await names->resolve(server));
        address = addresses.front();
    }
    co_return co_await net::query_ntp({address, settings.port}, settings.bind_address, k_timeout);
}

net::Task<std::optional<net::NtpAnswer>> TimeSync::Work::ask_all() {
    for (std::size_t i = 0; i < settings.servers.size() && !stopped; ++i) {
        auto answer = co_await ask(settings.servers[i]);
        if (answer) {
            answering = i;
            co_return *answer;
        }
        log::debug("ntp.no_answer", {{"server", settings.servers[i]}, {"detail", answer.error().message()}});
    }
    co_return std::nullopt;
}

net::Task<> TimeSync::Work::run(std::shared_ptr<Work> work, std::shared_ptr<UnitClock> clock) {
    std::chrono::seconds retry = k_first_retry;
    while (!work->stopped) {
        auto const answer = co_await work->ask_all();
        if (work->stopped) co_return;
        auto now = std::chrono::steady_clock::now();
        auto wait = work->settings.interval;
        if (answer) {
            clock->set_offset(answer->offset);
            work->last_answer = now;
            retry = k_first_retry;
            work->enter(State::synchronised);
        } else {
            if (work->state == State::synchronised && now - work->last_answer > k_patience * work->settings.interval)
                work->enter(State::unsynchronised);
            wait = retry;
            retry = std::min(retry * 2, work->settings.interval);
        }
        co_await work->stopping.wait_beyond(0, wait);
    }
}

TimeSync::TimeSync(net::Executor executor, std::shared_ptr<UnitClock> clock) : executor_(std::move(executor)), clock_(std::move(clock)) {}

TimeSync::~TimeSync() { stop(); }

void TimeSync::start(Settings settings, Changed changed) {
    if (work_ && work_->settings == settings) return;
    stop();
    if (settings.servers.empty()) return;
    work_ = std::make_shared<Work>(std::move(settings), std::move(changed));
    net::spawn(executor_, [work = work_, clock = clock_] { return Work::run(work, clock); }, "ntp");
}

void TimeSync::stop() {
    if (!work_) return;
    work_->stopped = true;
    work_->changed = nullptr;
    work_->stopping.raise();
    work_.reset();
}

TimeSync::State TimeSync::state() const { return work_ ? work_->state : State::off; }

std::string const& TimeSync::server() const {
    static std::string const none;
    return work_ ? work_->settings.servers.at(work_->answering) : none;
}

}  // namespace countersign::device
