#include "manager/server.hpp"

#include "net/stream.hpp"
#include "store_fixture.hpp"
#include "support/temporary_folder.hpp"

#include <gtest/gtest.h>

namespace countersign::testing {
namespace {

using manager::Server;

class ServerTest : public ::testing::Test {
protected:
    ServerTest() {
        runtime_.start();
        manager::ManagerSettings settings;
        settings.data = folder_.path();
        settings.host_name = "manager.example.test";
        settings.address = "127.46.0.1";
        settings.https_port = 0;
        auto started = Server::start(runtime_, settings, family::Families::load_embedded().value(), manager::PlainHttp::closed, clock_);
        if (!started) throw std::runtime_error(started.error().explanation());
        server_ = *std::move(started);
    }
    ~ServerTest() override { server_->stop(); }

    /// What a caller is shown, verified at the time of the test's clock.
    net::tls::HandshakeReport handshake() {
        net::ProbeRequest request;
        request.where = server_->https();
        request.server_name = "manager.example.test";
        request.tls = net::tls::VerifyChain{pki::Anchors(server_->manager().authority().roots()), {}, false};
        request.at = clock_->now();
        auto report = net::run(runtime_, net::probe(request));
        if (!report.tls) throw std::runtime_error("no handshake");
        return *report.tls;
    }

    TemporaryFolder folder_;
    net::Runtime runtime_{1};
    std::shared_ptr<FakeClock> clock_ = std::make_shared<FakeClock>(SystemClock().now());
    std::unique_ptr<Server> server_;
};

TEST_F(ServerTest, serves_a_certificate_of_its_own_authority) { EXPECT_TRUE(handshake().accepted); }

TEST_F(ServerTest, keeps_its_certificate_while_most_of_its_life_is_left) {
    auto const before = handshake().leaf()->fingerprint();
    clock_->advance(std::chrono::hours(24 * 30));
    EXPECT_FALSE(net::run(runtime_, server_->renew_identity()).value());
    EXPECT_EQ(handshake().leaf()->fingerprint(), before);
}

TEST_F(ServerTest, serves_a_new_certificate_before_the_old_one_ends) {
    auto const before = *handshake().leaf();
    clock_->advance(before.not_after() - clock_->now() - std::chrono::hours(24 * 10));
    EXPECT_TRUE(net::run(runtime_, server_->renew_identity()).value());
    auto const now = handshake();
    EXPECT_NE(now.leaf()->fingerprint(), before.fingerprint());
    clock_->advance(std::chrono::hours(24 * 20));
    EXPECT_TRUE(handshake().accepted) << handshake().verdict.summary();
}

}  // namespace
}  // namespace countersign::testing
