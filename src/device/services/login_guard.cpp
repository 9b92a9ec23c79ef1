#include "device/services/login_guard.hpp"

#include "countersign/errors/acc.hpp"

#include <algorithm>

namespace countersign::device {
namespace {

std::chrono::seconds doubled(std::chrono::seconds first, int times, std::chrono::seconds longest) {
    constexpr int k_enough = 20;
    return std::min<std::chrono::seconds>(first * (1LL << std::min(times, k_enough)), longest);
}

Result<void> wait(UtcTime until, UtcTime now) {
    return fail(errors::acc::locked_out, {{"seconds", std::to_string((until - now).count())}});
}

}  // namespace

bool LoginGuard::knows(Account const& account, std::string const& peer) {
    return std::ranges::find(account.known, peer) != account.known.end();
}

Result<void> LoginGuard::check(std::string const& peer, std::string const& account, UtcTime now) {
    auto address = addresses_.find(peer);
    if (address != addresses_.end() && address->second.locked_until > now) return wait(address->second.locked_until, now);
    auto asked = accounts_.find(account);
    if (asked != accounts_.end() && asked->second.wait_until > now && !knows(asked->second, peer))
        return wait(asked->second.wait_until, now);
    return {};
}

bool LoginGuard::note(std::string const& peer, std::string const& account, bool success, UtcTime now) {
    if (accounts_.size() >= k_accounts && !accounts_.contains(account)) accounts_.erase(accounts_.begin());
    auto& asked = accounts_[account];
    if (success) {
        if (!knows(asked, peer)) asked.known.push_front(peer);
        if (asked.known.size() > k_known_addresses) asked.known.pop_back();
        auto address = addresses_.find(peer);
        if (address == addresses_.end()) return false;
        // Of this account only: who knows one password must not go on guessing another undisturbed.
        address->second.accounts.erase(account);
        if (address->second.accounts.empty()) addresses_.erase(address);
        return false;
    }
    if (now - asked.last > k_memory) asked.failures = 0;
    asked.last = now;
    if (++asked.failures >= k_account_failures)
        asked.wait_until = now + doubled(std::chrono::seconds(1), asked.failures - k_account_failures, k_longest_wait);

    if (addresses_.size() >= k_addresses && !addresses_.contains(peer)) forget_oldest();
    auto& address = addresses_[peer];
    if (now - address.last > k_memory) address.accounts.clear();
    address.last = now;
    auto& attempts = address.accounts[account];
    if (++attempts.failures < k_failures) return false;
    attempts.failures = 0;
    address.locked_until = now + doubled(k_lock, attempts.locks++, k_longest_lock);
    return true;
}

void LoginGuard::forget_oldest() {
    auto oldest = std::ranges::min_element(addresses_, {}, [](auto const& entry) { return entry.second.last; });
    if (oldest != addresses_.end()) addresses_.erase(oldest);
}

}  // namespace countersign::device
