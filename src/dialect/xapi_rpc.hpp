#pragma once

/// The xAPI as JSON-RPC 2.0 over a WebSocket (protocols 1.5): requests taken apart, answers and events written. One object per message.
///
/// Limits: k_max_rpc_message bytes, k_max_rpc_depth levels, paths of 32 elements, 200 parameters. What is over a limit or is not of the
/// form is answered with the code that JSON-RPC has for it, and changes nothing.

#include "dialect/xapi_json.hpp"

#include <boost/json/value.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace countersign::dialect::xapi {

/// Bytes of one message: a multi-line argument of 256 KiB whose every byte may be written as an escape of two.
inline constexpr std::size_t k_max_rpc_message = 544 * 1024;
inline constexpr int k_max_rpc_depth = 16;

/// Codes of JSON-RPC, and those of the clients (protocols 1.4, 1.5).
namespace rpc_code {
inline constexpr int parse_error = -32700;
inline constexpr int invalid_request = -32600;
inline constexpr int unknown_method = -32601;
inline constexpr int invalid_parameters = -32602;
inline constexpr int internal = -32603;
inline constexpr int permission_denied = -31999;
inline constexpr int too_many_subscriptions = -31998;
inline constexpr int not_ready = -31997;
inline constexpr int command_error = 1;
inline constexpr int illegal_value = 2;
inline constexpr int invalid_path = 3;
inline constexpr int parameter_error = 4;
}  // namespace rpc_code

/// xGet: one value or subtree, by its exact path.
struct RpcGet {
    Location location;
    std::vector<std::string> words;  ///< the path's elements, items as numbers; begins with the root
};
/// xQuery: everything that fits; `**` stands for any depth.
struct RpcQuery {
    Location location;
};
struct RpcSet {
    std::string path;  ///< "SystemUnit Name": without the root
    std::string value;
};
struct RpcCommand {
    CommandCall call;  ///< spelt as the family spells it when it knows the command
};
struct RpcSubscribe {
    Location location;
    bool notify_current_value = false;
};
struct RpcUnsubscribe {
    std::int64_t id = 0;
};
/// xDoc: the schema of what stands at the path.
struct RpcDocument {
    std::vector<std::string> words;
};
/// What is answered instead.
struct RpcFailure {
    int code = rpc_code::internal;
    std::string message;
    json::object data = {};  ///< empty: none
};

struct RpcRequest {
    json::value id;            ///< number or text, repeated in the answer as it came; null where there was none or none could be read
    bool wants_answer = true;  ///< false: a notification
    std::variant<RpcFailure, RpcGet, RpcQuery, RpcSet, RpcCommand, RpcSubscribe, RpcUnsubscribe, RpcDocument> what;
};

/// Never fails: what cannot be read is a request whose answer is an RpcFailure.
RpcRequest parse_rpc(std::string_view message, family::Family const& family);

/// The failure that an error of the catalogue is told as: DEV-001 and DEV-003 invalid_path, DEV-002 illegal_value for settings, everything
/// about parameters parameter_error, all else command_error. `data` has `xpath`, or `Cause` 27 for an illegal value.
RpcFailure rpc_failure(Error const& error, bool setting);

// --- answers, without a line end ---
std::string write_rpc_result(json::value const& id, json::value result);
std::string write_rpc_failure(json::value const& id, RpcFailure const& failure);
/// xFeedback/Event: {"Id": 1, "Status": {...}}.
std::string write_rpc_event(std::int64_t subscription, std::string_view root, json::object tree);

/// What stands at `words` of the tree of that root ("Status" ...); items are found by their "id". Null when there is nothing.
json::value const* dig(json::object const& tree, std::vector<std::string> const& words);

// --- schemas in a session of the dataport (protocols 1.4): xDocument Format: "JSON" Path: "Command/Dial" Schema: "True" ---

/// The JSON answer to such a line; nothing when it is none. DEV-012 and DEV-001 are answered as JSON too.
std::optional<std::string> answer_xdocument(std::string_view line, family::Family const& family);

}  // namespace countersign::dialect::xapi
