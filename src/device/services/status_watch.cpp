#include "device/services/status_watch.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

namespace countersign::device {

namespace xapi = dialect::xapi;

namespace {

bool moves_by_itself(std::string_view fact) {
    return fact == "system.uptime" || fact == "system.time" || fact == "system.cpu_load" || fact == "trial.seconds_left";
}

/// "HttpFeedback 3", "HttpFeedback 3 Expression 1" of "HttpFeedback 3 Expression 1": the list items that a path is in, outermost first.
std::vector<std::string_view> items_of(std::string_view path) {
    std::vector<std::string_view> out;
    auto const parts = words(path);
    for (std::size_t i = 1; i < parts.size(); ++i)
        if (parse_number<int>(parts[i])) {
            auto const end = static_cast<std::size_t>(parts[i].data() + parts[i].size() - path.data());
            out.push_back(path.substr(0, end));
        }
    return out;
}

}  // namespace

StatusNews compare_status(std::vector<xapi::TypedValue> const& before, std::vector<xapi::TypedValue> const& now) {
    std::map<std::string_view, std::string_view> old;
    for (auto const& value : before) old.emplace(value.path, value.value);
    StatusNews news;
    std::set<std::string_view> items;
    for (auto const& value : now) {
        for (auto const item : items_of(value.path)) items.insert(item);
        auto const held = old.find(value.path);
        if (held == old.end() || held->second != value.value) news.values.push_back(value);
    }
    for (auto const& value : before) {
        auto const within = items_of(value.path);
        auto const gone = std::ranges::find_if(within, [&items](auto item) { return !items.contains(item); });
        if (gone != within.end()) news.gone.push_back({std::string(*gone), value.path});
    }
    return news;
}

std::vector<xapi::TypedValue> steady_status(Unit const& unit) {
    std::set<std::string_view> moving;
    for (auto const& item : unit.family().status)
        if (moves_by_itself(item.fact)) moving.insert(item.path);
    auto now = unit.typed_status();
    std::erase_if(now, [&moving](xapi::TypedValue const& value) { return moving.contains(value.path); });
    return now;
}

struct StatusWatch::State {
    std::weak_ptr<Unit> unit;
    std::function<void(StatusNews const&)> tell;
    std::vector<xapi::TypedValue> known;
    std::unique_ptr<Unit::Subscription> listening;
    bool asked = false;  ///< a look is on its way

    void look() {
        asked = false;
        auto const alive = unit.lock();
        if (!alive || !listening) return;
        auto now = steady_status(*alive);
        auto const news = compare_status(known, now);
        known = std::move(now);
        if (!news.empty()) tell(news);
    }
};

StatusWatch::StatusWatch(std::weak_ptr<Unit> unit, std::function<void(StatusNews const&)> tell) : state_(std::make_shared<State>()) {
    state_->unit = std::move(unit);
    state_->tell = std::move(tell);
}
// Whoever looks at this moment must not tell.
StatusWatch::~StatusWatch() { stop(); }

void StatusWatch::start() {
    auto const unit = state_->unit.lock();
    if (!unit || state_->listening) return;
    state_->known = steady_status(*unit);
    state_->listening = unit->subscribe([held = std::weak_ptr(state_), executor = unit->executor()](Event const&) {
        auto const state = held.lock();
        if (!state || std::exchange(state->asked, true)) return;
        // In a turn of its own: an event comes in the midst of what it tells about.
        net::asio::post(executor, [held] {
            if (auto const alive = held.lock()) alive->look();
        });
    });
}

void StatusWatch::stop() {
    state_->listening.reset();
    state_->known.clear();
}

bool StatusWatch::watches() const { return state_->listening != nullptr; }

}  // namespace countersign::device
