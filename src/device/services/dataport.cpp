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

/// "HttpFeedback 3 URL" is an item of "HttpFeedback {n} URL".
bool is_item_of(std::string_view path, std::string_view pattern) {
    auto const have = words(path);
    auto const want = words(pattern);
    return std::ranges::equal(have, want, [](std::string_view a, std::string_view b) { return b.starts_with('{') || iequals(a, b); });
}

template <class... Cases>
struct Overloaded : Cases... {
    using Cases::operator()...;
};

}  // namespace

Dataport::Dataport(std::shared_ptr<Unit> unit, Actor actor)
    : unit_(std::move(unit)),
      actor_(std::move(actor)),
      writer_(xapi::make_writer(unit_->family(), preferences_)),
      feedback_(*unit_),
      status_(unit_, [this](StatusNews const& news) { hear(news); }) {}
Dataport::~Dataport() = default;

std::string Dataport::welcome() const { return xapi::format_welcome(unit_->name(), unit_->family(), unit_->spec().software); }

std::vector<std::string> Dataport::complete(std::string_view line) const {
    if (body_) return {};
    return xapi::complete_line(line, unit_->family());
}

void Dataport::on_push(std::function<void(std::string)> push) { push_ = std::move(push); }

net::Task<std::string> Dataport::handle(std::string line) {
    refused_ = false;
    if (auto const end = line.find('\n'); end != std::string::npos) {
        auto body = line.substr(end + 1);
        line.resize(end);
        if (body.ends_with('\n')) body.pop_back();
        body_.reset();
        co_return co_await take_block(std::move(line), std::move(body));
    }
    if (body_) co_return co_await take_body_line(std::move(line));
    if (reset_) co_return set_all_back(line);
    if (auto answer = xapi::answer_xdocument(line, unit_->family())) co_return *std::move(answer);
    auto parsed = xapi::parse_line(line, unit_->family());
    if (!parsed) co_return refuse(parsed.error(), xapi::verb_of(line, unit_->family()), xapi::result_id_of(line));
    co_return co_await carry_out(*std::move(parsed));
}

net::Task<std::string> Dataport::carry_out(Request request) {
    if (auto const* wanted = std::get_if<xapi::CallCommand>(&request.what)) {
        if (!wanted->body_follows) co_return co_await call(wanted->call, request.result_id);
        body_ = PendingBody{wanted->call, request.result_id};
        co_return std::string();
    }
    co_return answer(request);
}

std::string Dataport::answer(Request const& request) {
    auto const& id = request.result_id;
    return std::visit(
        Overloaded{[](xapi::EmptyLine const&) { return std::string(); }, [](xapi::CallCommand const&) { return std::string(); },
                   [&](xapi::SetSetting const& what) { return apply(what, request); },
                   [&](xapi::GetSettings const& what) { return show(what, request); },
                   [&](xapi::GetStatus const& what) { return show(what, request); },
                   [&](xapi::GetXml const& what) { return show(what, request); },
                   [&](xapi::GetDocument const& what) { return show(what, request); },
                   [&](xapi::ListEvents const& what) { return show(what, request); },
                   [&](xapi::Feedback const& what) { return change(what, request); },
                   [&](xapi::Preference const& what) { return change(what, request); },
                   [&](xapi::Syslog const& what) { return change(what, request); },
                   [&](xapi::CertificateWord const& what) { return change(what, request); },
                   [&](xapi::SwitchService const& what) { return change(what, request); },
                   [&](xapi::ChangePassword const& what) { return change(what, request); },
                   [&](xapi::ConsoleWord const& what) { return change(what, request); },
                   [&](xapi::Help const& what) { return writer_->lines(what.lines, id); },
                   [&](xapi::Echo const& what) {
                       echo_ = what.on;
                       return writer_->done(id);
                   },
                   [&](xapi::Bye const&) {
                       ended_ = true;
                       return std::string();
                   }},
        request.what);
}

std::string Dataport::refuse(Error const& error, std::string_view verb, std::string_view result_id) {
    refused_ = true;
    return writer_->error(error, verb, result_id);
}

std::string Dataport::apply(xapi::SetSetting const& change, Request const& request) {
    if (change.searched && !preferences_.xpath_write)
        return refuse(Error(errors::dev::unknown_setting, {{"path", "// (xpathwrite is off)"}}), request.verb, request.result_id);
    auto const outcome = unit_->apply({{change.path, change.value}}, actor_);
    if (outcome) return writer_->setting_taken({change.path, change.value}, outcome->warnings, request.result_id);
    refused_ = true;
    return writer_->setting_refused(change.path, outcome.error(), request.result_id);
}

std::string Dataport::show(xapi::GetSettings const& wanted, Request const& request) const {
    auto values = unit_->configuration();
    std::erase_if(values, [&wanted](xapi::PathValue const& value) {
        return std::ranges::none_of(wanted.paths, [&value](std::string const& path) { return iequals(path, value.path); });
    });
    return writer_->settings(values, request.result_id);
}

std::string Dataport::show(xapi::GetStatus const& wanted, Request const& request) {
    auto values = unit_->status();
    std::erase_if(values, [&wanted](xapi::PathValue const& value) {
        if (wanted.items.empty()) return !is_below(value.path, wanted.path);
        return std::ranges::none_of(wanted.items, [&value](std::string const& item) { return is_item_of(value.path, item); });
    });
    if (values.empty() && !wanted.path.empty())
        return refuse(Error(errors::dev::unknown_setting, {{"path", wanted.path}}), request.verb, request.result_id);
    return writer_->status(values, request.result_id);
}

std::string Dataport::show(xapi::GetXml const& wanted, Request const& request) {
    auto const location = xapi::parse_location(wanted.location);
    if (!location) return refuse(location.error(), request.verb, request.result_id);
    bool const configuration = !location->steps.empty() && iequals(location->steps.front().name, "Configuration");
    auto document =
        configuration ? xapi::configuration_document(unit_->family(), unit_->configuration()) : xapi::build_tree("Status", unit_->status());
    return writer_->document(xapi::select(document, *location), request.result_id);
}

/// Virtual systems make no calls and keep no entries: these documents are there, and empty.
std::string Dataport::show(xapi::GetDocument const& wanted, Request const& request) {
    if (wanted.path.empty()) return writer_->status({}, request.result_id);
    return refuse(Error(errors::dev::unknown_setting, {{"path", wanted.path}}), request.verb, request.result_id);
}

std::string Dataport::show(xapi::ListEvents const& wanted, Request const& request) {
    std::vector<std::string> lines;
    for (auto const& kind : event_kinds()) {
        if (!is_below(kind.path, wanted.path)) continue;
        if (kind.leaves.empty()) lines.push_back("*es Event " + std::string(kind.path));
        for (auto const& [name, field] : kind.leaves) lines.push_back("*es Event " + std::string(kind.path) + " " + std::string(name));
    }
    if (lines.empty()) return refuse(Error(errors::dev::unknown_setting, {{"path", wanted.path}}), request.verb, request.result_id);
    return writer_->lines(lines, request.result_id);
}

std::string Dataport::change(xapi::Feedback const& feedback, Request const& request) {
    using Kind = xapi::Feedback::Kind;
    Result<void> done;
    switch (feedback.kind) {
        case Kind::register_expression:
            done = feedback_.add(feedback.expression);
            listen();
            break;
        case Kind::deregister_expression: done = feedback_.remove(feedback.expression); break;
        case Kind::deregister_all: feedback_.clear(); break;
        case Kind::list: return writer_->expressions(feedback_.list(), request.result_id);
    }
    if (!done) return refuse(done.error(), request.verb, request.result_id);
    if (feedback_.listens_to_status())
        status_.start();
    else
        status_.stop();
    return writer_->registered(request.result_id);
}

std::string Dataport::change(xapi::Preference const& preference, Request const& request) {
    auto wanted = preferences_;
    auto done = xapi::set_preference(wanted, preference.name, preference.value, unit_->family());
    auto writer = done ? xapi::make_writer(unit_->family(), wanted) : nullptr;
    if (done && !writer)
        done =
            fail(errors::dev::illegal_value, {{"path", preference.name}, {"value", preference.value}, {"allowed", "<terminal/xml/json>"}});
    if (!done) return refuse(done.error(), request.verb, request.result_id);
    preferences_ = wanted;
    writer_ = std::move(writer);
    return writer_->done(request.result_id);
}

/// `syslog on` shows why a server's certificate was refused, as the guides say (REQ TRU-6).
std::string Dataport::change(xapi::Syslog const& syslog, Request const& request) {
    syslog_ = syslog.on;
    if (syslog_) listen();
    return writer_->done(request.result_id);
}

net::Task<std::string> Dataport::call(xapi::CommandCall call, std::string result_id) {
    auto const* command = unit_->family().find_command(call.path);
    auto const answer = co_await unit_->run_command(call.path, std::move(call.arguments), std::move(call.body), actor_);
    refused_ = !answer;
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
        refused_ = true;
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
        refused_ = true;
        co_return writer_->result(xapi::result_for(error, "Result"), parsed->result_id);
    }
    auto answer = co_await handle(std::move(line));
    if (!body_) co_return answer;
    auto pending = *std::exchange(body_, std::nullopt);
    pending.call.body = std::move(body);
    co_return co_await call(std::move(pending.call), std::move(pending.result_id));
}

void Dataport::listen() {
    // The session owns this object and with it the subscription: `this` outlives it.
    if (!subscription_) subscription_ = unit_->subscribe([this](Event const& event) { hear(event); });
}

void Dataport::hear(Event const& event) {
    if (!push_) return;
    if (auto const line = event.field("syslog"); syslog_ && !line.empty()) {
        push_(writer_->note(line));
        // The same in plain words, with what to do about it.
        if (auto const plain = event.field("detail"); !plain.empty()) push_(writer_->note(plain));
    }
    for (auto const& told : feedback_.hear(event)) push_(writer_->feedback(told.root, told.values, told.removed));
}

void Dataport::hear(StatusNews const& news) {
    if (!push_) return;
    if (auto const told = feedback_.hear(news)) push_(writer_->feedback(told->root, told->values, told->removed));
}

}  // namespace countersign::device
