#include "device/services/telnet_session.hpp"

#include "device/services/listener_door.hpp"
#include "device/services/telnet_codec.hpp"

#include <utility>

namespace countersign::device {
namespace {

Result<std::unique_ptr<Door>> open_door(Unit& unit, family::Service const& service, net::Endpoint where, LoginKind login) {
    TelnetLimits const limits;
    // No coroutine itself: a session may outlive the listener and with it this lambda.
    auto session = [weak = unit.weak_from_this(), id = service.id, limits, login](std::shared_ptr<net::Stream> stream) {
        return run_telnet_session(weak.lock(), id, std::move(stream), limits, login);
    };
    CS_TRY(auto listener, net::listen_tcp(unit.executor(), std::move(where), std::move(session), {limits.connections}));
    return std::make_unique<ListenerDoor>(std::move(listener));
}

}  // namespace

net::Task<> run_telnet_session(std::shared_ptr<Unit> unit, std::string service, std::shared_ptr<net::Stream> stream, TelnetLimits limits,
                               LoginKind login) {
    if (!unit) {
        stream->close();
        co_return;
    }
    auto session = run_terminal_session(std::move(unit), std::move(service), stream, std::make_shared<TelnetCodec>(), login, limits);
    if (co_await std::move(session)) stream->finish();
}

Result<std::unique_ptr<Door>> open_telnet_door(Unit& unit, family::Service const& service, net::Endpoint where) {
    return open_door(unit, service, std::move(where), LoginKind::password);
}

Result<std::unique_ptr<Door>> open_telnet_challenge_door(Unit& unit, family::Service const& service, net::Endpoint where) {
    return open_door(unit, service, std::move(where), LoginKind::challenge);
}

}  // namespace countersign::device
