#include "device/services/dataport.hpp"

#include "base/text.hpp"
#include "device/services/node_xml.hpp"
#include "dialect/xapi_rpc.hpp"
#include "dialect/xapi_xml.hpp"

#include "countersign/errors/dev.hpp"
#include "countersign/errors/gen.hpp"

#include <algorithm>

namespace countersign::device {

namespace xapi = dialect::xapi;

namespace {

/// "Network 1 DNS" names itself and everything below "Network 1 DNS ".
bool is_below(std::string_view path, std::string_view wanted) {
    if (wanted.empty()) return true;
    return istarts_with(path, wanted) && (path.size() == wanted.size() || path[wanted.size()] == ' ');
}

template <class... Cases>
struct Overloaded : Cases... {
    using Cases::operator()...;
};

}  // namespace

Dataport::Dataport(std::shared_ptr<Unit> unit, Actor actor)
    : unit_(std::move(unit)), actor_(std::move(actor)), writer_(xapi::make_writer(unit_->family(), preferences_)) {}
Dataport::~Dataport() = default;

std::string Dataport::welcome() const { return xapi::format_welcome(unit_->name(), unit_->family(), unit_->spec().software); }

void Dataport::on_push(std::function<void(std::string)> push) { push_ = std::move(push); }

net::Task<std::string> Dataport::handle(std::string line) {
    if (auto const end = line.find('\n'); end != std::string::npos) {
        auto body = line.substr(end + 1);
        line.resize(end);
        if (body.ends_with('\n')) body.pop_back();
        body_.reset();
        co_return co_await take_block(std::move(line), std::move(body));
    }
    if (body_) co_return co_await take_body_line(std::move(line));
    if (auto answer = take_syslog(line)) co_return *std::move(answer);
    if (auto answer = xapi::answer_xdocument(line, unit_->family())) co_return *std::move(answer);

    auto parsed = xapi::parse_line(line, unit_->family());
    if (!parsed) co_return writer_->error(parsed.error(), xapi::verb_of(line), xapi::result_id_of(line));
    auto const request = *std::move(parsed);

    if (auto const* wanted = std::get_if<xapi::CallCommand>(&request.what)) {
        if (!wanted->body_follows) co_return co_await call(wanted->call, request.result_id);
        body_ = PendingBody{wanted->call, request.result_id};
        co_return std::string();
    }
    co_return std::visit(Overloaded{[](xapi::EmptyLine const&) { return std::string(); },
                                    [this, &request](xapi::SetSetting const& what) { return apply(what, request); },
                                    [this, &request](xapi::GetSettings const& what) { return show(what, request); },
                                    [this, &request](xapi::GetStatus const& what) { return show(what, request); },
                                    [this, &request](xapi::GetXml const& what) { return show(what, request); },
                                    [this, &request](xapi::Feedback const& what) { return change(what, request); },
                                    [this, &request](xapi::Preference const& what) { return change(what, request); },
                                    [this, &request](xapi::Help const& what) { return writer_->lines(what.lines, request.result_id); },
                                    // What is typed is shown by the terminal at the other end, not by us.
                                    [this, &request](xapi::Echo const&) { return writer_->done(request.result_id); },
                                    [this](xapi::Bye const&) {
                                        ended_ = true;
                                        return std::string();
                                    },
                                    [](xapi::CallCommand const&) { return std::string(); }},
                         request.what);
}

std::string Dataport::apply(xapi::SetSetting const& change, Request const& request) {
    auto const outcome = unit_->apply({{change.path, change.value}}, actor_);
    if (!outcome) return writer_->setting_refused(change.path, outcome.error(), request.result_id);
    return writer_->setting_taken({change.path, change.value}, outcome->warnings, request.result_id);
}

std::string Dataport::show(xapi::GetSettings const& wanted, Request const& request) const {
    auto values = unit_->configuration();
    std::erase_if(values, [&wanted](xapi::PathValue const& value) {
        return std::ranges::none_of(wanted.paths, [&value](std::string const& path) { return iequals(path, value.path); });
    });
    return writer_->settings(values, request.result_id);
}

std::string Dataport::show(xapi::GetStatus const& wanted, Request const& request) const {
    auto values = unit_->status();
    std::erase_if(values, [&wanted](xapi::PathValue const& value) { return !is_below(value.path, wanted.path); });
    if (values.empty() && !wanted.path.empty())
        return writer_->error(Error(errors::dev::unknown_setting, {{"path", wanted.path}}), request.verb, request.result_id);
    return writer_->status(values, request.result_id);
}

std::string Dataport::show(xapi::GetXml const& wanted, Request const& request) const {
    auto const location = xapi::parse_location(wanted.location);
    if (!location) return writer_->error(location.error(), request.verb, request.result_id);
    bool const configuration = !location->steps.empty() && iequals(location->steps.front().name, "Configuration");
    auto document =
        configuration ? xapi::configuration_document(unit_->family(), unit_->configuration()) : xapi::build_tree("Status", unit_->status());
    return writer_->document(xapi::select(document, *location), request.result_id);
}

std::string Dataport::change(xapi::Feedback const& feedback, Request const& request) {
    using Kind = xapi::Feedback::Kind;
    switch (feedback.kind) {
        case Kind::register_expression: {
            auto location = xapi::parse_location(feedback.expression);
            if (!location) return writer_->error(location.error(), request.verb, request.result_id);
            if (expressions_.size() == k_max_expressions)
                return writer_->error(Error(errors::gen::invalid_input, {{"field", "expression"}, {"detail", "there are 38 already"}}),
                                      request.verb, request.result_id);
            expressions_.push_back({feedback.expression, *std::move(location)});
            listen();
            break;
        }
        case Kind::deregister_expression: {
            auto const removed =
                std::erase_if(expressions_, [&feedback](Expression const& one) { return iequals(one.text, feedback.expression); });
            if (removed == 0)
                return writer_->error(Error(errors::dev::unknown_setting, {{"path", feedback.expression}}), request.verb,
                                      request.result_id);
            break;
        }
        case Kind::deregister_all: expressions_.clear(); break;
        case Kind::list: {
            std::vector<std::string> lines;
            for (auto const& one : expressions_) lines.push_back("*xf " + one.text);
            return writer_->lines(lines, request.result_id);
        }
    }
    return writer_->registered(request.result_id);
}

std::string Dataport::change(xapi::Preference const& preference, Request const& request) {
    auto wanted = preferences_;
    bool known = iequals(preference.name, "outputmode");
    if (iequals(preference.value, "terminal"))
        wanted.mode = xapi::OutputMode::terminal;
    else if (iequals(preference.value, "xml"))
        wanted.mode = xapi::OutputMode::xml;
    else if (iequals(preference.value, "json"))
        wanted.mode = xapi::OutputMode::json;
    else
        known = false;
    auto writer = known ? xapi::make_writer(unit_->family(), wanted) : nullptr;
    if (!writer)
        return writer_->error(
            Error(errors::dev::illegal_value, {{"path", preference.name}, {"value", preference.value}, {"allowed", "outputmode terminal"}}),
            request.verb, request.result_id);
    preferences_ = wanted;
    writer_ = std::move(writer);
    return writer_->done(request.result_id);
}

net::Task<std::string> Dataport::call(xapi::CommandCall call, std::string result_id) {
    auto const* command = unit_->family().find_command(call.path);
    auto const answer = co_await unit_->run_command(call.path, std::move(call.arguments), std::move(call.body), actor_);
    if (!answer) co_return writer_->result(xapi::result_for(answer.error(), command != nullptr ? command->result : "Result"), result_id);
    xapi::CommandResult result;
    result.name = answer->command->result;
    result.values = to_xml(answer->values);
    if (answer->warning) result.values.emplace_back("Warning", answer->warning->message());
    co_return writer_->result(result, result_id);
}

net::Task<std::string> Dataport::take_body_line(std::string line) {
    if (trim(line) != ".") {
        body_->too_long = body_->too_long || body_->call.body.size() + line.size() + 1 > k_max_body;
        if (!body_->too_long) body_->call.body += line + "\n";
        co_return std::string();
    }
    auto body = *std::move(body_);
    body_.reset();
    if (body.too_long) {
        Error const error(errors::gen::invalid_input, {{"field", "body"}, {"detail", "it is longer than 256 KiB"}});
        co_return writer_->result(xapi::result_for(error, "Result"), body.result_id);
    }
    co_return co_await call(std::move(body.call), std::move(body.result_id));
}

net::Task<std::string> Dataport::take_block(std::string line, std::string body) {
    auto const parsed = xapi::parse_line(line, unit_->family());
    auto const* command = parsed ? std::get_if<xapi::CallCommand>(&parsed->what) : nullptr;
    if (command != nullptr && !command->body_follows && !body.empty()) {
        Error const error(errors::dev::missing_parameter, {{"parameter", "body"}, {"path", command->call.path}});
        co_return writer_->result(xapi::result_for(error, "Result"), parsed->result_id);
    }
    auto answer = co_await handle(std::move(line));
    if (!body_) co_return answer;
    auto pending = *std::exchange(body_, std::nullopt);
    pending.call.body = std::move(body);
    co_return co_await call(std::move(pending.call), std::move(pending.result_id));
}

/// `syslog on` shows why a server's certificate was refused, as the guides say (REQ TRU-6).
std::optional<std::string> Dataport::take_syslog(std::string_view line) {
    auto const parts = words(line);
    if (parts.empty() || parts.size() > 2 || !iequals(parts[0], "syslog")) return std::nullopt;
    if (parts.size() == 1 || (!iequals(parts[1], "on") && !iequals(parts[1], "off")))
        return writer_->error(Error(errors::dev::malformed_command, {{"detail", "it is `syslog on` or `syslog off`"}}), "", {});
    syslog_ = iequals(parts[1], "on");
    if (syslog_) listen();
    return writer_->done({});
}

void Dataport::listen() {
    // The session owns this object and with it the subscription: `this` outlives it.
    if (!subscription_) subscription_ = unit_->subscribe([this](Event const& event) { hear(event); });
}

void Dataport::hear(Event const& event) const {
    if (!push_) return;
    if (auto const line = event.field("syslog"); syslog_ && !line.empty()) push_(writer_->note(line));
    if (event.id != "setting.changed") return;
    auto const path = event.field("path");
    auto const touched = "Configuration " + std::string(path);
    if (std::ranges::any_of(expressions_, [&touched](Expression const& one) { return xapi::touches(one.location, touched); }))
        push_(writer_->feedback(xapi::Root::configuration, {{std::string(path), std::string(event.field("to"))}}, {}));
}

}  // namespace countersign::device
