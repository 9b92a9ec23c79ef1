#pragma once

/// XML-RPC values and messages (xmlrpc.com specification; protocols section 3). Both directions. Limits are those of xml.hpp.

#include "base/result.hpp"
#include "base/text.hpp"

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace countersign::dialect::xml_rpc {

class Value;
using Array = std::vector<Value>;
using Struct = std::map<std::string, Value, std::less<>>;
/// dateTime.iso8601 as written ("20260101T12:00:00"): the format carries no zone, so nobody may guess one.
struct DateTime {
    std::string text;
    bool operator==(DateTime const&) const = default;
};

class Value {
public:
    using Held = std::variant<std::string, int, bool, double, DateTime, Bytes, Array, Struct>;
    Value() = default;
    Value(std::string text) : held_(std::move(text)) {}         // NOLINT(google-explicit-constructor)
    Value(std::string_view text) : held_(std::string(text)) {}  // NOLINT(google-explicit-constructor)
    Value(char const* text) : held_(std::string(text)) {}       // NOLINT(google-explicit-constructor)
    Value(int number) : held_(number) {}                        // NOLINT(google-explicit-constructor)
    Value(bool flag) : held_(flag) {}                           // NOLINT(google-explicit-constructor)
    Value(double number) : held_(number) {}                     // NOLINT(google-explicit-constructor)
    Value(DateTime time) : held_(std::move(time)) {}            // NOLINT(google-explicit-constructor)
    Value(Bytes bytes) : held_(std::move(bytes)) {}             // NOLINT(google-explicit-constructor)
    Value(Array array) : held_(std::move(array)) {}             // NOLINT(google-explicit-constructor)
    Value(Struct members) : held_(std::move(members)) {}        // NOLINT(google-explicit-constructor)

    [[nodiscard]] Held const& held() const { return held_; }
    template <class T>
    [[nodiscard]] T const* as() const {
        return std::get_if<T>(&held_);
    }
    /// The member of a struct; null when this is no struct or has none.
    [[nodiscard]] Value const* member(std::string_view name) const;
    /// Text of a string member, or empty.
    [[nodiscard]] std::string_view text(std::string_view name) const;
    /// For people and logs: scalars as text, others by kind.
    [[nodiscard]] std::string to_text() const;
    bool operator==(Value const&) const;

private:
    Held held_;
};

struct Call {
    std::string method;
    std::vector<Value> parameters;
    bool operator==(Call const&) const = default;
};
struct Fault {
    int code = 0;
    std::string text;
    bool operator==(Fault const&) const = default;
};
using Response = std::variant<Value, Fault>;

/// DEV-008 for broken XML, unknown types, numbers out of range, more than 64 levels.
Result<Call> parse_call(std::string_view xml);
Result<Response> parse_response(std::string_view xml);
std::string write_call(Call const& call);
std::string write_response(Value const& value);
std::string write_fault(Fault const& fault);

}  // namespace countersign::dialect::xml_rpc
