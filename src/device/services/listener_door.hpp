#pragma once

/// A door that is one listener of net/stream.hpp.

#include "device/unit.hpp"
#include "net/stream.hpp"

#include <memory>
#include <utility>

namespace countersign::device {

class ListenerDoor final : public Door {
public:
    explicit ListenerDoor(std::unique_ptr<net::Listener> listener) : listener_(std::move(listener)) {}
    [[nodiscard]] net::Endpoint local() const override { return listener_->local(); }
    /// Sessions of these doors have nothing to bring to an end: they are closed with the port.
    net::Task<> close(net::Milliseconds) override {
        listener_->close();
        co_return;
    }

private:
    std::unique_ptr<net::Listener> listener_;
};

}  // namespace countersign::device
