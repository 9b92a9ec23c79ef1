#include "manager/drivers/xml_rpc_driver.hpp"

#include "base/text.hpp"

#include "countersign/errors/mgr.hpp"
#include "countersign/errors/net.hpp"

namespace countersign::manager {

namespace http = net::http;
namespace xml_rpc = dialect::xml_rpc;

namespace {

/// Fault codes of the remote management API that mean a refused log-in: 14 unauthorised, 15 insufficient privileges.
bool is_login_fault(int code) { return code == 14 || code == 15; }

/// Numbers are numbers on the wire.
xml_rpc::Value value_of(std::string text) {
    if (auto number = parse_number<std::int32_t>(text)) return xml_rpc::Value(*number);
    return xml_rpc::Value(std::move(text));
}

}  // namespace

net::Task<Result<xml_rpc::Value>> XmlRpcDriver::call(std::string method, xml_rpc::Struct members) {
    if (!may_call()) co_return fail(errors::net::insecure_authentication_refused, {{"peer", peer()}, {"scheme", "XML-RPC"}});
    members["authenticationUser"] = xml_rpc::Value(credentials().user);
    members["authenticationPassword"] = xml_rpc::Value(credentials().password.reveal());
    http::Request request{.method = "POST", .target = "/RPC2"};
    request.fields.set("Content-Type", "text/xml");
    request.body = xml_rpc::write_call({method, {xml_rpc::Value(std::move(members))}});
    CS_CO_TRY(auto response, co_await exchange(std::move(request)));
    auto answer = xml_rpc::parse_response(response.body);
    if (!answer) co_return fail(std::move(answer.error().at(peer() + " " + method)));
    if (auto const* fault = std::get_if<xml_rpc::Fault>(&*answer)) {
        if (is_login_fault(fault->code)) co_return fail(errors::net::login_refused, {{"peer", peer()}});
        co_return fail(errors::mgr::refused_by_system,
                       {{"system", peer()}, {"request", method}, {"detail", fault->text + " (" + std::to_string(fault->code) + ")"}});
    }
    co_return std::get<xml_rpc::Value>(std::move(*answer));
}

net::Task<Result<void>> XmlRpcDriver::add_facts(std::string method, Facts& facts) {
    CS_CO_TRY(auto answer, co_await call(method, {}));
    add_facts_of(family(), method, answer, facts);
    co_return Result<void>();
}

net::Task<Result<void>> XmlRpcDriver::run(family::Command const& command, std::vector<family::Argument> arguments) {
    xml_rpc::Struct members;
    for (auto& argument : arguments) members[argument.name] = value_of(std::move(argument.value));
    auto done = co_await call(command.path, std::move(members));
    if (!done) co_return fail(std::move(done).error());
    co_return Result<void>();
}

}  // namespace countersign::manager
