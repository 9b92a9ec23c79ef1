#include "device/hooks/hooks.hpp"

#include "base/log.hpp"
#include "device/clients/back_off.hpp"
#include "device/hooks/delivery.hpp"
#include "device/repository/certificate_repository.hpp"
#include "device/safety.hpp"
#include "host/crypto.hpp"

#include <algorithm>
#include <map>
#include <utility>

namespace countersign::device {
namespace {

constexpr std::string_view k_alarm = "hook.failed";
constexpr net::Milliseconds k_look{3'600'000};
constexpr net::Milliseconds k_longest_wait{600'000};

std::string certificates_pem(std::vector<pki::Certificate> const& chain, std::size_t from) {
    std::string out;
    for (std::size_t i = from; i < chain.size(); ++i) out += chain[i].to_pem();
    return out;
}

/// Nothing while the system has no such identity.
std::optional<HookMaterial> material_of(Unit const& unit, Hook const& hook) {
    auto const* pair = unit.pair_in_effect(hook.identity);
    if (pair == nullptr) return std::nullopt;
    return HookMaterial{pair->chain.front().to_pem(), certificates_pem(pair->chain, 1), pair->key.to_pem(),
                        certificates_pem(unit.trust(), 0)};
}

class HookRunner final : public std::enable_shared_from_this<HookRunner> {
public:
    HookRunner(std::shared_ptr<Unit> const& unit, std::shared_ptr<HookBook> book) : unit_(unit), book_(std::move(book)) {}

    void start() {
        auto const unit = unit_.lock();
        subscription_ = unit->subscribe([book = book_](Event const& event) {
            if (event.id.starts_with("certificate.") || event.id.starts_with("trust.")) book->wake();
        });
        net::spawn(unit->executor(), [self = shared_from_this()] { return run(self); }, "hooks");
    }
    void stop() {
        stopped_ = true;
        subscription_.reset();
        book_->wake();
    }

private:
    struct Failing {
        BackOff back_off;
        std::chrono::steady_clock::time_point next;
    };

    static net::Task<> run(std::shared_ptr<HookRunner> self) {
        while (!self->stopped_) {
            auto const seen = self->book_->changed().count();
            co_await self->look(seen != std::exchange(self->seen_, seen));
            if (self->stopped_) co_return;
            co_await self->book_->changed().wait_beyond(seen, self->wait());
        }
    }

    /// Those that failed have their time; a change of anything is worth another try at once.
    net::Task<> look(bool changed) {
        auto const now = std::chrono::steady_clock::now();
        for (auto const& hook : book_->hooks()) {
            auto const failing = failing_.find(hook.name);
            if (!changed && failing != failing_.end() && failing->second.next > now) continue;
            co_await run_one(hook);
            if (stopped_) co_return;
        }
    }

    net::Task<> run_one(Hook hook) {
        auto const unit = unit_.lock();
        if (!unit) co_return;
        auto material = material_of(*unit, hook);
        if (!material) co_return;
        auto const record = unit->environment().data / unit->spec().serial / ("hook-" + hook.name + ".state");
        auto const done =
            co_await net::offload(unit->environment().runtime->blocking(), [hook, held = *std::move(material), record, book = book_] {
                std::lock_guard const lock(book->delivering());
                return deliver(hook, held, record);
            });
        if (stopped_) co_return;
        if (done)
            succeeded(*unit, hook, *done);
        else
            failed(*unit, hook, done.error());
    }

    void succeeded(Unit& unit, Hook const& hook, Delivered what) {
        bool const was_failing = failing_.erase(hook.name) > 0;
        unit.alarms().clear(k_alarm, hook.name);
        unit.publish_fact("hook." + hook.name + ".status", "delivered");
        if (what == Delivered::fresh && !was_failing) return;
        auto const* pair = unit.pair_in_effect(hook.identity);
        unit.report("hook.delivered",
                    {{"hook", hook.name}, {"fingerprint", pair != nullptr ? pair->chain.front().fingerprint() : std::string()}});
        log::info("hook.delivered", {{"hook", hook.name}});
    }

    void failed(Unit& unit, Hook const& hook, Error const& why) {
        auto& failing = failing_.try_emplace(hook.name, Failing{{hook.first_retry, k_longest_wait}, {}}).first->second;
        auto const chance = static_cast<double>(host::random_bytes(1).front()) / 256.0;
        failing.next = std::chrono::steady_clock::now() + failing.back_off.failed(chance);
        unit.publish_fact("hook." + hook.name + ".status", why.message());
        unit.alarms().raise({.id = std::string(k_alarm),
                             .subject = hook.name,
                             .text = why.message(),
                             .level = "major",
                             .since = unit.now(),
                             .days_left = std::nullopt});
        unit.report("hook.failed", {{"hook", hook.name}, {"step", std::string(why.parameter("step"))}, {"detail", why.message()}});
        log::error("hook.failed", why, {{"hook", hook.name}});
    }

    [[nodiscard]] net::Milliseconds wait() const {
        auto out = k_look;
        auto const now = std::chrono::steady_clock::now();
        for (auto const& [name, failing] : failing_)
            out = std::min(out, std::max(net::Milliseconds(0), std::chrono::ceil<net::Milliseconds>(failing.next - now)));
        return out;
    }

    std::weak_ptr<Unit> unit_;
    std::shared_ptr<HookBook> book_;
    std::unique_ptr<Unit::Subscription> subscription_;
    std::map<std::string, Failing> failing_;
    std::uint64_t seen_ = 0;
    bool stopped_ = false;
};

/// What the unit holds; the runner itself may outlive it until its last delivery has ended.
class HookCompanion final : public Companion {
public:
    explicit HookCompanion(std::shared_ptr<HookRunner> runner) : runner_(std::move(runner)) { runner_->start(); }
    ~HookCompanion() override { runner_->stop(); }

private:
    std::shared_ptr<HookRunner> runner_;
};

}  // namespace

Result<void> HookBook::load() {
    CS_TRY(auto hooks, load_hooks(file_));
    {
        std::lock_guard const lock(mutex_);
        hooks_ = std::move(hooks);
    }
    changed_.raise();
    return {};
}

std::vector<Hook> HookBook::hooks() const {
    std::lock_guard const lock(mutex_);
    return hooks_;
}

CompanionMaker make_hooks(std::shared_ptr<HookBook> book) {
    return [book = std::move(book)](std::shared_ptr<Unit> unit) -> std::unique_ptr<Companion> {
        return std::make_unique<HookCompanion>(std::make_shared<HookRunner>(unit, book));
    };
}

}  // namespace countersign::device
