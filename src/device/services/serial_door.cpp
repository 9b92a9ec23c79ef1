#include "device/services/serial_door.hpp"

#include "device/safety.hpp"
#include "device/services/terminal_session.hpp"
#include "net/terminal.hpp"

#include "countersign/errors/fil.hpp"

#include <utility>

namespace countersign::device {
namespace {

constexpr std::size_t k_read_size = 256;
constexpr net::Milliseconds k_a_day{24 * 60 * 60 * 1000};  ///< for somebody to press Enter; then it is waited anew

/// Shared with the task that serves the line: it may outlive the door by a moment.
struct Console {
    net::Terminal terminal;
    net::Milliseconds pause;  ///< Environment::console_pause
    bool closed = false;
};

/// True when Enter was pressed, false when the line is gone.
net::Task<bool> wait_for_somebody(std::shared_ptr<Console> console) {
    while (!console->closed) {
        auto const bytes = co_await console->terminal.stream->read_some(k_read_size, k_a_day);
        if (bytes && bytes->empty()) co_return false;
        if (bytes && bytes->find_first_of("\r\n") != std::string::npos) co_return true;
        if (!bytes) co_await net::sleep_for(console->pause);
    }
    co_return false;
}

net::Task<> serve(std::weak_ptr<Unit> weak, std::shared_ptr<Console> console) {
    while (co_await wait_for_somebody(console)) {
        auto unit = weak.lock();
        if (!unit || console->closed) co_return;
        auto session = run_terminal_session(std::move(unit), std::string(k_serial_door), console->terminal.stream,
                                            std::make_shared<SerialCodec>(), LoginKind::password, {});
        (void)co_await std::move(session);
        co_await net::sleep_for(console->pause);
    }
}

class SerialDoor final : public Door {
public:
    SerialDoor(std::shared_ptr<Console> console, fs::path link) : console_(std::move(console)), link_(std::move(link)) {}
    ~SerialDoor() override { shut(); }
    SerialDoor(SerialDoor const&) = delete;
    SerialDoor& operator=(SerialDoor const&) = delete;
    [[nodiscard]] net::Endpoint local() const override { return {console_->terminal.device, 0}; }
    net::Task<> close(net::Milliseconds) override {
        shut();
        co_return;
    }

private:
    void shut() {
        if (std::exchange(console_->closed, true)) return;
        console_->terminal.stream->close();
        std::error_code ignored;
        if (!link_.empty()) fs::remove(link_, ignored);
    }
    std::shared_ptr<Console> console_;
    fs::path link_;
};

Result<void> publish(fs::path const& link, std::string const& device) {
    std::error_code failed;
    fs::remove(link, failed);
    fs::create_symlink(device, link, failed);
    if (failed) return fail(errors::fil::cannot_write, {{"file", link.string()}, {"detail", failed.message()}});
    return {};
}

}  // namespace

DoorOpener serial_door(std::string device) {
    return [device = std::move(device)](Unit& unit, family::Service const&, net::Endpoint) -> Result<std::unique_ptr<Door>> {
        CS_TRY(auto terminal, device.empty() ? net::open_pseudo_terminal(unit.executor()) : net::open_serial_line(unit.executor(), device));
        auto console = std::make_shared<Console>(std::move(terminal), unit.environment().console_pause);
        fs::path link;
        if (device.empty()) {
            link = unit.environment().data / unit.spec().serial / "console";
            CS_CHECK(publish(link, console->terminal.device));
        }
        net::spawn(unit.executor(), [weak = unit.weak_from_this(), console] { return serve(weak, console); }, "serial console");
        return std::make_unique<SerialDoor>(std::move(console), std::move(link));
    };
}

}  // namespace countersign::device
