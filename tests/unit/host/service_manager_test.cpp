#include "host/service_manager.hpp"

#include "support/temporary_folder.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace countersign::host {
namespace {

using countersign::testing::TemporaryFolder;

/// The manager's end.
class Listening {
public:
    explicit Listening(std::string const& path) : descriptor_(::socket(AF_UNIX, SOCK_DGRAM, 0)) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::memcpy(address.sun_path, path.data(), path.size());
        if (path.front() == '@') address.sun_path[0] = '\0';
        auto const size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
        bound_ = ::bind(descriptor_, reinterpret_cast<sockaddr const*>(&address), size) == 0;
    }
    ~Listening() { ::close(descriptor_); }
    [[nodiscard]] bool bound() const { return bound_; }
    [[nodiscard]] std::string next() const {
        std::array<char, 512> text{};
        auto const size = ::recv(descriptor_, text.data(), text.size(), MSG_DONTWAIT);
        return size > 0 ? std::string(text.data(), static_cast<std::size_t>(size)) : "";
    }

private:
    int descriptor_;
    bool bound_ = false;
};

class ServiceManagerTest : public ::testing::Test {
protected:
    void TearDown() override {
        for (auto const* name : {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"})
            ::unsetenv(name);
    }
    static ServiceManager with(std::initializer_list<std::pair<char const*, std::string>> variables) {
        for (auto const& [name, value] : variables) ::setenv(name, value.c_str(), 1);
        return ServiceManager::from_environment();
    }
};

TEST_F(ServiceManagerTest, WithoutAnyNothingHappens) {
    auto const manager = ServiceManager::from_environment();
    EXPECT_FALSE(manager.listens());
    EXPECT_FALSE(manager.watchdog());
    EXPECT_TRUE(manager.sockets().empty());
    manager.ready("nobody hears it");
}

TEST_F(ServiceManagerTest, HearsWhatHappens) {
    TemporaryFolder const folder;
    Listening const there((folder.path() / "notify").string());
    ASSERT_TRUE(there.bound());
    auto const manager = with({{"NOTIFY_SOCKET", (folder.path() / "notify").string()}, {"WATCHDOG_USEC", "5000000"}});
    EXPECT_EQ(manager.watchdog(), std::chrono::seconds(5));
    manager.ready("all well");
    EXPECT_EQ(there.next(), "READY=1\nSTATUS=all well");
    manager.alive();
    EXPECT_EQ(there.next(), "WATCHDOG=1");
    EXPECT_EQ(std::getenv("NOTIFY_SOCKET"), nullptr) << "children must not think that it is theirs";
}

TEST_F(ServiceManagerTest, MayListenAtAnAbstractAddress) {
    auto const name = "@countersign-test-" + std::to_string(::getpid());
    Listening const there(name);
    ASSERT_TRUE(there.bound());
    auto const manager = with({{"NOTIFY_SOCKET", name}});
    manager.stopping();
    EXPECT_TRUE(there.next().starts_with("STOPPING=1"));
}

TEST_F(ServiceManagerTest, MeansAnotherProcess) {
    auto const manager = with({{"LISTEN_PID", "1"}, {"LISTEN_FDS", "3"}, {"WATCHDOG_USEC", "1000"}, {"WATCHDOG_PID", "1"}});
    EXPECT_TRUE(manager.sockets().empty());
    EXPECT_FALSE(manager.watchdog());
}

TEST_F(ServiceManagerTest, NamesItsSockets) {
    auto const manager = with({{"LISTEN_PID", std::to_string(::getpid())}, {"LISTEN_FDS", "3"}, {"LISTEN_FDNAMES", "https:unknown"}});
    ASSERT_EQ(manager.sockets().size(), 3U);
    EXPECT_EQ(manager.sockets()[0].descriptor, 3);
    EXPECT_EQ(manager.sockets()[0].name, "https");
    EXPECT_EQ(manager.sockets()[1].name, "");
    EXPECT_EQ(manager.sockets()[2].name, "");
}

TEST_F(ServiceManagerTest, MaySayNonsense) {
    auto const manager = with({{"NOTIFY_SOCKET", "relative"}, {"WATCHDOG_USEC", "soon"}, {"LISTEN_PID", "x"}, {"LISTEN_FDS", "-4"}});
    EXPECT_FALSE(manager.listens());
    EXPECT_FALSE(manager.watchdog());
    EXPECT_TRUE(manager.sockets().empty());
}

}  // namespace
}  // namespace countersign::host
