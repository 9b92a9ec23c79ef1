#include "manager/server.hpp"

#include "base/log.hpp"
#include "host/files.hpp"
#include "manager/api/api.hpp"

namespace countersign::manager {
namespace {

constexpr net::Milliseconds k_grace{2000};

std::vector<net::Executor> executors_of(net::Runtime& runtime) {
    std::vector<net::Executor> all;
    for (std::size_t i = 0; i < runtime.size(); ++i) all.push_back(runtime.executor(i));
    return all;
}

}  // namespace

Server::Server(net::Runtime& runtime, std::shared_ptr<Manager> manager, std::shared_ptr<Access> access)
    : runtime_(runtime), manager_(std::move(manager)), access_(std::move(access)) {}

Server::~Server() { stop(); }

Result<std::unique_ptr<Server>> Server::start(net::Runtime& runtime, ManagerSettings settings, family::Families families, PlainHttp plain) {
    auto clock = std::make_shared<SystemClock>();
    CS_TRY(auto manager, Manager::create(runtime, std::move(settings), std::move(families), clock));
    auto access = std::make_shared<Access>(manager->store(), runtime.blocking(), clock);
    std::unique_ptr<Server> server(new Server(runtime, manager, access));
    CS_TRY(bool const pending, net::run(runtime, access->setup_pending()));
    if (pending) {
        CS_TRY(server->setup_password_, net::run(runtime, access->new_setup_password()));
    }
    CS_CHECK(server->open_ports(plain));
    manager->start();
    return server;
}

Result<void> Server::open_ports(PlainHttp plain) {
    auto const& settings = manager_->settings();
    std::vector<std::string> addresses;
    if (settings.address != "0.0.0.0" && settings.address != "::") addresses.push_back(settings.address);
    CS_TRY(auto identity, net::run(runtime_, manager_->authority().manager_certificate(settings.host_name, addresses)));
    net::tls::ServerContext::Settings tls;
    tls.chain = {identity.certificate};
    tls.key = identity.key;
    CS_TRY(auto context, net::tls::ServerContext::create(std::move(tls)));
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

Result<void> Server::write_token(std::filesystem::path const& file) const {
    constexpr std::string_view name = "local";
    CS_TRY(auto tokens, net::run(runtime_, manager_->store().list_tokens()));
    for (auto const& token : tokens) {
        if (token.name == name) CS_CHECK(net::run(runtime_, manager_->store().remove_token(token.id, "manager")));
    }
    CS_TRY(auto made, net::run(runtime_, access_->create_token(std::string(name), 0, "manager")));
    return host::write_file(file, made.reveal() + "\n", host::Privacy::owner_only);
}

void Server::stop() {
    if (stopped_) return;
    stopped_ = true;
    net::run(runtime_, [](Server* self) -> net::Task<> {
        if (self->https_) co_await self->https_->close(k_grace);
        if (self->http_) co_await self->http_->close(k_grace);
        co_await self->manager_->stop();
    }(this));
}

}  // namespace countersign::manager
