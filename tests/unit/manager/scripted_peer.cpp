#include "scripted_peer.hpp"

#include "dialect/web_form.hpp"
#include "dialect/xapi_xml.hpp"
#include "manager/observe/wire.hpp"
#include "net/http/auth.hpp"

#include <algorithm>
#include <future>
#include <stdexcept>

namespace countersign::testing {

namespace http = net::http;
namespace xapi = dialect::xapi;

namespace {

/// Calls a function for every request.
class FunctionService final : public http::Service {
public:
    FunctionService(std::shared_ptr<Recorder> recorder, http::Handler handler)
        : recorder_(std::move(recorder)), handler_(std::move(handler)) {}
    [[nodiscard]] std::size_t body_limit(http::Request const&) const override { return 1024 * 1024; }
    net::Task<http::Response> handle(http::Request request) override {
        recorder_->add(request);
        if (!handler_) co_return http::Response::text(404, "nothing here");
        co_return co_await handler_(std::move(request));
    }

private:
    std::shared_ptr<Recorder> recorder_;
    http::Handler handler_;
};

template <class T>
T must(Result<T> result) {
    if (!result) throw std::runtime_error(result.error().explanation());
    return std::move(*result);
}

constexpr net::Milliseconds k_downtime{60};

}  // namespace

void Recorder::add(http::Request const& request) {
    std::scoped_lock lock(mutex_);
    std::string text = request.method + " " + request.target + "\n";
    for (auto const& field : request.fields.list()) text += field.name + ": " + field.value + "\n";
    requests_.push_back(text + "\n" + request.body);
}

std::vector<std::string> Recorder::list() const {
    std::scoped_lock lock(mutex_);
    return requests_;
}

std::size_t Recorder::count(std::string_view text) const {
    std::scoped_lock lock(mutex_);
    return static_cast<std::size_t>(
        std::ranges::count_if(requests_, [text](std::string const& request) { return request.contains(text); }));
}

bool Recorder::contains(std::string_view text) const { return count(text) > 0; }

std::unique_ptr<http::Server> open_port(net::Runtime& runtime, net::Endpoint where, std::shared_ptr<net::tls::ServerContext const> tls,
                                        std::shared_ptr<Recorder> recorder, http::Handler handler) {
    http::Server::Settings settings;
    settings.where = std::move(where);
    settings.tls = std::move(tls);
    return must(http::Server::listen({runtime.executor(0)}, std::move(settings),
                                     std::make_shared<FunctionService>(std::move(recorder), std::move(handler))));
}

ScriptedSystem::ScriptedSystem(net::Runtime& runtime, family::FamilyPtr family, std::string address, std::string serial,
                               TestIdentity factory)
    : runtime_(runtime),
      family_(std::move(family)),
      address_(std::move(address)),
      serial_(std::move(serial)),
      password_(family_->login.factory_password),
      installed_identity_(std::move(factory)) {
    for (auto const& setting : family_->settings) stored_[setting.path] = setting.default_value;
    http::Authenticator::Settings settings{.realm = family_->login.realm, .any_user = true};
    authenticator_ = std::make_unique<http::Authenticator>(
        settings, [this](std::string const&) -> std::optional<SecretText> { return SecretText(password()); });
}

void ScriptedSystem::in_loop(std::function<void()> what) {
    std::promise<void> done;
    net::asio::post(runtime_.executor(0), [&done, &what] {
        what();
        done.set_value();
    });
    done.get_future().get();
}

void ScriptedSystem::boot() {
    in_loop([this] { open(); });
}

void ScriptedSystem::power_off() {
    in_loop([this] {
        http_.reset();
        https_.reset();
    });
}

void ScriptedSystem::open() {
    bool http_on = false;
    bool https_on = false;
    {
        std::scoped_lock lock(mutex_);
        effective_ = stored_;
        pending_ = false;
        served_ = installed_identity_.chain.front().fingerprint();
        http_on = effective_[family_->find_canonical("service.http.mode")->path] == "On";
        https_on = effective_[family_->find_canonical("service.https.mode")->path] == "On";
    }
    auto handler = [self = weak_from_this()](http::Request request) -> net::Task<http::Response> {
        auto alive = self.lock();
        if (!alive) co_return http::Response::text(503, "");
        co_return co_await alive->handle(std::move(request));
    };
    if (http_on) http_ = open_port(runtime_, {address_, static_cast<std::uint16_t>(80 + k_offset)}, nullptr, recorder_, handler);
    if (https_on)
        https_ = open_port(runtime_, {address_, static_cast<std::uint16_t>(443 + k_offset)}, server_context(installed_identity_), recorder_,
                           handler);
}

void ScriptedSystem::restart() {
    ++restarts_;
    net::spawn(
        runtime_.executor(0),
        [weak = weak_from_this()]() -> net::Task<> {
            co_await net::sleep_for(k_downtime);  // the answer gets out
            auto self = weak.lock();
            if (!self) co_return;
            self->http_.reset();
            self->https_.reset();
            co_await net::sleep_for(k_downtime);
            self->open();
            self->call_manager();
        },
        "restart of a scripted system");
}

void ScriptedSystem::call_manager() {
    if (on_call) on_call(setting("client.external_manager.protocol") == "https");
}

std::string ScriptedSystem::password() const {
    std::scoped_lock lock(mutex_);
    return password_;
}

void ScriptedSystem::set_password(std::string password) {
    std::scoped_lock lock(mutex_);
    password_ = std::move(password);
}

void ScriptedSystem::set_feedback(std::string url) {
    std::scoped_lock lock(mutex_);
    feedback_ = std::move(url);
}

void ScriptedSystem::set(std::string const& canonical, std::string const& value) {
    auto const* setting = family_->find_canonical(canonical);
    std::scoped_lock lock(mutex_);
    stored_[setting->path] = must(setting->from_canonical(value));
}

std::string ScriptedSystem::setting(std::string const& canonical) const {
    auto const* setting = family_->find_canonical(canonical);
    std::scoped_lock lock(mutex_);
    return setting->to_canonical(stored_.at(setting->path));
}

std::string ScriptedSystem::served_fingerprint() const {
    std::scoped_lock lock(mutex_);
    return served_;
}

std::string ScriptedSystem::status() const {
    auto const path = [this](std::string_view fact) { return family_->find_fact(fact)->path; };
    auto const verify = family_->find_canonical("client.verify")->path;
    std::vector<xapi::PathValue> leaves{
        {path("system.product_type"), family_->product_type},
        {path("system.software"), family_->software},
        {path("system.serial"), serial_},
        {path("system.mac"), "00:50:60:00:00:01"},
        {path("system.time"), to_string(SystemClock().now())},
        {path("system.restart_pending"), pending_ ? "True" : "False"},
        {path("certificate.fingerprint"), installed_identity_.chain.front().fingerprint()},
        {path("certificate.factory"), factory_ ? "True" : "False"},
        {path("client.verify.active"), stored_.at(verify) == "On" ? "True" : "False"},
    };
    if (!trial_.empty()) leaves.push_back({path("trial.id"), trial_});
    if (!feedback_.empty()) leaves.push_back({replace_all(path("client.feedback.url"), "{n}", "3"), feedback_});
    int number = 0;
    for (auto const& root : roots_)
        leaves.push_back({replace_all(path("trust.fingerprint"), "{n}", std::to_string(++number)), root.fingerprint()});
    return xapi::write_document(xapi::build_tree("Status", leaves), xapi::header_of(*family_));
}

net::Task<http::Response> ScriptedSystem::handle(http::Request request) {
    if (fails_after > 0 && --fails_after == 0) {
        net::asio::post(runtime_.executor(0), [self = shared_from_this()] {
            self->http_.reset();
            self->https_.reset();
        });
        co_await net::sleep_for(net::Milliseconds(1000));
    }
    auto checked = authenticator_->check(request);
    if (auto* refused = std::get_if<http::Response>(&checked)) co_return std::move(*refused);
    if (request.path == "/putxml") co_return co_await put(std::move(request.body));
    if (request.path == "/web/security/cert") co_return page("");
    if (request.path == "/web/security/certAdd") co_return upload(request);
    std::scoped_lock lock(mutex_);
    if (request.path == "/status.xml") co_return http::Response::xml(200, status());
    if (request.path != "/configuration.xml") co_return http::Response::text(404, "");
    std::vector<xapi::PathValue> leaves;
    for (auto const& [path, value] : stored_) leaves.push_back({path, value});
    co_return http::Response::xml(200, xapi::write_document(xapi::configuration_document(*family_, leaves), xapi::header_of(*family_)));
}

net::Task<http::Response> ScriptedSystem::put(std::string body) {
    auto parsed = must(xapi::parse_put(body, *family_));
    if (auto* configuration = std::get_if<xapi::ConfigurationRequest>(&parsed)) {
        std::scoped_lock lock(mutex_);
        std::vector<xapi::SettingProblem> problems;
        for (auto const& change : configuration->settings) {
            auto const* setting = family_->find_setting(change.path);
            if (!setting)
                problems.push_back({change.path, "No match on address expression"});
            else if (!setting->space.check(change.path, change.value))
                problems.push_back({change.path, "Illegal value"});
            else {
                pending_ = pending_ || setting->effect == family::Effect::restart;
                stored_[setting->path] = change.value;
                if (setting->canonical.starts_with("client."))
                    net::asio::post(runtime_.executor(0), [self = shared_from_this()] { self->call_manager(); });
            }
        }
        co_return http::Response::xml(200, xapi::write_configuration_answer(problems));
    }
    std::vector<xapi::CommandResult> results;
    for (auto const& call : std::get<xapi::CommandRequest>(parsed).calls) {
        auto const* command = family_->find_command(call.path);
        if (command && command->behaviour == "set_password") set_password(call.arguments.front().value);
        if (command && command->behaviour == "restart") restart();
        if (command && command->behaviour.starts_with("trial_")) {
            std::scoped_lock lock(mutex_);
            trial_ = command->behaviour == "trial_begin" ? "a-trial-of-" + serial_ : "";
            trials_.push_back(command->behaviour);
        }
        if (command && command->behaviour == "feedback_register")
            for (auto const& argument : call.arguments)
                if (argument.name == "ServerUrl") set_feedback(argument.value);
        if (command && command->behaviour == "request_create") {
            results.push_back(make_request(*command, call));
            continue;
        }
        if (command && command->behaviour == "request_link") {
            results.push_back(link_answer(*command, call));
            continue;
        }
        if (command && command->behaviour == "certificate_activate") {
            results.push_back(activate(*command, call));
            continue;
        }
        if (command && command->behaviour == "certificate_show") {
            results.push_back(show(*command));
            continue;
        }
        if (command && command->behaviour == "certificate_delete") {
            results.push_back(forget(*command, call));
            continue;
        }
        results.push_back({.name = command ? command->result : "Result",
                           .outcome = command ? xapi::Outcome::ok : xapi::Outcome::error,
                           .reason = command ? "" : "Unknown command"});
    }
    co_return http::Response::xml(200, xapi::write_command_answer(results));
}

namespace {

xapi::CommandResult refusal(family::Command const& command, std::string words) {
    return {.name = command.result, .outcome = xapi::Outcome::error, .reason = std::move(words), .xpath = {}, .values = {}};
}

xapi::CommandResult taken(family::Command const& command) {
    return {.name = command.result, .outcome = xapi::Outcome::ok, .reason = {}, .xpath = {}, .values = {}};
}

std::string argument_of(xapi::CommandCall const& call, std::string_view name) {
    for (auto const& one : call.arguments)
        if (one.name == name) return one.value;
    return {};
}

}  // namespace

xapi::CommandResult ScriptedSystem::make_request(family::Command const& command, xapi::CommandCall const& call) {
    std::scoped_lock lock(mutex_);
    if (!refuse_requests.empty()) return refusal(command, refuse_requests);
    ++requests;
    pending_key_ = must(pki::PrivateKey::generate(makes));
    std::vector<pki::AlternativeName> names;
    for (auto const& one : call.arguments)
        if (one.name == "SanDns") names.push_back({pki::AlternativeName::Kind::dns, one.value});
    if (!further_name.empty()) names.push_back({pki::AlternativeName::Kind::dns, further_name});
    auto const request = must(pki::CertificateRequest::create(*pending_key_, {.common_name = argument_of(call, "CommonName")}, names));
    auto result = taken(command);
    result.values.emplace_back("CSR", request.to_pem());
    return result;
}

xapi::CommandResult ScriptedSystem::link_answer(family::Command const& command, xapi::CommandCall const& call) {
    std::scoped_lock lock(mutex_);
    if (!refuse_answers.empty()) return refusal(command, refuse_answers);
    auto chain = must(pki::parse_bundle(call.body));
    if (!pending_key_ || !pki::check_key_matches(chain.front(), *pending_key_)) return refusal(command, "No request is pending");
    pairs_.push_back({std::move(chain), *std::exchange(pending_key_, std::nullopt)});
    return taken(command);
}

xapi::CommandResult ScriptedSystem::show(family::Command const& command) const {
    std::scoped_lock lock(mutex_);
    auto result = taken(command);
    for (auto const& pair : pairs_) result.values.emplace_back("Details").add("Fingerprint", pair.chain.front().fingerprint_sha1());
    return result;
}

xapi::CommandResult ScriptedSystem::activate(family::Command const& command, xapi::CommandCall const& call) {
    std::scoped_lock lock(mutex_);
    if (!refuse_use.empty()) return refusal(command, refuse_use);
    for (auto const& pair : pairs_) {
        if (pair.chain.front().fingerprint_sha1() != argument_of(call, "Fingerprint")) continue;
        installed_identity_ = pair;
        factory_ = false;
        pending_ = true;
        ++installed_;
        return taken(command);
    }
    return refusal(command, "No such certificate");
}

xapi::CommandResult ScriptedSystem::forget(family::Command const& command, xapi::CommandCall const& call) {
    std::scoped_lock lock(mutex_);
    auto const gone = std::erase_if(
        pairs_, [&call](auto const& pair) { return pair.chain.front().fingerprint_sha1() == argument_of(call, "Fingerprint"); });
    return gone > 0 ? taken(command) : refusal(command, "No such certificate");
}

http::Response ScriptedSystem::page(std::string problem) {
    dialect::web::PageValues values;
    if (!problem.empty()) values.problems.push_back(std::move(problem));
    values.hidden.emplace_back("token", "t-17");
    return http::Response::html(200, dialect::web::render_page(*family_, *family_->find_page("/web/security/cert"), values));
}

http::Response ScriptedSystem::upload(http::Request const& request) {
    auto parts = must(http::parse_any_form(request));
    if (parts["token"].content != "t-17") return page("The form has expired");
    if (!refuse_uploads.empty()) return page(refuse_uploads);
    std::scoped_lock lock(mutex_);
    if (auto roots = parts.find("ca_list"); roots != parts.end() && !roots->second.content.empty())
        roots_ = must(pki::parse_bundle(roots->second.content));
    if (auto certificate = parts.find("certificate"); certificate != parts.end() && !certificate->second.content.empty()) {
        installed_identity_ = {must(pki::parse_bundle(certificate->second.content)),
                               must(pki::PrivateKey::parse_pem(parts["privkey"].content))};
        factory_ = false;
        pending_ = true;
        ++installed_;
    }
    return http::Response::html(200, dialect::web::render_page(*family_, *family_->find_page("/web/security/cert"), {}));
}

pki::CertificateAuthority make_authority(std::string const& name) {
    auto key = must(pki::PrivateKey::generate(pki::KeyType::ec_p256));
    return must(
        pki::CertificateAuthority::create_root(key, {.common_name = name}, pki::valid_for(SystemClock().now(), std::chrono::days(30))));
}

TestIdentity factory_identity(pki::CertificateAuthority const& vendor, std::string const& serial) {
    auto key = must(pki::PrivateKey::generate(pki::KeyType::ec_p256));
    auto request = must(pki::CertificateRequest::create(key, {.common_name = "unit", .serial_number = serial}, {}));
    auto certificate = must(vendor.sign(request, pki::Profile::device, pki::valid_for(SystemClock().now(), std::chrono::days(20))));
    return {{certificate}, key};
}

}  // namespace countersign::testing
