#include "manager/server.hpp"

#include "base/log.hpp"
#include "host/files.hpp"
#include "manager/access/people_certificates.hpp"
#include "manager/access/people_directory.hpp"
#include "manager/api/api.hpp"
#include "manager/certificates/certification.hpp"
#include "manager/certificates/own_certificate.hpp"
#include "manager/observe/wire.hpp"
#include "manager/settings/program_settings.hpp"
#include "manager/store/shared_store.hpp"
#include "manager/store/statistics_store.hpp"

namespace countersign::manager {
namespace {

constexpr net::Milliseconds k_grace{2000};
/// How often the own certificate is looked at.
constexpr net::Milliseconds k_renewal_interval{std::chrono::hours(1)};

std::vector<net::Executor> executors_of(net::Runtime& runtime) {
    std::vector<net::Executor> all;
    for (std::size_t i = 0; i < runtime.size(); ++i) all.push_back(runtime.executor(i));
    return all;
}

}  // namespace

Server::Server(net::Runtime& runtime, std::shared_ptr<Manager> manager, std::shared_ptr<Access> access)
    : runtime_(runtime), manager_(std::move(manager)), access_(std::move(access)) {}

Server::~Server() { stop(); }

Result<std::unique_ptr<Server>> Server::start(net::Runtime& runtime, ManagerSettings settings, family::Families families, PlainHttp plain,
                                              std::shared_ptr<Clock const> clock) {
    CS_TRY(auto manager, Manager::create(runtime, std::move(settings), std::move(families), clock));
    auto access = std::make_shared<Access>(manager->store(), runtime.blocking(), clock);
    CS_CHECK(net::run(runtime, access->load()));
    std::unique_ptr<Server> server(new Server(runtime, manager, access));
    CS_TRY(bool const pending, net::run(runtime, access->setup_pending()));
    if (pending) {
        CS_TRY(server->setup_password_, net::run(runtime, access->new_setup_password()));
    }
    CS_CHECK(server->open_ports(plain));
    manager->own_certificate().when_changed([self = server.get()]() -> net::Task<Result<void>> {
        CS_CO_CHECK(co_await self->renew_identity());
        co_return Result<void>();
    });
    manager->start();
    net::spawn(runtime.executor(0), [self = server.get()] { return self->keep_identity_fresh(); }, "manager.certificate");
    server->watching_ = true;
    return server;
}

net::Task<Result<std::shared_ptr<net::tls::ServerContext const>>> Server::make_identity() {
    CS_CO_TRY(auto identity, co_await manager_->own_certificate().identity());
    CS_CO_CHECK(co_await manager_->certification().note_own(identity.chain));
    auto const roots = manager_->authority().roots();
    std::string fingerprint;
    for (auto const& one : identity.chain) fingerprint += one.fingerprint() + " ";
    for (auto const& one : roots) fingerprint += one.fingerprint() + " ";
    net::tls::ServerContext::Settings tls;
    tls.chain = std::move(identity.chain);
    tls.key = std::move(identity.key);
    // A system that shows its certificate is known by it (REQ MGR-9); nobody has to show one.
    tls.clients = net::tls::ServerContext::ClientCertificates::observed;
    tls.client_anchors = pki::Anchors(roots);
    CS_CO_TRY(auto context, net::tls::ServerContext::create(std::move(tls)));
    fingerprint_ = std::move(fingerprint);
    co_return context;
}

net::Task<Result<bool>> Server::renew_identity() {
    // Changes by people and by the clock: the one that was asked for last is served last.
    auto const turn = co_await renewals_.acquire(0);
    auto const before = fingerprint_;
    CS_CO_TRY(auto context, co_await make_identity());
    if (fingerprint_ == before) co_return false;
    https_->replace_identity(std::move(context));
    CS_CO_CHECK(co_await serve_people());
    log::info("manager.certificate_replaced", {{"sha256", fingerprint_.substr(0, fingerprint_.find(' '))}});
    co_return true;
}

/// A port of its own, because the other one does not bother browsers with questions for certificates, and believes the estate's roots. The
/// handshake refuses who is nobody's person or was revoked.
net::Task<Result<void>> Server::serve_people() {
    if (people_roots_.empty()) {
        if (people_port_) {
            co_await people_port_->close(k_grace);
            people_port_.reset();
        }
        co_return Result<void>();
    }
    CS_CO_TRY(auto identity, co_await manager_->own_certificate().identity());
    auto const policy = people_.revocation == "off"    ? pki::RevocationPolicy::off
                        : people_.revocation == "soft" ? pki::RevocationPolicy::soft_fail
                                                       : pki::RevocationPolicy::hard_fail;
    net::tls::ServerContext::Settings tls;
    tls.chain = std::move(identity.chain);
    tls.key = std::move(identity.key);
    tls.clients = net::tls::ServerContext::ClientCertificates::required;
    tls.client_anchors = pki::Anchors(people_roots_);
    tls.client_revocation = {policy, manager_->wire().revocation};
    CS_CO_TRY(auto context, net::tls::ServerContext::create(std::move(tls)));
    if (people_port_) {
        people_port_->replace_identity(std::move(context));
        co_return Result<void>();
    }
    auto const& settings = manager_->settings();
    net::http::Server::Settings secure;
    secure.where = {settings.address, static_cast<std::uint16_t>(people_.port + settings.port_offset)};
    secure.tls = std::move(context);
    secure.headers = {{"Strict-Transport-Security", "max-age=31536000"}};
    CS_CO_TRY(people_port_, net::http::Server::listen(executors_of(runtime_), std::move(secure), api::people_service(manager_, access_)));
    log::info("manager.listening_for_people", {{"https", net::to_string(people_port_->local())}});
    co_return Result<void>();
}

net::Task<> Server::keep_identity_fresh() {
    co_await note_levels();
    while (!co_await stop_.wait_beyond(0, k_renewal_interval)) {
        co_await note_levels();
        // What fails is tried again in an hour: a third of the certificate's life is left for it.
        if (auto done = co_await renew_identity(); !done) log::error("manager.certificate_not_replaced", done.error());
    }
    ended_.raise();
}

/// For the estate's history; one of several managers is enough.
net::Task<> Server::note_levels() {
    if (!manager_->store().shared().leads()) co_return;
    if (auto noted = co_await manager_->store().statistics().note_levels(); !noted) log::error("manager.levels_not_noted", noted.error());
}

Result<void> Server::open_ports(PlainHttp plain) {
    auto const& settings = manager_->settings();
    CS_TRY(auto context, net::run(runtime_, make_identity()));
    net::http::Server::Settings secure;
    secure.where = {settings.address, static_cast<std::uint16_t>(settings.https_port + settings.port_offset)};
    secure.tls = std::move(context);
    secure.headers = {{"Strict-Transport-Security", "max-age=31536000"}};
    CS_TRY(https_, net::http::Server::listen(executors_of(runtime_), std::move(secure), api::secure_service(manager_, access_)));
    if (plain == PlainHttp::open) {
        net::http::Server::Settings open;
        open.where = {settings.address, static_cast<std::uint16_t>(settings.http_port + settings.port_offset)};
        CS_TRY(http_, net::http::Server::listen(executors_of(runtime_), std::move(open), api::plain_service(manager_)));
    }
    log::info("manager.listening",
              {{"https", net::to_string(https_->local())}, {"http", http_ ? net::to_string(http_->local()) : "closed"}});
    return {};
}

Result<void> Server::reload(ProgramSettings const& settings) {
    std::shared_ptr<CertificateLogIn const> certificates;
    if (!settings.people.roots_file.empty()) {
        CS_TRY(certificates, CertificateLogIn::make(settings.people, manager_->wire().revocation, manager_->wire().clock));
    }
    manager_->set_pace(settings.pace());
    access_->use(make_directory(settings.directory, manager_->wire().resolver, runtime_.blocking()), certificates);
    people_ = settings.people;
    people_roots_ = certificates ? certificates->roots() : std::vector<pki::Certificate>();
    return net::run(runtime_, serve_people());
}

Result<void> Server::write_token(std::filesystem::path const& file) const {
    std::string name = "local";
    // Managers of one database have one each.
    if (manager_->store().shared().is_shared()) {
        CS_TRY(auto const own, host::read_file(manager_->settings().data / k_name_file));
        name += " " + own;
    }
    CS_TRY(auto tokens, net::run(runtime_, manager_->store().list_tokens()));
    for (auto const& token : tokens) {
        if (token.name == name) CS_CHECK(net::run(runtime_, manager_->store().remove_token(token.id, "manager")));
    }
    // Nobody owns it: who can read the file has the machine already.
    Caller const machine{.actor = "manager", .account = {}, .role = Role::administrator, .owner = std::nullopt};
    CS_TRY(auto made, net::run(runtime_, access_->create_token({.name = std::move(name), .days = 0, .role = std::nullopt}, machine)));
    return host::write_file(file, made.reveal() + "\n", host::Privacy::owner_only);
}

void Server::stop() {
    if (stopped_) return;
    stopped_ = true;
    stop_.raise();
    net::run(runtime_, [](Server* self) -> net::Task<> {
        if (self->watching_) co_await self->ended_.wait_beyond(0, k_grace);
        if (self->https_) co_await self->https_->close(k_grace);
        if (self->http_) co_await self->http_->close(k_grace);
        if (self->people_port_) co_await self->people_port_->close(k_grace);
        co_await self->manager_->stop();
    }(this));
}

}  // namespace countersign::manager
