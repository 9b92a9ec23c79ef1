#include "net/survey/old_versions.hpp"

#include "../fixture.hpp"

#include <gmock/gmock.h>

namespace countersign::net {
namespace {

using survey::Version;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Optional;

class FindOldVersions : public HttpTest {
protected:
    std::optional<std::vector<Version>> ask(Endpoint where) {
        return loops.await(survey::find_old_versions({.where = std::move(where), .server_name = "a.example.test", .deadline = 5s}));
    }
    countersign::testing::TestAuthority authority{"Root"};
    countersign::testing::TestIdentity identity = authority.issue("a.example.test");
};

TEST_F(FindOldVersions, names_those_that_a_server_takes_the_oldest_first) {
    auto const server = listen(echo_router(), {.tls = countersign::testing::server_context(identity, "legacy-device")});
    EXPECT_THAT(ask(server->local()), Optional(ElementsAre(Version::tls1_0, Version::tls1_1)));
}

TEST_F(FindOldVersions, names_none_of_a_server_of_today) {
    for (auto const* profile : {"intermediate", "modern"}) {
        auto const server = listen(echo_router(), {.tls = countersign::testing::server_context(identity, profile)});
        EXPECT_THAT(ask(server->local()), Optional(IsEmpty())) << profile;
    }
}

TEST_F(FindOldVersions, names_none_where_no_tls_is_spoken) {
    auto const server = listen(echo_router());
    EXPECT_THAT(ask(server->local()), Optional(IsEmpty()));
}

TEST_F(FindOldVersions, knows_nothing_of_a_port_that_cannot_be_reached) {
    auto server = listen(echo_router());
    auto const where = server->local();
    server.reset();
    EXPECT_EQ(ask(where), std::nullopt);
}

}  // namespace
}  // namespace countersign::net
