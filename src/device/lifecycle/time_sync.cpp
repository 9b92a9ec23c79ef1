#include "device/lifecycle/time_sync.hpp"

#include "base/log.hpp"
#include "base/text.hpp"
#include "net/sync.hpp"

#include "countersign/errors/net.hpp"

#include <algorithm>
#include <utility>

namespace countersign::device {

struct TimeSync::Work {
    Work(Settings asked, Changed tell) : settings(std::move(asked)), changed(std::move(tell)) {}
    Settings settings;
    Changed changed;
    net::Signal stopping;  ///< ends a wait early
    State state = State::unsynchronised;
    bool stopped = false;
    std::chrono::steady_clock::time_point last_answer{};

    void enter(State next) {
        if (state == next || stopped) return;
        state = next;
        if (changed) changed();
    }
    [[nodiscard]] net::Task<Result<net::NtpAnswer>> ask() const;
    static net::Task<> run(std::shared_ptr<Work> work, std::shared_ptr<UnitClock> clock);
};

namespace {

constexpr net::Milliseconds k_timeout{2000};
constexpr std::chrono::seconds k_first_retry{2};
/// Without an answer for so many intervals the clock is not relied on any more.
constexpr int k_patience = 10;

}  // namespace

net::Task<Result<net::NtpAnswer>> TimeSync::Work::ask() const {
    std::string address = settings.server;
    if (!is_ip_address(address)) {
        auto names = settings.resolver;
        if (!names) co_return fail(errors::net::ntp_failed, {{"server", settings.server}, {"detail", "no DNS server is configured"}});
        CS_CO_TRY(auto addresses, co_await names->resolve(settings.server));
        address = addresses.front();
    }
    co_return co_await net::query_ntp({address, settings.port}, settings.bind_address, k_timeout);
}

net::Task<> TimeSync::Work::run(std::shared_ptr<Work> work, std::shared_ptr<UnitClock> clock) {
    std::chrono::seconds retry = k_first_retry;
    while (!work->stopped) {
        auto answer = co_await work->ask();
        if (work->stopped) co_return;
        auto now = std::chrono::steady_clock::now();
        auto wait = work->settings.interval;
        if (answer) {
            clock->set_offset(answer->offset);
            work->last_answer = now;
            retry = k_first_retry;
            work->enter(State::synchronised);
        } else {
            log::debug("ntp.no_answer", {{"server", work->settings.server}, {"detail", answer.error().message()}});
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
    if (settings.server.empty()) return;
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
    return work_ ? work_->settings.server : none;
}

}  // namespace countersign::device
