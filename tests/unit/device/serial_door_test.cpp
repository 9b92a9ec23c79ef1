#include "device/services/serial_door.hpp"

#include "unit/device/running_unit.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

namespace countersign::device {
namespace {

using countersign::testing::Estate;
using ::testing::HasSubstr;

/// A terminal that somebody plugs in.
class Plugged {
public:
    explicit Plugged(fs::path const& console) : terminal_(::open(console.c_str(), O_RDWR | O_NOCTTY | O_NONBLOCK)) {}
    ~Plugged() { ::close(terminal_); }
    Plugged(Plugged const&) = delete;
    Plugged& operator=(Plugged const&) = delete;

    void type(std::string_view keys) const { ASSERT_EQ(::write(terminal_, keys.data(), keys.size()), static_cast<ssize_t>(keys.size())); }
    std::string read_until(std::string_view end) {
        constexpr int k_patience_ms = 20'000;
        while (shown_.find(end) == std::string::npos) {
            pollfd waiting{terminal_, POLLIN, 0};
            if (::poll(&waiting, 1, k_patience_ms) != 1) return "nothing more came behind: " + shown_;
            std::array<char, 4096> buffer{};
            auto const got = ::read(terminal_, buffer.data(), buffer.size());
            if (got > 0) shown_.append(buffer.data(), static_cast<std::size_t>(got));
        }
        auto const length = shown_.find(end) + end.size();
        auto out = shown_.substr(0, length);
        shown_.erase(0, length);
        return out;
    }

private:
    int terminal_;
    std::string shown_;
};

class SerialConsole : public ::testing::Test {
protected:
    SerialConsole() {
        estate_.on_loop([this] {
            auto const* service = unit_->family().find_service("serial");
            door_ = serial_door("")(*unit_, *service, {}).value();
        });
    }
    ~SerialConsole() override {
        estate_.on_loop([this] { door_.reset(); });
    }
    [[nodiscard]] fs::path console() const { return unit_->environment().data / unit_->spec().serial / "console"; }

    Estate estate_;
    std::shared_ptr<Unit> unit_ = estate_.boot("c-series", 1);
    std::unique_ptr<Door> door_;
};

TEST_F(SerialConsole, asks_who_presses_enter_to_log_in_and_hides_the_password) {
    Plugged terminal(console());
    terminal.type("\r");
    terminal.read_until("login: ");
    terminal.type("anybody\r");
    terminal.read_until("Password: ");
    terminal.type("TANDBERG\r");
    auto const welcome = terminal.read_until("\r\nOK\r\n\r\n");
    EXPECT_THAT(welcome, HasSubstr("Login successful"));
    EXPECT_EQ(welcome.find("TANDBERG\r"), std::string::npos);
    terminal.type("xconf systemu name: atx\x7f the door\r");
    EXPECT_EQ(terminal.read_until("OK\r\n"), "xconf systemu name: at the door\r\n** end\r\n\r\nOK\r\n");
    EXPECT_EQ(estate_.effective(unit_, "system.name"), "at the door");
    terminal.type("bye\r");
    terminal.read_until("bye\r\n");
}

TEST_F(SerialConsole, is_gone_with_its_door) {
    EXPECT_TRUE(fs::exists(console()));
    estate_.on_loop([this] { door_.reset(); });
    EXPECT_FALSE(fs::is_symlink(console()));
}

TEST_F(SerialConsole, is_no_way_in_that_may_be_left_as_the_only_one) {
    auto const refused = estate_.on_loop(
        [&] { return unit_->apply({{"service.http.mode", "off"}, {"service.telnet.mode", "off"}}, {"test", "admin", ""}).has_value(); });
    EXPECT_FALSE(refused);
}

}  // namespace
}  // namespace countersign::device
