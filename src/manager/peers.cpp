#include "manager/peers.hpp"

#include "base/log.hpp"
#include "manager/manager.hpp"

#include "countersign/errors/gen.hpp"

#include <algorithm>
#include <set>

namespace countersign::manager {
namespace {

/// A look at the jobs of lost managers, when nothing else happens.
constexpr net::Milliseconds k_interval{1000};

/// Told to who watches, under the same name.
bool is_shown(std::string const& kind) {
    static std::set<std::string> const shown{"system", "job", "ticket", "channel", "campaign", "policy"};
    return shown.contains(kind);
}

}  // namespace

void Peers::start(std::string name, std::shared_ptr<void const> owner) {
    if (!links_.store.shared().is_shared()) return;
    // The feed may not outlive the manager through this, nor call into one that is gone.
    links_.store.shared().watch(std::move(name), [weak = weak_from_this()](SharedChange change) {
        auto const self = weak.lock();
        if (!self || self->stopping_) return;
        {
            std::scoped_lock lock(self->mutex_);
            self->waiting_.push_back(std::move(change));
        }
        self->wake_.raise();
    });
    net::spawn(links_.runtime.executor(0), [self = shared_from_this(), owner = std::move(owner)] { return self->serve(); }, "peers");
}

void Peers::stop() {
    stopping_ = true;
    wake_.raise();
}

net::Task<> Peers::serve() {
    while (!stopping_) {
        auto const seen = wake_.count();
        std::deque<SharedChange> changes;
        {
            std::scoped_lock lock(mutex_);
            changes.swap(waiting_);
        }
        // One reading of the settings for all that changed in them.
        bool settings = false;
        for (auto& change : changes) {
            if (change.kind == "settings" || change.kind == "policy") {
                if (std::exchange(settings, true)) continue;
            }
            if (stopping_) co_return;
            auto kind = change.kind;
            if (auto taken = co_await take(std::move(change)); !taken) log::error("peers.change", taken.error(), {{"kind", kind}});
        }
        if (!changes.empty()) continue;
        if (links_.store.shared().leads()) {
            auto freed = co_await links_.store.shared().free_jobs_of_lost();
            if (!freed) log::error("peers.lost", freed.error());
            if (freed && *freed > 0) links_.look_for_work();
        }
        co_await wake_.wait_beyond(seen, k_interval);
    }
}

net::Task<Result<void>> Peers::take(SharedChange change) {
    if (change.kind == "call") co_return co_await heard_call(change.id, change.detail == "https");
    if (change.kind == "known") co_return co_await know(change.id);
    if (change.kind == "all") CS_CO_CHECK(co_await links_.read_systems());
    if (change.kind == "all" || change.kind == "settings" || change.kind == "policy") CS_CO_CHECK(co_await links_.reload());
    // Another looked at it: what this one remembers of its settings is old.
    if (change.kind == "system" && !links_.locks.held(change.id)) links_.surveyor.forget_verification(change.id);
    if (is_shown(change.kind)) links_.publish({change.kind, change.id});
    static std::set<std::string> const work{"job", "campaign", "lead", "all"};
    if (work.contains(change.kind)) links_.look_for_work();
    co_return Result<void>();
}

net::Task<Result<void>> Peers::know(SystemId id) {
    auto system = co_await links_.store.get_system(id);
    if (system)
        links_.directory.learn(*system, "");
    else if (system.error().id() == errors::gen::not_found)
        links_.directory.forget(id);
    else
        co_return fail(std::move(system).error());
    co_return Result<void>();
}

/// Who works on the system knows whether it checks the manager at this moment; the manager that it called need not.
net::Task<Result<void>> Peers::heard_call(SystemId id, bool https) {
    auto const effective = links_.surveyor.verification_effective(id);
    if (https && links_.locks.held(id) && effective) {
        CS_CO_TRY(auto contact, co_await links_.store.get_contact(id));
        if (contact.https && contact.verified_us != *effective) {
            contact.verified_us = *effective;
            CS_CO_CHECK(co_await links_.store.record_contact(id, contact, "Call"));
        }
    } else if (https) {
        links_.surveyor.note_unjudged_call(id);
    }
    links_.contacts.note(id, https);
    co_return Result<void>();
}

net::Task<Result<void>> Peers::tell_call(SystemId id, bool https) {
    co_return co_await links_.store.shared().tell("call", id, https ? "https" : "http");
}

}  // namespace countersign::manager
