#include "manager/store/postgresql_address.hpp"

#include "base/gather.hpp"
#include "base/text.hpp"
#include "host/files.hpp"

#include "countersign/errors/sto.hpp"

#include <algorithm>
#include <array>
#include <libpq-fe.h>
#include <memory>
#include <utility>
#include <vector>

namespace countersign::manager::store {
namespace {

/// Passwords and roots come from files of their own; what would make the connection less than it says is not taken.
constexpr std::array<std::string_view, 13> k_known{"user",
                                                   "host",
                                                   "hostaddr",
                                                   "port",
                                                   "dbname",
                                                   "sslmode",
                                                   "sslrootcert",
                                                   "sslcert",
                                                   "sslkey",
                                                   "connect_timeout",
                                                   "options",
                                                   "target_session_attrs",
                                                   "application_name"};
constexpr std::size_t k_longest_password = 1000;

/// Every byte but letters and digits as %XX.
std::string encoded(std::string_view text) {
    std::string out;
    for (char c : text) {
        bool const plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        out += plain ? std::string(1, c) : "%" + to_hex(bytes_of(std::string_view(&c, 1)));
    }
    return out;
}

/// A URL with everything behind the question mark: SOCI takes a text with blanks apart, whatever quotes say.
class Text {
public:
    void add(std::string_view name, std::string_view value) {
        out_ += (first_ ? "" : "&") + std::string(name) + "=" + encoded(value);
        first_ = false;
    }
    [[nodiscard]] SecretText take() { return SecretText(std::move(out_)); }

private:
    std::string out_ = "postgresql:///?";
    bool first_ = true;
};

struct Options {
    std::vector<std::pair<std::string, std::string>> given;
    [[nodiscard]] std::string get(std::string_view name) const {
        auto const found = std::ranges::find(given, name, [](auto const& one) { return std::string_view(one.first); });
        return found == given.end() ? std::string() : found->second;
    }
};

Failure unusable(std::string_view url, std::string_view detail) {
    return fail(errors::sto::bad_database_address, {{"database", url}, {"detail", detail}});
}

Result<Options> parse(std::string const& url) {
    if (!url.starts_with("postgresql://") && !url.starts_with("postgres://")) return unusable(url, "it does not begin with postgresql://");
    char* words = nullptr;
    std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> list(PQconninfoParse(url.c_str(), &words), &PQconninfoFree);
    std::unique_ptr<char, decltype(&PQfreemem)> const owned(words, &PQfreemem);
    if (!list) return unusable(url, words != nullptr ? trim(words) : "it cannot be read");
    Options out;
    for (auto const* one = list.get(); one->keyword != nullptr; ++one)
        if (one->val != nullptr) out.given.emplace_back(one->keyword, one->val);
    return out;
}

/// A text without its password, for messages.
std::string without_password(std::string const& url) {
    auto const begin = url.find("://");
    auto const at = url.find('@');
    if (begin == std::string::npos || at == std::string::npos) return url;
    auto const colon = url.find(':', begin + 3);
    return colon < at ? url.substr(0, colon) + ":..." + url.substr(at) : url;
}

Result<SecretText> read_password(std::filesystem::path const& file) {
    CS_TRY(auto const text, host::read_secret_file(file));
    auto const line = trim(text.reveal());
    if (line.empty() || line.size() > k_longest_password || line.find('\n') != std::string_view::npos)
        return fail(errors::sto::bad_password_file, {{"file", file.string()}});
    return SecretText(std::string(line));
}

}  // namespace

Result<SecretText> connection_text(PostgresqlAddress const& address) {
    auto const shown = without_password(address.url);
    auto const parsed = parse(address.url);
    if (!parsed) return shown == address.url ? fail(parsed.error()) : unusable(shown, "it holds a password");
    auto const& options = *parsed;
    std::vector<Error> problems;
    auto const refuse = [&problems, &shown](std::string const& detail) { problems.push_back(unusable(shown, detail).value()); };
    for (auto const& [name, value] : options.given) {
        if (name == "password")
            refuse("it holds a password, which would be seen wherever settings are shown; write it into a file (database_password_file)");
        else if (std::ranges::find(k_known, std::string_view(name)) == k_known.end())
            refuse("the option " + name + " is not one that this program takes");
    }
    auto const hosts = options.get("host");
    bool local = options.get("hostaddr").empty();
    for (auto host : split(hosts, ',')) local = local && (host.empty() || host.starts_with('/'));
    if (auto const mode = options.get("sslmode"); !mode.empty() && mode != "verify-full")
        refuse("sslmode=" + mode + " would not verify the server; leave it out, verify-full is always used");
    if (options.get("dbname").empty()) refuse("it names no database");
    auto const roots = address.ca_file.empty() ? options.get("sslrootcert") : address.ca_file.string();
    if (!local && roots.empty()) refuse("the server could not be verified: name the file with its roots (database_ca_file)");
    if (!roots.empty())
        if (auto read = host::read_file(roots, std::size_t{1} << 20); !read) problems.push_back(read.error());
    std::optional<SecretText> password;
    if (!address.password_file.empty()) {
        auto read = read_password(address.password_file);
        if (read)
            password = std::move(*read);
        else
            problems.push_back(read.error());
    }
    if (!problems.empty()) return fail(gather(std::move(problems)));

    Text text;
    for (auto const& [name, value] : options.given)
        if (name != "sslmode" && name != "sslrootcert") text.add(name, value);
    if (options.get("connect_timeout").empty()) text.add("connect_timeout", "10");
    if (options.get("application_name").empty()) text.add("application_name", "countersign-manager");
    if (options.get("target_session_attrs").empty()) text.add("target_session_attrs", "read-write");
    text.add("client_encoding", "UTF8");
    // GSSAPI would be taken instead of TLS where both are there.
    text.add("gssencmode", "disable");
    if (local) {
        text.add("sslmode", "disable");
    } else {
        text.add("sslmode", "verify-full");
        text.add("sslrootcert", roots);
        text.add("ssl_min_protocol_version", "TLSv1.2");
        text.add("keepalives_idle", "10");
        text.add("keepalives_interval", "5");
        text.add("keepalives_count", "3");
        text.add("tcp_user_timeout", "20000");
    }
    if (password) text.add("password", password->reveal());
    return text.take();
}

}  // namespace countersign::manager::store
