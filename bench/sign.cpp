// Certificates issued per second on one thread (a PEM request read, its signature checked, a certificate signed and written as PEM)
// against the raw P-256 operations of the same thread, and against Debian's `cfssl serve` on all cores over HTTP with kept
// connections; all in one run, the sides in turn. Then what the parts cost.
//
//   build/release/bin/bench_sign [--seconds 3] [--rounds 3] [--clients 4,8]
//
// Prints the median of the rounds and the ratios; judges nothing. Processor time is that of this thread: on a busy machine it and its
// ratios say more than the certificates of a second.

#include "host/files.hpp"
#include "pki/issue.hpp"

#include <CLI/CLI.hpp>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <string>
#include <sys/socket.h>
#include <sys/wait.h>
#include <thread>
#include <time.h>
#include <unistd.h>
#include <vector>

namespace {

using namespace countersign;
using Steady = std::chrono::steady_clock;

[[noreturn]] void stop(std::string const& why) {
    std::fprintf(stderr, "bench: %s\n", why.c_str());
    std::exit(3);
}

template <class T>
T must(Result<T> result) {
    if (!result) stop(result.error().explanation());
    return *std::move(result);
}
void must(Result<void> const& result) {
    if (!result) stop(result.error().explanation());
}
void must(bool condition, char const* what) {
    if (!condition) stop(what);
}

double seconds_since(Steady::time_point begin) { return std::chrono::duration<double>(Steady::now() - begin).count(); }

double median(std::vector<double> values) {
    std::ranges::sort(values);
    return values[values.size() / 2];
}

double processor_seconds() {
    timespec now{};
    must(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now) == 0, "no clock");
    return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

struct Pace {
    double per_second = 0;
    double processor = 0;  ///< seconds for one
};

/// How often a second this thread does it.
template <class Work>
Pace pace(double seconds, Work work) {
    auto const begin = Steady::now();
    double const processor_begin = processor_seconds();
    long done = 0;
    while (seconds_since(begin) < seconds) {
        for (int i = 0; i < 16; ++i) work();
        done += 16;
    }
    auto const count = static_cast<double>(done);
    return {.per_second = count / seconds_since(begin), .processor = (processor_seconds() - processor_begin) / count};
}

double median_rate(std::vector<Pace> const& rounds) {
    std::vector<double> values;
    for (auto const& one : rounds) values.push_back(one.per_second);
    return median(std::move(values));
}

/// Microseconds of processor time.
double median_cost(std::vector<Pace> const& rounds) {
    std::vector<double> values;
    for (auto const& one : rounds) values.push_back(1e6 * one.processor);
    return median(std::move(values));
}

// --- ours -----------------------------------------------------------------------------------------------------------------

struct Material {
    pki::CertificateAuthority authority;
    std::string request;  ///< PEM
};

Material make_material(pki::Validity validity) {
    auto root_key = must(pki::PrivateKey::generate(pki::KeyType::ec_p256));
    auto authority = must(pki::CertificateAuthority::create_root(root_key, {.common_name = "Bench root"}, validity));
    auto key = must(pki::PrivateKey::generate(pki::KeyType::ec_p256));
    pki::SubjectFields const subject{.common_name = "system.bench.test", .organization = "Bench", .country = "GB"};
    auto request = must(pki::CertificateRequest::create(
        key, subject, {{pki::AlternativeName::Kind::dns, "system.bench.test"}, {pki::AlternativeName::Kind::ip, "192.0.2.1"}}));
    return {std::move(authority), request.to_pem()};
}

// --- the limit: OpenSSL alone, contexts made once ---------------------------------------------------------------------------

class Raw {
public:
    explicit Raw(pki::PrivateKey const& key)
        : sign_(EVP_PKEY_CTX_new(key.native(), nullptr)), verify_(EVP_PKEY_CTX_new(key.native(), nullptr)) {
        must(EVP_PKEY_sign_init(sign_) == 1 && EVP_PKEY_verify_init(verify_) == 1, "OpenSSL cannot sign");
        sign();
    }
    ~Raw() {
        EVP_PKEY_CTX_free(sign_);
        EVP_PKEY_CTX_free(verify_);
    }
    Raw(Raw const&) = delete;
    Raw& operator=(Raw const&) = delete;

    void sign() {
        size_ = signature_.size();
        must(EVP_PKEY_sign(sign_, signature_.data(), &size_, digest_.data(), digest_.size()) == 1, "OpenSSL cannot sign");
    }
    void verify() {
        must(EVP_PKEY_verify(verify_, signature_.data(), size_, digest_.data(), digest_.size()) == 1, "OpenSSL cannot verify");
    }

private:
    EVP_PKEY_CTX* sign_;
    EVP_PKEY_CTX* verify_;
    std::array<unsigned char, 32> digest_{1, 2, 3};
    std::array<unsigned char, 128> signature_{};
    std::size_t size_ = 0;
};

// --- the peer -------------------------------------------------------------------------------------------------------------

constexpr char const* k_peer = "/usr/bin/cfssl";

/// What a command prints, for the two lines that the peer needs from us.
std::string json_text(std::string_view text) {
    std::string out;
    for (char c : text) out += c == '\n' ? std::string("\\n") : std::string(1, c);
    return out;
}

int connect_to(std::uint16_t port) {
    int const peer = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in where{};
    where.sin_family = AF_INET;
    where.sin_port = htons(port);
    where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(peer, reinterpret_cast<sockaddr*>(&where), sizeof where) != 0) {
        close(peer);
        return -1;
    }
    int const one = 1;
    setsockopt(peer, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return peer;
}

pid_t start_peer(std::filesystem::path const& folder, Material const& material, std::uint16_t port) {
    auto const certificate = (folder / "ca.pem").string();
    auto const key = (folder / "ca.key").string();
    auto const config = (folder / "config.json").string();
    must(host::write_file(certificate, material.authority.certificate().to_pem(), host::Privacy::shared));
    // The bench's own key, wiped with the folder. It reads the traditional form only.
    must(host::write_file(key, must(material.authority.key().to_traditional_pem()).reveal(), host::Privacy::owner_only));
    must(host::write_file(config, R"({"signing":{"default":{"expiry":"480h","usages":["digital signature","server auth","client auth"]}}})",
                          host::Privacy::shared));
    auto const number = std::to_string(port);
    pid_t const child = fork();
    if (child == 0) {
        if (std::freopen("/dev/null", "w", stderr) == nullptr) std::_Exit(3);
        execl(k_peer, "cfssl", "serve", "-address", "127.0.0.1", "-port", number.c_str(), "-ca", certificate.c_str(), "-ca-key",
              key.c_str(), "-config", config.c_str(), "-loglevel", "4", nullptr);
        std::_Exit(127);
    }
    for (int i = 0; i < 200; ++i) {
        int const peer = connect_to(port);
        if (peer >= 0) {
            close(peer);
            return child;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    stop("cfssl does not listen");
}

/// One answer of the peer on a kept connection.
void exchange(int peer, std::string const& question, std::string& answer) {
    if (send(peer, question.data(), question.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(question.size())) stop("cfssl went away");
    answer.clear();
    std::array<char, 8192> piece;
    std::size_t whole = 0;
    while (whole == 0 || answer.size() < whole) {
        auto const got = recv(peer, piece.data(), piece.size(), 0);
        if (got <= 0) stop("cfssl went away");
        answer.append(piece.data(), static_cast<std::size_t>(got));
        auto const head = answer.find("\r\n\r\n");
        if (whole == 0 && head != std::string::npos) {
            auto const length = answer.find("Content-Length: ");
            if (length >= head) stop("cfssl answers in an unknown form");
            whole = head + 4 + static_cast<std::size_t>(std::atoi(answer.c_str() + length + 16));
        }
    }
    if (answer.compare(9, 3, "200") != 0) stop("cfssl refused: " + answer);
}

double peer_rate(double seconds, std::uint16_t port, std::string const& request, int clients) {
    std::string const body = R"({"certificate_request":")" + json_text(request) + R"("})";
    std::string const question = "POST /api/v1/cfssl/sign HTTP/1.1\r\nHost: cfssl\r\nContent-Type: application/json\r\nContent-Length: " +
                                 std::to_string(body.size()) + "\r\n\r\n" + body;
    std::atomic<long> done = 0;
    std::atomic<bool> go_on = true;
    std::vector<std::jthread> pool;
    auto const begin = Steady::now();
    for (int i = 0; i < clients; ++i) {
        pool.emplace_back([&] {
            int const peer = connect_to(port);
            if (peer < 0) stop("cfssl does not listen");
            std::string answer;
            while (go_on) {
                exchange(peer, question, answer);
                ++done;
            }
            close(peer);
        });
    }
    std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
    double const result = static_cast<double>(done) / seconds_since(begin);
    go_on = false;
    return result;
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app("Certificates issued per second, as ratios");
    double seconds = 3;
    int rounds = 3;
    std::vector<int> clients{4, 8};
    app.add_option("--seconds", seconds, "Length of one measurement")->capture_default_str();
    app.add_option("--rounds", rounds, "Measurements of each side; the median counts")->capture_default_str();
    app.add_option("--clients", clients, "Connections to cfssl; its best counts")->delimiter(',')->capture_default_str();
    CLI11_PARSE(app, argc, argv);

    auto const validity = pki::valid_for(SystemClock().now(), std::chrono::days(20));
    auto const material = make_material(validity);
    auto const request = must(pki::CertificateRequest::parse_pem(material.request));
    auto const certificate = must(material.authority.sign(request, pki::Profile::device, validity));
    auto const certificate_der = certificate.to_der();
    Raw raw(material.authority.key());

    bool const peer_present = std::filesystem::exists(k_peer);
    auto const folder = std::filesystem::temp_directory_path() / ("bench-sign-" + std::to_string(getpid()));
    auto const port = static_cast<std::uint16_t>(20000 + getpid() % 10000);
    must(host::ensure_folder(folder));
    pid_t const peer = peer_present ? start_peer(folder, material, port) : -1;

    struct Row {
        char const* what;
        std::function<void()> work;
        std::vector<Pace> rounds;
    };
    // The first is what the others are compared with.
    std::vector<Row> rows{
        {"raw P-256 sign and verify",
         [&] {
             raw.sign();
             raw.verify();
         }},
        {"request checked, certificate signed, PEM to PEM",
         [&] {
             auto const asked = must(pki::CertificateRequest::parse_pem(material.request));
             (void)must(material.authority.sign(asked, pki::Profile::device, validity)).to_pem();
         }},
    };
    std::vector<Row> parts{
        {"raw P-256 sign", [&] { raw.sign(); }},
        {"certificate signed", [&] { (void)must(material.authority.sign(request, pki::Profile::device, validity)); }},
        {"raw P-256 verify", [&] { raw.verify(); }},
        {"request parsed and checked", [&] { (void)must(pki::CertificateRequest::parse_pem(material.request)); }},
        {"raw P-256 key (EVP_PKEY_Q_keygen)", [&] { EVP_PKEY_free(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256")); }},
        {"key made", [&] { (void)must(pki::PrivateKey::generate(pki::KeyType::ec_p256)); }},
        {"raw certificate parsed (d2i_X509)",
         [&] {
             auto const* data = certificate_der.data();
             X509_free(d2i_X509(nullptr, &data, static_cast<long>(certificate_der.size())));
         }},
        {"certificate parsed", [&] { (void)must(pki::Certificate::parse_der(certificate_der)); }},
    };
    std::vector<double> theirs;
    for (int round = 0; round < rounds; ++round) {
        for (auto& row : rows) row.rounds.push_back(pace(seconds, row.work));
        if (peer_present) {
            double best = 0;
            for (int count : clients) best = std::max(best, peer_rate(seconds, port, material.request, count));
            theirs.push_back(best);
        }
        for (auto& row : parts) row.rounds.push_back(pace(seconds / 4, row.work));
    }
    if (peer > 0) {
        kill(peer, SIGTERM);
        waitpid(peer, nullptr, 0);
    }
    std::filesystem::remove_all(folder);

    double const limit = median_rate(rows[0].rounds);
    double const ours = median_rate(rows[1].rounds);
    double const limit_cost = median_cost(rows[0].rounds);
    double const our_cost = median_cost(rows[1].rounds);
    std::printf("median of %d rounds of %.1f s\n", rounds, seconds);
    std::printf("%-50s %8.0f /s\n", rows[0].what, limit);
    std::printf("%-50s %8.0f /s   ratio to raw %.2f\n", rows[1].what, ours, ours / limit);
    if (peer_present) {
        std::printf("%-50s %8.0f /s   ours to its %.2f\n", "cfssl serve, all cores", median(theirs), ours / median(theirs));
    } else {
        std::printf("cfssl is not installed\n");
    }
    std::printf("us of processor time per certificate: %.1f; raw sign and verify: %.1f; ratio %.2f\n", our_cost, limit_cost,
                limit_cost / our_cost);
    for (std::size_t i = 0; i + 1 < parts.size(); i += 2) {
        double const base = median_cost(parts[i].rounds);
        double const own = median_cost(parts[i + 1].rounds);
        std::printf("%-40s %7.1f us   %-30s %7.1f us   ratio %.2f\n", parts[i].what, base, parts[i + 1].what, own, base / own);
    }
    return 0;
}
