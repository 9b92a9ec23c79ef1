#pragma once

/// A schema of a test's own on the PostgreSQL server that the environment names, removed afterwards.

#include "base/text.hpp"
#include "host/crypto.hpp"
#include "manager/store/database.hpp"
#include "manager/store/postgresql_address.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>

namespace countersign::testing {

class PostgresqlSchema {
public:
    /// Nothing when the environment names no server: COUNTERSIGN_TEST_POSTGRESQL is a file with its URL (tests/support/postgresql.py).
    static std::unique_ptr<PostgresqlSchema> make() {
        auto const* file = std::getenv("COUNTERSIGN_TEST_POSTGRESQL");
        if (file == nullptr) return nullptr;
        std::string url;
        std::getline(std::ifstream(file), url);
        return std::unique_ptr<PostgresqlSchema>(new PostgresqlSchema(std::move(url)));
    }
    ~PostgresqlSchema() { (void)connect(url_)->define("DROP SCHEMA " + name_ + " CASCADE"); }
    PostgresqlSchema(PostgresqlSchema const&) = delete;
    PostgresqlSchema& operator=(PostgresqlSchema const&) = delete;

    [[nodiscard]] manager::store::PostgresqlAddress address() const {
        return {
            .url = url_ + "&options=-csearch_path%3D" + name_ + ",public&application_name=" + name_, .password_file = {}, .ca_file = {}};
    }
    [[nodiscard]] std::unique_ptr<manager::store::Database> connect() const { return connect(address().url); }
    /// Ends all other connections to this schema.
    void cut() const {
        connect()->define("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND application_name = '" +
                          name_ + "'");
    }

private:
    explicit PostgresqlSchema(std::string url) : url_(std::move(url)), name_("test_" + to_hex(host::random_bytes(8))) {
        connect(url_)->define("CREATE SCHEMA " + name_);
    }
    static std::unique_ptr<manager::store::Database> connect(std::string const& url) {
        auto const text = manager::store::connection_text({.url = url, .password_file = {}, .ca_file = {}});
        EXPECT_TRUE(text) << (text ? "" : text.error().explanation());
        auto database = manager::store::Database::connect(*text, url);
        EXPECT_TRUE(database) << (database ? "" : database.error().explanation());
        return std::move(*database);
    }

    std::string url_;
    std::string name_;
};

}  // namespace countersign::testing
