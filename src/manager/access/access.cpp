#include "manager/access/access.hpp"

#include "base/log.hpp"
#include "base/text.hpp"
#include "host/crypto.hpp"
#include "manager/access/people_certificates.hpp"
#include "manager/access/people_directory.hpp"

#include "countersign/errors/acc.hpp"
#include "countersign/errors/gen.hpp"

#include <algorithm>
#include <chrono>
#include <map>
#include <mutex>

namespace countersign::manager {
namespace {

constexpr std::string_view k_administrator = "admin";
constexpr std::string_view k_setup_key = "access.setup_password_hash";
constexpr std::size_t k_shortest_password = 12;
constexpr std::size_t k_setup_characters = 20;
constexpr std::chrono::hours k_session_life{12};
constexpr std::size_t k_longest_name = 64;
constexpr std::size_t k_longest_full_name = 200;
/// Tries for one user from one address before the next must wait.
constexpr int k_free_tries = 5;
/// Tries for any users from one address: each costs a password hash, also for users that do not exist.
constexpr int k_free_tries_of_address = 20;

/// Tries for one user from wherever: for guessers who have many addresses.
constexpr int k_free_tries_of_user = 10;
/// Stands for all addresses in the key of a user.
constexpr std::string_view k_anywhere = "*";

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

    /// A try that was neither right nor wrong.
    void give_back(std::string const& key) {
        std::scoped_lock lock(mutex_);
        auto const found = entries_.find(key);
        if (found == entries_.end()) return;
        found->second.locked_until = {};
        if (--found->second.tries <= 0) entries_.erase(found);
    }

    void restore(std::vector<LogInFailures> const& known) {
        std::scoped_lock lock(mutex_);
        for (auto const& one : known) entries_[one.key] = {one.tries, one.last, one.locked_until};
    }
    [[nodiscard]] std::optional<LogInFailures> find(std::string const& key) const {
        std::scoped_lock lock(mutex_);
        auto const found = entries_.find(key);
        if (found == entries_.end()) return std::nullopt;
        return LogInFailures{key, found->second.tries, found->second.last, found->second.locked_until};
    }

    struct Seen {
        std::string key;
        int tries = 0;
        std::optional<UtcTime> until;  ///< when it is locked now
    };
    /// Of all keys that begin with `prefix`.
    std::vector<Seen> look(std::string const& prefix, UtcTime now) const {
        std::scoped_lock lock(mutex_);
        std::vector<Seen> out;
        for (auto place = entries_.lower_bound(prefix); place != entries_.end() && place->first.starts_with(prefix); ++place)
            out.push_back({place->first, place->second.tries,
                           now < place->second.locked_until ? std::optional(place->second.locked_until) : std::nullopt});
        return out;
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

    mutable std::mutex mutex_;
    std::map<std::string, Entry> entries_;
};

/// '\n' stands in no user name that is accepted and in no address.
std::string guard_key(std::string_view user, std::string_view address) { return std::string(user) + '\n' + std::string(address); }

std::string address_key(std::string_view address) { return guard_key("\n", address); }

Result<void> check_length(SecretText const& password) {
    if (password.reveal().size() >= k_shortest_password) return {};
    return fail(errors::acc::weak_password, {{"minimum", std::to_string(k_shortest_password)}});
}

Error invalid(std::string_view field, std::string_view detail) {
    return Error(errors::gen::invalid_input, {{"field", field}, {"detail", detail}});
}

bool is_plain_text(std::string_view text) {
    return is_utf8(text) && std::ranges::none_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

/// All that is wrong with the fields, at once.
Result<void> all_of(std::vector<Error> problems) {
    if (problems.empty()) return {};
    if (problems.size() == 1) return fail(std::move(problems.front()));
    Error all(errors::gen::several_problems);
    for (auto& one : problems) all.because(std::move(one));
    return fail(std::move(all));
}

}  // namespace

Result<std::string> check_account_name(std::string_view name) {
    auto lower = to_lower(trim(name));
    auto const allowed = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || std::string_view("._-@").contains(c); };
    if (lower.empty() || lower.size() > k_longest_name || !std::ranges::all_of(lower, allowed))
        return fail(invalid("name", "1 to 64 of the letters a to z, digits, \".\", \"_\", \"-\" and \"@\""));
    return lower;
}

struct Access::State {
    Store& store;
    net::BlockingPool& pool;
    std::shared_ptr<Clock const> clock;
    Guard guard;
    std::mutex mutex{};  ///< of the two below
    std::shared_ptr<PeopleDirectory> directory{};
    std::shared_ptr<CertificateLogIn const> certificates{};
    std::shared_ptr<PeopleDirectory> people() {
        std::scoped_lock lock(mutex);
        return directory;
    }
    AccountStore& accounts() const { return store.accounts(); }
};

Access::Access(Store& store, net::BlockingPool& pool, std::shared_ptr<Clock const> clock)
    : state_(new State{.store = store, .pool = pool, .clock = std::move(clock), .guard = {}}) {}
Access::~Access() = default;

net::Task<Result<void>> Access::load() {
    CS_CO_TRY(auto const known, co_await state_->accounts().list_failures());
    state_->guard.restore(known);
    co_return Result<void>();
}

void Access::use(std::shared_ptr<PeopleDirectory> directory, std::shared_ptr<CertificateLogIn const> certificates) {
    std::scoped_lock lock(state_->mutex);
    state_->directory = std::move(directory);
    state_->certificates = std::move(certificates);
}

net::Task<Result<void>> Access::keep_failures(std::vector<std::string> keys) {
    std::vector<LogInFailures> counted;
    std::vector<std::string> gone;
    for (auto& key : keys) {
        if (auto found = state_->guard.find(key))
            counted.push_back(*std::move(found));
        else
            gone.push_back(std::move(key));
    }
    if (!counted.empty()) CS_CO_CHECK(co_await state_->accounts().keep_failures(std::move(counted)));
    if (!gone.empty()) CS_CO_CHECK(co_await state_->accounts().forget_failures(std::move(gone)));
    co_return Result<void>();
}

net::Task<Result<bool>> Access::setup_pending() {
    // Whatever the first account was called, and also when it is gone: set-up is for a manager that nobody has.
    CS_CO_TRY(auto const accounts, co_await state_->accounts().count());
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

net::Task<Result<std::string>> Access::hash_of(SecretText password) {
    CS_CO_CHECK(check_length(password));
    co_return co_await net::offload(state_->pool, [password = std::move(password)] { return host::hash_password(password); });
}

net::Task<Result<void>> Access::setup(SecretText setup_password, SecretText new_password, std::string address) {
    CS_CO_TRY(bool pending, co_await setup_pending());
    if (!pending) co_return fail(errors::acc::setup_done);
    CS_CO_CHECK(check_length(new_password));
    auto key = guard_key("", address);
    CS_CO_CHECK(state_->guard.begin(key, state_->clock->now()));
    CS_CO_TRY(auto expected, co_await state_->store.get_value(std::string(k_setup_key)));
    if (!expected || expected->empty() || !constant_time_equal(*expected, host::hash_token(setup_password.reveal()))) {
        log::warning("access.setup_refused", {{"address", address}});
        co_return fail(errors::acc::wrong_credentials);
    }
    CS_CO_TRY(auto hash, co_await hash_of(std::move(new_password)));
    // The account is what ends set-up; of two at the same time one fails here.
    CS_CO_CHECK(co_await state_->store.add_account(std::string(k_administrator), std::move(hash), "setup"));
    state_->guard.succeeded(key);
    co_return co_await state_->store.set_value(std::string(k_setup_key), "");
}

net::Task<Result<UserAccount>> Access::check_password(std::string user, SecretText password, std::string address) {
    user = to_lower(trim(user));
    auto key = guard_key(user, address);
    CS_CO_CHECK(state_->guard.begin(address_key(address), state_->clock->now(), k_free_tries_of_address));
    CS_CO_CHECK(state_->guard.begin(key, state_->clock->now()));
    CS_CO_CHECK(state_->guard.begin(guard_key(user, k_anywhere), state_->clock->now(), k_free_tries_of_user));
    CS_CO_TRY(auto secret, co_await state_->accounts().find_secret(user));
    auto const everywhere = guard_key(user, k_anywhere);
    bool const local = secret && !secret->account.directory;
    if (state_->people() && !local) {
        auto person = co_await ask_directory(user, std::move(password));
        if (!person) {
            for (auto const& one : {key, everywhere, address_key(address)}) state_->guard.give_back(one);
            co_return fail(std::move(person).error());
        }
        if (!*person) {
            log::warning("access.login_refused", {{"user", user}, {"address", address}});
            CS_CO_CHECK(co_await note_failure(user, address, secret.has_value()));
            co_return fail(errors::acc::wrong_credentials);
        }
        co_return co_await let_in(**std::move(person), std::move(key), std::move(address));
    }
    auto hash = secret ? secret->password_hash : std::string();
    // An unknown user, or one without a password, costs the same time as a wrong password.
    bool matches = co_await net::offload(state_->pool, [hash = std::move(hash), password = std::move(password)] {
        if (!hash.empty()) return host::password_matches(hash, password);
        static_cast<void>(host::hash_password(password));
        return false;
    });
    if (!matches) {
        log::warning("access.login_refused", {{"user", user}, {"address", address}});
        CS_CO_CHECK(co_await note_failure(user, address, secret.has_value()));
        co_return fail(errors::acc::wrong_credentials);
    }
    co_return co_await let_in(std::move(secret->account), std::move(key), std::move(address));
}

net::Task<Result<UserAccount>> Access::let_in(UserAccount account, std::string key, std::string address) {
    std::vector<std::string> forgotten;
    for (auto& one : {key, guard_key(account.name, k_anywhere), address_key(address)}) {
        // Counted before the password was looked at; only earlier failures are in the database.
        auto const seen = state_->guard.find(one);
        if (seen && seen->tries > 1) forgotten.push_back(one);
        state_->guard.succeeded(one);
    }
    if (!forgotten.empty()) CS_CO_CHECK(co_await state_->accounts().forget_failures(std::move(forgotten)));
    co_return account;
}

net::Task<Result<std::optional<UserAccount>>> Access::ask_directory(std::string user, SecretText password) {
    // What could be no account is not asked for.
    if (!check_account_name(user)) co_return std::optional<UserAccount>();
    auto const directory = state_->people();
    auto person = co_await directory->let_in(user, std::move(password));
    if (!person) {
        log::error("access.directory_away", person.error());
        Error away(errors::acc::directory_away, {{"account", user}});
        co_return fail(std::move(away.because(std::move(person).error())));
    }
    if (!*person) co_return std::optional<UserAccount>();
    CS_CO_TRY(auto account,
              co_await state_->accounts().adopt({.name = user, .full_name = std::move((*person)->full_name), .role = (*person)->role}));
    co_return std::optional(std::move(account));
}

namespace {

/// When the key is locked now: by the failure that just was.
net::Task<Result<void>> record_lock(Store& store, Guard const& guard, UtcTime now, std::string key, std::string subject,
                                    std::string where) {
    auto const seen = guard.look(key, now);
    if (seen.empty() || seen.front().key != key || !seen.front().until) co_return Result<void>();
    co_return co_await store.audit(
        "manager", "log-in.locked", std::move(subject),
        where + std::to_string(seen.front().tries) + " failed log-ins, locked until " + to_string(*seen.front().until));
}

}  // namespace

net::Task<Result<void>> Access::note_failure(std::string user, std::string address, bool known) {
    auto const now = state_->clock->now();
    CS_CO_CHECK(co_await keep_failures({guard_key(user, address), guard_key(user, k_anywhere), address_key(address)}));
    // Names that do not exist are not repeated in the trail: people type their password into the wrong field.
    if (known) {
        CS_CO_CHECK(
            co_await record_lock(state_->store, state_->guard, now, guard_key(user, address), "account " + user, "from " + address + ": "));
        CS_CO_CHECK(co_await record_lock(state_->store, state_->guard, now, guard_key(user, k_anywhere), "account " + user,
                                         "the last from " + address + ": "));
    }
    co_return co_await record_lock(state_->store, state_->guard, now, address_key(address), "address " + address, "");
}

LogInLock Access::lock_of(std::string const& account) const {
    LogInLock out;
    auto const prefix = guard_key(account, "");
    for (auto const& one : state_->guard.look(prefix, state_->clock->now())) {
        auto const address = one.key.substr(prefix.size());
        if (address == k_anywhere) {
            out.failures = one.tries;
            out.until = one.until;
        } else if (one.until) {
            out.addresses.push_back(address);
        }
    }
    return out;
}

net::Task<Result<void>> Access::unlock(std::string account, std::string actor) {
    CS_CO_CHECK(co_await state_->accounts().get(account));
    auto const prefix = guard_key(account, "");
    std::vector<std::string> keys;
    for (auto const& one : state_->guard.look(prefix, state_->clock->now())) {
        keys.push_back(one.key);
        keys.push_back(address_key(one.key.substr(prefix.size())));
    }
    for (auto const& key : keys) state_->guard.succeeded(key);
    if (!keys.empty()) CS_CO_CHECK(co_await state_->accounts().forget_failures(std::move(keys)));
    co_return co_await state_->store.audit(std::move(actor), "account.unlock", "account " + account, "");
}

net::Task<Result<SecretText>> Access::login(std::string user, SecretText password, std::string address) {
    CS_CO_TRY(auto account, co_await check_password(std::move(user), std::move(password), address));
    co_return co_await open_session(account.name, std::move(address), account.directory ? "directory" : "password");
}

net::Task<Result<SecretText>> Access::login_by_certificate(std::vector<pki::Certificate> chain, std::string address) {
    std::shared_ptr<CertificateLogIn const> certificates;
    {
        std::scoped_lock lock(state_->mutex);
        certificates = state_->certificates;
    }
    if (!certificates || chain.empty()) co_return fail(errors::acc::no_person_certificate);
    // Nothing is guessed here; the count keeps strangers from making us ask authorities without end.
    auto const key = address_key(address);
    CS_CO_CHECK(state_->guard.begin(key, state_->clock->now(), k_free_tries_of_address));
    auto const leaf = chain.front();
    auto account = co_await certificates->account_for(std::move(chain));
    if (!account) {
        log::warning("access.certificate_refused", {{"subject", leaf.subject()}, {"sha256", leaf.fingerprint()}, {"address", address}});
        CS_CO_CHECK(co_await keep_failures({key}));
        co_return fail(std::move(account).error());
    }
    CS_CO_TRY(auto const known, co_await state_->accounts().find_secret(*account));
    if (!known) co_return fail(errors::acc::certificate_without_account, {{"subject", leaf.subject()}});
    state_->guard.give_back(key);
    co_return co_await open_session(*std::move(account), std::move(address), "certificate");
}

net::Task<Result<SecretText>> Access::open_session(std::string account, std::string address, std::string method) {
    SecretText token(host::random_token());
    CS_CO_CHECK(co_await state_->accounts().open_session({.hash = host::hash_token(token.reveal()),
                                                          .account = std::move(account),
                                                          .expires = state_->clock->now() + k_session_life,
                                                          .address = std::move(address),
                                                          .method = std::move(method)}));
    co_return token;
}

net::Task<Result<void>> Access::check_own_password(std::string account) {
    CS_CO_TRY(auto const known, co_await state_->accounts().get(account));
    if (known.directory) co_return fail(errors::acc::password_of_directory, {{"account", account}});
    co_return Result<void>();
}

net::Task<Result<void>> Access::logout(std::string session_token) {
    co_return co_await state_->store.remove_session(host::hash_token(session_token));
}

net::Task<Result<Caller>> Access::authenticate(std::optional<std::string> session_token, std::optional<std::string> bearer_token) {
    if (!bearer_token && !session_token) co_return fail(errors::acc::login_required);
    std::optional<Caller> caller;
    if (bearer_token) {
        CS_CO_TRY(caller, co_await state_->accounts().find_token(host::hash_token(*bearer_token)));
    } else {
        CS_CO_TRY(caller, co_await state_->accounts().find_session(host::hash_token(*session_token)));
    }
    if (!caller) co_return fail(errors::acc::wrong_credentials);
    co_return *std::move(caller);
}

net::Task<Result<SecretText>> Access::create_token(NewToken token, Caller maker) {
    std::vector<Error> problems;
    if (token.name.empty() || token.name.size() > k_longest_name || !is_plain_text(token.name))
        problems.push_back(invalid("name", "1 to 64 characters are needed"));
    if (token.days < 0) problems.push_back(invalid("days", "it is negative"));
    CS_CO_CHECK(all_of(std::move(problems)));
    ApiToken made{.name = std::move(token.name),
                  .owner = maker.account,
                  .role = token.role.value_or(maker.role),
                  .read_only = token.read_only || maker.read_only,
                  .folder = token.folder};
    if (!covers(maker.role, made.role))
        co_return fail(errors::acc::token_exceeds_maker, {{"wanted", to_string(made.role)}, {"role", to_string(maker.role)}});
    if (token.days > 0) made.expires = state_->clock->now() + std::chrono::days(token.days);
    SecretText secret(host::random_token());
    CS_CO_CHECK(co_await state_->accounts().add_token(std::move(made), host::hash_token(secret.reveal()), maker.actor));
    co_return secret;
}

net::Task<Result<Access::Created>> Access::create_account(NewAccount account, std::string actor) {
    std::vector<Error> problems;
    auto name = check_account_name(account.name);
    if (!name) problems.push_back(name.error());
    if (account.full_name.size() > k_longest_full_name || !is_plain_text(account.full_name))
        problems.push_back(invalid("full_name", "at most 200 bytes of UTF-8 on one line"));
    if (account.password) {
        if (auto good = check_length(*account.password); !good) problems.push_back(good.error());
    }
    CS_CO_CHECK(all_of(std::move(problems)));
    std::optional<SecretText> once;
    if (!account.password) once = SecretText(host::random_password(k_setup_characters));
    CS_CO_TRY(auto hash, co_await hash_of(once ? once->duplicate() : std::move(*account.password)));
    AccountSecret secret{.account = {.name = *name, .full_name = account.full_name, .role = account.role, .must_change_password = true},
                         .password_hash = std::move(hash)};
    CS_CO_TRY(auto stored, co_await state_->accounts().add(std::move(secret), std::move(actor)));
    co_return Created{std::move(stored), std::move(once)};
}

net::Task<Result<std::optional<SecretText>>> Access::reset_password(std::string name, std::optional<SecretText> password,
                                                                    std::string actor) {
    // Before the costly hash.
    CS_CO_CHECK(co_await check_own_password(name));
    std::optional<SecretText> once;
    if (!password) once = SecretText(host::random_password(k_setup_characters));
    CS_CO_TRY(auto hash, co_await hash_of(once ? once->duplicate() : *std::move(password)));
    CS_CO_CHECK(co_await state_->accounts().set_password(std::move(name), std::move(hash), AccountStore::Chosen::by_somebody_else, "",
                                                         std::move(actor)));
    co_return once;
}

net::Task<Result<void>> Access::change_own_password(std::string session_token, SecretText old_password, SecretText new_password,
                                                    std::string address) {
    auto const session = host::hash_token(session_token);
    CS_CO_TRY(auto caller, co_await state_->accounts().find_session(session));
    if (!caller) co_return fail(errors::acc::session_needed);
    CS_CO_CHECK(co_await check_own_password(caller->account));
    CS_CO_CHECK(check_length(new_password));
    if (old_password.reveal() == new_password.reveal()) co_return fail(invalid("new_password", "it is the old one"));
    CS_CO_CHECK(co_await check_password(caller->account, std::move(old_password), std::move(address)));
    CS_CO_TRY(auto hash, co_await hash_of(std::move(new_password)));
    co_return co_await state_->accounts().set_password(caller->account, std::move(hash), AccountStore::Chosen::by_its_owner, session,
                                                       caller->actor);
}

net::Task<Result<SecretText>> Access::restore_administrator(std::string name) {
    CS_CO_TRY(auto account, check_account_name(name));
    SecretText once(host::random_password(k_setup_characters));
    CS_CO_TRY(auto hash, co_await hash_of(once.duplicate()));
    CS_CO_CHECK(co_await state_->accounts().restore_administrator(std::move(account), std::move(hash), "console"));
    co_return once;
}

}  // namespace countersign::manager
