#include "base/log.hpp"
#include "net/revocation.hpp"
#include "net/revocation/store.hpp"
#include "net/sync.hpp"
#include "pki/revocation_pointers.hpp"

#include "countersign/errors/crt.hpp"
#include "countersign/errors/fil.hpp"

#include <algorithm>
#include <mutex>
#include <set>

namespace countersign::net {

using revocation::Store;
using std::chrono::steady_clock;

namespace {

/// One certificate of a chain that says whom to ask.
struct Subject {
    pki::Certificate certificate;
    pki::Certificate issuer;
    pki::RevocationPointers where;
};

std::vector<Subject> subjects_of(std::span<pki::Certificate const> chain, RevocationCache::Settings const& settings) {
    std::vector<Subject> out;
    for (std::size_t i = 0; i + 1 < chain.size(); ++i) {
        auto where = pki::revocation_pointers(chain[i]);
        if (!settings.responder.empty()) where.responders = {settings.responder};
        if (settings.sources == RevocationSources::lists) where.responders.clear();
        if (settings.sources == RevocationSources::responders) {
            where.crls.clear();
            where.delta_crls.clear();
        }
        if (!where.empty()) out.push_back({chain[i], chain[i + 1], std::move(where)});
    }
    return out;
}

}  // namespace

struct RevocationCache::State : std::enable_shared_from_this<RevocationCache::State> {
    State(Executor where, Settings given) : executor(std::move(where)), settings(std::move(given)) {
        if (!settings.clock) settings.clock = std::make_shared<SystemClock>();
    }

    Executor executor;
    Settings settings;
    Signal changed;  ///< a question has ended

    mutable std::mutex mutex;
    Store store{settings};
    std::set<std::string> asking;  ///< fingerprints of certificates, addresses of lists

    enum class Patience { background, awaited };
    /// What the store has about `subject`; starts a question when something is missing or old.
    void look_up(Subject const& subject, Patience patience, KnownRevocation& known);
    [[nodiscard]] bool should_ask(Subject const& subject, UtcTime now);
    [[nodiscard]] bool is_asking(std::string const& key) const {
        std::lock_guard const lock(mutex);
        return asking.contains(key);
    }

    Task<> ask(Subject subject);
    Task<> ask_everybody(Subject const& subject);
    Task<bool> ask_responders(Subject const& subject, steady_clock::time_point until);
    Task<bool> fetch_list(std::string url, pki::Certificate issuer, steady_clock::time_point until);
    Task<bool> take_turn(std::string key, steady_clock::time_point until);
    void end_turn(std::string const& key);
    void note_failure(std::string const& url, Error const& why);
    [[nodiscard]] bool keep(std::string const& url, pki::Crl const& list, UtcTime now);
    bool rests(std::string const& url) {
        std::lock_guard const lock(mutex);
        return store.rests(url, steady_clock::now());
    }
    [[nodiscard]] AuthorityReach reach_until(steady_clock::time_point until) const {
        auto reach = settings.reach;
        reach.deadline = std::max(std::chrono::ceil<Milliseconds>(until - steady_clock::now()), Milliseconds(1));
        return reach;
    }
};

bool RevocationCache::State::should_ask(Subject const& subject, UtcTime now) {
    auto const instant = steady_clock::now();
    auto awake = [this, instant](std::string const& url) { return !store.rests(url, instant); };
    auto const* response = store.find_response(subject.certificate.fingerprint(), now);
    if (response != nullptr && now < response->life.refresh && response->state != pki::RevocationState::unknown) return false;
    bool const due = response == nullptr || now >= response->life.refresh;
    if (due && std::ranges::any_of(subject.where.responders, awake)) return true;
    auto fresh = [this, now](std::string const& url) {
        auto const* list = store.find_list(url, now);
        return list != nullptr && now < list->life.refresh;
    };
    if (!std::ranges::any_of(subject.where.crls, fresh) && std::ranges::any_of(subject.where.crls, awake)) return true;
    return std::ranges::any_of(subject.where.delta_crls, [&](auto const& url) { return !fresh(url) && awake(url); });
}

void RevocationCache::State::look_up(Subject const& subject, Patience patience, KnownRevocation& known) {
    auto const now = settings.clock->now();
    {
        std::lock_guard const lock(mutex);
        bool answered = false;
        if (auto const* response = store.find_response(subject.certificate.fingerprint(), now)) {
            known.responses.push_back(response->response);
            answered = response->state != pki::RevocationState::unknown;
        }
        auto add = [&](std::string const& url) {
            auto const* found = store.find_list(url, now);
            if (found == nullptr) return false;
            auto same = [found](pki::Crl const& list) { return list.native() == found->list.native(); };
            if (std::ranges::none_of(known.lists, same)) known.lists.push_back(found->list);
            return true;
        };
        for (auto const& url : subject.where.crls) answered = add(url) || answered;
        for (auto const& url : subject.where.delta_crls) add(url);
        known.complete = known.complete && answered;

        auto const& key = subject.certificate.fingerprint();
        bool const full = patience == Patience::background && asking.size() >= settings.background;
        if (full || asking.contains(key) || !should_ask(subject, now)) return;
        asking.insert(key);
    }
    spawn(executor, [self = shared_from_this(), subject]() -> Task<> { return self->ask(subject); }, "revocation");
}

/// Holds a key of `asking`. False when another one held it: it has done the work.
Task<bool> RevocationCache::State::take_turn(std::string key, steady_clock::time_point until) {
    for (bool first = true;; first = false) {
        auto const seen = changed.count();
        {
            std::lock_guard const lock(mutex);
            if (first && asking.insert(key).second) co_return true;
            if (!asking.contains(key)) co_return false;
        }
        auto const left = std::chrono::ceil<Milliseconds>(until - steady_clock::now());
        if (left <= Milliseconds(0)) co_return false;
        co_await changed.wait_beyond(seen, left);
    }
}

void RevocationCache::State::end_turn(std::string const& key) {
    {
        std::lock_guard const lock(mutex);
        asking.erase(key);
    }
    changed.raise();
}

void RevocationCache::State::note_failure(std::string const& url, Error const& why) {
    {
        std::lock_guard const lock(mutex);
        store.note_failure(url, steady_clock::now());
    }
    log::warning("revocation.not_learnt", {{"url", url}, {"reason", why.message()}});
}

/// True when one gave a definite answer.
Task<bool> RevocationCache::State::ask_responders(Subject const& subject, steady_clock::time_point until) {
    for (auto const& url : subject.where.responders) {
        if (rests(url) || steady_clock::now() >= until) continue;
        auto const request = pki::make_ocsp_request(subject.certificate, subject.issuer);
        auto response = co_await query_ocsp(url, request, reach_until(until));
        auto const now = settings.clock->now();
        auto answer = response ? response->check(subject.certificate, subject.issuer, now, request.nonce)
                               : Result<pki::OcspAnswer>(fail(response.error()));
        if (!answer) {
            note_failure(url, answer.error());
            continue;
        }
        std::lock_guard const lock(mutex);
        store.note_success(url);
        store.put(subject.certificate.fingerprint(), *std::move(response), *answer, now);
        co_return answer->state != pki::RevocationState::unknown;
    }
    co_return false;
}

bool RevocationCache::State::keep(std::string const& url, pki::Crl const& list, UtcTime now) {
    std::lock_guard const lock(mutex);
    if (!store.put(url, list, now)) return false;
    store.note_success(url);
    return true;
}

/// True when the store has it now.
Task<bool> RevocationCache::State::fetch_list(std::string url, pki::Certificate issuer, steady_clock::time_point until) {
    auto fresh = [this, &url] {
        std::lock_guard const lock(mutex);
        auto const now = settings.clock->now();
        auto const* found = store.find_list(url, now);
        return found != nullptr && now < found->life.refresh;
    };
    if (fresh()) co_return true;
    if (rests(url) || steady_clock::now() >= until) co_return false;
    if (!co_await take_turn(url, until)) co_return fresh();
    auto list = co_await fetch_crl(url, reach_until(until));
    // Who signs an indirect list is found when it is used.
    if (list && !list->is_indirect() && !list->is_signed_by(issuer))
        list = fail(errors::crt::broken_crl, {{"detail", "it is not signed by the certificate's issuer"}});
    auto const now = settings.clock->now();
    if (list && list->next_update() && *list->next_update() <= now) list = fail(errors::crt::broken_crl, {{"detail", "it is out of date"}});
    // A list that cannot be kept must not be fetched again for every connection.
    if (list && !keep(url, *list, now))
        list = fail(errors::fil::too_large, {{"file", url}, {"limit", std::to_string(settings.list_bytes)}});
    if (!list) note_failure(url, list.error());
    end_turn(url);
    co_return fresh();
}

Task<> RevocationCache::State::ask_everybody(Subject const& subject) {
    auto const until = steady_clock::now() + settings.reach.deadline;
    if (co_await ask_responders(subject, until)) co_return;
    // The same list at several places as a rule: the first that comes is enough.
    for (auto const& url : subject.where.crls)
        if (co_await fetch_list(url, subject.issuer, until)) break;
    for (auto const& url : subject.where.delta_crls)
        if (co_await fetch_list(url, subject.issuer, until)) break;
}

Task<> RevocationCache::State::ask(Subject subject) {
    auto const key = subject.certificate.fingerprint();
    try {
        co_await ask_everybody(subject);
    } catch (std::exception const& failure) {
        log::error("revocation.failed", {{"certificate", key}, {"detail", failure.what()}});
    }
    end_turn(key);
}

RevocationCache::RevocationCache(Executor executor) : RevocationCache(std::move(executor), Settings()) {}
RevocationCache::RevocationCache(Executor executor, Settings settings)
    : state_(std::make_shared<State>(std::move(executor), std::move(settings))) {}
RevocationCache::~RevocationCache() = default;

KnownRevocation RevocationCache::known(std::span<pki::Certificate const> chain) {
    KnownRevocation known;
    for (auto const& subject : subjects_of(chain, state_->settings)) state_->look_up(subject, State::Patience::background, known);
    return known;
}

Task<KnownRevocation> RevocationCache::fetch(std::vector<pki::Certificate> chain) {
    auto const state = state_;
    auto const until = steady_clock::now() + state->settings.reach.deadline;
    auto const subjects = subjects_of(chain, state->settings);
    KnownRevocation started;
    for (auto const& subject : subjects) state->look_up(subject, State::Patience::awaited, started);
    auto is_asked = [state](Subject const& subject) { return state->is_asking(subject.certificate.fingerprint()); };
    for (;;) {
        auto const seen = state->changed.count();
        auto const left = std::chrono::ceil<Milliseconds>(until - steady_clock::now());
        if (left <= Milliseconds(0) || std::ranges::none_of(subjects, is_asked)) break;
        co_await state->changed.wait_beyond(seen, left);
    }
    KnownRevocation known;
    for (auto const& subject : subjects) state->look_up(subject, State::Patience::background, known);
    co_return known;
}

RevocationCache::Size RevocationCache::size() const {
    std::lock_guard const lock(state_->mutex);
    Size size;
    state_->store.count(size);
    size.asking = state_->asking.size();
    return size;
}

std::function<std::shared_ptr<Bytes const>()> staple_from(std::shared_ptr<RevocationCache> cache, std::vector<pki::Certificate> chain) {
    constexpr std::size_t k_leaf_and_issuer = 2;
    if (chain.size() > k_leaf_and_issuer) chain.erase(chain.begin() + k_leaf_and_issuer, chain.end());
    return [cache = std::move(cache), chain = std::move(chain)]() -> std::shared_ptr<Bytes const> {
        auto const known = cache->known(chain);
        return known.responses.empty() ? nullptr : std::make_shared<Bytes const>(known.responses.front().to_der());
    };
}

}  // namespace countersign::net
