#include "net/address.hpp"
#include "workbench/certificates/files.hpp"
#include "workbench/commands.hpp"
#include "workbench/workbench.hpp"

#include <boost/json.hpp>

namespace countersign::workbench {
namespace {

/// Setting log_in_certificate.port of the manager.
constexpr std::uint16_t k_certificate_port = 8444;

struct LoginOptions {
    std::string user = "admin";
    std::string password_file;
    std::string setup_password_file;
    std::string new_password_file;
    std::string token_name = "countersign";
    int days = 90;
    std::string certificate;
    KeyOption key;
    std::uint16_t certificate_port = k_certificate_port;
};

/// Of the session that the client has: makes an API token for this machine and keeps that.
Result<int> keep_token(Context const& context, ApiClient& client, Output& output, LoginOptions const& options) {
    CS_TRY(auto made, client.send("POST", "tokens", {{"name", options.token_name}, {"days", options.days}}));
    CS_TRY(auto connection, context.connection());
    connection.token = SecretText(text_of(made, "token"));
    if (!connection.ca_file.empty()) connection.ca_file = std::filesystem::absolute(connection.ca_file).string();
    auto file = context.config.empty() ? default_config_file() : std::filesystem::path(context.config);
    CS_CHECK(save_connection(file, connection));
    CS_CHECK(client.send("DELETE", "session"));
    if (!output.value(json::object{{"config", file.string()}})) output.line("Logged in. The token is kept in " + file.string() + ".");
    return k_holds;
}

Result<int> log_in(Context const& context, ApiClient& client, Output& output, LoginOptions const& options, SecretText const& password) {
    CS_CHECK(client.send("POST", "session", {{"user", options.user}, {"password", password.reveal()}}));
    client.use_cookie(client.cookie());
    CS_TRY(auto const session, client.get("session"));
    if (flag_of(session, "must_change_password")) {
        CS_TRY(auto fresh, read_secret_line(options.new_password_file, "The password must be changed. New password"));
        CS_CHECK(client.send("PUT", "session/password", {{"old_password", password.reveal()}, {"new_password", fresh.reveal()}}));
    }
    return keep_token(context, client, output, options);
}

/// At the manager's port for people's certificates; the session that it gives counts at the usual one.
Result<int> log_in_by_certificate(Context const& context, ApiClient& client, Output& output, LoginOptions options) {
    Files files(output);
    auto chain = files.certificates({options.certificate}, options.key.passphrase_file);
    bool const one_file = options.key.file.empty();
    if (one_file) options.key.file = options.certificate;
    // A file that cannot be read is named once.
    auto key = one_file && chain.empty() ? std::nullopt : files.key(options.key);
    if (key && !chain.empty()) files.must_hold(pki::check_key_matches(chain.front(), *key));
    CS_CHECK(files.check());
    CS_TRY(auto connection, context.connection());
    connection.token = SecretText();
    CS_TRY(auto url, net::Url::parse(connection.url));
    url.port = options.certificate_port;
    connection.url = url.origin();
    CS_TRY(auto door, ApiClient::open(std::move(connection), net::tls::ClientIdentity{std::move(chain), *std::move(key)}));
    CS_CHECK(door->send("POST", "session/certificate"));
    client.use_cookie(door->cookie());
    return keep_token(context, client, output, options);
}

}  // namespace

void add_access_commands(CLI::App& app, Context& context) {
    auto options = std::make_shared<LoginOptions>();
    auto* setup = app.add_subcommand("setup", "First contact: the set-up password once, then the administrator's own password");
    setup->add_option("--setup-password-file", options->setup_password_file,
                      "File with the password that the manager printed (default: standard input)");
    setup->add_option("--password-file", options->password_file, "File with the new password (default: standard input)");
    setup->callback([&context, options] {
        context.action = [&context, options](Output& output) {
            return with_manager(context, output, [&](ApiClient& client) -> Result<int> {
                CS_TRY(auto old, read_secret_line(options->setup_password_file, "Set-up password"));
                CS_TRY(auto fresh, read_secret_line(options->password_file, "New password"));
                CS_CHECK(client.send("POST", "setup", {{"setup_password", old.reveal()}, {"new_password", fresh.reveal()}}));
                return log_in(context, client, output, *options, fresh);
            });
        };
    });
    auto* login = app.add_subcommand("login", "Log in and keep an API token for this machine");
    login->add_option("--user", options->user, "User")->capture_default_str();
    login->add_option("--password-file", options->password_file, "File with the password (default: standard input)");
    login->add_option("--new-password-file", options->new_password_file,
                      "File with the new password, when a one-time password must be changed (default: standard input)");
    auto* certificate = login->add_option("--certificate", options->certificate,
                                          "File with your certificate, and others up to the root, in place of user and password");
    add_key_options(*login, options->key, "--key", "Your private key: file (default: that of the certificate) or pkcs11:... address")
        ->needs(certificate);
    login->add_option("--certificate-port", options->certificate_port, "The manager's port for people's certificates")
        ->capture_default_str()
        ->needs(certificate);
    login->get_option("--password-file")->excludes(certificate);
    login->get_option("--user")->excludes(certificate);
    login->add_option("--days", options->days, "How long the token is valid; 0: without end")->capture_default_str();
    login->callback([&context, options] {
        context.action = [&context, options](Output& output) {
            return with_manager(context, output, [&](ApiClient& client) -> Result<int> {
                if (!options->certificate.empty()) return log_in_by_certificate(context, client, output, *options);
                CS_TRY(auto password, read_secret_line(options->password_file, "Password"));
                return log_in(context, client, output, *options, password);
            });
        };
    });

    auto* token = app.add_subcommand("token", "API tokens")->require_subcommand(1);
    auto name = std::make_shared<std::string>();
    auto days = std::make_shared<int>(90);
    auto* create = token->add_subcommand("create", "Make a token; it is shown once");
    create->add_option("name", *name, "What it is for")->required();
    auto role = std::make_shared<std::string>();
    auto read_only = std::make_shared<bool>(false);
    create->add_option("--role", *role, "viewer, operator, auditor or administrator; at most your own, which is the default");
    create->add_flag("--read-only", *read_only, "It may look, whatever its role");
    auto folder = std::make_shared<std::string>();
    create->add_option("--folder", *folder, "Path or number: it reaches the systems there and below, and nothing else");
    create->add_option("--days", *days, "How long it is valid; 0: without end")->capture_default_str();
    create->callback([&context, name, days, role, read_only, folder] {
        context.action = [&context, name, days, role, read_only, folder](Output& output) {
            return with_manager(context, output, [&](ApiClient& client) -> Result<int> {
                json::object wanted{{"name", *name}, {"days", *days}, {"read_only", *read_only}};
                if (!role->empty()) wanted["role"] = *role;
                if (!folder->empty()) wanted["folder"] = *folder;
                CS_TRY(auto made, client.send("POST", "tokens", wanted));
                if (!output.value(made)) output.line(text_of(made, "token"));
                return k_holds;
            });
        };
    });
    token->add_subcommand("list", "Your tokens; administrators and auditors see all")->callback([&context] {
        context.action = [&context](Output& output) {
            return with_manager(context, output, [&](ApiClient& client) -> Result<int> {
                CS_TRY(auto tokens, all_of(client, "tokens", "tokens"));
                if (output.json()) {
                    (void)output.value(json::object{{"tokens", std::move(tokens)}});
                    return k_holds;
                }
                Table table{{"ID", "Name", "Owner", "Role", "Made", "Ends"}, {}};
                for (auto const& one : tokens)
                    table.rows.push_back({std::to_string(number_of(one, "id")), text_of(one, "name"), text_of(one, "owner"),
                                          text_of(one, "role") + (flag_of(one, "read_only") ? ", read only" : "") +
                                              (text_of(one, "folder").empty() ? "" : ", " + text_of(one, "folder")),
                                          text_of(one, "created"), text_of(one, "expires")});
                output.table(table);
                return k_holds;
            });
        };
    });
    auto id = std::make_shared<std::string>();
    auto* remove = token->add_subcommand("remove", "Take a token back");
    remove->add_option("id", *id, "Number of the token")->required();
    remove->callback([&context, id] {
        context.action = [&context, id](Output& output) {
            return with_manager(context, output, [&](ApiClient& client) -> Result<int> {
                CS_CHECK(client.send("DELETE", "tokens/" + path_part(*id)));
                return k_holds;
            });
        };
    });
}

}  // namespace countersign::workbench
