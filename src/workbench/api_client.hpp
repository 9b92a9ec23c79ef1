#pragma once

/// The workbench's conversation with a manager: where it is, whom it must be, and the token that opens it. Kept in one file,
/// $COUNTERSIGN_CONFIG or ~/.config/countersign/manager.toml (mode 0600), written by `countersign login`.

#include "base/result.hpp"
#include "base/secret.hpp"
#include "net/http/client.hpp"
#include "net/task.hpp"

#include <boost/json/value.hpp>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

namespace countersign::workbench {

namespace json = boost::json;

struct Connection {
    std::string url;      ///< https://manager.example.com
    std::string address;  ///< connect here instead of asking DNS; empty: ask
    std::string ca_file;  ///< roots that the manager's certificate must lead to
    std::string pin;      ///< or the SHA-256 of its certificate
    SecretText token;
};

std::filesystem::path default_config_file();
/// From the file, then overridden by COUNTERSIGN_URL, COUNTERSIGN_ADDRESS, COUNTERSIGN_CA, COUNTERSIGN_PIN, COUNTERSIGN_TOKEN.
Result<Connection> load_connection(std::filesystem::path const& file);
Result<void> save_connection(std::filesystem::path const& file, Connection const& connection);

class ApiClient {
public:
    /// TRU-003 when there are neither roots nor a pin: the manager is never believed unseen.
    /// `identity` is shown when the manager asks for a certificate.
    static Result<std::unique_ptr<ApiClient>> open(Connection connection, std::optional<net::tls::ClientIdentity> identity = std::nullopt);
    ~ApiClient();

    /// Answers of 2xx as JSON (null for none); problem documents become the Error they were.
    Result<json::value> get(std::string const& path);
    Result<json::value> send(std::string const& method, std::string const& path, json::object const& body);
    Result<json::value> send(std::string const& method, std::string const& path);
    /// An answer that is a file, as it stands.
    Result<std::string> get_file(std::string const& path);
    /// Sends a file of another type than JSON.
    Result<json::value> send_file(std::string const& path, std::string const& type, std::string content);
    /// For log-in: the value of a cookie that the newest answer set, or empty.
    [[nodiscard]] SecretText cookie() const;
    /// Sends this session cookie from now on.
    void use_cookie(SecretText cookie);

private:
    struct State;
    explicit ApiClient(std::unique_ptr<State> state);
    Result<json::value> exchange(net::http::Request request);
    Result<net::http::Response> ask(net::http::Request request);
    std::unique_ptr<State> state_;
};

/// An Error of the catalogue from a problem document; NET-011 when it is none of ours.
Error error_of_problem(json::value const& problem, int status, std::string const& request);

}  // namespace countersign::workbench
