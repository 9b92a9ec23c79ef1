// Certificates issued, stored durably and audited per second by the manager's own authority: a key made, a request made and checked, a
// certificate signed, then issued list, inventory, sealed key and audit record in one transaction, many callers at once (group commit).
// In the same run: how fast the same threads make and sign alone, how fast the store takes certificates that are ready, raw P-256
// signatures of one thread, and what Debian's `cfssl serve` signs on all cores, which stores nothing and is given the request.
//
//   build/release/bin/bench_issue [--systems 5000] [--callers 256] [--folder DIR] [--database postgresql://...]
//
// Prints rates and ratios; judges nothing. The folder must be on a disk whose fsync counts.

#include "base/log.hpp"
#include "manager/certificates/internal_ca.hpp"
#include "manager/store/place.hpp"
#include "manager/store/shared_store.hpp"
#include "net/sync.hpp"
#include "peers.hpp"

#include <CLI/CLI.hpp>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <filesystem>

namespace {

using namespace countersign;
using bench::must;
using Steady = std::chrono::steady_clock;

constexpr double k_aim = 6000;
constexpr double k_openbao = 2170;

/// From here on: rate, and processor time of all threads, which other load on the machine hardly changes.
class Measure {
public:
    /// Prints a line; returns the rate per second.
    double end(char const* what, std::size_t count) const {
        auto const many = static_cast<double>(count);
        double const rate = many / std::chrono::duration<double>(Steady::now() - begin_).count();
        constexpr double microseconds = 1e6;
        std::printf("%-32s %8.0f /s   processor time %4.0f us each\n", what, rate, (spent() - spent_) * microseconds / many);
        return rate;
    }

private:
    /// Seconds of this process.
    static double spent() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }
    Steady::time_point begin_ = Steady::now();
    double spent_ = spent();
};

constexpr double k_seconds = 2;

/// Signatures a second of this thread.
double raw_rate() {
    auto const key = must(pki::PrivateKey::generate(pki::KeyType::ec_p256));
    bench::RawP256 raw(key);
    long done = 0;
    auto const begin = Steady::now();
    for (; std::chrono::duration<double>(Steady::now() - begin).count() < k_seconds; ++done) raw.sign();
    return static_cast<double>(done) / std::chrono::duration<double>(Steady::now() - begin).count();
}

/// 0 when it is not installed.
double peer_rate() {
    auto const key = must(pki::PrivateKey::generate(pki::KeyType::ec_p256));
    auto const authority = must(pki::CertificateAuthority::create_root(key, {.common_name = "Bench root"},
                                                                       pki::valid_for(SystemClock().now(), std::chrono::days(20))));
    auto const request =
        must(pki::CertificateRequest::create(must(pki::PrivateKey::generate(pki::KeyType::ec_p256)), {.common_name = "s0.bench.test"},
                                             {{pki::AlternativeName::Kind::dns, "s0.bench.test"}}));
    bench::Cfssl const peer(authority);
    double best = 0;
    for (int const clients : {4, 8})
        if (peer.is_there()) best = std::max(best, peer.rate(k_seconds, request.to_pem(), clients));
    return best;
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app("Certificates issued, stored and audited per second");
    std::size_t systems = 5000, callers = 256;
    std::string folder = "build/bench-issue", database;
    app.add_option("--systems", systems)->capture_default_str();
    app.add_option("--callers", callers)->capture_default_str();
    app.add_option("--folder", folder)->capture_default_str();
    app.add_option("--database", database, "PostgreSQL instead of SQLite");
    bool walks = false;
    app.add_flag("--walks", walks, "Say which statements go through whole tables");
    CLI11_PARSE(app, argc, argv);
    log::configure(walks ? log::Level::debug : log::Level::warning, log::Format::text);
    std::filesystem::remove_all(folder);
    std::filesystem::create_directories(folder);

    double const raw = raw_rate();
    double const peer = peer_rate();
    net::Runtime runtime(2);
    runtime.start();
    auto const clock = std::make_shared<SystemClock>();
    manager::StorePlace place{folder, {.url = database, .password_file = {}, .ca_file = {}}};
    auto store = must(manager::open_store(place, clock));
    must(net::run(runtime, store->shared().started()));
    auto authority = must(net::run(runtime, manager::InternalCa::open(*store, runtime.blocking(), clock, "Bench")));
    manager::Policy policy;
    policy.key_type = "ec:p256";
    // Half of them for what is measured alone, half for the whole.
    std::vector<manager::System> all(2 * systems);
    for (std::size_t i = 0; i < all.size(); ++i) {
        all[i].name = "s" + std::to_string(i);
        all[i].host_name = all[i].name + ".bench.test";
        all[i].family = "c-series";
        all[i].track_by = manager::TrackBy::host_name;
    }
    must(net::run(runtime, [](manager::Store* to, std::vector<manager::System>* list, std::size_t at_once) -> net::Task<Result<void>> {
        co_await net::for_each_bounded(list->size(), at_once, [to, list](std::size_t i) -> net::Task<> {
            (*list)[i].id = must(co_await to->add_system((*list)[i], std::nullopt, "bench"));
        });
        co_return Result<void>();
    }(store.get(), &all, callers)));

    struct Job {
        manager::Store* store;
        manager::InternalCa* authority;
        manager::Policy policy;
        std::vector<manager::System>* systems;
        std::size_t count;
        std::vector<std::optional<manager::PendingCertificate>> ready;
    } job{store.get(), authority.get(), policy, &all, systems, {}};
    job.ready.resize(systems);

    Measure const signing;
    must(net::run(runtime, [](Job* work, std::size_t at_once) -> net::Task<Result<void>> {
        co_await net::for_each_bounded(work->count, at_once, [work](std::size_t i) -> net::Task<> {
            work->ready[i] = must(co_await work->authority->issue_for_system((*work->systems)[i], work->policy));
        });
        co_return Result<void>();
    }(&job, callers)));
    double const signed_alone = signing.end("made and signed, not stored", systems);

    Measure const storing;
    must(net::run(runtime, [](Job* work, std::size_t at_once) -> net::Task<Result<void>> {
        co_await net::for_each_bounded(work->count, at_once, [work](std::size_t i) -> net::Task<> {
            must(co_await work->store->set_pending_certificate((*work->systems)[i].id, std::move(*work->ready[i])));
        });
        co_return Result<void>();
    }(&job, callers)));
    storing.end("stored and audited, made before", systems);

    Measure const issuing;
    must(net::run(runtime, [](Job* work, std::size_t at_once) -> net::Task<Result<void>> {
        co_await net::for_each_bounded(work->count, at_once, [work](std::size_t i) -> net::Task<> {
            auto made = must(co_await work->authority->issue_for_system((*work->systems)[work->count + i], work->policy));
            must(co_await work->store->set_pending_certificate((*work->systems)[work->count + i].id, std::move(made)));
        });
        co_return Result<void>();
    }(&job, callers)));
    double const both = issuing.end("issued, stored and audited", systems);
    std::printf("aim %.0f/s: ratio %.2f   OpenBao's published %.0f/s: ratio %.2f   of signing alone: %.2f\n", k_aim, both / k_aim,
                k_openbao, both / k_openbao, both / signed_alone);
    std::printf("raw P-256 signatures, one thread %8.0f /s   ratio to them %.2f\n", raw, both / raw);
    if (peer > 0)
        std::printf("cfssl serve, all cores, unstored %8.0f /s   ratio to it %.2f (made and signed alone %.2f)\n", peer, both / peer,
                    signed_alone / peer);
    else
        std::printf("cfssl is not installed\n");
    store.reset();
    runtime.stop();
    std::filesystem::remove_all(folder);
    return 0;
}
