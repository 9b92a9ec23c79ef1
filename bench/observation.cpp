// Verified TLS observations per second against the raw OpenSSL handshake rate of the same cores, and against Debian's
// prometheus-blackbox-exporter probing the same listeners with verification; all in one run, the sides in turn.
//
//   build/release/bin/bench_observation [--seconds 3] [--rounds 3] [--listeners 50]
//
// Both ends of every handshake run on this machine. Prints the median of the rounds and the ratios; judges nothing.

#include "host/files.hpp"
#include "net/http/client.hpp"
#include "net/http/server.hpp"
#include "net/stream.hpp"
#include "net/task.hpp"
#include "pki/issue.hpp"

#include <CLI/CLI.hpp>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <filesystem>
#include <signal.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace {

using namespace countersign;
using Steady = std::chrono::steady_clock;

constexpr char const* k_host = "system.bench.test";

template <class T>
T must(Result<T> result) {
    if (!result) {
        std::fprintf(stderr, "bench: %s\n", result.error().explanation().c_str());
        std::exit(3);
    }
    return *std::move(result);
}

void must(Result<void> result) {
    if (!result) {
        std::fprintf(stderr, "bench: %s\n", result.error().explanation().c_str());
        std::exit(3);
    }
}

struct Identity {
    pki::Certificate root, leaf;
    pki::PrivateKey key;
};

Identity make_identity() {
    auto now = SystemClock().now();
    auto root_key = must(pki::PrivateKey::generate(pki::KeyType::ec_p256));
    auto authority =
        must(pki::CertificateAuthority::create_root(root_key, {.common_name = "Bench root"}, pki::valid_for(now, std::chrono::days(30))));
    auto key = must(pki::PrivateKey::generate(pki::KeyType::ec_p256));
    auto request = must(pki::CertificateRequest::create(key, {.common_name = k_host}, {{pki::AlternativeName::Kind::dns, k_host}}));
    auto leaf = must(authority.sign(request, pki::Profile::device, pki::valid_for(now, std::chrono::days(20))));
    return {authority.certificate(), leaf, key};
}

// --- the limit: OpenSSL alone, both ends over memory, fresh connection each time, chain and host name verified ------------
double raw_handshakes(Identity const& identity, double seconds, unsigned threads) {
    SSL_CTX* server = SSL_CTX_new(TLS_server_method());
    SSL_CTX* client = SSL_CTX_new(TLS_client_method());
    SSL_CTX_use_certificate(server, identity.leaf.native());
    SSL_CTX_use_PrivateKey(server, identity.key.native());
    SSL_CTX_set_num_tickets(server, 0);
    SSL_CTX_set_session_cache_mode(server, SSL_SESS_CACHE_OFF);
    X509_STORE_add_cert(SSL_CTX_get_cert_store(client), identity.root.native());
    SSL_CTX_set_verify(client, SSL_VERIFY_PEER, nullptr);
    std::atomic<long> done = 0;
    std::atomic<bool> go_on = true;
    auto work = [&] {
        while (go_on) {
            SSL* a = SSL_new(client);
            SSL* b = SSL_new(server);
            BIO *left = nullptr, *right = nullptr;
            BIO_new_bio_pair(&left, 0, &right, 0);
            SSL_set_bio(a, left, left);
            SSL_set_bio(b, right, right);
            SSL_set1_host(a, k_host);
            SSL_set_connect_state(a);
            SSL_set_accept_state(b);
            int one = 0, two = 0;
            while (one != 1 || two != 1) {
                if (one != 1) one = SSL_do_handshake(a);
                if (two != 1) two = SSL_do_handshake(b);
                bool stuck = (one != 1 && SSL_get_error(a, one) != SSL_ERROR_WANT_READ) ||
                             (two != 1 && SSL_get_error(b, two) != SSL_ERROR_WANT_READ);
                if (stuck) std::exit(3);
            }
            SSL_free(a);
            SSL_free(b);
            ++done;
        }
    };
    std::vector<std::jthread> pool;
    auto began = Steady::now();
    for (unsigned i = 0; i < threads; ++i) pool.emplace_back(work);
    std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
    go_on = false;
    pool.clear();
    auto took = std::chrono::duration<double>(Steady::now() - began).count();
    SSL_CTX_free(server);
    SSL_CTX_free(client);
    return static_cast<double>(done) / took;
}

// --- ours -----------------------------------------------------------------------------------------------------------------
class Empty final : public net::http::Service {
public:
    [[nodiscard]] std::size_t body_limit(net::http::Request const&) const override { return 0; }
    net::Task<net::http::Response> handle(net::http::Request) override { co_return net::http::Response::text(200, "ok"); }
};

/// The listeners in a process of their own, as systems are; ends when its parent does.
pid_t start_listeners(Identity const& identity, std::uint16_t port, int count) {
    int ready[2];
    if (pipe(ready) != 0) std::exit(3);
    pid_t child = fork();
    if (child == 0) {
        close(ready[0]);
        signal(SIGTERM, SIG_DFL);
        net::Runtime runtime(0);
        runtime.start();
        std::vector<net::Executor> executors;
        for (std::size_t i = 0; i < runtime.size(); ++i) executors.push_back(runtime.executor(i));
        net::tls::ServerContext::Settings tls;
        tls.chain = {identity.leaf};
        tls.key = identity.key;
        auto context = must(net::tls::ServerContext::create(std::move(tls)));
        std::vector<std::unique_ptr<net::http::Server>> servers;
        for (int i = 1; i <= count; ++i) {
            net::http::Server::Settings settings;
            settings.where = {"127.60.1." + std::to_string(i), port};
            settings.tls = context;
            servers.push_back(must(net::http::Server::listen(executors, settings, std::make_shared<Empty>())));
        }
        if (write(ready[1], "r", 1) != 1) std::exit(3);
        pause();
        std::_Exit(0);
    }
    close(ready[1]);
    char word = 0;
    if (read(ready[0], &word, 1) != 1) std::exit(3);
    return child;
}

template <class Work>
double rate(net::Runtime& runtime, double seconds, int width, Work work) {
    std::atomic<long> done = 0, left = width;
    std::atomic<bool> go_on = true;
    auto began = Steady::now();
    for (int i = 0; i < width; ++i) {
        net::spawn(
            runtime.executor(static_cast<std::size_t>(i)),
            [&, i]() -> net::Task<> {
                int turn = i;
                while (go_on) {
                    co_await work(i, turn++);
                    ++done;
                }
                --left;
            },
            "bench");
    }
    std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
    double const result = static_cast<double>(done) / std::chrono::duration<double>(Steady::now() - began).count();
    go_on = false;
    while (left > 0) std::this_thread::yield();
    return result;
}

net::Task<> probe_one(pki::Anchors anchors, std::uint16_t port, int listeners, int turn) {
    net::ProbeRequest request;
    request.where = {"127.60.1." + std::to_string(turn % listeners + 1), port};
    request.server_name = k_host;
    request.tls = net::tls::VerifyChain{std::move(anchors), {}, false};
    auto report = co_await net::probe(std::move(request));
    if (!report.tls || !report.tls->accepted) {
        std::fprintf(stderr, "bench: a probe failed\n");
        std::exit(3);
    }
}

// --- the peer -------------------------------------------------------------------------------------------------------------
pid_t start_blackbox(std::filesystem::path const& folder, Identity const& identity, std::uint16_t port) {
    must(host::write_file(folder / "root.pem", identity.root.to_pem(), host::Privacy::shared));
    auto config = "modules:\n  tls:\n    prober: tcp\n    timeout: 5s\n    tcp:\n      tls: true\n      tls_config:\n        ca_file: " +
                  (folder / "root.pem").string() + "\n        server_name: " + k_host + "\n";
    must(host::write_file(folder / "blackbox.yml", config, host::Privacy::shared));
    pid_t child = fork();
    if (child == 0) {
        auto file = "--config.file=" + (folder / "blackbox.yml").string();
        auto listen = "--web.listen-address=127.60.2.1:" + std::to_string(port);
        if (std::freopen("/dev/null", "w", stderr) == nullptr) std::_Exit(3);
        execlp("prometheus-blackbox-exporter", "prometheus-blackbox-exporter", file.c_str(), listen.c_str(), "--log.level=error", nullptr);
        std::_Exit(127);
    }
    return child;
}

net::Task<> ask_blackbox(std::vector<std::unique_ptr<net::http::Client>>& clients, std::uint16_t port, int listeners, int turn,
                         int client) {
    auto answer = co_await clients[static_cast<std::size_t>(client)]->get(
        "/probe?module=tls&target=127.60.1." + std::to_string(turn % listeners + 1) + ":" + std::to_string(port));
    if (!answer || answer->body.find("\nprobe_success 1") == std::string::npos) {
        std::fprintf(stderr, "bench: prometheus-blackbox-exporter did not succeed\n");
        std::exit(3);
    }
}

double median(std::vector<double> values) {
    std::ranges::sort(values);
    return values[values.size() / 2];
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app("Verified TLS observations per second, as ratios");
    double seconds = 3;
    int rounds = 3, listeners = 50, width = 64;
    app.add_option("--seconds", seconds, "Length of one measurement")->capture_default_str();
    app.add_option("--rounds", rounds, "Measurements of each side; the median counts")->capture_default_str();
    app.add_option("--listeners", listeners, "Systems that are probed")->check(CLI::Range(1, 250))->capture_default_str();
    app.add_option("--width", width, "Probes under way at the same time")->capture_default_str();
    CLI11_PARSE(app, argc, argv);
    signal(SIGPIPE, SIG_IGN);
    auto identity = make_identity();
    auto const port = static_cast<std::uint16_t>(20000 + getpid() % 10000);
    auto folder = std::filesystem::temp_directory_path() / ("bench-observation-" + std::to_string(getpid()));
    must(host::ensure_folder(folder));
    pid_t systems = start_listeners(identity, port, listeners);
    bool const peer_present = std::filesystem::exists("/usr/bin/prometheus-blackbox-exporter");
    pid_t blackbox = peer_present ? start_blackbox(folder, identity, port) : -1;

    net::Runtime runtime(0);
    runtime.start();
    unsigned const cores = static_cast<unsigned>(runtime.size());
    pki::Anchors anchors({identity.root});
    std::vector<std::unique_ptr<net::http::Client>> clients;
    for (int i = 0; i < width; ++i) {
        net::http::Client::Settings settings;
        settings.origin = must(net::Url::parse("http://127.60.2.1:" + std::to_string(port)));
        clients.push_back(std::make_unique<net::http::Client>(std::move(settings)));
    }
    if (peer_present) {
        // Until it listens.
        for (int i = 0; i < 200; ++i) {
            auto state = net::run(runtime, net::probe({.where = {"127.60.2.1", port}}));
            if (state.state == net::PortState::open) break;
            std::this_thread::sleep_for(std::chrono::milliseconds(50));
        }
    }
    std::vector<double> raw, ours, peer;
    for (int round = 0; round < rounds; ++round) {
        raw.push_back(raw_handshakes(identity, seconds, cores));
        ours.push_back(rate(runtime, seconds, width, [&](int, int turn) { return probe_one(anchors, port, listeners, turn); }));
        if (peer_present) {
            // Each loop of the load keeps a connection of its own.
            peer.push_back(
                rate(runtime, seconds, width, [&](int loop, int turn) { return ask_blackbox(clients, port, listeners, turn, loop); }));
        }
    }
    std::printf("cores %u, listeners %d, probes at the same time %d, median of %d rounds of %.1f s\n", cores, listeners, width, rounds,
                seconds);
    std::printf("raw OpenSSL handshakes, both ends, verified   %8.0f /s\n", median(raw));
    std::printf("verified observations                         %8.0f /s   ratio to raw %.2f\n", median(ours), median(ours) / median(raw));
    if (peer_present) {
        std::printf("prometheus-blackbox-exporter, verified        %8.0f /s   ours to its %.2f\n", median(peer),
                    median(ours) / median(peer));
    } else {
        std::printf("prometheus-blackbox-exporter is not installed\n");
    }
    clients.clear();
    runtime.stop();
    kill(systems, SIGKILL);
    if (blackbox > 0) kill(blackbox, SIGKILL);
    while (wait(nullptr) > 0) {
    }
    std::filesystem::remove_all(folder);
    return 0;
}
