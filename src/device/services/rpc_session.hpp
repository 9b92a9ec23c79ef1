#pragma once

/// The xAPI as JSON-RPC for one logged-in peer (protocols 1.5): a message in, messages out. It keeps the peer's subscriptions and leaves
/// words to dialect::xapi and rules to Unit.

#include "device/services/status_watch.hpp"
#include "device/unit.hpp"
#include "dialect/xapi_rpc.hpp"

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace countersign::device {

class RpcSession {
public:
    static constexpr std::size_t k_max_subscriptions = 50;  ///< protocols 1.3

    /// `form`: whether whole numbers are numbers or, as `/ws?legacy` has it, texts.
    enum class Numbers { plain, text };

    RpcSession(std::shared_ptr<Unit> unit, Actor actor, Numbers numbers);
    ~RpcSession();

    /// The messages that answer this one, in order: none for a notification, the result and then values of now for a subscription.
    net::Task<std::vector<std::string>> handle(std::string message);
    /// Called on the unit's executor with events. Must not be slow.
    void on_push(std::function<void(std::string)> push) { push_ = std::move(push); }

private:
    using Answer = std::variant<dialect::xapi::json::value, dialect::xapi::RpcFailure>;
    using Leaves = std::vector<dialect::xapi::TypedValue>;
    struct Subscription {
        std::int64_t id;
        dialect::xapi::Location location;
    };

    Answer get(dialect::xapi::RpcGet const& wanted) const;
    [[nodiscard]] Answer query(dialect::xapi::RpcQuery const& wanted) const;
    Answer set(dialect::xapi::RpcSet const& change);
    net::Task<Answer> call(dialect::xapi::CommandCall call);
    Answer subscribe(dialect::xapi::RpcSubscribe const& wanted, std::vector<std::string>& values_of_now);
    Answer unsubscribe(dialect::xapi::RpcUnsubscribe const& wanted);
    [[nodiscard]] Answer document(dialect::xapi::RpcDocument const& wanted) const;

    [[nodiscard]] Leaves leaves_of(std::string_view root) const;
    [[nodiscard]] dialect::xapi::json::object tree(Leaves leaves) const;
    void hear(Event const& event);
    void hear(StatusNews const& news);
    [[nodiscard]] bool wants_status() const;
    void tell(std::string_view root, Leaves const& changed);

    std::shared_ptr<Unit> unit_;
    Actor actor_;
    Numbers numbers_;
    std::int64_t last_id_ = 0;
    std::vector<Subscription> subscriptions_;
    std::function<void(std::string)> push_;
    std::unique_ptr<Unit::Subscription> listening_;
    StatusWatch status_;
};

}  // namespace countersign::device
