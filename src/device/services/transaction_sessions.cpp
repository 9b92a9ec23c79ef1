#include "device/services/transaction_sessions.hpp"

#include "host/crypto.hpp"

#include <algorithm>
#include <utility>

namespace countersign::device {
namespace {

std::int64_t random_31_bits() {
    std::uint32_t number = 0;
    for (auto byte : host::random_bytes(4)) number = number << 8U | byte;
    return number & 0x7fff'ffffU;
}

}  // namespace

std::int64_t TransactionSessions::open(std::string user, std::string peer, SecretText password, Time now) {
    std::erase_if(sessions_, [now](auto const& entry) { return now - entry.second.used > k_idle; });
    if (sessions_.size() >= k_most)
        sessions_.erase(std::ranges::min_element(sessions_, {}, [](auto const& entry) { return entry.second.used; }));
    auto token = random_31_bits();
    while (token == 0 || sessions_.contains(token)) token = random_31_bits();
    sessions_.emplace(token, Session{std::move(user), std::move(peer), std::move(password), now});
    return token;
}

TransactionSessions::Session const* TransactionSessions::find(std::int64_t token, std::string const& peer, Time now) {
    auto const found = sessions_.find(token);
    if (found == sessions_.end() || found->second.peer != peer) return nullptr;
    if (now - found->second.used > k_idle) {
        sessions_.erase(found);
        return nullptr;
    }
    found->second.used = now;
    return &found->second;
}

void TransactionSessions::close(std::int64_t token) { sessions_.erase(token); }

}  // namespace countersign::device
