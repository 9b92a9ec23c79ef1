#include "workbench/api_client.hpp"

#include "base/text.hpp"
#include "base/toml.hpp"
#include "base/toml_guard.hpp"
#include "host/files.hpp"
#include "pki/certificate.hpp"

#include "countersign/errors/gen.hpp"
#include "countersign/errors/net.hpp"
#include "countersign/errors/tru.hpp"

#include <boost/json.hpp>

#include <cstdlib>
#include <sstream>

namespace countersign::workbench {
namespace http = net::http;

struct ApiClient::State {
    net::Runtime runtime{1};
    std::optional<http::Client> client;
    SecretText token;
    SecretText cookie;
    SecretText new_cookie;
};

std::filesystem::path default_config_file() {
    if (auto const* file = std::getenv("COUNTERSIGN_CONFIG")) return file;
    if (auto const* folder = std::getenv("XDG_CONFIG_HOME")) return std::filesystem::path(folder) / "countersign" / "manager.toml";
    auto const* home = std::getenv("HOME");
    return std::filesystem::path(home ? home : ".") / ".config" / "countersign" / "manager.toml";
}

Result<Connection> load_connection(std::filesystem::path const& file) {
    Connection connection;
    if (std::filesystem::exists(file)) {
        CS_TRY(auto text, host::read_secret_file(file));
        if (auto const line = find_fatal_toml(text.reveal())) {
            return fail(Error(errors::gen::invalid_input, {{"field", file.string() + " line " + std::to_string(*line)},
                                                           {"detail", "a character that TOML does not allow here"}}));
        }
        try {
            auto table = toml::parse(text.reveal());
            connection.url = table["url"].value_or(std::string());
            connection.address = table["address"].value_or(std::string());
            connection.ca_file = table["ca_file"].value_or(std::string());
            connection.pin = table["pin"].value_or(std::string());
            connection.token = SecretText(table["token"].value_or(std::string()));
        } catch (toml::parse_error const& broken) {
            return fail(Error(errors::gen::invalid_input, {{"field", file.string()}, {"detail", broken.description()}}));
        }
    }
    auto from_environment = [](char const* name, std::string& target) {
        if (auto const* value = std::getenv(name)) target = value;
    };
    from_environment("COUNTERSIGN_URL", connection.url);
    from_environment("COUNTERSIGN_ADDRESS", connection.address);
    from_environment("COUNTERSIGN_CA", connection.ca_file);
    from_environment("COUNTERSIGN_PIN", connection.pin);
    if (auto const* token = std::getenv("COUNTERSIGN_TOKEN")) connection.token = SecretText(token);
    return connection;
}

Result<void> save_connection(std::filesystem::path const& file, Connection const& connection) {
    toml::table table{{"url", connection.url},
                      {"address", connection.address},
                      {"ca_file", connection.ca_file},
                      {"pin", connection.pin},
                      {"token", connection.token.reveal()}};
    std::ostringstream text;
    text << table << "\n";
    CS_CHECK(host::ensure_folder(file.parent_path()));
    SecretText content(text.str());
    return host::write_file(file, content.reveal(), host::Privacy::owner_only);
}

ApiClient::ApiClient(std::unique_ptr<State> state) : state_(std::move(state)) {}
ApiClient::~ApiClient() {
    if (state_->client) state_->client->close();
    state_->runtime.stop();
}

Result<std::unique_ptr<ApiClient>> ApiClient::open(Connection connection, std::optional<net::tls::ClientIdentity> identity) {
    if (connection.url.empty()) {
        return fail(errors::gen::missing_field, {{"field", "the manager's address (countersign login --url, or COUNTERSIGN_URL)"}});
    }
    CS_TRY(auto url, net::Url::parse(connection.url));
    if (url.scheme != net::Scheme::https) {
        return fail(errors::net::invalid_url, {{"url", connection.url}, {"detail", "the manager is used over https only"}});
    }
    http::Client::Settings settings;
    settings.origin = url;
    settings.user_agent = "countersign";
    if (!connection.address.empty()) settings.address = connection.address;
    // Observing a system that is silent takes as long as its deadlines say; a list of 100,000 systems takes longest.
    settings.exchange = net::Milliseconds(600000);
    settings.body_limit = 64UL * 1024 * 1024;
    if (!connection.pin.empty()) {
        settings.policy = net::tls::Pinned{{to_lower(replace_all(connection.pin, ":", ""))}};
    } else if (!connection.ca_file.empty()) {
        CS_TRY(auto pem, host::read_file(connection.ca_file));
        CS_TRY(auto roots, pki::parse_bundle(pem).map_error(at(connection.ca_file)));
        settings.policy = net::tls::VerifyChain{pki::Anchors(std::move(roots)), "", false};
    } else {
        return fail(errors::tru::no_trusted_roots, {{"detail", "say --ca FILE (the manager's ca.pem) or --pin SHA256"}});
    }
    settings.identity = std::move(identity);
    auto state = std::make_unique<State>();
    state->token = std::move(connection.token);
    state->client.emplace(std::move(settings));
    state->runtime.start();
    return std::unique_ptr<ApiClient>(new ApiClient(std::move(state)));
}

Result<json::value> ApiClient::get(std::string const& path) {
    http::Request request;
    request.target = "/api/v1/" + path;
    return exchange(std::move(request));
}

Result<json::value> ApiClient::send(std::string const& method, std::string const& path, json::object const& body) {
    http::Request request;
    request.method = method;
    request.target = "/api/v1/" + path;
    request.fields.set("Content-Type", "application/json");
    request.body = json::serialize(body);
    return exchange(std::move(request));
}

Result<json::value> ApiClient::send(std::string const& method, std::string const& path) {
    http::Request request;
    request.method = method;
    request.target = "/api/v1/" + path;
    return exchange(std::move(request));
}

Result<std::string> ApiClient::get_file(std::string const& path) {
    http::Request request;
    request.target = "/api/v1/" + path;
    CS_TRY(auto answer, ask(std::move(request)));
    if (answer.status / 100 == 2) return std::move(answer.body);
    boost::system::error_code code;
    auto const problem = json::parse(answer.body, code);
    return fail(error_of_problem(code ? json::value() : problem, answer.status, "GET /api/v1/" + path));
}

Result<json::value> ApiClient::send_file(std::string const& path, std::string const& type, std::string content) {
    http::Request request;
    request.method = "POST";
    request.target = "/api/v1/" + path;
    request.fields.set("Content-Type", type);
    request.body = std::move(content);
    return exchange(std::move(request));
}

Result<http::Response> ApiClient::ask(http::Request request) {
    if (!state_->token.empty()) request.fields.set("Authorization", "Bearer " + state_->token.reveal());
    if (!state_->cookie.empty()) request.fields.set("Cookie", state_->cookie.reveal());
    return net::run(state_->runtime, state_->client->send(std::move(request)));
}

Result<json::value> ApiClient::exchange(http::Request request) {
    auto what = request.method + " " + request.target;
    auto answer = ask(std::move(request));
    if (!answer) return fail(std::move(answer).error());
    auto cookie = std::string(answer->fields.get("Set-Cookie"));
    state_->new_cookie = SecretText(cookie.substr(0, cookie.find(';')));
    json::value body;
    if (!answer->body.empty()) {
        boost::system::error_code code;
        body = json::parse(answer->body, code);
        if (code)
            return fail(errors::net::unexpected_status,
                        {{"peer", "the manager"}, {"status", std::to_string(answer->status)}, {"request", what}});
    }
    if (answer->status / 100 != 2) return fail(error_of_problem(body, answer->status, what));
    return body;
}

SecretText ApiClient::cookie() const { return state_->new_cookie.duplicate(); }
void ApiClient::use_cookie(SecretText cookie) { state_->cookie = std::move(cookie); }

Error error_of_problem(json::value const& problem, int status, std::string const& request) {
    auto text = [&](std::string_view name) {
        auto const* object = problem.if_object();
        auto const* found = object ? object->if_contains(name) : nullptr;
        return found && found->is_string() ? std::string(found->get_string()) : std::string();
    };
    auto const* entry = find_error_entry(text("id"));
    if (!entry) {
        return Error(errors::net::unexpected_status, {{"peer", "the manager"}, {"status", std::to_string(status)}, {"request", request}});
    }
    Error error(entry->id);
    auto const& object = problem.get_object();
    if (auto const* parameters = object.if_contains("parameters"); parameters && parameters->is_object()) {
        for (auto const& [name, value] : parameters->get_object()) {
            if (value.is_string()) error.with(name, value.get_string());
        }
    }
    if (auto where = text("where"); !where.empty()) error.at(where);
    if (auto const* causes = object.if_contains("causes"); causes && causes->is_array()) {
        for (auto const& cause : causes->get_array()) error.because(error_of_problem(cause, status, request));
    }
    return error;
}

}  // namespace countersign::workbench
