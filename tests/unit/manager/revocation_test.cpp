#include "manager/observe/observer.hpp"
#include "unit/net/revocation/authority.hpp"

namespace countersign::manager {
namespace {

using net::AskedAuthority;
using pki::RevocationPolicy;
using Names = AskedAuthority::Names;
using Kind = pki::Finding::Kind;

/// A system that shows a certificate of an authority outside, which we trust, and which can be asked about revocation.
class SystemRevocation : public net::HttpTest {
protected:
    AskedAuthority authority_{loops.executors()};
    countersign::testing::TestIdentity identity_ = authority_.issue("sys1.example.test", Names::responder);
    Wire wire_{.resolver = std::make_shared<net::Resolver>(),
               .clock = std::make_shared<SystemClock>(),
               .revocation = std::make_shared<net::RevocationCache>(loops.executor())};
    std::unique_ptr<net::http::Server> server_ =
        listen(echo_router(), {.tls = *net::tls::ServerContext::create({.chain = identity_.chain, .key = identity_.key})});
    System system_;

    void SetUp() override {
        system_.host_name = "sys1.example.test";
        system_.address = "127.0.0.1";
    }
    [[nodiscard]] TrustBase trust(RevocationPolicy policy) const {
        return {.estate = authority_.anchors(), .factory = {}, .revocation = policy};
    }
    ServiceObservation look(RevocationPolicy policy) {
        family::Service service;
        service.id = "https";
        service.door = "https";
        service.transport = "tcp";
        service.secure = true;
        service.port = server_->local().port;
        Observer observer(wire_);
        return loops.await(observer.look_at(service, system_, "127.0.0.1", trust(policy)));
    }
    void settle() {
        while (wire_.revocation->size().asking != 0) loops.await(net::sleep_for(std::chrono::milliseconds(1)));
    }
    static bool has(ServiceObservation const& seen, Kind kind) {
        return std::ranges::find(seen.findings, kind, &pki::Finding::kind) != seen.findings.end();
    }
};

TEST_F(SystemRevocation, soft_believes_at_first_and_not_once_it_is_known) {
    authority_.revoke(identity_.chain.front());
    EXPECT_EQ(look(RevocationPolicy::soft_fail).trust, ChannelTrust::verified);
    settle();
    auto const seen = look(RevocationPolicy::soft_fail);
    EXPECT_EQ(seen.trust, ChannelTrust::none);
    EXPECT_TRUE(has(seen, Kind::revoked));
    EXPECT_EQ(look(RevocationPolicy::off).trust, ChannelTrust::verified);
}

TEST_F(SystemRevocation, hard_waits_for_the_answer_and_believes_nobody_without) {
    EXPECT_EQ(look(RevocationPolicy::hard_fail).trust, ChannelTrust::verified);
    wire_.revocation = std::make_shared<net::RevocationCache>(loops.executor());
    authority_.answer_with(503);
    auto const seen = look(RevocationPolicy::hard_fail);
    EXPECT_EQ(seen.trust, ChannelTrust::none);
    EXPECT_TRUE(has(seen, Kind::revocation_unknown));
}

TEST_F(SystemRevocation, a_pin_does_not_help_a_revoked_certificate) {
    authority_.revoke(identity_.chain.front());
    system_.pins = {identity_.chain.front().fingerprint()};
    EXPECT_EQ(look(RevocationPolicy::hard_fail).trust, ChannelTrust::none);
}

TEST_F(SystemRevocation, the_channel_for_work_is_refused_too) {
    auto const seen = look(RevocationPolicy::soft_fail);
    ASSERT_EQ(seen.trust, ChannelTrust::verified);
    authority_.revoke(identity_.chain.front());
    wire_.revocation = std::make_shared<net::RevocationCache>(loops.executor());
    auto client = secure_client(wire_, system_, "127.0.0.1", seen, trust(RevocationPolicy::hard_fail));
    EXPECT_FALSE(loops.await(client.get("/")));
}

TEST(RevocationSetting, has_a_name_both_ways) {
    for (auto policy : {RevocationPolicy::off, RevocationPolicy::soft_fail, RevocationPolicy::hard_fail})
        EXPECT_EQ(parse_revocation_policy(to_string(policy)), policy);
    EXPECT_FALSE(parse_revocation_policy("maybe"));
    EXPECT_EQ(Policy().revocation, RevocationPolicy::soft_fail);
}

}  // namespace
}  // namespace countersign::manager
