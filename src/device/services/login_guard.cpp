#include "device/services/login_guard.hpp"

#include "countersign/errors/acc.hpp"

#include <algorithm>

namespace countersign::device {

Result<void> LoginGuard::check(std::string const& peer, UtcTime now) {
    auto found = entries_.find(peer);
    if (found == entries_.end() || found->second.locked_until <= now) return {};
    return fail(errors::acc::locked_out, {{"seconds", std::to_string((found->second.locked_until - now).count())}});
}

bool LoginGuard::note(std::string const& peer, bool success, UtcTime now) {
    if (success) {
        entries_.erase(peer);
        return false;
    }
    if (entries_.size() >= k_addresses && !entries_.contains(peer)) forget_oldest();
    auto& entry = entries_[peer];
    if (now - entry.last > k_memory) entry.failures = 0;
    entry.last = now;
    if (++entry.failures < k_failures) return false;
    entry.failures = 0;
    entry.locked_until = now + k_lock;
    return true;
}

void LoginGuard::forget_oldest() {
    auto oldest = std::ranges::min_element(entries_, {}, [](auto const& entry) { return entry.second.last; });
    if (oldest != entries_.end()) entries_.erase(oldest);
}

}  // namespace countersign::device
