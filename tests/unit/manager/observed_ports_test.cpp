#include "manager/observe/observer.hpp"
#include "manager_fixture.hpp"
#include "support/identities.hpp"

#include <gmock/gmock.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

/// What is asked at which port: at ports that the settings name, for broken versions of TLS, and with which protocol (REQ LVL-3, MGR-5).

namespace countersign::testing {
namespace {

using manager::SecureOnly;
using ::testing::AllOf;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::Gt;
using ::testing::IsEmpty;
using ::testing::SizeIs;

/// A socket of the test: what comes waits in the kernel until it is asked for.
class Listening {
public:
    Listening(int type, std::string const& address, std::uint16_t port)
        : socket_(::socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
        sockaddr_in where{.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {}, .sin_zero = {}};
        int const yes = 1;
        ::setsockopt(socket_, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
        bool const bound = ::inet_pton(AF_INET, address.c_str(), &where.sin_addr) == 1 &&
                           // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): the interface of bind
                           ::bind(socket_, reinterpret_cast<sockaddr*>(&where), sizeof where) == 0;
        if (!bound || (type == SOCK_STREAM && ::listen(socket_, 16) != 0)) throw std::runtime_error("cannot listen on " + address);
    }
    Listening(Listening const&) = delete;
    Listening& operator=(Listening const&) = delete;
    ~Listening() { ::close(socket_); }

    /// Datagrams that came.
    [[nodiscard]] std::vector<std::string> datagrams() const {
        std::vector<std::string> out;
        std::array<char, 2048> piece{};
        while (true) {
            auto const size = ::recv(socket_, piece.data(), piece.size(), 0);
            if (size < 0) return out;
            out.emplace_back(piece.data(), static_cast<std::size_t>(size));
        }
    }
    /// For each connection that came, what was said over it.
    [[nodiscard]] std::vector<std::string> conversations() const {
        std::vector<std::string> out;
        while (true) {
            int const peer = ::accept4(socket_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
            if (peer < 0) return out;
            std::array<char, 2048> piece{};
            auto const size = ::recv(peer, piece.data(), piece.size(), 0);
            out.emplace_back(piece.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
            ::close(peer);
        }
    }

private:
    int socket_;
};

constexpr std::uint16_t k_snmp = 161 + k_offset;
constexpr std::uint16_t k_telnet = 23 + k_offset;
constexpr std::uint16_t k_https = 443 + k_offset;
/// The first byte of every SNMP message (a SEQUENCE).
constexpr char k_message = '\x30';

class ObservedPorts : public ManagerTest {
protected:
    manager::Sighting look(manager::SystemId id) {
        return net::run(runtime_, insides_.observer.observe(get(insides_.surveyor.question(id))));
    }
    manager::SystemId add_incapable(std::string const& address) {
        auto const id = add_system(address);
        get(store_->update_system(
            id,
            [](manager::System& known) {
                known.software = "TC1.0.0";
                known.secure_only_capable = false;
                return std::string();
            },
            "test"));
        return id;
    }
    Insides insides_{*this};
};

// --- SNMP ---

TEST_F(ObservedPorts, speaks_snmp_to_a_system_outside_secure_only) {
    Listening const snmp(SOCK_DGRAM, "127.41.0.41", k_snmp);
    set_mode(SecureOnly::verify);
    look(add_incapable("127.41.0.41"));
    auto const came = snmp.datagrams();
    ASSERT_THAT(came, SizeIs(1));
    EXPECT_EQ(came.front().front(), k_message);
}

TEST_F(ObservedPorts, speaks_no_snmp_where_the_network_settings_forbid_it) {
    Listening const snmp(SOCK_DGRAM, "127.41.0.42", k_snmp);
    set_mode(SecureOnly::verify);
    insides_.surveyor.use_watching([] { return false; });
    look(add_incapable("127.41.0.42"));
    EXPECT_THAT(snmp.datagrams(), ElementsAre(std::string(1, '\0')));
}

TEST(NetworkSettings, forbid_snmp_when_scans_may_not_ask_and_when_http_is_restricted) {
    EXPECT_TRUE(manager::NetworkSettings().speaks_snmp());
    EXPECT_FALSE(manager::NetworkSettings{.scan_snmp = false}.speaks_snmp());
    EXPECT_FALSE(manager::NetworkSettings{.plain_http = manager::PlainDoor::forbidden}.speaks_snmp());
    EXPECT_FALSE(manager::NetworkSettings{.plain_http = manager::PlainDoor::redirect}.speaks_snmp());
}

TEST_F(ObservedPorts, says_nothing_at_the_insecure_doors_of_a_capable_system_under_secure_only) {
    auto address = std::string("127.41.0.43");
    auto system = make_system(address, "SN43");
    system->set("service.https.mode", "on");
    system->boot();
    Listening const snmp(SOCK_DGRAM, address, k_snmp);
    Listening const telnet(SOCK_STREAM, address, k_telnet);
    Listening const ftp(SOCK_STREAM, address, 21 + k_offset);
    auto const id = add_system(address);
    for (auto const mode : {SecureOnly::on, SecureOnly::verify}) {
        set_mode(mode);
        auto seen = look(id);
        EXPECT_TRUE(seen.observation.open("telnet"));
        EXPECT_THAT(snmp.datagrams(), ElementsAre(std::string(1, '\0')));
        EXPECT_THAT(telnet.conversations(), AllOf(SizeIs(Gt(0U)), Each(std::string())));
        EXPECT_THAT(ftp.conversations(), Each(std::string()));
    }
}

// --- ports of the settings ---

TEST_F(ObservedPorts, looks_at_another_port_shifted_as_all_are) {
    Listening const telnet(SOCK_STREAM, "127.41.0.44", 2323 + k_offset);
    auto const id = add_system("127.41.0.44");
    auto question = get(insides_.surveyor.question(id));
    auto const look_there = [&](std::uint16_t port) {
        return net::run(runtime_, insides_.observer.look_at_port(*question.family->find_service("telnet"), port, question.system,
                                                                 "127.41.0.44", question.trust, manager::Observer::Snmp::knock));
    };
    auto const open = look_there(2323);
    ASSERT_TRUE(open);
    EXPECT_EQ(open->state, net::PortState::open);
    EXPECT_EQ(open->port, 2323 + k_offset);
    EXPECT_EQ(look_there(2324)->state, net::PortState::refused);
    EXPECT_FALSE(look_there(65535)) << "the shift leads beyond the last port";
}

// --- broken versions of TLS ---

class OldVersions : public ObservedPorts {
protected:
    /// A web port with this profile; an HTTP API is not behind it.
    std::unique_ptr<net::http::Server> serve(std::string const& address, std::string const& profile) {
        return open_port(runtime_, {address, k_https}, server_context(authority_.authority.issue(host_of(address)), profile), recorder_);
    }
    manager::Assessment survey(Insides& insides, manager::SystemId id,
                               manager::Observer::OldVersions when = manager::Observer::OldVersions::seldom) {
        return get(insides.surveyor.survey(id, {}, when)).assessment;
    }
    static manager::ProtocolLevel https(manager::Assessment const& assessment) {
        auto const row = std::ranges::find(assessment.protocols, "https", &manager::ProtocolLevel::id);
        return row == assessment.protocols.end() ? manager::ProtocolLevel() : *row;
    }
    UtcTime asked(Insides& insides, manager::SystemId id) {
        auto const assessment = survey(insides, id);
        return assessment.old_tls.empty() ? UtcTime() : assessment.old_tls.front().asked;
    }
    std::shared_ptr<Recorder> recorder_ = std::make_shared<Recorder>();
};

TEST_F(OldVersions, are_found_beside_the_one_that_is_agreed_on) {
    auto const server = serve("127.41.0.45", "legacy-device");
    auto const assessment = survey(insides_, add_system("127.41.0.45"));
    auto const row = https(assessment);
    EXPECT_THAT(row.tls_versions, ElementsAre("TLSv1.3", "TLSv1", "TLSv1.1"));
    EXPECT_EQ(row.level, 3) << row.evidence;
    EXPECT_THAT(row.evidence, ::testing::HasSubstr("it takes TLSv1 and TLSv1.1 too"));
    EXPECT_THAT(row.raise_by, ::testing::HasSubstr("TLS 1.0 and 1.1 off"));
    EXPECT_THAT(assessment.findings, ::testing::Contains("HTTPS Server: it speaks TLSv1, which is broken; this caps it at Level 3."));
}

TEST_F(OldVersions, are_none_of_a_server_of_today) {
    auto const server = serve("127.41.0.46", "intermediate");
    auto const row = https(survey(insides_, add_system("127.41.0.46")));
    EXPECT_THAT(row.tls_versions, ElementsAre("TLSv1.3"));
    EXPECT_EQ(row.level, 4) << row.evidence;
}

TEST_F(OldVersions, are_asked_for_once_a_day_and_also_when_the_manager_was_started_anew) {
    auto const server = serve("127.41.0.47", "legacy-device");
    auto const id = add_system("127.41.0.47");
    auto const first = asked(insides_, id);
    clock_->advance(std::chrono::hours(1));
    EXPECT_EQ(asked(insides_, id), first);
    Insides next_life(*this);
    EXPECT_EQ(asked(next_life, id), first);
    EXPECT_THAT(https(survey(next_life, id)).tls_versions, SizeIs(3)) << "what was found is kept";
    clock_->advance(std::chrono::hours(24));
    EXPECT_EQ(asked(next_life, id), clock_->now());
}

TEST_F(OldVersions, are_asked_for_when_a_person_looks_and_when_the_certificate_is_another_one) {
    auto server = serve("127.41.0.48", "legacy-device");
    auto const id = add_system("127.41.0.48");
    EXPECT_THAT(https(survey(insides_, id)).tls_versions, SizeIs(3));
    server.reset();
    server = serve("127.41.0.48", "intermediate");
    EXPECT_THAT(https(survey(insides_, id)).tls_versions, ElementsAre("TLSv1.3")) << "another certificate";
    auto const first = asked(insides_, id);
    clock_->advance(std::chrono::minutes(1));
    EXPECT_EQ(survey(insides_, id, manager::Observer::OldVersions::now).old_tls.front().asked, clock_->now());
    EXPECT_LT(first, clock_->now());
}

}  // namespace
}  // namespace countersign::testing
