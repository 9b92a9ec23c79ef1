#include "net/revocation/store.hpp"

#include <algorithm>

namespace countersign::net::revocation {

namespace {

using std::chrono::seconds;

/// Responses and lists that do not say when the next one comes.
constexpr std::chrono::hours k_response_without_end{1};
constexpr std::chrono::hours k_list_without_end{24};
/// However long an answer holds: a revocation is to be seen within a day, and nobody is asked again at once.
constexpr seconds k_longest_refresh = std::chrono::hours(24);
constexpr seconds k_shortest_refresh{5};
constexpr std::size_t k_most_pauses = 10'000;

template <class Map>
auto least_used(Map& map) {
    return std::ranges::min_element(map, {}, [](auto const& entry) { return entry.second.used; });
}

}  // namespace

Life Store::life_of(std::optional<UtcTime> end, seconds otherwise, UtcTime now) {
    Life life{.refresh = now, .end = end.value_or(now + otherwise)};
    auto const whole = std::clamp<seconds>(life.end - now, k_shortest_refresh, k_longest_refresh);
    // Some moment of the last quarter: not all that was learnt in one minute is asked for again in one minute.
    std::uniform_int_distribution<seconds::rep> moment(whole.count() * 3 / 4, whole.count() * 19 / 20);
    life.refresh = now + std::max(seconds(moment(random_)), k_shortest_refresh);
    return life;
}

Store::Response const* Store::find_response(std::string const& fingerprint, UtcTime now) {
    auto const found = responses_.find(fingerprint);
    if (found == responses_.end() || found->second.life.end <= now) return nullptr;
    found->second.used = ++uses_;
    return &found->second;
}

Store::List const* Store::find_list(std::string const& url, UtcTime now) {
    auto const found = lists_.find(url);
    if (found == lists_.end() || found->second.life.end <= now) return nullptr;
    found->second.used = ++uses_;
    return &found->second;
}

void Store::put(std::string const& fingerprint, pki::OcspResponse response, pki::OcspAnswer const& answer, UtcTime now) {
    auto const found = responses_.find(fingerprint);
    if (found != responses_.end() && found->second.this_update > answer.this_update) return;
    while (found == responses_.end() && !responses_.empty() && responses_.size() >= settings_.responses)
        responses_.erase(least_used(responses_));
    responses_.insert_or_assign(fingerprint, Response{.response = std::move(response),
                                                      .state = answer.state,
                                                      .this_update = answer.this_update,
                                                      .life = life_of(answer.next_update, k_response_without_end, now),
                                                      .used = ++uses_});
}

bool Store::put(std::string const& url, pki::Crl list, UtcTime now) {
    auto const bytes = list.to_der().size();
    if (auto const found = lists_.find(url); found != lists_.end()) {
        if (found->second.list.this_update() > list.this_update()) return true;
        list_bytes_ -= found->second.bytes;
        lists_.erase(found);
    }
    if (bytes > settings_.list_bytes) return false;
    while (!lists_.empty() && list_bytes_ + bytes > settings_.list_bytes) {
        auto const oldest = least_used(lists_);
        list_bytes_ -= oldest->second.bytes;
        lists_.erase(oldest);
    }
    list_bytes_ += bytes;
    auto const life = life_of(list.next_update(), k_list_without_end, now);
    lists_.emplace(url, List{.list = std::move(list), .bytes = bytes, .life = life, .used = ++uses_});
    return true;
}

bool Store::rests(std::string const& url, steady_clock::time_point now) const {
    auto const found = pauses_.find(url);
    return found != pauses_.end() && now < found->second.until;
}

void Store::note_failure(std::string const& url, steady_clock::time_point now) {
    // Forgetting makes us ask once more than needed; keeping everything would let addresses pile up.
    if (pauses_.size() >= k_most_pauses) pauses_.clear();
    auto& pause = pauses_[url];
    pause.length = std::clamp(2 * pause.length, settings_.first_pause, settings_.longest_pause);
    std::uniform_int_distribution<Milliseconds::rep> part(pause.length.count() * 3 / 4, pause.length.count());
    pause.until = now + Milliseconds(part(random_));
}

void Store::count(RevocationCache::Size& size) const {
    size.lists = lists_.size();
    size.list_bytes = list_bytes_;
    size.responses = responses_.size();
    size.pausing = pauses_.size();
}

}  // namespace countersign::net::revocation
