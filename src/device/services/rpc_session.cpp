#include "device/services/rpc_session.hpp"

#include "base/text.hpp"
#include "device/services/node_json.hpp"
#include "device/services/session_feedback.hpp"

#include "countersign/errors/dev.hpp"

#include <algorithm>
#include <utility>

namespace countersign::device {

namespace xapi = dialect::xapi;
namespace json = boost::json;

namespace {

constexpr std::string_view k_roots[] = {"Status", "Configuration"};

xapi::RpcFailure no_match(std::string_view path) { return xapi::rpc_failure(Error(errors::dev::unknown_setting, {{"path", path}}), true); }

/// The document that a location is about: "Status", "Configuration", "Event"; both of the first for `**`. Nothing fits: empty.
std::vector<std::string_view> roots_of(xapi::Location const& location) {
    auto const& first = location.steps.front();
    if (first.any_depth || first.name == "*") return {std::begin(k_roots), std::end(k_roots)};
    for (std::string_view root : {"Status", "Configuration", "Event"})
        if (iequals(root, first.name)) return {root};
    return {};
}

bool touches(xapi::Location const& location, std::string_view root, std::string_view path) {
    return xapi::touches(location, std::string(root) + " " + std::string(path));
}

template <class... Cases>
struct Overloaded : Cases... {
    using Cases::operator()...;
};

}  // namespace

RpcSession::RpcSession(std::shared_ptr<Unit> unit, Actor actor, Numbers numbers)
    : unit_(std::move(unit)), actor_(std::move(actor)), numbers_(numbers), status_(unit_, [this](StatusNews const& news) { hear(news); }) {}
RpcSession::~RpcSession() = default;

net::Task<std::vector<std::string>> RpcSession::handle(std::string message) {
    auto request = xapi::parse_rpc(message, unit_->family());
    std::vector<std::string> later;
    Answer answer;
    if (auto* command = std::get_if<xapi::RpcCommand>(&request.what)) {
        answer = co_await call(std::move(command->call));
    } else {
        answer = std::visit(
            Overloaded{[](xapi::RpcFailure const& failure) -> Answer { return failure; },
                       [this](xapi::RpcGet const& what) { return get(what); }, [this](xapi::RpcQuery const& what) { return query(what); },
                       [this](xapi::RpcSet const& what) { return set(what); },
                       [](xapi::RpcCommand const&) -> Answer { return json::value(); },
                       [this, &later](xapi::RpcSubscribe const& what) { return subscribe(what, later); },
                       [this](xapi::RpcUnsubscribe const& what) { return unsubscribe(what); },
                       [this](xapi::RpcDocument const& what) { return document(what); }},
            request.what);
    }
    std::vector<std::string> messages;
    if (request.wants_answer) {
        if (auto* result = std::get_if<json::value>(&answer))
            messages.push_back(xapi::write_rpc_result(request.id, std::move(*result)));
        else
            messages.push_back(xapi::write_rpc_failure(request.id, std::get<xapi::RpcFailure>(answer)));
    }
    std::ranges::move(later, std::back_inserter(messages));
    co_return messages;
}

RpcSession::Leaves RpcSession::leaves_of(std::string_view root) const {
    if (iequals(root, "Status")) return unit_->typed_status();
    if (iequals(root, "Configuration")) return xapi::typed_settings(unit_->family(), unit_->configuration());
    return {};
}

json::object RpcSession::tree(Leaves leaves) const {
    if (numbers_ == Numbers::text)
        for (auto& leaf : leaves) leaf.number = false;
    return xapi::json_tree(leaves, xapi::JsonForm::plain);
}

RpcSession::Answer RpcSession::get(xapi::RpcGet const& wanted) const {
    auto const path = join(wanted.words, " ");
    auto const roots = roots_of(wanted.location);
    if (roots.empty()) return no_match(path);
    auto leaves = leaves_of(roots.front());
    std::erase_if(leaves, [&](auto const& leaf) { return !touches(wanted.location, roots.front(), leaf.path); });
    json::object whole;
    whole[roots.front()] = tree(std::move(leaves));
    // The document alone may be asked for, and is never empty.
    auto const* found = xapi::dig(whole, wanted.words);
    if (found == nullptr || (found->is_object() && found->get_object().empty())) return no_match(path);
    return *found;
}

RpcSession::Answer RpcSession::query(xapi::RpcQuery const& wanted) const {
    json::object found;
    for (auto const root : roots_of(wanted.location)) {
        auto leaves = leaves_of(root);
        std::erase_if(leaves, [&](auto const& leaf) { return !touches(wanted.location, root, leaf.path); });
        if (!leaves.empty()) found[root] = tree(std::move(leaves));
    }
    return json::value(std::move(found));
}

RpcSession::Answer RpcSession::set(xapi::RpcSet const& change) {
    auto const outcome = unit_->apply({{change.path, change.value}}, actor_);
    if (outcome) return json::value(true);
    if (outcome.error().id() == errors::dev::unknown_setting) return no_match("Configuration " + change.path);
    return xapi::rpc_failure(outcome.error(), true);
}

net::Task<RpcSession::Answer> RpcSession::call(xapi::CommandCall call) {
    if (!call.known) co_return xapi::rpc_failure(Error(errors::dev::unknown_command, {{"path", call.path}}), false);
    auto const* command = unit_->family().find_command(call.path);
    if (!call.body.empty() && (command == nullptr || !command->multiline))
        co_return xapi::rpc_failure(Error(errors::dev::missing_parameter, {{"parameter", "body"}, {"path", call.path}}), false);
    auto const answer = co_await unit_->run_command(call.path, std::move(call.arguments), std::move(call.body), actor_);
    if (!answer) co_return xapi::rpc_failure(answer.error(), false);
    auto result = to_json(answer->values);
    result["status"] = "OK";
    if (answer->warning) result["Warning"] = answer->warning->message();
    co_return json::value(std::move(result));
}

RpcSession::Answer RpcSession::subscribe(xapi::RpcSubscribe const& wanted, std::vector<std::string>& values_of_now) {
    auto const roots = roots_of(wanted.location);
    if (roots.empty()) return no_match(wanted.location.steps.front().name);
    if (subscriptions_.size() == k_max_subscriptions)
        return xapi::RpcFailure{xapi::rpc_code::too_many_subscriptions, "There are 50 subscriptions already"};
    // The session owns this object and with it the subscription: `this` outlives it.
    if (!listening_) listening_ = unit_->subscribe([this](Event const& event) { hear(event); });
    if (std::ranges::find(roots, std::string_view("Status")) != roots.end()) status_.start();
    auto const id = ++last_id_;
    subscriptions_.push_back({id, wanted.location});
    if (wanted.notify_current_value) {
        for (auto const root : roots) {
            auto leaves = leaves_of(root);
            std::erase_if(leaves, [&](auto const& leaf) { return !touches(wanted.location, root, leaf.path); });
            if (!leaves.empty()) values_of_now.push_back(xapi::write_rpc_event(id, root, tree(std::move(leaves))));
        }
    }
    return json::value(json::object{{"Id", id}});
}

RpcSession::Answer RpcSession::unsubscribe(xapi::RpcUnsubscribe const& wanted) {
    if (std::erase_if(subscriptions_, [&wanted](Subscription const& one) { return one.id == wanted.id; }) == 0)
        return xapi::RpcFailure{xapi::rpc_code::invalid_parameters, "Id: there is no such subscription"};
    if (subscriptions_.empty()) listening_.reset();
    if (!wants_status()) status_.stop();
    return json::value(true);
}

RpcSession::Answer RpcSession::document(xapi::RpcDocument const& wanted) const {
    json::object whole;
    for (std::string_view root : {"Status", "Configuration", "Command"})
        if (iequals(root, wanted.words.front())) whole[root] = xapi::json_schema(unit_->family(), root);
    auto const* found = xapi::dig(whole, wanted.words);
    if (found == nullptr) return no_match(join(wanted.words, " "));
    return *found;
}

void RpcSession::hear(Event const& event) {
    if (event.id == "setting.changed") {
        xapi::PathValue const changed{std::string(event.field("path")), std::string(event.field("to"))};
        tell("Configuration", xapi::typed_settings(unit_->family(), {changed}));
    }
    for (auto const& kind : event_kinds()) {
        if (kind.unit_event != event.id) continue;
        Leaves leaves;
        for (auto const& [name, field] : kind.leaves)
            leaves.push_back({std::string(kind.path) + " " + std::string(name), std::string(event.field(field))});
        if (leaves.empty()) leaves.push_back({std::string(kind.path), ""});
        tell("Event", leaves);
    }
}

bool RpcSession::wants_status() const {
    return std::ranges::any_of(subscriptions_, [](auto const& one) {
        auto const roots = roots_of(one.location);
        return std::ranges::find(roots, std::string_view("Status")) != roots.end();
    });
}

void RpcSession::hear(StatusNews const& news) {
    auto changed = news.values;
    for (auto const& [item, leaf] : news.gone) {
        xapi::TypedValue const gone{item + " ghost", "True"};
        if (std::ranges::find(changed, gone) == changed.end()) changed.push_back(gone);
    }
    tell("Status", changed);
}

void RpcSession::tell(std::string_view root, Leaves const& changed) {
    if (!push_) return;
    for (auto const& subscription : subscriptions_) {
        auto leaves = changed;
        std::erase_if(leaves, [&](auto const& leaf) { return !touches(subscription.location, root, leaf.path); });
        if (!leaves.empty()) push_(xapi::write_rpc_event(subscription.id, root, tree(std::move(leaves))));
    }
}

}  // namespace countersign::device
