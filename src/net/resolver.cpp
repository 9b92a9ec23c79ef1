#include "net/resolver.hpp"

#include "base/text.hpp"
#include "net/dns_loop.hpp"

#include "countersign/errors/net.hpp"

#include <map>
#include <mutex>

namespace countersign::net {

using std::chrono::steady_clock;

struct Resolver::State : std::enable_shared_from_this<Resolver::State> {
    using Done = std::function<void(DnsAnswer)>;
    struct Kept {
        DnsAnswer answer;
        steady_clock::time_point until;
    };

    Settings settings;
    std::mutex mutex;
    std::map<std::string, Kept, std::less<>> cache;  ///< behind the mutex

    // Only on the loop of DNS:
    std::shared_ptr<DnsChannel> channel;
    std::map<std::string, std::vector<Done>> waiting;

    ~State() {
        if (channel) asio::post(dns_loop(), [channel = std::move(channel)] {});
    }

    std::optional<DnsAnswer> find_kept(std::string const& name) {
        std::lock_guard const lock(mutex);
        auto found = cache.find(name);
        if (found == cache.end() || found->second.until <= steady_clock::now()) return std::nullopt;
        return found->second.answer;
    }

    void keep(std::string const& name, DnsAnswer const& answer) {
        constexpr std::size_t k_most = 10000;
        if (!answer.found && !answer.unknown) return;
        auto now = steady_clock::now();
        std::lock_guard const lock(mutex);
        if (cache.size() >= k_most) std::erase_if(cache, [now](auto const& entry) { return entry.second.until <= now; });
        if (cache.size() >= k_most) cache.clear();
        cache.insert_or_assign(name, Kept{answer, now + (answer.found ? answer.life : std::chrono::seconds(1))});
    }

    /// On the loop. Questions for one name that come together are asked once.
    void ask(std::string const& name, Done done) {
        std::string detail;
        if (!channel) channel = DnsChannel::open(settings, detail);
        if (!channel) {
            DnsAnswer answer;
            answer.detail = detail;
            return done(std::move(answer));
        }
        auto& queue = waiting[name];
        queue.push_back(std::move(done));
        if (queue.size() > 1) return;
        channel->ask(name, [weak = weak_from_this(), name](DnsAnswer answer) {
            auto self = weak.lock();
            if (!self) return;
            self->keep(name, answer);
            auto asked = std::move(self->waiting[name]);
            self->waiting.erase(name);
            for (auto const& one : asked) one(answer);
        });
    }

    [[nodiscard]] std::string servers() const {
        std::string text;
        for (auto const& server : settings.servers) text += (text.empty() ? "" : ", ") + to_string(server);
        return text.empty() ? "those of this machine" : text;
    }

    [[nodiscard]] std::string full_name(std::string_view name) const {
        auto full = to_lower(name);
        if (full.ends_with('.')) {
            full.pop_back();
        } else if (full.find('.') == std::string::npos && !settings.domain.empty() && full != "localhost") {
            full += '.' + to_lower(settings.domain);
        }
        return full;
    }
};

Resolver::Resolver() : Resolver(Settings{}) {}
Resolver::Resolver(Settings settings) : state_(std::make_shared<State>()) { state_->settings = std::move(settings); }
Resolver::~Resolver() = default;
Resolver::Resolver(Resolver&&) noexcept = default;
Resolver& Resolver::operator=(Resolver&&) noexcept = default;

Resolver::Settings const& Resolver::settings() const { return state_->settings; }

void Resolver::forget() {
    std::lock_guard const lock(state_->mutex);
    state_->cache.clear();
}

Task<Result<std::vector<std::string>>> Resolver::resolve(std::string name) {
    if (is_ip_address(name)) co_return std::vector<std::string>{name};
    auto state = state_;  // the Resolver may go while this waits
    auto const full = state->full_name(name);
    constexpr std::size_t k_longest = 253;
    if (full.empty() || full.size() > k_longest)
        co_return fail(errors::net::unknown_host, {{"name", name.substr(0, k_longest)}, {"servers", "not asked: it is no host name"}});
    auto answer = state->find_kept(full);
    if (!answer)
        answer = co_await await_callback<DnsAnswer>([state, full](std::function<void(DnsAnswer)> done) {
            asio::post(dns_loop(), [state, full, done = std::move(done)]() mutable { state->ask(full, std::move(done)); });
        });
    if (answer->found) co_return std::move(answer->addresses);
    if (answer->unknown) co_return fail(errors::net::unknown_host, {{"name", full}, {"servers", state->servers()}});
    co_return fail(errors::net::dns_failed, {{"name", full}, {"servers", state->servers()}, {"detail", answer->detail}});
}

}  // namespace countersign::net
