#include "base/error.hpp"
#include "net/http/server.hpp"
#include "support/temporary_folder.hpp"
#include "workbench/api_client.hpp"

#include "countersign/errors/acc.hpp"
#include "countersign/errors/fil.hpp"
#include "countersign/errors/gen.hpp"
#include "countersign/errors/net.hpp"
#include "countersign/errors/tru.hpp"

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include <cstdlib>

namespace countersign::workbench {
namespace {

using countersign::testing::TemporaryFolder;

/// A variable of the environment for one test.
class Variable {
public:
    Variable(char const* name, std::string const& value) : name_(name) { setenv(name, value.c_str(), 1); }
    ~Variable() { unsetenv(name_); }
    Variable(Variable const&) = delete;
    Variable& operator=(Variable const&) = delete;

private:
    char const* name_;
};

class ConnectionFile : public ::testing::Test {
protected:
    ConnectionFile() {
        for (auto const* name : {"COUNTERSIGN_URL", "COUNTERSIGN_ADDRESS", "COUNTERSIGN_CA", "COUNTERSIGN_PIN", "COUNTERSIGN_TOKEN"})
            unsetenv(name);
    }
    static Connection example() {
        Connection connection;
        connection.url = "https://manager.company.com:10443";
        connection.address = "127.1.2.3";
        connection.ca_file = "/etc/countersign/\"ca\".pem";
        connection.pin = std::string(64, 'a');
        connection.token = SecretText("secret-token");
        return connection;
    }
    TemporaryFolder folder_;
    std::filesystem::path file_ = folder_.path() / "config" / "countersign" / "manager.toml";
};

TEST_F(ConnectionFile, gives_back_what_was_kept) {
    ASSERT_TRUE(save_connection(file_, example()));
    auto read = load_connection(file_);
    ASSERT_TRUE(read) << read.error().explanation();
    EXPECT_EQ(read->url, example().url);
    EXPECT_EQ(read->address, example().address);
    EXPECT_EQ(read->ca_file, example().ca_file);
    EXPECT_EQ(read->pin, example().pin);
    EXPECT_EQ(read->token.reveal(), "secret-token");
}

TEST_F(ConnectionFile, can_be_read_by_its_owner_only) {
    ASSERT_TRUE(save_connection(file_, example()));
    using std::filesystem::perms;
    EXPECT_EQ(std::filesystem::status(file_).permissions(), perms::owner_read | perms::owner_write);
    EXPECT_EQ(std::filesystem::status(file_.parent_path()).permissions(), perms::owner_all);
}

TEST_F(ConnectionFile, loses_the_wide_mode_it_had_when_it_is_written_again) {
    ASSERT_TRUE(save_connection(file_, example()));
    std::filesystem::permissions(file_, std::filesystem::perms::all);
    ASSERT_TRUE(save_connection(file_, example()));
    EXPECT_EQ(std::filesystem::status(file_).permissions(), std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

TEST_F(ConnectionFile, is_empty_when_it_does_not_exist) {
    auto read = load_connection(file_);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->url, "");
    EXPECT_TRUE(read->token.empty());
}

TEST_F(ConnectionFile, is_overridden_by_the_environment) {
    ASSERT_TRUE(save_connection(file_, example()));
    Variable url("COUNTERSIGN_URL", "https://other.company.com");
    Variable address("COUNTERSIGN_ADDRESS", "127.9.9.9");
    Variable roots("COUNTERSIGN_CA", "other.pem");
    Variable pin("COUNTERSIGN_PIN", "bb");
    Variable token("COUNTERSIGN_TOKEN", "other-token");
    auto read = load_connection(file_);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->url, "https://other.company.com");
    EXPECT_EQ(read->address, "127.9.9.9");
    EXPECT_EQ(read->ca_file, "other.pem");
    EXPECT_EQ(read->pin, "bb");
    EXPECT_EQ(read->token.reveal(), "other-token");
}

TEST_F(ConnectionFile, is_refused_when_it_is_broken) {
    auto read = load_connection(folder_.file("broken.toml", "url = = 'x'\n"));
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().id(), errors::gen::invalid_input);
}

TEST_F(ConnectionFile, is_refused_with_its_line_when_it_would_end_the_reader) {
    auto const file = folder_.file("fatal.toml", "url = 'https://manager'\n[!]\n");
    auto read = load_connection(file);
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().id(), errors::gen::invalid_input);
    EXPECT_EQ(read.error().parameter("field"), file + " line 2");
}

TEST_F(ConnectionFile, stands_where_the_environment_says) {
    {
        Variable config("COUNTERSIGN_CONFIG", "/somewhere/cli.toml");
        EXPECT_EQ(default_config_file(), "/somewhere/cli.toml");
    }
    {
        Variable xdg("XDG_CONFIG_HOME", "/home/me/settings");
        EXPECT_EQ(default_config_file(), "/home/me/settings/countersign/manager.toml");
    }
}

// --- opening ---

ErrorId refusal(Connection connection) {
    auto client = ApiClient::open(std::move(connection));
    EXPECT_FALSE(client);
    return client ? errors::gen::internal : client.error().id();
}

TEST(OpenManager, needs_an_address) { EXPECT_EQ(refusal({}), errors::gen::missing_field); }

TEST(OpenManager, is_https_only) {
    Connection connection;
    connection.url = "http://manager.company.com";
    connection.pin = std::string(64, 'a');
    EXPECT_EQ(refusal(std::move(connection)), errors::net::invalid_url);
}

TEST(OpenManager, does_not_believe_a_manager_unseen) {
    Connection connection;
    connection.url = "https://manager.company.com";
    EXPECT_EQ(refusal(std::move(connection)), errors::tru::no_trusted_roots);
}

TEST(OpenManager, says_when_the_roots_cannot_be_read) {
    Connection connection;
    connection.url = "https://manager.company.com";
    connection.ca_file = "/nonexistent/ca.pem";
    EXPECT_EQ(refusal(std::move(connection)), errors::fil::cannot_read);
}

// --- problem documents ---

/// What the manager sends for `error`, and the workbench makes of it.
Error sent_and_read(Error const& error) {
    auto response = net::http::problem(error);
    return error_of_problem(json::parse(response.body), response.status, "GET /api/v1/x");
}

TEST(ProblemDocument, becomes_the_error_that_it_was) {
    auto error = Error(errors::gen::invalid_input, {{"field", "host_name"}, {"detail", "it is not a host name"}}).at("system codec");
    EXPECT_EQ(sent_and_read(error), error) << sent_and_read(error).explanation();
}

TEST(ProblemDocument, keeps_every_cause_with_its_own_causes) {
    Error error(errors::gen::several_problems);
    error.because(Error(errors::gen::missing_field, {{"field", "vendor"}}));
    error.because(Error(errors::gen::invalid_input, {{"field", "pem"}, {"detail", "x"}})
                      .at("body")
                      .because(Error(errors::acc::locked_out, {{"seconds", "30"}})));
    EXPECT_EQ(sent_and_read(error), error) << sent_and_read(error).explanation();
}

TEST(ProblemDocument, of_somebody_else_is_an_unexpected_status) {
    for (auto const* text : {R"({"title":"Bad gateway"})", R"({"id":"XYZ-001"})", R"({"id":7})", "[]", "null", R"("text")"}) {
        auto error = error_of_problem(json::parse(text), 502, "GET /api/v1/systems");
        EXPECT_EQ(error.id(), errors::net::unexpected_status) << text;
        EXPECT_EQ(error.parameter("status"), "502") << text;
        EXPECT_EQ(error.parameter("request"), "GET /api/v1/systems") << text;
    }
}

TEST(ProblemDocument, with_fields_of_another_kind_still_is_its_error) {
    auto error = error_of_problem(json::parse(R"({"id":"GEN-003","parameters":[1],"where":3,"causes":"x"})"), 404, "GET /");
    EXPECT_EQ(error, Error(errors::gen::not_found));
}

}  // namespace
}  // namespace countersign::workbench
