#include "device/services/http_door.hpp"

#include "base/text.hpp"
#include "device/safety.hpp"
#include "device/services/log_in_pages.hpp"
#include "device/services/page_files.hpp"
#include "device/services/web_address.hpp"
#include "device/services/web_sessions.hpp"
#include "device/services/websocket_door.hpp"
#include "net/http/auth.hpp"

#include "countersign/errors/acc.hpp"
#include "countersign/errors/dev.hpp"
#include "countersign/errors/gen.hpp"

#include <algorithm>
#include <utility>

namespace countersign::device {

namespace http = net::http;

std::optional<std::string> forged_from(http::Request const& request) {
    if (auto site = request.fields.get("Sec-Fetch-Site"); !site.empty() && site != "same-origin" && site != "none")
        return "Sec-Fetch-Site: " + std::string(site);
    auto origin = request.fields.get("Origin");
    if (origin.empty()) return std::nullopt;
    // The same name over the other scheme is somebody else: whoever listens can be that.
    std::string_view const scheme = request.secure ? "https://" : "http://";
    auto const host = [&](std::string_view text) {
        std::string_view const usual = request.secure ? ":443" : ":80";
        return text.ends_with(usual) ? text.substr(0, text.size() - usual.size()) : text;
    };
    bool const ours = istarts_with(origin, scheme) && iequals(host(origin.substr(scheme.size())), host(request.fields.get("Host")));
    if (!ours || origin.size() == scheme.size()) return "Origin: " + std::string(origin);
    return std::nullopt;
}

namespace {

bool speaks(family::Service const& service, std::string_view dialect) {
    return std::ranges::find(service.dialects, dialect) != service.dialects.end();
}

bool changes_something(http::Request const& request) {
    return request.method != "GET" && request.method != "HEAD" && request.method != "OPTIONS";
}

bool redirects(Unit const& unit, family::Service const& service) {
    if (service.redirect_to.empty()) return false;
    return service.redirect_setting.empty() || iequals(unit.effective_canonical(service.redirect_setting), "on");
}

/// A connection from before callers had to show a certificate proves nothing of who is there now, and could confirm a trial that
/// locks its owner out.
bool lacks_certificate(Unit const& unit, family::Service const& service, http::Request const& request) {
    return !service.verify_clients.empty() && request.client_certificates.empty() &&
           iequals(unit.effective_canonical(service.verify_clients), "on");
}

/// Nothing is read from the request but where it wanted to go: no log-in is asked for where it would travel in clear.
http::Response send_on(Unit const& unit, family::Service const& service, http::Request const& request) {
    auto const* target = unit.family().find_service(service.redirect_to);
    auto const port = parse_number<int>(unit.effective_canonical(target->port_setting)).value_or(target->port);
    auto const location = url_of(unit, host_asked_for(unit, request), *target, static_cast<std::uint16_t>(port), request.target);
    // Not a permanent one: browsers would keep it when the system stops redirecting.
    return http::Response::redirect(changes_something(request) ? 307 : 302, location);
}

class WebService final : public http::Service {
public:
    WebService(std::shared_ptr<Unit> const& unit, family::Service const& service)
        : unit_(unit),
          service_(service),
          authenticator_(settings_of(unit->family()), password_lookup(unit)),
          websockets_(service),
          people_(service.id, unit->spec().serial) {
        // Whoever knew the old password is not let in by what it once opened. Owned by this object, so `this` outlives it.
        password_changes_ = unit->subscribe([this](Event const& event) {
            if (event.id != "password.changed" && event.id != "password.reset") return;
            sessions_.end_all();
            people_.end_all();
        });
    }

    [[nodiscard]] std::size_t body_limit(http::Request const& head) const override {
        if (!changes_something(head)) return 0;
        // Anybody may send these.
        if (head.path == k_log_in_path || head.path == k_log_out_path) return k_log_in_limit;
        return istarts_with(head.fields.get("Content-Type"), "multipart/") ? k_form_body_limit : k_xml_body_limit;
    }

    net::Task<http::Response> handle(http::Request request) override {
        auto const before = ended_;
        auto response = co_await respond(std::move(request));
        // This connection ends with this answer: who reads that sends nothing more into it.
        if (ended_ != before) response.fields.set("Connection", "close");
        co_return response;
    }
    /// The server was asked to end the connections that there are.
    void note_ended() { ++ended_; }

private:
    net::Task<http::Response> respond(http::Request request) {
        auto unit = unit_.lock();
        if (!unit) co_return http::Response::text(503, "The system is shutting down.\n");
        if (lacks_certificate(*unit, service_, request)) {
            auto response = http::problem(Error(errors::dev::caller_not_verified));
            response.fields.set("Connection", "close");
            co_return response;
        }
        if (auto response = websockets_.answer(unit, request)) co_return *std::move(response);
        if (redirects(*unit, service_)) co_return send_on(*unit, service_, request);
        if (std::ranges::find(service_.redirect_paths, request.path) != service_.redirect_paths.end())
            co_return http::Response::redirect(302, "/");
        Actor actor{service_.id, {}, request.peer.address};
        if (changes_something(request))
            if (auto from = forged_from(request)) {
                unit->report("request.forged", {{"from", *from}, {"peer", actor.peer}});
                co_return http::problem(Error(errors::acc::forbidden, {{"detail", *from}}));
            }
        if (auto response = before_log_in(*unit, request)) co_return *std::move(response);
        if (request.path == k_xml_rpc_path && speaks(service_, "xml_rpc")) {
            WebRequest web{std::move(unit), std::move(request), std::move(actor)};
            co_return co_await handle_xml_rpc(std::move(web));
        }
        if (speaks(service_, "transactions") && request.method == "POST" &&
            std::ranges::find(service_.transaction_paths, request.path) != service_.transaction_paths.end()) {
            WebRequest web{std::move(unit), std::move(request), std::move(actor)};
            co_return co_await handle_transaction(std::move(web), transactions_);
        }
        bool by_form = false;
        if (auto refused = log_in(*unit, request, actor, by_form)) co_return *std::move(refused);
        request.user = actor.user;
        PageView view{.service = &service_, .host = host_asked_for(*unit, request), .user = actor.user, .by_form = by_form};
        // While a change is on trial every look at the system goes over a connection of its own: an old one would prove nothing.
        bool const on_trial = by_form && unit->trial().current();
        WebRequest web{std::move(unit), std::move(request), std::move(actor), std::move(view)};
        auto response = co_await answer(std::move(web));
        if (on_trial) response.fields.set("Connection", "close");
        co_return response;
    }
    static http::Authenticator::Settings settings_of(family::Family const& family) {
        return {.realm = family.login.realm,
                .digest = family.login.scheme != "basic",
                .basic_over_tls = true,
                .any_user = family.login.any_user};
    }
    static http::Authenticator::PasswordOf password_lookup(std::weak_ptr<Unit> unit) {
        return [unit = std::move(unit)](std::string const& user) -> std::optional<SecretText> {
            auto held = unit.lock();
            return held ? held->password_for(user) : std::nullopt;
        };
    }

    static http::Response wait(Error const& error) {
        auto response = http::problem(error);
        response.fields.set("Retry-After", error.parameter("seconds"));
        return response;
    }

    /// What everybody gets: the look of the pages, and where people log in.
    std::optional<http::Response> before_log_in(Unit& unit, http::Request const& request) {
        if (!speaks(service_, "pages") || !request.path.starts_with(k_own_places)) return std::nullopt;
        if (request.method == "GET" || request.method == "HEAD") {
            auto const files = page_files();
            auto const file = std::ranges::find(files, std::string_view(request.path).substr(k_own_places.size()), &http::StaticFile::name);
            if (file != files.end()) return http::serve(*file, request);
        }
        return service_.secure ? people_.answer(unit, request) : std::nullopt;
    }

    /// Nothing when the log-in is right; the actor's user is set then.
    std::optional<http::Response> log_in(Unit& unit, http::Request const& request, Actor& actor, bool& by_form) {
        // A log-in at the pages is no credential where programs speak: there it could become one that outlives it.
        bool const people = with_people() && !is_for_programs(unit.family(), request.path);
        // A session is nothing that one guesses: others at the same address, who do, keep nobody out who is in.
        if (auto user = people && !request.fields.has("Authorization") ? people_.user_of(request) : std::nullopt) {
            actor.user = *std::move(user);
            by_form = true;
            return std::nullopt;
        }
        auto const program = with_sessions() ? sessions_.user_of(request, std::chrono::steady_clock::now()) : std::nullopt;
        // Also while the address is locked out: a person reads in the form how long.
        if (people && !program)
            if (auto response = LogInPages::instead_of_challenge(unit, request)) return response;
        if (auto open = unit.check_not_locked(actor.peer); !open) return wait(open.error());
        if (program) {
            actor.user = *program;
            return std::nullopt;
        }
        auto checked = authenticator_.check(request);
        if (auto const* user = std::get_if<std::string>(&checked)) {
            actor.user = *user;
            if (auto open = unit.check_not_locked(actor.peer, *user); !open) return wait(open.error());
            unit.note_login(actor, true);
            return std::nullopt;
        }
        auto response = std::get<http::Response>(std::move(checked));
        auto challenges = response.fields.all("WWW-Authenticate");
        // A first request without credentials, or with a nonce that got old, is nobody guessing.
        bool stale = std::ranges::any_of(challenges, [](std::string_view text) { return text.contains("stale=true"); });
        if (request.fields.has("Authorization") && !stale) unit.note_login(actor, false);
        return response;
    }

    [[nodiscard]] bool is_for_programs(family::Family const& family, std::string_view path) const {
        bool const session = path == WebSessions::k_begin || path == WebSessions::k_end;
        return (session && speaks(service_, "xapi_session")) || (speaks(service_, "xapi_xml") && is_xapi_place(family, path));
    }
    [[nodiscard]] bool with_people() const { return service_.secure && speaks(service_, "pages"); }
    [[nodiscard]] bool with_sessions() const { return service_.secure && speaks(service_, "xapi_session"); }

    net::Task<http::Response> answer(WebRequest web) {
        auto path = web.request.path;
        auto const unit = web.unit;
        bool const wants_page = speaks(service_, "pages") && web.request.fields.get("Accept").contains("text/html");
        auto const view = web.view;
        if (with_sessions() && web.request.method == "POST") {
            if (path == WebSessions::k_begin) co_return sessions_.begin(web.actor.user, std::chrono::steady_clock::now());
            if (path == WebSessions::k_end) co_return sessions_.end(web.request);
        }
        if (speaks(service_, "xapi_xml"))
            if (auto response = co_await handle_xapi(web)) co_return *std::move(response);
        if (speaks(service_, "pages"))
            if (auto response = co_await handle_pages(std::move(web))) co_return *std::move(response);
        co_return nothing_there(*unit, view, wants_page, path);
    }

    /// A person in front of a browser reads a page in the system's look, with the menu; a program the problem document.
    static http::Response nothing_there(Unit& unit, PageView const& view, bool wants_page, std::string const& path) {
        Error const error(errors::gen::not_found, {{"what", "page"}, {"name", path}});
        return wants_page ? page_of(unit, view, error) : http::problem(error);
    }

    std::weak_ptr<Unit> unit_;
    family::Service const& service_;  ///< of the family, which the unit keeps
    http::Authenticator authenticator_;
    WebSocketDoor websockets_;
    WebSessions sessions_;
    LogInPages people_;
    std::unique_ptr<Unit::Subscription> password_changes_;
    std::uint64_t ended_ = 0;  ///< how often the connections were asked to end
    /// Of this service alone: a token that was sent in clear opens nothing behind TLS.
    std::shared_ptr<TransactionSessions> transactions_ = std::make_shared<TransactionSessions>();
};

class HttpDoor final : public Door {
public:
    HttpDoor(std::unique_ptr<http::Server> server, std::shared_ptr<WebService> web) : server_(std::move(server)), web_(std::move(web)) {}
    [[nodiscard]] net::Endpoint local() const override { return server_->local(); }
    net::Task<> close(net::Milliseconds grace) override { return server_->close(grace); }
    void replace_identity(std::shared_ptr<net::tls::ServerContext const> identity) override {
        server_->replace_identity(std::move(identity));
    }
    void end_connections() override {
        web_->note_ended();
        server_->end_connections();
    }

private:
    std::unique_ptr<http::Server> server_;
    std::shared_ptr<WebService> web_;
};

/// Nothing inline, no frame, nothing from elsewhere, nothing kept (OWASP secure headers).
std::vector<std::pair<std::string, std::string>> security_headers() {
    return {{"X-Content-Type-Options", "nosniff"},
            {"X-Frame-Options", "DENY"},
            {"Referrer-Policy", "same-origin"},
            {"Cache-Control", "no-store"},
            {"Content-Security-Policy",
             "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; form-action 'self'; "
             "frame-ancestors 'none'; base-uri 'none'"}};
}

Result<std::unique_ptr<Door>> open_http(Unit& unit, family::Service const& service, net::Endpoint where) {
    http::Server::Settings settings;
    settings.where = std::move(where);
    settings.server_name = unit.spec().product_id;
    settings.headers = security_headers();
    if (service.secure) {
        CS_TRY(settings.tls, unit.server_context(service));
    }
    auto web = std::make_shared<WebService>(unit.shared_from_this(), service);
    CS_TRY(auto server, http::Server::listen({unit.executor()}, std::move(settings), web));
    return std::unique_ptr<Door>(std::make_unique<HttpDoor>(std::move(server), std::move(web)));
}

}  // namespace

void register_http_doors(Environment& environment) {
    environment.doors["http"] = open_http;
    environment.doors["https"] = open_http;
}

}  // namespace countersign::device
