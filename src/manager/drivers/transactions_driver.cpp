#include "manager/drivers/transactions_driver.hpp"

#include "manager/drivers/request_arguments.hpp"
#include "manager/observe/wire.hpp"

#include "countersign/errors/dev.hpp"
#include "countersign/errors/mgr.hpp"
#include "countersign/errors/net.hpp"

namespace countersign::manager {

namespace http = net::http;
namespace tx = dialect::transactions;

namespace {

constexpr std::string_view k_login = "TRANS_MCU/LOGIN";
constexpr std::string_view k_create = "repository_create_request";
constexpr std::string_view k_send = "repository_send_certificate";
constexpr std::string_view k_list = "list_certificates";
/// Of an action that takes a file: the element that holds it.
constexpr std::string_view k_file = "DATA";

/// DESCRIPTION has the product's words, DESCRIPTION_EX may say more.
std::string words_of(tx::Response const& response) {
    if (response.detail.empty()) return response.description;
    return response.description.empty() ? response.detail : response.description + " (" + response.detail + ")";
}

}  // namespace

void TransactionsDriver::use_credentials(http::Credentials credentials) {
    token_ = tx::k_no_token;
    PagesDriver::use_credentials(std::move(credentials));
}

net::Task<Result<tx::Response>> TransactionsDriver::send(std::string path, std::vector<Item> parameters) {
    auto const slash = path.find('/');
    auto const* service = secure() ? https_service(family()) : http_service(family());
    if (slash == std::string::npos || service == nullptr || service->transaction_paths.empty())
        co_return fail(errors::dev::unknown_command, {{"path", path}});
    tx::Request request{.transaction = path.substr(0, slash), .token = token_, .user_token = token_};
    request.action = Item::group(path.substr(slash + 1), std::move(parameters));
    http::Request post{.method = "POST", .target = service->transaction_paths.back(), .body = tx::write_request(request)};
    post.fields.set("Content-Type", "text/xml");
    CS_CO_TRY(auto answer, co_await exchange(std::move(post)));
    auto response = tx::parse_response(answer.body);
    if (!response) co_return fail(std::move(response.error().at(peer() + " " + path)));
    co_return std::move(*response);
}

net::Task<Result<void>> TransactionsDriver::log_in() {
    if (!may_call()) co_return fail(errors::net::insecure_authentication_refused, {{"peer", peer()}, {"scheme", "XML transactions"}});
    token_ = tx::k_no_token;
    std::vector<Item> parameters{Item::leaf("USER_NAME", credentials().user), Item::leaf("PASSWORD", credentials().password.reveal())};
    CS_CO_TRY(auto response, co_await send(std::string(k_login), std::move(parameters)));
    if (response.status == tx::Status::login_wrong) co_return fail(errors::net::login_refused, {{"peer", peer()}});
    auto const token = parse_number<std::int64_t>(response.action.find("MCU_TOKEN")).value_or(tx::k_failed_token);
    if (response.status != tx::Status::ok || token == tx::k_failed_token || token == tx::k_no_token)
        co_return fail(errors::mgr::refused_by_system, {{"system", peer()}, {"request", k_login}, {"detail", words_of(response)}});
    token_ = token;
    login_ = std::move(response.action);
    co_return Result<void>();
}

net::Task<Result<tx::Item>> TransactionsDriver::call(std::string path, std::vector<Item> parameters) {
    bool const fresh = token_ == tx::k_no_token;
    if (fresh) CS_CO_CHECK(co_await log_in());
    if (path == k_login) co_return login_;
    CS_CO_TRY(auto response, co_await send(path, parameters));
    if (response.status == tx::Status::no_session && !fresh) {
        // It ended after some idle minutes, or with a restart.
        CS_CO_CHECK(co_await log_in());
        CS_CO_TRY(response, co_await send(path, std::move(parameters)));
    }
    if (response.status != tx::Status::ok)
        co_return fail(errors::mgr::refused_by_system, {{"system", peer()}, {"request", path}, {"detail", words_of(response)}});
    co_return std::move(response.action);
}

net::Task<Result<void>> TransactionsDriver::add_facts(std::string method, Facts& facts) {
    CS_CO_TRY(auto answer, co_await call(method, {}));
    add_facts_of(family(), method, answer, facts);
    co_return Result<void>();
}

net::Task<Result<void>> TransactionsDriver::run(family::Command const& command, std::vector<family::Argument> arguments) {
    auto done = co_await call(command, std::move(arguments));
    if (!done) co_return fail(std::move(done).error());
    co_return Result<void>();
}

net::Task<Result<tx::Item>> TransactionsDriver::call(family::Command const& command, std::vector<family::Argument> arguments,
                                                     std::string file) {
    std::vector<Item> parameters;
    for (auto const& argument : arguments) parameters.push_back(Item::leaf(argument.name, argument.value));
    if (!file.empty()) parameters.push_back(Item::leaf(k_file, file));
    return call(command.path, std::move(parameters));
}

// --- keys that the system makes ---

bool TransactionsDriver::makes_keys() const {
    return find_command_of_software(k_create) != nullptr && find_command_of_software(k_send) != nullptr;
}

net::Task<Result<pki::CertificateRequest>> TransactionsDriver::make_request(RequestWish wish) {
    CS_CO_CHECK(check_trust("a request would be taken from nobody"));
    auto const* command = find_command_of_software(k_create);
    if (command == nullptr) co_return fail(errors::dev::unknown_command, {{"path", k_create}});
    CS_CO_TRY(auto arguments, request_arguments(family(), *command, wish));
    CS_CO_TRY(auto const answer, co_await call(*command, std::move(arguments)));
    co_return pki::CertificateRequest::parse_pem(answer.find("CERTIFICATE_REQUEST"));
}

net::Task<Result<std::string>> TransactionsDriver::pending_key() {
    CS_CO_CHECK(check_trust("a request would be taken from nobody"));
    auto const* command = find_command_of_software(k_list);
    if (command == nullptr) co_return fail(errors::dev::unknown_command, {{"path", k_list}});
    CS_CO_TRY(auto const answer, co_await call(*command, {}));
    auto const* list = answer.child("PERSONAL_CERTIFICATE_LS");
    auto const& title = https_identity(family()).title;
    for (auto const& one : list == nullptr ? std::vector<Item>() : list->children) {
        if (one.find("SERVICE_NAME") != title) continue;
        auto const pem = one.find("CERTIFICATE_REQUEST");
        if (pem.empty()) break;
        CS_CO_TRY(auto const request, pki::CertificateRequest::parse_pem(pem));
        co_return request.public_key_sha256();
    }
    co_return std::string();
}

net::Task<Result<void>> TransactionsDriver::install_answer(std::vector<pki::Certificate> chain) {
    CS_CO_CHECK(check_trust("a certificate would be given to nobody"));
    auto const* command = find_command_of_software(k_send);
    if (command == nullptr) co_return fail(errors::dev::unknown_command, {{"path", k_send}});
    std::vector<family::Argument> arguments{{"SERVICE_NAME", https_identity(family()).title}};
    auto done = co_await call(*command, std::move(arguments), pki::to_pem(chain));
    if (!done) co_return fail(std::move(done).error());
    co_return Result<void>();
}

}  // namespace countersign::manager
