#pragma once

/// The manager's values as JSON and back, in the form that catalogue/openapi.yaml describes. Reading collects all problems
/// of a body before it answers (GEN-006); nothing foreign is indexed without a check.

#include "manager/estate/model.hpp"
#include "manager/manager.hpp"
#include "manager/plan/plan.hpp"

#include <boost/json/value.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace countersign::manager::api {

namespace json = boost::json;

json::object to_json(System const& system);
json::object to_json(ProtocolLevel const& row);
json::object to_json(Assessment const& assessment);
json::object to_json(Plan const& plan);
json::object to_json(Job const& job);
json::object to_json(Ticket const& ticket, std::string_view system_name);
json::object to_json(Policy const& policy);
json::object to_json(AuditRecord const& record);
json::object to_json(Store::TokenInfo const& token);
json::object to_json(Store::JobCounts const& counts);
json::object to_json(Error const& error);

/// The body as an object; depth 32 at most. GEN-005.
Result<json::object> parse_object(std::string_view body);

/// Takes fields out of an object and remembers everything that is wrong: unknown fields, wrong types, values out of range.
class Reader {
public:
    explicit Reader(json::object object) : object_(std::move(object)) {}
    /// Absent: nothing, no problem. Wrong type: nothing and a problem. Strings are UTF-8 of at most `longest` bytes.
    std::optional<std::string> text(std::string_view field, std::size_t longest = 255);
    std::optional<std::int64_t> number(std::string_view field, std::int64_t least, std::int64_t most);
    std::optional<bool> boolean(std::string_view field);
    std::optional<std::vector<std::string>> texts(std::string_view field, std::size_t most = 100);
    std::optional<std::vector<std::int64_t>> numbers(std::string_view field, std::size_t most = 100000);
    void required(std::string_view field);
    void problem(std::string_view field, std::string_view detail);
    /// Fails with the one problem, or GEN-006 with all of them as causes; also complains of fields that nobody asked for.
    Result<void> finish();

private:
    json::value const* take(std::string_view field);
    json::object object_;
    std::vector<std::string> taken_;
    std::vector<Error> problems_;
};

Result<NewSystem> read_new_system(std::string_view body);
/// Fields that the body names are changed in `policy`, the others stay.
Result<Policy> read_policy_change(Policy policy, std::string_view body);

}  // namespace countersign::manager::api
