#include "peers.hpp"

#include "host/files.hpp"

#include <arpa/inet.h>
#include <atomic>
#include <chrono>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace countersign::bench {
namespace {

using Steady = std::chrono::steady_clock;

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

pid_t start(std::filesystem::path const& folder, pki::CertificateAuthority const& authority, std::uint16_t port) {
    auto const certificate = (folder / "ca.pem").string();
    auto const key = (folder / "ca.key").string();
    auto const config = (folder / "config.json").string();
    must(host::write_file(certificate, authority.certificate().to_pem(), host::Privacy::shared));
    // The bench's own key, wiped with the folder. It reads the traditional form only.
    must(host::write_file(key, must(authority.key().to_traditional_pem()).reveal(), host::Privacy::owner_only));
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

}  // namespace

void stop(std::string const& why) {
    std::fprintf(stderr, "bench: %s\n", why.c_str());
    std::exit(3);
}

RawP256::RawP256(pki::PrivateKey const& key)
    : sign_(EVP_PKEY_CTX_new(key.native(), nullptr)), verify_(EVP_PKEY_CTX_new(key.native(), nullptr)) {
    must(EVP_PKEY_sign_init(sign_) == 1 && EVP_PKEY_verify_init(verify_) == 1, "OpenSSL cannot sign");
    sign();
}

RawP256::~RawP256() {
    EVP_PKEY_CTX_free(sign_);
    EVP_PKEY_CTX_free(verify_);
}

void RawP256::sign() {
    size_ = signature_.size();
    must(EVP_PKEY_sign(sign_, signature_.data(), &size_, digest_.data(), digest_.size()) == 1, "OpenSSL cannot sign");
}

void RawP256::verify() {
    must(EVP_PKEY_verify(verify_, signature_.data(), size_, digest_.data(), digest_.size()) == 1, "OpenSSL cannot verify");
}

Cfssl::Cfssl(pki::CertificateAuthority const& authority)
    : folder_(std::filesystem::temp_directory_path() / ("bench-sign-" + std::to_string(getpid()))),
      port_(static_cast<std::uint16_t>(20000 + getpid() % 10000)) {
    if (!std::filesystem::exists(k_peer)) return;
    must(host::ensure_folder(folder_));
    process_ = start(folder_, authority, port_);
}

Cfssl::~Cfssl() {
    if (process_ <= 0) return;
    kill(process_, SIGTERM);
    waitpid(process_, nullptr, 0);
    std::filesystem::remove_all(folder_);
}

double Cfssl::rate(double seconds, std::string const& request, int clients) const {
    std::string const body = R"({"certificate_request":")" + json_text(request) + R"("})";
    std::string const question = "POST /api/v1/cfssl/sign HTTP/1.1\r\nHost: cfssl\r\nContent-Type: application/json\r\nContent-Length: " +
                                 std::to_string(body.size()) + "\r\n\r\n" + body;
    std::atomic<long> done = 0;
    std::atomic<bool> go_on = true;
    std::vector<std::jthread> pool;
    auto const begin = Steady::now();
    for (int i = 0; i < clients; ++i) {
        pool.emplace_back([&, this] {
            int const peer = connect_to(port_);
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
    double const result = static_cast<double>(done) / std::chrono::duration<double>(Steady::now() - begin).count();
    go_on = false;
    return result;
}

}  // namespace countersign::bench
