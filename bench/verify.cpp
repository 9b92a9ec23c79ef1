// Verification against raw OpenSSL on one core, all in one run.
//
//   build/release/bin/bench_verify [--rounds 5] [--seconds 1] [--cases tests/cases]
//
// 1. Every case of PKITS and x509-limbo once, in the profile it is meant for: milliseconds.
// 2. A chain of three, P-256: verify_chain against X509_verify_cert with a ready store, and against its two signature checks alone.
// 3. Parsing a certificate: Certificate::parse_der against d2i_X509.
// Prints the median of the rounds and the ratios; judges nothing.

#include "pki/verify.hpp"

#include "pki/issue.hpp"
#include "support/vectors.hpp"

#include <CLI/CLI.hpp>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <functional>

namespace {

using namespace countersign;
using Steady = std::chrono::steady_clock;

double seconds_since(Steady::time_point began) { return std::chrono::duration<double>(Steady::now() - began).count(); }

template <class T>
T must(Result<T> result) {
    if (!result) {
        std::fprintf(stderr, "bench: %s\n", result.error().explanation().c_str());
        std::exit(3);
    }
    return *std::move(result);
}

struct Side {
    std::string name;
    std::function<void()> work;
    std::vector<double> rates;

    /// How often it is done in a second, in the median of the rounds.
    [[nodiscard]] double rate() const {
        auto sorted = rates;
        std::ranges::sort(sorted);
        return sorted[sorted.size() / 2];
    }
};

/// The sides in turn, so that whatever else the machine does meets all of them.
void measure(int rounds, double seconds, std::vector<Side>& sides) {
    for (int round = 0; round < rounds; ++round) {
        for (auto& side : sides) {
            long done = 0;
            auto const began = Steady::now();
            do {
                for (int i = 0; i < 20; ++i) side.work();
                done += 20;
            } while (seconds_since(began) < seconds);
            side.rates.push_back(static_cast<double>(done) / seconds_since(began));
        }
    }
}

/// The first is what the others are compared with.
void print(std::vector<Side> const& sides) {
    for (auto const& side : sides)
        std::printf("  %-44s %8.0f/s  ratio %.2f\n", side.name.c_str(), side.rate(), side.rate() / sides.front().rate());
}

void expect(bool holds, char const* what) {
    if (holds) return;
    std::fprintf(stderr, "bench: %s\n", what);
    std::exit(3);
}

void bench_suites(int rounds, std::string const& folder) {
    auto const pkits = testing::load_pkits(folder + "/pkits");
    auto const limbo = testing::load_limbo(folder + "/limbo.json", SystemClock().now());
    std::vector<double> times;
    std::size_t right = 0;
    for (int round = 0; round < rounds; ++round) {
        right = 0;
        auto const began = Steady::now();
        for (auto const& one : pkits)
            right += pki::verify_chain(one.request(**pki::Strictness::find("rfc5280"))).verified() == one.must_verify;
        for (auto const& one : limbo)
            right += pki::verify_chain(one.request(**pki::Strictness::find("webpki"))).verified() == one.must_verify;
        times.push_back(seconds_since(began) * 1000);
    }
    std::ranges::sort(times);
    std::printf("%zu cases of PKITS and x509-limbo, %zu right: %.0f ms\n", pkits.size() + limbo.size(), right, times[times.size() / 2]);
}

struct Chain {
    pki::Certificate root, middle, leaf;
};

Chain make_chain(UtcTime now) {
    auto const length = pki::valid_for(now, std::chrono::days(30));
    auto const top = must(
        pki::CertificateAuthority::create_root(must(pki::PrivateKey::generate(pki::KeyType::ec_p256)), {.common_name = "Root"}, length));
    auto middle_key = must(pki::PrivateKey::generate(pki::KeyType::ec_p256));
    auto middle =
        must(top.sign(must(pki::CertificateRequest::create(middle_key, {.common_name = "Middle"}, {})), pki::Profile::authority, length));
    auto const below = must(pki::CertificateAuthority::create(middle, middle_key));
    auto const key = must(pki::PrivateKey::generate(pki::KeyType::ec_p256));
    auto const asked = must(pki::CertificateRequest::create(key, {.common_name = "system.bench.test"},
                                                            {{pki::AlternativeName::Kind::dns, "system.bench.test"}}));
    return {top.certificate(), middle, must(below.sign(asked, pki::Profile::server, length))};
}

void bench_chain(int rounds, double seconds) {
    auto const now = SystemClock().now();
    auto const chain = make_chain(now);
    std::vector<pki::Certificate> const presented{chain.leaf, chain.middle};
    pki::Anchors const anchors({chain.root});
    X509_STORE* store = X509_STORE_new();
    X509_STORE_add_cert(store, chain.root.native());
    STACK_OF(X509)* untrusted = sk_X509_new_null();
    sk_X509_push(untrusted, chain.middle.native());
    std::vector<Side> sides;
    sides.push_back({"X509_verify_cert",
                     [&] {
                         X509_STORE_CTX* context = X509_STORE_CTX_new();
                         X509_STORE_CTX_init(context, store, chain.leaf.native(), untrusted);
                         X509_VERIFY_PARAM* const parameters = X509_STORE_CTX_get0_param(context);
                         X509_VERIFY_PARAM_set_time(parameters, now.time_since_epoch().count());
                         X509_VERIFY_PARAM_set_purpose(parameters, X509_PURPOSE_SSL_SERVER);
                         X509_VERIFY_PARAM_set1_host(parameters, "system.bench.test", 0);
                         expect(X509_verify_cert(context) == 1, "OpenSSL does not accept the chain");
                         X509_STORE_CTX_free(context);
                     },
                     {}});
    sides.push_back({"its two signatures alone",
                     [&] {
                         expect(X509_verify(chain.leaf.native(), X509_get0_pubkey(chain.middle.native())) == 1 &&
                                    X509_verify(chain.middle.native(), X509_get0_pubkey(chain.root.native())) == 1,
                                "a signature does not fit");
                     },
                     {}});
    for (auto const& name : pki::Strictness::names()) {
        sides.push_back(
            {"verify_chain, " + name,
             [&, strictness = must(pki::Strictness::find(name))] {
                 auto const verdict = pki::verify_chain(
                     {.presented = presented, .anchors = anchors, .host_name = "system.bench.test", .at = now, .strictness = strictness});
                 expect(verdict.verified(), "the chain is not accepted");
             },
             {}});
    }
    measure(rounds, seconds, sides);
    std::printf("chain of three, P-256:\n");
    print(sides);
    sk_X509_free(untrusted);
    X509_STORE_free(store);
}

void bench_parsing(int rounds, double seconds) {
    auto const der = make_chain(SystemClock().now()).leaf.to_der();
    std::vector<Side> sides;
    sides.push_back({"d2i_X509",
                     [&der] {
                         auto const* data = der.data();
                         X509* certificate = d2i_X509(nullptr, &data, static_cast<long>(der.size()));
                         expect(certificate != nullptr, "the certificate cannot be read");
                         X509_free(certificate);
                     },
                     {}});
    sides.push_back({"d2i_X509, SHA-256 and extensions",
                     [&der] {
                         auto const* data = der.data();
                         X509* certificate = d2i_X509(nullptr, &data, static_cast<long>(der.size()));
                         unsigned char digest[EVP_MAX_MD_SIZE];
                         unsigned size = 0;
                         expect(X509_digest(certificate, EVP_sha256(), digest, &size) == 1, "the certificate cannot be hashed");
                         X509_check_purpose(certificate, -1, 0);
                         X509_free(certificate);
                     },
                     {}});
    sides.push_back(
        {"Certificate::parse_der", [&der] { expect(pki::Certificate::parse_der(der).has_value(), "the certificate cannot be read"); }, {}});
    measure(rounds, seconds, sides);
    std::printf("parsing:\n");
    print(sides);
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app("Verification against raw OpenSSL");
    int rounds = 5;
    double seconds = 1;
    std::string cases = "tests/cases";
    app.add_option("--rounds", rounds, "how often everything is measured");
    app.add_option("--seconds", seconds, "length of one measurement");
    app.add_option("--cases", cases, "folder of the suites");
    CLI11_PARSE(app, argc, argv);
    bench_suites(rounds, cases);
    bench_chain(rounds, seconds);
    bench_parsing(rounds, seconds);
    return 0;
}
