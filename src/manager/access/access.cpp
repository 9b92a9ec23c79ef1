#include "manager/access/access.hpp"

#include "base/log.hpp"
#include "host/crypto.hpp"
#include "manager/store/account_store.hpp"

#include "countersign/errors/acc.hpp"
#include "countersign/errors/gen.hpp"

#include <algorithm>
#include <chrono>
#include <mutex>
#include <unordered_map>

namespace countersign::manager {
namespace {

constexpr std::string_view k_administrator = "admin";
constexpr std::string_view k_setup_key = "access.setup_password_hash";
constexpr std::size_t k_shortest_password = 12;
constexpr std::size_t k_setup_characters = 20;
constexpr std::chrono::hours k_session_life{12};
constexpr std::size_t k_longest_token_name = 64;
/// Tries for one user from one address before the next must wait.
constexpr int k_free_tries = 5;
/// Tries for any users from one address: each costs a password hash, also for users that do not exist.
constexpr int k_free_tries_of_address = 20;

/// Counts tries per user and address. A try is counted before its password is looked at, so that many at the same time are
/// no way round; success forgets them.
class Guard {
public:
    /// ACC-003 with the seconds that are left.
    Result<void> begin(std::string const& key, UtcTime now, int free_tries = k_free_tries) {
        std::scoped_lock lock(mutex_);
        forget_old(now);
        auto& entry = entries_[key];
        if (now < entry.locked_until)
            return fail(errors::acc::locked_out, {{"seconds", std::to_string((entry.locked_until - now).count())}});
        entry.last = now;
        if (++entry.tries >= free_tries) entry.locked_until = now + delay_after(entry.tries - free_tries);
        return {};
    }

    void succeeded(std::string const& key) {
        std::scoped_lock lock(mutex_);
        entries_.erase(key);
    }

private:
    struct Entry {
        int tries = 0;
        UtcTime last{};
        UtcTime locked_until{};
    };
    /// Entries that nobody touched for so long are forgotten.
    static constexpr std::chrono::hours k_memory{24};
    /// More addresses than this at once are an attack: the oldest are forgotten, so that memory stays bounded.
    static constexpr std::size_t k_most_entries = 10000;

    /// 30 s, doubled with each further try, one hour at most.
    static std::chrono::seconds delay_after(int tries_too_many) {
        auto doublings = std::min(tries_too_many, 7);
        return std::min<std::chrono::seconds>(std::chrono::seconds(30) * (1 << doublings), std::chrono::hours(1));
    }

    void forget_old(UtcTime now) {
        if (entries_.size() < k_most_entries) return;
        std::erase_if(entries_, [now](auto const& item) { return now - item.second.last > k_memory; });
        while (entries_.size() >= k_most_entries)
            entries_.erase(std::ranges::min_element(entries_, {}, [](auto const& item) { return item.second.last; }));
    }

    std::mutex mutex_;
    std::unordered_map<std::string, Entry> entries_;
};

/// '\n' stands in no user name that is accepted and in no address.
std::string guard_key(std::string_view user, std::string_view address) { return std::string(user) + '\n' + std::string(address); }

std::string address_key(std::string_view address) { return guard_key("\n", address); }

}  // namespace

struct Access::State {
    Store& store;
    net::BlockingPool& pool;
    std::shared_ptr<Clock const> clock;
    Guard guard;
};

Access::Access(Store& store, net::BlockingPool& pool, std::shared_ptr<Clock const> clock)
    : state_(new State{store, pool, std::move(clock), {}}) {}
Access::~Access() = default;

net::Task<Result<bool>> Access::setup_pending() {
    // Whatever the first account was called, and also when it is gone: set-up is for a manager that nobody has.
    CS_CO_TRY(auto const accounts, co_await state_->store.accounts().count());
    co_return accounts == 0;
}

net::Task<Result<SecretText>> Access::new_setup_password() {
    CS_CO_TRY(bool pending, co_await setup_pending());
    if (!pending) co_return fail(errors::acc::setup_done);
    SecretText password(host::random_password(k_setup_characters));
    // Random, and longer than anybody can guess: a plain hash is enough.
    CS_CO_CHECK(co_await state_->store.set_value(std::string(k_setup_key), host::hash_token(password.reveal())));
    co_return password;
}

net::Task<Result<void>> Access::setup(SecretText setup_password, SecretText new_password, std::string address) {
    CS_CO_TRY(bool pending, co_await setup_pending());
    if (!pending) co_return fail(errors::acc::setup_done);
    if (new_password.reveal().size() < k_shortest_password)
        co_return fail(errors::acc::weak_password, {{"minimum", std::to_string(k_shortest_password)}});
    auto key = guard_key("", address);
    CS_CO_CHECK(state_->guard.begin(key, state_->clock->now()));
    CS_CO_TRY(auto expected, co_await state_->store.get_value(std::string(k_setup_key)));
    if (!expected || expected->empty() || !constant_time_equal(*expected, host::hash_token(setup_password.reveal()))) {
        log::warning("access.setup_refused", {{"address", address}});
        co_return fail(errors::acc::wrong_credentials);
    }
    CS_CO_TRY(auto hash,
              co_await net::offload(state_->pool, [password = std::move(new_password)] { return host::hash_password(password); }));
    // The account is what ends set-up; of two at the same time one fails here.
    CS_CO_CHECK(co_await state_->store.add_account(std::string(k_administrator), std::move(hash), "setup"));
    state_->guard.succeeded(key);
    co_return co_await state_->store.set_value(std::string(k_setup_key), "");
}

net::Task<Result<SecretText>> Access::login(std::string user, SecretText password, std::string address) {
    auto key = guard_key(user, address);
    CS_CO_CHECK(state_->guard.begin(address_key(address), state_->clock->now(), k_free_tries_of_address));
    CS_CO_CHECK(state_->guard.begin(key, state_->clock->now()));
    CS_CO_TRY(auto hash, co_await state_->store.get_password_hash(user));
    // An unknown user costs the same time as a wrong password.
    bool matches = co_await net::offload(state_->pool, [hash = std::move(hash), password = std::move(password)] {
        if (hash) return host::password_matches(*hash, password);
        static_cast<void>(host::hash_password(password));
        return false;
    });
    if (!matches) {
        log::warning("access.login_refused", {{"user", user}, {"address", address}});
        co_return fail(errors::acc::wrong_credentials);
    }
    state_->guard.succeeded(key);
    state_->guard.succeeded(address_key(address));
    SecretText token(host::random_token());
    CS_CO_CHECK(co_await state_->store.add_session(host::hash_token(token.reveal()), user, state_->clock->now() + k_session_life));
    co_return token;
}

net::Task<Result<void>> Access::logout(std::string session_token) {
    co_return co_await state_->store.remove_session(host::hash_token(session_token));
}

net::Task<Result<std::string>> Access::authenticate(std::optional<std::string> session_token, std::optional<std::string> bearer_token) {
    if (bearer_token) {
        CS_CO_TRY(auto token, co_await state_->store.find_token(host::hash_token(*bearer_token)));
        if (!token) co_return fail(errors::acc::wrong_credentials);
        co_return "token:" + token->name;
    }
    if (session_token) {
        CS_CO_TRY(auto user, co_await state_->store.find_session(host::hash_token(*session_token)));
        if (!user) co_return fail(errors::acc::wrong_credentials);
        co_return std::move(*user);
    }
    co_return fail(errors::acc::login_required);
}

net::Task<Result<SecretText>> Access::create_token(std::string name, int days, std::string actor) {
    if (name.empty() || name.size() > k_longest_token_name || !is_utf8(name))
        co_return fail(errors::gen::invalid_input, {{"field", "name"}, {"detail", "1 to 64 characters are needed"}});
    if (days < 0) co_return fail(errors::gen::invalid_input, {{"field", "days"}, {"detail", "it is negative"}});
    std::optional<UtcTime> expires;
    if (days > 0) expires = state_->clock->now() + std::chrono::days(days);
    SecretText token(host::random_token());
    CS_CO_CHECK(co_await state_->store.add_token(std::move(name), host::hash_token(token.reveal()), expires, std::move(actor)));
    co_return token;
}

}  // namespace countersign::manager
