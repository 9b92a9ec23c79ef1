#pragma once

/// What tests of a system's clients share: the servers that it calls live at address(100) of the estate, the system at address(1).

#include "dialect/soap_external_manager.hpp"
#include "unit/device/running_unit.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace countersign::testing {

inline constexpr std::uint16_t k_http = 80 + k_offset;
inline constexpr std::uint16_t k_https = 443 + k_offset;

class ClientTest : public ::testing::Test {
protected:
    std::string servers() { return estate_.address(100); }

    /// A server that gives every request this body; over TLS with an identity.
    std::unique_ptr<RecordingServer> server(std::uint16_t port, std::optional<TestIdentity> const& identity = {},
                                            std::string body = "<OK />") {
        return std::make_unique<RecordingServer>(net::Endpoint{servers(), port}, identity,
                                                 [body = std::move(body)](auto const&) { return RecordingServer::Answer{200, body}; });
    }
    /// One that answers as an external manager: with an interval, 600 s unless it says otherwise, and whatever else.
    std::unique_ptr<RecordingServer> manager(std::uint16_t port, std::optional<TestIdentity> const& identity = {},
                                             dialect::external_manager::Answer answer = {}) {
        if (answer.heartbeat == std::chrono::seconds(0)) answer.heartbeat = std::chrono::seconds(600);
        return server(port, identity, dialect::external_manager::write_answer(answer, ""));
    }
    /// Until "<client>.status" is that; `events` may have begun earlier.
    bool wait_for_status(std::shared_ptr<device::Unit> const& unit, EventLog& events, std::string_view client, std::string_view status) {
        if (estate_.fact(unit, "client." + std::string(client) + ".status") == status) return true;
        auto const id = std::string(client) + ".status";
        return events.wait_for([&id, status](device::Event const& event) { return event.id == id && event.field("status") == status; })
            .has_value();
    }

    Estate estate_;
};

}  // namespace countersign::testing
