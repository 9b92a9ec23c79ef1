#include "net/ldap.hpp"

#include "base/text.hpp"

#include "countersign/errors/acc.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <ldap.h>
#include <mutex>
#include <netdb.h>
#include <openldap.h>
#include <optional>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace countersign::net {
namespace {

/// An answer of a directory about one person and his groups is small.
constexpr ber_len_t k_answer_limit = 1024UL * 1024;
constexpr std::size_t k_values_limit = 2000;

Error failed(LdapServer const& server, std::string_view step, std::string_view detail) {
    return Error(errors::acc::directory_failed, {{"server", server.host}, {"step", step}, {"detail", detail}});
}

struct AddressesDeleter {
    void operator()(addrinfo* list) const { ::freeaddrinfo(list); }
};
struct ConnectionDeleter {
    void operator()(LDAP* ldap) const { ::ldap_unbind_ext_s(ldap, nullptr, nullptr); }
};
struct MessageDeleter {
    void operator()(LDAPMessage* message) const { ::ldap_msgfree(message); }
};
struct MemoryDeleter {
    void operator()(void* memory) const { ::ldap_memfree(memory); }
};
struct ElementDeleter {
    void operator()(BerElement* element) const { ::ber_free(element, 0); }
};
struct ValuesDeleter {
    void operator()(berval** values) const { ::ldap_value_free_len(values); }
};

class Descriptor {
public:
    explicit Descriptor(int number) : number_(number) {}
    ~Descriptor() {
        if (number_ >= 0) ::close(number_);
    }
    Descriptor(Descriptor&& other) noexcept : number_(other.release()) {}
    Descriptor& operator=(Descriptor&&) = delete;
    Descriptor(Descriptor const&) = delete;
    Descriptor& operator=(Descriptor const&) = delete;
    [[nodiscard]] int get() const { return number_; }
    int release() { return std::exchange(number_, -1); }

private:
    int number_;
};

timeval as_timeval(std::chrono::milliseconds time) {
    return {static_cast<time_t>(time.count() / 1000), static_cast<suseconds_t>(time.count() % 1000 * 1000)};
}

/// The library would ask the machine's name service and follow its own idea of time; this knows the address already.
Result<Descriptor> connect(LdapServer const& server) {
    addrinfo hints{};
    hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (::getaddrinfo(server.address.c_str(), std::to_string(server.port).c_str(), &hints, &found) != 0)
        return fail(failed(server, "connection", server.address + " is no address"));
    std::unique_ptr<addrinfo, AddressesDeleter> const address(found);
    Descriptor peer(::socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    auto const reason = [&server](int code) { return fail(failed(server, "connection", std::generic_category().message(code))); };
    if (peer.get() < 0) return reason(errno);
    if (::connect(peer.get(), address->ai_addr, address->ai_addrlen) != 0 && errno != EINPROGRESS) return reason(errno);
    pollfd waiting{.fd = peer.get(), .events = POLLOUT, .revents = 0};
    int const ready = ::poll(&waiting, 1, static_cast<int>(server.timeout.count()));
    if (ready == 0) return reason(ETIMEDOUT);
    int code = 0;
    socklen_t size = sizeof code;
    if (ready < 0 || ::getsockopt(peer.get(), SOL_SOCKET, SO_ERROR, &code, &size) != 0) return reason(errno);
    if (code != 0) return reason(code);
    return peer;
}

std::string url_of(LdapServer const& server) {
    auto const host = server.host.find(':') == std::string::npos ? server.host : "[" + server.host + "]";
    return "ldap://" + host + ":" + std::to_string(server.port);
}

bool set(LDAP* ldap, int option, void const* value) { return ::ldap_set_option(ldap, option, value) == LDAP_OPT_SUCCESS; }

/// The part of the options that makes a TLS context: which roots, and that the peer must be verified by them.
bool choose_tls(LDAP* ldap, std::string const& roots) {
    int const demand = LDAP_OPT_X_TLS_DEMAND;
    int const fresh = 0;
    // Debian's library is built on GnuTLS, whose priority string also says the versions.
    return set(ldap, LDAP_OPT_X_TLS_CACERTFILE, roots.c_str()) && set(ldap, LDAP_OPT_X_TLS_REQUIRE_CERT, &demand) &&
           set(ldap, LDAP_OPT_X_TLS_CIPHER_SUITE, "SECURE128:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:%PROFILE_MEDIUM") &&
           set(ldap, LDAP_OPT_X_TLS_NEWCTX, &fresh);
}

/// The TLS contexts made so far, one for each content of a file of roots. The library loses eight kilobytes with each context (it makes
/// a priority list and overwrites it by ours), so connections share them.
class Contexts {
public:
    /// Null when the file cannot be read or holds no certificates. The context lives as long as the process.
    void* find(std::filesystem::path const& roots) {
        auto const text = read_limited(roots);
        if (!text) return nullptr;
        std::lock_guard const lock(mutex_);
        auto const known = made_.find(*text);
        if (known != made_.end()) return known->second;
        LDAP* maker = nullptr;
        if (::ldap_initialize(&maker, nullptr) != LDAP_SUCCESS) return nullptr;
        std::unique_ptr<LDAP, ConnectionDeleter> const held(maker);
        void* context = nullptr;
        if (!choose_tls(maker, roots.string()) || ::ldap_get_option(maker, LDAP_OPT_X_TLS_CTX, &context) != LDAP_OPT_SUCCESS)
            return nullptr;
        // Kept only for what it was surely made of: the library has read the file by itself.
        if (context != nullptr && read_limited(roots) == text) made_.emplace(*text, context);
        return context;
    }

private:
    static std::optional<std::string> read_limited(std::filesystem::path const& file) {
        constexpr std::size_t longest = 4UL * 1024 * 1024;
        std::ifstream in(file, std::ios::binary);
        std::string text(longest + 1, '\0');
        if (!in || (!in.read(text.data(), static_cast<std::streamsize>(text.size())) && !in.eof())) return std::nullopt;
        text.resize(static_cast<std::size_t>(in.gcount()));
        if (text.size() > longest) return std::nullopt;
        return text;
    }

    std::mutex mutex_;
    std::map<std::string, void*, std::less<>> made_;
};

/// Never destroyed: the library has no call that gives back a context that was asked for, so they are kept where a leak checker finds
/// them, and threads that still talk to a directory at the end of the process have theirs.
Contexts& contexts() {
    static Contexts& all = *std::make_unique<Contexts>().release();
    return all;
}

/// All that must hold before a byte is sent. False when the library does not know one of them.
bool secure(LDAP* ldap, LdapServer const& server) {
    int const version = LDAP_VERSION3;
    int const demand = LDAP_OPT_X_TLS_DEMAND;
    auto const timeout = as_timeval(server.timeout);
    bool good = set(ldap, LDAP_OPT_PROTOCOL_VERSION, &version) && set(ldap, LDAP_OPT_REFERRALS, LDAP_OPT_OFF) &&
                set(ldap, LDAP_OPT_NETWORK_TIMEOUT, &timeout) && set(ldap, LDAP_OPT_TIMEOUT, &timeout);
    void* const context = good ? contexts().find(server.roots) : nullptr;
    // The demand is asked of the connection too, when the server's certificate has come.
    good = context != nullptr && set(ldap, LDAP_OPT_X_TLS_REQUIRE_CERT, &demand) && set(ldap, LDAP_OPT_X_TLS_CTX, context);
    Sockbuf* buffer = nullptr;
    good = good && ::ldap_get_option(ldap, LDAP_OPT_SOCKBUF, &buffer) == LDAP_OPT_SUCCESS && buffer != nullptr;
    ber_len_t limit = k_answer_limit;
    return good && ::ber_sockbuf_ctrl(buffer, LBER_SB_OPT_SET_MAX_INCOMING, &limit) >= 0;
}

std::string diagnosis(LDAP* ldap, int code) {
    char* text = nullptr;
    ::ldap_get_option(ldap, LDAP_OPT_DIAGNOSTIC_MESSAGE, &text);
    std::unique_ptr<char, MemoryDeleter> const held(text);
    std::string out = ::ldap_err2string(code);
    constexpr std::size_t longest = 300;
    if (text != nullptr && *text != '\0') out += ": " + std::string(text).substr(0, longest);
    return out;
}

LdapEntry read_entry(LDAP* ldap, LDAPMessage* message) {
    LdapEntry out;
    std::unique_ptr<char, MemoryDeleter> const dn(::ldap_get_dn(ldap, message));
    if (dn) out.dn = dn.get();
    BerElement* place = nullptr;
    std::unique_ptr<char, MemoryDeleter> name(::ldap_first_attribute(ldap, message, &place));
    std::unique_ptr<BerElement, ElementDeleter> const held(place);
    for (; name; name.reset(::ldap_next_attribute(ldap, message, place))) {
        std::unique_ptr<berval*, ValuesDeleter> const values(::ldap_get_values_len(ldap, message, name.get()));
        auto& list = out.attributes[to_lower(name.get())];
        for (auto** value = values.get(); value != nullptr && *value != nullptr && list.size() < k_values_limit; ++value)
            list.emplace_back((*value)->bv_val, (*value)->bv_len);
    }
    return out;
}

}  // namespace

std::string LdapEntry::first(std::string_view name) const {
    auto const found = attributes.find(to_lower(name));
    return found == attributes.end() || found->second.empty() ? std::string() : found->second.front();
}

struct LdapConnection::State {
    LdapServer server;
    std::unique_ptr<LDAP, ConnectionDeleter> ldap;
};

LdapConnection::LdapConnection(std::unique_ptr<State> state) : state_(std::move(state)) {}
LdapConnection::~LdapConnection() = default;

Result<std::unique_ptr<LdapConnection>> LdapConnection::open(LdapServer const& server) {
    if (server.roots.empty()) return fail(failed(server, "preparation", "no roots are set by which its certificate could be verified"));
    CS_TRY(auto peer, connect(server));
    LDAP* made = nullptr;
    if (int const code = ::ldap_init_fd(peer.get(), LDAP_PROTO_TCP, url_of(server).c_str(), &made); code != LDAP_SUCCESS)
        return fail(failed(server, "preparation", ::ldap_err2string(code)));
    // From here on the library closes it.
    static_cast<void>(peer.release());
    auto state = std::make_unique<State>(State{server, std::unique_ptr<LDAP, ConnectionDeleter>(made)});
    if (!secure(made, server)) return fail(failed(server, "preparation", "its roots cannot be read: " + server.roots.string()));
    int const code = server.security == LdapServer::Security::ldaps ? ::ldap_install_tls(made) : ::ldap_start_tls_s(made, nullptr, nullptr);
    if (code != LDAP_SUCCESS || ::ldap_tls_inplace(made) != 1) return fail(failed(server, "TLS", diagnosis(made, code)));
    return std::unique_ptr<LdapConnection>(new LdapConnection(std::move(state)));
}

Result<bool> LdapConnection::bind(std::string const& dn, SecretText const& password) {
    if (password.empty() || dn.empty()) return false;
    auto* const ldap = state_->ldap.get();
    // A copy, because the library's types are not const; wiped with the Secret that holds it.
    auto copy = password.duplicate();
    berval credentials{.bv_len = copy.reveal().size(), .bv_val = const_cast<char*>(copy.reveal().data())};  // NOLINT
    int const code = ::ldap_sasl_bind_s(ldap, dn.c_str(), LDAP_SASL_SIMPLE, &credentials, nullptr, nullptr, nullptr);
    if (code == LDAP_SUCCESS) return true;
    // The name or the password is wrong, the account is locked there, or the name has no form at all: it does not let him in.
    if (code == LDAP_INVALID_CREDENTIALS || code == LDAP_NO_SUCH_OBJECT || code == LDAP_INVALID_DN_SYNTAX ||
        code == LDAP_INAPPROPRIATE_AUTH || code == LDAP_CONSTRAINT_VIOLATION || code == LDAP_UNWILLING_TO_PERFORM ||
        code == LDAP_INSUFFICIENT_ACCESS)
        return false;
    return fail(failed(state_->server, "log-in", diagnosis(ldap, code)));
}

Result<std::vector<LdapEntry>> LdapConnection::search(std::string const& base, std::string const& filter,
                                                      std::vector<std::string> const& attributes, int most, Scope scope) {
    auto* const ldap = state_->ldap.get();
    std::vector<std::string> names = attributes;
    std::vector<char*> pointers;
    for (auto& name : names) pointers.push_back(name.data());
    pointers.push_back(nullptr);
    auto timeout = as_timeval(state_->server.timeout);
    LDAPMessage* answer = nullptr;
    int const code = ::ldap_search_ext_s(ldap, base.c_str(), scope == Scope::entry ? LDAP_SCOPE_BASE : LDAP_SCOPE_SUBTREE, filter.c_str(),
                                         pointers.data(), 0, nullptr, nullptr, &timeout, most, &answer);
    std::unique_ptr<LDAPMessage, MessageDeleter> const held(answer);
    if (code == LDAP_SIZELIMIT_EXCEEDED)
        return fail(errors::acc::directory_says_too_much,
                    {{"server", state_->server.host}, {"filter", filter}, {"most", std::to_string(most)}});
    if (code == LDAP_NO_SUCH_OBJECT) return std::vector<LdapEntry>();
    if (code != LDAP_SUCCESS) return fail(failed(state_->server, "search", diagnosis(ldap, code)));
    std::vector<LdapEntry> out;
    for (auto* one = ::ldap_first_entry(ldap, answer); one != nullptr; one = ::ldap_next_entry(ldap, one))
        out.push_back(read_entry(ldap, one));
    return out;
}

std::string escape_ldap_filter(std::string_view value) {
    constexpr std::string_view digits = "0123456789abcdef";
    constexpr unsigned char first_beyond_ascii = 0x80;
    std::string out;
    for (char const c : value) {
        auto const byte = static_cast<unsigned char>(c);
        if (std::string_view("*()\\").contains(c) || byte < 0x20 || byte == 0x7f || byte >= first_beyond_ascii)
            ((out += '\\') += digits[byte >> 4]) += digits[byte & 15];
        else
            out += c;
    }
    return out;
}

std::string escape_ldap_dn(std::string_view value) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string out;
    for (std::size_t i = 0; i < value.size(); ++i) {
        auto const byte = static_cast<unsigned char>(value[i]);
        bool const edge = (i == 0 && (value[i] == ' ' || value[i] == '#')) || (i + 1 == value.size() && value[i] == ' ');
        if (byte < 0x20 || byte == 0x7f)
            ((out += '\\') += digits[byte >> 4]) += digits[byte & 15];
        else {
            if (edge || std::string_view("\"+,;<>=\\").contains(value[i])) out += '\\';
            out += value[i];
        }
    }
    return out;
}

}  // namespace countersign::net
