#include "base/text.hpp"
#include "device/services/http_door.hpp"
#include "device/services/words.hpp"
#include "dialect/transactions.hpp"

#include "countersign/errors/acc.hpp"
#include "countersign/errors/dev.hpp"
#include "countersign/errors/gen.hpp"

#include <algorithm>
#include <utility>

namespace countersign::device {

namespace http = net::http;
namespace tx = dialect::transactions;
using tx::Item;

namespace {

tx::Status status_for(Error const& error) {
    if (error.id() == errors::gen::several_problems && !error.causes().empty()) return status_for(error.causes().front());
    if (error.id() == errors::dev::login_wrong || error.id() == errors::acc::locked_out) return tx::Status::login_wrong;
    if (error.id() == errors::acc::login_required) return tx::Status::no_session;
    if (error.id() == errors::dev::malformed_xml) return tx::Status::malformed;
    if (error.id() == errors::dev::unknown_command) return tx::Status::unknown_action;
    if (error.id() == errors::dev::missing_parameter || error.id() == errors::dev::illegal_value) return tx::Status::wrong_parameter;
    return tx::Status::refused;
}

/// Words that clients compare or look for; others are the family's, or ours.
std::string description_of(family::Family const& family, Error const& error) {
    if (error.id() == errors::acc::login_required) return "User not found";
    auto words = words_for(family, error);
    return words.empty() ? std::string(error.entry().title) : words;
}

std::string detail_of(Error const& error) {
    auto text = error.message();
    for (auto const& cause : error.causes()) text += " " + cause.message();
    return text;
}

/// Times are GMT without a zone: clients read them so.
std::string time_text(std::string_view value) {
    std::string out(value);
    if (out.ends_with('Z')) out.pop_back();
    return out;
}

Item to_item(Node const& node);

std::vector<Item> to_items(std::vector<Node> const& nodes) {
    std::vector<Item> out;
    for (auto const& node : nodes) out.push_back(to_item(node));
    return out;
}

/// "ALARM_LS" holds items of the name "ALARM", "FLAGS" of the name "FLAG".
std::string member_name(std::string_view list) {
    if (list.ends_with("_LS")) return std::string(list.substr(0, list.size() - 3));
    if (list.ends_with("S")) list.remove_suffix(1);
    return std::string(list);
}

/// A list is a group of items of one name: <ALARM_LS><ALARM>...</ALARM><ALARM>...</ALARM></ALARM_LS>.
Item to_item(Node const& node) {
    auto name = tx::upper_snake(node.name);
    if (node.kind == Node::Kind::record || node.kind == Node::Kind::list) {
        auto items = to_items(node.children);
        if (node.kind == Node::Kind::list)
            for (auto& item : items) item.name = member_name(name);
        return Item::group(name, std::move(items));
    }
    return Item::leaf(name, node.kind == Node::Kind::time ? time_text(node.value) : node.value);
}

/// "8.5.0.145" as MCU_VERSION: four numbers.
Item version_item(std::string_view software) {
    std::vector<std::string> numbers;
    for (auto part : split(software, '.')) {
        auto digits = part.substr(0, part.find_first_not_of("0123456789"));
        numbers.emplace_back(digits.empty() ? "0" : digits);
    }
    numbers.resize(4, "0");
    return Item::group("MCU_VERSION", {Item::leaf("MAIN", numbers[0]), Item::leaf("MAJOR", numbers[1]), Item::leaf("MINOR", numbers[2]),
                                       Item::leaf("INTERNAL", numbers[3])});
}

/// Of an action that takes a file: the element that holds it.
constexpr std::string_view k_file = "DATA";

bool takes_file(family::Command const* command) { return command != nullptr && command->multiline; }

/// The action's parameters. Empty elements are how clients leave something out, unless an empty value is one.
std::vector<family::Argument> arguments_of(Item const& action, family::Command const* command) {
    std::vector<family::Argument> out;
    for (auto const& leaf : tx::leaves_of(action)) {
        if (takes_file(command) && iequals(leaf.name, k_file)) continue;
        auto const* parameter = command == nullptr ? nullptr : command->find_parameter(leaf.name);
        bool const may_be_empty = parameter != nullptr && parameter->space.check(leaf.name, "").has_value();
        if (!leaf.value.empty() || may_be_empty) out.push_back({std::string(leaf.name), std::string(leaf.value)});
    }
    return out;
}

/// The behaviour after which everybody logs in again.
constexpr std::string_view k_ends_sessions = "repository_activate";

class Transaction {
public:
    Transaction(WebRequest web, std::shared_ptr<TransactionSessions> sessions) : web_(std::move(web)), sessions_(std::move(sessions)) {}

    net::Task<http::Response> run() {
        auto parsed = tx::parse_request(web_.request.body);
        if (!parsed) {
            response_.transaction = "TRANS_MCU";
            co_return failed(parsed.error());
        }
        request_ = *std::move(parsed);
        response_.transaction = request_.transaction;
        response_.echo = request_.echo;
        response_.action.name = request_.action.name;
        bool const about_session = request_.transaction == "TRANS_MCU";
        if (about_session && request_.action.name == "LOGIN") co_return log_in();
        auto right = check_session();
        if (!right) co_return failed(right.error());
        if (about_session && request_.action.name == "LOGOUT") {
            sessions_->close(request_.token);
            co_return succeeded();
        }
        auto path = request_.transaction + "/" + request_.action.name;
        auto const* command = unit().family().find_command(path);
        auto arguments = arguments_of(request_.action, command);
        std::string file(takes_file(command) ? request_.action.find(k_file) : std::string_view());
        auto answer = co_await unit().run_command(path, std::move(arguments), std::move(file), web_.actor);
        if (!answer) co_return failed(answer.error());
        if (command->behaviour == k_ends_sessions) sessions_->close_all();
        response_.action.children = to_items(answer->values);
        if (answer->warning) response_.detail = answer->warning->message();
        co_return succeeded();
    }

private:
    Unit& unit() { return *web_.unit; }
    static TransactionSessions::Time now() { return std::chrono::steady_clock::now(); }

    http::Response log_in() {
        web_.actor.user = std::string(request_.action.find("USER_NAME"));
        SecretText password{std::string(request_.action.find("PASSWORD"))};
        auto tokens = [this](std::int64_t token) {
            for (std::string_view name : {"MCU_TOKEN", "MCU_USER_TOKEN"})
                response_.action.children.push_back(Item::leaf(name, std::to_string(token)));
        };
        if (auto right = unit().authenticate(web_.actor.user, password, web_.actor); !right) {
            tokens(tx::k_failed_token);
            return failed(right.error());
        }
        // One number for both: clients are known that send the first one twice.
        tokens(sessions_->open(web_.actor.user, web_.actor.peer, std::move(password), now()));
        auto& children = response_.action.children;
        children.push_back(Item::group("VERSION_LIST", {version_item(unit().spec().software)}));
        for (auto& item : to_items(unit().status_nodes("TRANS_MCU/LOGIN"))) children.push_back(std::move(item));
        children.push_back(Item::leaf("AUTHORIZATION_GROUP", "administrator"));
        children.push_back(
            Item::leaf("SESSION_TIMEOUT_IN_MINUTES", std::to_string(std::chrono::minutes(TransactionSessions::k_idle).count())));
        return succeeded();
    }

    /// ACC-001 without a session, and that counts as a wrong password: a token is one. ACC-003.
    Result<void> check_session() {
        CS_CHECK(unit().check_not_locked(web_.actor.peer));
        auto const* session = request_.user_token == request_.token ? sessions_->find(request_.token, web_.actor.peer, now()) : nullptr;
        if (session != nullptr) {
            auto held = unit().password_for(session->user);
            if (held && constant_time_equal(held->reveal(), session->password.reveal())) {
                web_.actor.user = session->user;
                return {};
            }
            sessions_->close(request_.token);
        } else if (request_.token != tx::k_no_token && request_.token != tx::k_failed_token) {
            unit().note_login(web_.actor, false);
        }
        return fail(errors::acc::login_required);
    }

    http::Response succeeded() {
        response_.status = tx::Status::ok;
        response_.description = "Status OK";
        return written();
    }

    http::Response failed(Error const& error) {
        response_.status = status_for(error);
        response_.description = description_of(unit().family(), error);
        response_.detail = detail_of(error);
        return written();
    }

    http::Response written() const { return http::Response::xml(200, tx::write_response(response_)); }

    WebRequest web_;
    std::shared_ptr<TransactionSessions> sessions_;
    tx::Request request_;
    tx::Response response_;
};

}  // namespace

net::Task<http::Response> handle_transaction(WebRequest web, std::shared_ptr<TransactionSessions> sessions) {
    if (web.request.method != "POST") {
        auto response = http::problem(Error(errors::gen::method_not_allowed));
        response.fields.set("Allow", "POST");
        co_return response;
    }
    Transaction transaction(std::move(web), std::move(sessions));
    co_return co_await transaction.run();
}

}  // namespace countersign::device
