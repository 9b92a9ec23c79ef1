#include "manager/renew/hours.hpp"

#include "base/log.hpp"
#include "manager/renew/decide.hpp"
#include "manager/store/inventory_store.hpp"

#include "countersign/errors/gen.hpp"

#include <algorithm>

namespace countersign::manager {
namespace {

/// Of the life: what is left then is for tries.
constexpr int k_last_share = 10;

UtcTime latest_begin(Life life) { return life.end - (life.end - life.begin) / k_last_share; }

}  // namespace

ZoneSource system_zones() {
    return [](std::string_view name) { return load_time_zone(name); };
}

Result<std::vector<Window>> parse_renewal_windows(std::vector<std::string> const& texts, ZoneSource const& zones) {
    if (texts.size() > k_most_renewal_windows)
        return fail(errors::gen::invalid_input,
                    {{"field", "renewal_windows"}, {"detail", "at most " + std::to_string(k_most_renewal_windows)}});
    std::vector<Window> out;
    for (auto const& text : texts) {
        CS_TRY(auto window, parse_window(text, zones));
        out.push_back(std::move(window));
    }
    return out;
}

std::vector<Window> readable_windows(std::vector<std::string> const& texts) {
    auto windows = parse_renewal_windows(texts);
    if (windows) return *std::move(windows);
    log::warning("renewals.hours", {{"error", windows.error().message()}});
    return {};
}

bool may_renew(std::span<Window const> windows, UtcTime now, Life life) {
    if (is_open(windows, now)) return true;
    auto const next = next_open(windows, now);
    return !next || *next >= latest_begin(life);
}

UtcTime next_hours(std::span<Window const> windows, UtcTime now, Life life, double chance) {
    auto const opens = next_open(windows, now);
    if (!opens) return now;
    auto const closes = next_close(windows, *opens);
    auto const half = closes ? (*closes - *opens) / 2 : std::chrono::seconds(0);
    auto const at =
        *opens + std::chrono::seconds(static_cast<std::int64_t>(static_cast<double>(half.count()) * std::clamp(chance, 0.0, 1.0)));
    return std::min(at, std::max(now, latest_begin(life)));
}

net::Task<Result<void>> apply_renewal(Store& store, SystemId system, Policy& policy, pki::Certificate const* served, UtcTime now) {
    // Both outlive the call; the coroutine keeps where they are.
    auto* const out = &policy;
    auto const windows = readable_windows(policy.renewal_windows);
    auto const shown = served != nullptr ? std::optional(*served) : std::nullopt;
    CS_CO_TRY(auto const due, co_await store.inventory().to_replace(system));
    if (due && (due->at_once || may_renew(windows, now, {due->not_before, due->not_after})))
        out->renew_days_before = k_replace_now;
    else if (shown && !may_renew(windows, now, {shown->not_before(), shown->not_after()}))
        out->renew_days_before = 0;
    co_return Result<void>();
}

}  // namespace countersign::manager
