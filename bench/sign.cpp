// Certificates issued per second on one thread (a PEM request read, its signature checked, a certificate signed and written as PEM)
// against the raw P-256 operations of the same thread, and against Debian's `cfssl serve` on all cores over HTTP with kept
// connections; all in one run, the sides in turn. Then what the parts cost.
//
//   build/release/bin/bench_sign [--seconds 3] [--rounds 3] [--clients 4,8]
//
// Prints the median of the rounds and the ratios; judges nothing. Processor time is that of this thread: on a busy machine it and its
// ratios say more than the certificates of a second.

#include "peers.hpp"

#include <CLI/CLI.hpp>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <functional>
#include <string>
#include <time.h>
#include <vector>

namespace {

using namespace countersign;
using namespace countersign::bench;
using Steady = std::chrono::steady_clock;

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
    RawP256 raw(material.authority.key());

    Cfssl peer(material.authority);

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
        if (peer.is_there()) {
            double best = 0;
            for (int count : clients) best = std::max(best, peer.rate(seconds, material.request, count));
            theirs.push_back(best);
        }
        for (auto& row : parts) row.rounds.push_back(pace(seconds / 4, row.work));
    }
    double const limit = median_rate(rows[0].rounds);
    double const ours = median_rate(rows[1].rounds);
    double const limit_cost = median_cost(rows[0].rounds);
    double const our_cost = median_cost(rows[1].rounds);
    std::printf("median of %d rounds of %.1f s\n", rounds, seconds);
    std::printf("%-50s %8.0f /s\n", rows[0].what, limit);
    std::printf("%-50s %8.0f /s   ratio to raw %.2f\n", rows[1].what, ours, ours / limit);
    if (peer.is_there()) {
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
