#include "manager/manager.hpp"

#include "base/log.hpp"
#include "base/text.hpp"
#include "host/files.hpp"
#include "manager/api/api.hpp"
#include "manager/assess/readiness.hpp"
#include "manager/campaign/campaigns.hpp"
#include "manager/certificates/certificate_watch.hpp"
#include "manager/certificates/certification.hpp"
#include "manager/certificates/estate_roots.hpp"
#include "manager/certificates/request_desk.hpp"
#include "manager/certificates/root_replacement.hpp"
#include "manager/certificates/signing_authority.hpp"
#include "manager/drivers/web_driver.hpp"
#include "manager/estate/arrivals.hpp"
#include "manager/estate/directory.hpp"
#include "manager/estate/network.hpp"
#include "manager/estate/new_system.hpp"
#include "manager/estate/scanner.hpp"
#include "manager/estate/system_calls.hpp"
#include "manager/event_listeners.hpp"
#include "manager/jobs/engine.hpp"
#include "manager/notify/notifier.hpp"
#include "manager/observe/recognise.hpp"
#include "manager/peers.hpp"
#include "manager/renew/hours.hpp"
#include "manager/store/folder_policy_store.hpp"
#include "manager/store/folder_store.hpp"
#include "manager/store/place.hpp"
#include "manager/store/shared_store.hpp"
#include "manager/wiring.hpp"

#include "countersign/errors/gen.hpp"
#include "countersign/errors/mgr.hpp"
#include "countersign/errors/net.hpp"

#include <ranges>

namespace countersign::manager {

namespace {

constexpr std::string_view k_organization = "Countersign";
constexpr std::size_t k_page = 1000;

class ManagerService final : public Manager, public std::enable_shared_from_this<ManagerService> {
public:
    ManagerService(net::Runtime& runtime, ManagerSettings settings, family::Families families, std::shared_ptr<Clock const> clock,
                   std::unique_ptr<Store> store, std::unique_ptr<InternalCa> authority, std::shared_ptr<DirectWays const> direct,
                   std::string owner);
    /// Reads what is kept in memory: the directory of callers.
    net::Task<Result<void>> load();

    [[nodiscard]] ManagerSettings const& settings() const override { return settings_; }
    [[nodiscard]] Store& store() override { return *store_; }
    [[nodiscard]] Campaigns& campaigns() override { return *campaigns_; }
    [[nodiscard]] InternalCa& authority() override { return *authority_; }
    [[nodiscard]] OwnCertificate& own_certificate() override { return own_certificate_; }
    [[nodiscard]] EstateRoots& roots() override { return roots_; }
    [[nodiscard]] RootReplacement& root_replacement() override { return root_replacement_; }
    [[nodiscard]] Certification& certification() override { return certification_; }
    [[nodiscard]] RequestDesk& request_desk() override { return request_desk_; }
    [[nodiscard]] family::Families const& families() const override { return families_; }
    [[nodiscard]] std::string ssh_public_key() const override { return observer_.wire().direct->ssh_public_key; }
    [[nodiscard]] Network& network() override { return network_; }
    [[nodiscard]] Arrivals& arrivals() override { return arrivals_; }
    [[nodiscard]] Scanner& scanner() override { return *scanner_; }
    [[nodiscard]] Wire const& wire() const override { return observer_.wire(); }
    void set_pace(Pace pace) override { engine_->set_pace(pace); }
    void start() override {
        peers_->start(owner_, shared_from_this());
        engine_->start(shared_from_this());
        notifier_->start(shared_from_this());
        campaigns_->begin(shared_from_this());
        certificate_watch_.start(shared_from_this());
        certification_.start(shared_from_this());
        root_replacement_.start(shared_from_this());
    }
    net::Task<> stop() override;
    net::Task<Result<System>> add_system(NewSystem wanted, std::string actor) override {
        auto connection = wanted.connection;
        return add(std::move(wanted), std::move(connection), std::move(actor));
    }
    net::Task<Result<Assessment>> observe_now(SystemId id) override;
    net::Task<Result<Plan>> plan_for(SystemId id, std::optional<SecureOnly> assumed) override;
    net::Task<Result<ReportedSettings>> settings_of(SystemId id) override;
    net::Task<Result<std::vector<JobId>>> enforce(std::vector<SystemId> systems, std::string actor) override;
    net::Task<Result<Policy>> set_policy(Policy wanted, std::string actor) override;
    net::Task<Result<void>> check_ready(Policy policy) override;
    void take_up(std::vector<System> const& systems) override;
    net::Task<Result<void>> system_called(SystemCall call) override;
    net::Task<Result<Delivered>> test_channel(ChannelId id) override { return notifier_->test(id); }
    net::Task<Result<Given>> settings_for(SystemCall call) override;
    [[nodiscard]] SystemId guess_caller(std::string_view mac_address, std::string_view source_address) const override {
        return directory_.find({}, mac_address, source_address).value_or(0);
    }
    std::shared_ptr<void> subscribe(std::function<void(Event)> listener) override { return listeners_.add(std::move(listener)); }
    void publish(Event event) override;

private:
    net::Task<Result<void>> read_systems();
    net::Task<Result<void>> read_settings();
    net::Task<Result<family::FamilyPtr>> family_of(System system);
    net::Task<Result<void>> check_found(System system);
    net::Task<Result<std::vector<SystemId>>> capable_systems();
    net::Task<Result<void>> leave_to_campaigns(std::vector<SystemId>& systems);
    net::Task<Result<void>> check_free(std::vector<SystemId> systems);
    net::Task<Result<void>> replace_certificates(std::vector<SystemId> systems, std::string actor);
    net::Task<Result<System>> add(NewSystem wanted, ConnectionSettings connection, std::string actor);
    net::Task<Result<System>> add_found(NewSystem wanted, std::string folder, std::string actor);
    Announce announcer() {
        return [this](std::string kind, std::int64_t id) { publish({std::move(kind), id}); };
    }
    net::Task<Result<void>> tell_authorities();
    net::Task<Result<void>> give_root(std::vector<SystemId> systems, std::string actor);

    ManagerSettings settings_;
    family::Families families_;
    std::shared_ptr<Clock const> clock_;
    std::unique_ptr<Store> store_;
    std::unique_ptr<InternalCa> authority_;
    EventListeners listeners_;
    Directory directory_;
    ContactBoard contacts_;
    net::KeyedLock locks_;
    std::atomic<bool> stopping_ = false;
    Observer observer_;
    Surveyor surveyor_;
    Enforcer enforcer_;
    Network network_;
    OwnCertificate own_certificate_;
    EstateRoots roots_;
    CertificateWatch certificate_watch_;
    RootReplacement root_replacement_;
    Certification certification_;
    RequestDesk request_desk_;
    Arrivals arrivals_;
    std::shared_ptr<Moves> moves_;
    SystemCalls calls_;
    std::unique_ptr<Scanner> scanner_;
    std::string owner_;  ///< at leases of jobs
    std::shared_ptr<Engine> engine_;
    std::shared_ptr<Notifier> notifier_;
    std::shared_ptr<Campaigns> campaigns_;
    std::shared_ptr<Peers> peers_;
};

ManagerService::ManagerService(net::Runtime& runtime, ManagerSettings settings, family::Families families,
                               std::shared_ptr<Clock const> clock, std::unique_ptr<Store> store, std::unique_ptr<InternalCa> authority,
                               std::shared_ptr<DirectWays const> direct, std::string owner)
    : settings_(std::move(settings)),
      families_(std::move(families)),
      clock_(std::move(clock)),
      store_(std::move(store)),
      authority_(std::move(authority)),
      observer_(make_wire(runtime, settings_, clock_, std::move(direct))),
      surveyor_(*store_, *authority_, observer_, directory_, families_, clock_, announcer()),
      enforcer_(*store_, *authority_, observer_, surveyor_, contacts_, clock_, announcer(),
                {.contact_timeout = settings_.contact_timeout,
                 .restart_timeout = settings_.restart_timeout,
                 .external_manager_path = std::string(api::k_external_manager_path),
                 .stopping = [this] { return stopping_.load(); },
                 .pool = &runtime.blocking()}),
      network_(*store_, *authority_, families_, observer_.wire(), settings_),
      own_certificate_(
          {.store = *store_,
           .authority = *authority_,
           .settings = settings_,
           .pool = runtime.blocking(),
           .clock = clock_,
           .network = [this] { return network_.now(); },
           .enforce = [this](std::vector<SystemId> systems, std::string actor) { return give_root(std::move(systems), std::move(actor)); },
           .roots_changed = [this] { return roots_.load(); }}),
      roots_({.store = *store_,
              .authority = *authority_,
              .own = own_certificate_,
              .clock = clock_,
              .publish = [this] { return write_roots(*authority_, settings_.data / "ca.pem"); }}),
      certificate_watch_({.runtime = runtime,
                          .store = *store_,
                          .own = own_certificate_,
                          .authority = *authority_,
                          .clock = clock_,
                          .announce = announcer()}),
      root_replacement_(
          {.runtime = runtime,
           .store = *store_,
           .authority = *authority_,
           .own = own_certificate_,
           .clock = clock_,
           .enforce = [this](std::vector<SystemId> systems, std::string actor) { return give_root(std::move(systems), std::move(actor)); },
           .authorities_changed = [this] { return tell_authorities(); },
           .announce = announcer()}),
      certification_({.store = *store_,
                      .authority = *authority_,
                      .runtime = runtime,
                      .clock = clock_,
                      .enforce = [this](std::vector<SystemId> systems,
                                        std::string actor) { return replace_certificates(std::move(systems), std::move(actor)); },
                      .authorities_changed = [this] { return tell_authorities(); },
                      .announce = announcer()}),
      request_desk_({.store = *store_,
                     .authority = *authority_,
                     .pool = runtime.blocking(),
                     .clock = clock_,
                     .enforce = [this](std::vector<SystemId> systems,
                                       std::string actor) { return replace_certificates(std::move(systems), std::move(actor)); },
                     .announce = announcer(),
                     .request_days = settings_.request_days}),
      arrivals_(
          *store_, families_,
          [this](NewSystem wanted, ConnectionSettings connection, std::string actor) {
              return add(std::move(wanted), std::move(connection), std::move(actor));
          },
          [this](Event event) { publish(std::move(event)); }),
      moves_(std::make_shared<Moves>(Moves::Links{.runtime = runtime,
                                                  .store = *store_,
                                                  .directory = directory_,
                                                  .surveyor = surveyor_,
                                                  .observer = observer_,
                                                  .locks = locks_,
                                                  .wake_jobs = [this] { engine_->wake(); },
                                                  .announce = announcer()})),
      calls_({.store = *store_,
              .directory = directory_,
              .surveyor = surveyor_,
              .arrivals = arrivals_,
              .moves = *moves_,
              .contacts = contacts_,
              .sighted = certification_.sighted(),
              .locks = locks_,
              .clock = clock_,
              .families = families_,
              .tell_others = [this](SystemId id, bool https) { return peers_->tell_call(id, https); },
              .wake_jobs = [this] { engine_->wake(); },
              .announce = announcer()}),
      scanner_(std::make_unique<Scanner>(
          runtime, *store_, families_, observer_.wire(),
          [this](NewSystem wanted, std::string folder, std::string actor) {
              return add_found(std::move(wanted), std::move(folder), std::move(actor));
          },
          [this](Event event) { publish(std::move(event)); })),
      owner_(std::move(owner)),
      engine_(std::make_shared<Engine>(runtime, *store_, surveyor_, enforcer_, locks_, clock_, announcer(),
                                       Engine::Settings{.owner = owner_,
                                                        .pace = {.concurrency = settings_.concurrency,
                                                                 .observe_interval = settings_.observe_interval,
                                                                 .enforce_interval = settings_.enforce_interval}})),
      notifier_(std::make_shared<Notifier>(runtime, *store_, make_ways(runtime, observer_.wire(), settings_, *authority_), announcer())),
      campaigns_(std::make_shared<Campaigns>(
          runtime, *store_, surveyor_, enforcer_, locks_, clock_,
          Campaigns::Hooks{.announce = announcer(),
                           .wake_engine = [this] { engine_->wake(); },
                           .check_readiness = [this](Policy policy) { return check_ready(std::move(policy)); }})),
      peers_(std::make_shared<Peers>(Peers::Links{.runtime = runtime,
                                                  .store = *store_,
                                                  .directory = directory_,
                                                  .surveyor = surveyor_,
                                                  .contacts = contacts_,
                                                  .locks = locks_,
                                                  .publish = [this](Event event) { publish(std::move(event)); },
                                                  .look_for_work =
                                                      [this] {
                                                          engine_->wake();
                                                          campaigns_->look_again();
                                                          notifier_->wake();
                                                      },
                                                  .reload = [this] { return read_settings(); },
                                                  .read_systems = [this] { return read_systems(); }})) {
    network_.use(own_certificate_);
    surveyor_.use_request_days(settings_.request_days);
    surveyor_.use_watching([this] { return network_.now().speaks_snmp(); });
    surveyor_.use_names([this](Policy const& policy, Connectivity connectivity) { return network_.name_for(policy, connectivity); });
}

net::Task<Result<void>> ManagerService::load() {
    CS_CO_CHECK(co_await read_systems());
    co_return co_await read_settings();
}

net::Task<Result<void>> ManagerService::read_systems() {
    SystemFilter filter{.limit = k_page};
    while (true) {
        CS_CO_TRY(auto systems, co_await store_->list_systems(filter));
        for (auto const& system : systems) directory_.learn(system, "");
        if (systems.size() < k_page) co_return Result<void>();
        filter.after = systems.back().id;
    }
}

net::Task<Result<void>> ManagerService::read_settings() {
    CS_CO_CHECK(co_await signing_side(*authority_).reload());
    CS_CO_CHECK(co_await network_.load());
    CS_CO_CHECK(co_await own_certificate_.reload());
    CS_CO_CHECK(co_await roots_.load());
    CS_CO_CHECK(co_await certification_.load());
    co_return co_await arrivals_.load();
}

net::Task<> ManagerService::stop() {
    stopping_ = true;
    peers_->stop();
    campaigns_->stop();
    co_await certificate_watch_.stop();
    co_await root_replacement_.stop();
    co_await certification_.stop();
    co_await scanner_->stop();
    co_await moves_->stop();
    co_await engine_->stop();
    co_await notifier_->stop();
}

net::Task<Result<family::FamilyPtr>> ManagerService::family_of(System system) {
    if (!system.family.empty()) co_return families_.get(system.family);
    auto place = co_await observer_.locate(system);
    if (place.address.empty()) co_return fail(place.error.value_or(Error(errors::net::unknown_host, {{"name", system.host_name}})));
    co_return co_await recognise_family(observer_.wire(), families_, system, place.address);
}

/// A system that is known by its name only must be in DNS: else it could never be found.
net::Task<Result<void>> ManagerService::check_found(System system) {
    if (!system.address.empty()) co_return Result<void>();
    auto addresses = co_await observer_.wire().resolver->resolve(system.host_name);
    if (!addresses) co_return fail(std::move(addresses).error());
    co_return Result<void>();
}

net::Task<Result<System>> ManagerService::add_found(NewSystem wanted, std::string folder, std::string actor) {
    if (!folder.empty()) {
        CS_CO_TRY(auto const place, co_await store_->folders().ensure(std::move(folder), actor));
        wanted.folder = place.id;
    }
    co_return co_await add(std::move(wanted), {}, std::move(actor));
}

net::Task<Result<System>> ManagerService::add(NewSystem wanted, ConnectionSettings connection, std::string actor) {
    wanted.connection = std::move(connection);
    CS_CO_TRY(auto checked, check_new_system(std::move(wanted), families_));
    connection = checked.connection;
    bool const reachable = connection.connectivity != Connectivity::behind_firewall;
    // Behind a firewall the address is that of the firewall, and of everything else behind it.
    if (!reachable) checked.address.clear();
    System system{.name = checked.name,
                  .family = checked.family,
                  .host_name = checked.host_name,
                  .address = checked.address,
                  .track_by = checked.address.empty() ? TrackBy::host_name : TrackBy::address,
                  .https_port = checked.https_port,
                  .pins = checked.pins,
                  .serial_number = checked.serial_number,
                  .mac_address = checked.mac_address,
                  .folder = checked.folder,
                  .created = clock_->now()};
    CS_CO_CHECK(co_await store_->folders().get(system.folder));
    CS_CO_TRY(auto defaults, co_await store_->folder_policy().effective_defaults(system.folder));
    auto const track_by = checked.track_by ? checked.track_by : defaults.track_by;
    if (track_by && can_track(system, *track_by)) system.track_by = *track_by;
    if (checked.user.empty()) checked.user = defaults.user.value_or("");
    if (reachable) CS_CO_CHECK(co_await check_found(system));
    CS_CO_TRY(auto family, co_await family_of(system));
    system.family = family->id;
    system.user = checked.user.empty() ? family->login.user : checked.user;
    if (system.name.empty()) system.name = system.host_name.empty() ? system.address : std::string(split(system.host_name, '.').front());
    if (system.name.empty()) system.name = system.serial_number.empty() ? system.mac_address : system.serial_number;
    if (checked.password && checked.password->reveal() != family->login.factory_password)
        system.password_origin = PasswordOrigin::given;
    else
        checked.password.reset();
    CS_CO_TRY(system.id, co_await store_->add_system(system, std::move(checked.password), actor));
    if (connection != ConnectionSettings()) CS_CO_CHECK(co_await store_->network().set_connection(system.id, std::move(connection), actor));
    directory_.learn(system, "");
    CS_CO_CHECK(co_await store_->queue_job(JobKind::observe, system.id, actor));
    engine_->wake();
    publish({"system", system.id});
    co_return co_await store_->get_system(system.id);
}

net::Task<Result<Assessment>> ManagerService::observe_now(SystemId id) {
    auto const self = shared_from_this();
    auto guard = co_await locks_.acquire(id);
    // Who asks now has perhaps changed what the system's TLS takes.
    CS_CO_TRY(auto survey, co_await surveyor_.survey(id, {}, Observer::OldVersions::now));
    co_return std::move(survey.assessment);
}

net::Task<Result<Plan>> ManagerService::plan_for(SystemId id, std::optional<SecureOnly> assumed) {
    auto const self = shared_from_this();
    auto guard = co_await locks_.acquire(id);
    CS_CO_TRY(auto survey, co_await surveyor_.survey(id));
    if (assumed) survey.policy.secure_only = *assumed;
    CS_CO_CHECK(co_await apply_renewal(*store_, id, survey.policy, served_leaf(survey.sighting.observation), clock_->now()));
    co_return enforcer_.plan(survey);
}

net::Task<Result<ReportedSettings>> ManagerService::settings_of(SystemId id) {
    auto const self = shared_from_this();
    auto guard = co_await locks_.acquire(id);
    CS_CO_TRY(auto const survey, co_await surveyor_.survey(id));
    auto const& seen = survey.sighting.observation;
    // What another unit says is not this system's.
    if (!seen.account || !seen.other_unit.empty()) {
        auto const plan = enforcer_.plan(survey);
        auto const otherwise = seen.account_error.value_or(Error(errors::net::unreachable, {{"peer", certificate_name(survey.system)}}));
        co_return fail(plan.blockers.empty() ? otherwise : plan.blockers.front());
    }
    co_return ReportedSettings{
        .system = id,
        .at = seen.at,
        .channel = seen.account_channel,
        .restart_pending = seen.account->restart_pending,
        .settings = reported_settings(*survey.family, *seen.account, enforcer_.plan(survey), survey.connection.persistent)};
}

net::Task<Result<std::vector<JobId>>> ManagerService::enforce(std::vector<SystemId> systems, std::string actor) {
    if (systems.empty()) {
        CS_CO_TRY(systems, co_await store_->all_system_ids());
        CS_CO_CHECK(co_await leave_to_campaigns(systems));
    } else {
        CS_CO_CHECK(co_await check_free(systems));
    }
    CS_CO_TRY(auto jobs, co_await store_->queue_jobs(JobKind::enforce, std::move(systems), std::move(actor)));
    engine_->wake();
    for (auto id : jobs) publish({"job", id});
    co_return jobs;
}

/// What campaigns have in hand, or took back, is not enforced beside them.
net::Task<Result<void>> ManagerService::leave_to_campaigns(std::vector<SystemId>& systems) {
    CS_CO_TRY(auto const held, co_await store_->campaigns().held());
    std::erase_if(systems, [&held](SystemId id) { return held.contains(id); });
    co_return Result<void>();
}

/// A person names them: in a campaign they are refused, and those that were taken back are the person's now.
net::Task<Result<void>> ManagerService::check_free(std::vector<SystemId> systems) {
    CS_CO_TRY(auto const taken, co_await store_->campaigns().campaigns_of(systems));
    if (taken.empty()) co_return co_await store_->campaigns().release(std::move(systems));
    std::vector<Error> problems;
    for (auto const& [id, campaign] : taken) {
        CS_CO_TRY(auto const system, co_await store_->get_system(id));
        problems.push_back(Error(errors::mgr::in_campaign, {{"system", system.name}, {"campaign", std::to_string(campaign)}}));
    }
    co_return fail(gather(std::move(problems)));
}

/// Roots or issuing authorities are others: trust lists, the file for people, and what the HTTPS port shows.
net::Task<Result<void>> ManagerService::tell_authorities() {
    CS_CO_CHECK(co_await roots_.load());
    co_return co_await own_certificate_.serve();
}

/// Those in campaigns get it from there, or by the regular enforcement afterwards.
net::Task<Result<void>> ManagerService::give_root(std::vector<SystemId> systems, std::string actor) {
    CS_CO_CHECK(co_await leave_to_campaigns(systems));
    if (systems.empty()) co_return Result<void>();
    auto queued = co_await enforce(std::move(systems), std::move(actor));
    if (!queued) co_return fail(std::move(queued).error());
    co_return Result<void>();
}

/// A person's hold, and what campaigns left, stay as they are: the enforcer replaces certificates there and does nothing else. What a
/// campaign changes just now it replaces itself, or somebody does afterwards.
net::Task<Result<void>> ManagerService::replace_certificates(std::vector<SystemId> systems, std::string actor) {
    CS_CO_TRY(auto const busy, co_await store_->campaigns().under_way());
    std::erase_if(systems, [&busy](SystemId id) { return busy.contains(id); });
    if (systems.empty()) co_return Result<void>();
    CS_CO_TRY(auto const jobs, co_await store_->queue_jobs(JobKind::enforce, std::move(systems), std::move(actor)));
    engine_->wake();
    for (auto id : jobs) publish({"job", id});
    co_return Result<void>();
}

net::Task<Result<std::vector<SystemId>>> ManagerService::capable_systems() {
    std::vector<SystemId> capable;
    SystemFilter filter{.limit = k_page};
    while (true) {
        CS_CO_TRY(auto systems, co_await store_->list_systems(filter));
        // One that was never read may be capable: enforcement looks and finds out.
        for (auto const& system : systems)
            if (system.secure_only_capable || system.software.empty()) capable.push_back(system.id);
        if (systems.size() < k_page) co_return capable;
        filter.after = systems.back().id;
    }
}

net::Task<Result<Policy>> ManagerService::set_policy(Policy wanted, std::string actor) {
    CS_CO_TRY(auto policy, check_policy(std::move(wanted)));
    if (policy.manager_host_name.empty()) policy.manager_host_name = settings_.host_name;
    CS_CO_TRY(auto const before, co_await store_->get_policy());
    if (!iequals(policy.manager_host_name, before.manager_host_name))
        CS_CO_CHECK(co_await own_certificate_.stand_for(policy.manager_host_name));
    // Verify is judged each time: with another name or other servers it may not be what it was.
    if (policy.secure_only == SecureOnly::verify || policy.secure_only != before.secure_only)
        CS_CO_CHECK(co_await network_.check_ready_for(policy));
    CS_CO_CHECK(co_await store_->set_policy(policy, actor));
    publish({"policy", 0});
    if (before.secure_only != policy.secure_only) {
        CS_CO_CHECK(co_await store_->campaigns().end_goals());
        CS_CO_TRY(auto capable, co_await capable_systems());
        CS_CO_CHECK(co_await leave_to_campaigns(capable));
        if (!capable.empty()) CS_CO_CHECK(co_await enforce(std::move(capable), std::move(actor)));
    }
    co_return policy;
}

net::Task<Result<void>> ManagerService::check_ready(Policy policy) {
    if (policy.manager_host_name.empty()) policy.manager_host_name = settings_.host_name;
    co_return co_await network_.check_ready_for(std::move(policy));
}

void ManagerService::take_up(std::vector<System> const& systems) {
    // Whoever listens is told to read everything again long before this many.
    constexpr std::size_t k_most_events = 1001;
    for (auto const& system : systems) directory_.learn(system, "");
    for (auto const& system : systems | std::views::take(k_most_events)) publish({"system", system.id});
    engine_->wake();
}

net::Task<Result<void>> ManagerService::system_called(SystemCall call) {
    auto const self = shared_from_this();
    co_return co_await calls_.called(std::move(call), self);
}

net::Task<Result<Manager::Given>> ManagerService::settings_for(SystemCall call) {
    auto const self = shared_from_this();
    co_return co_await calls_.settings_for(std::move(call));
}

void ManagerService::publish(Event event) {
    if (event.kind == "ticket" || event.kind == "channel") notifier_->wake();
    if (event.kind == "job" && campaigns_) campaigns_->wake();
    if (event.kind == "policy") certificate_watch_.wake(true);
    if (event.kind == "system" && own_certificate_.is_staged()) certificate_watch_.wake(false);
    if (event.kind == "system") root_replacement_.wake();
    listeners_.tell(event);
}

}  // namespace

Result<std::shared_ptr<Manager>> Manager::create(net::Runtime& runtime, ManagerSettings settings, family::Families families,
                                                 std::shared_ptr<Clock const> clock) {
    runtime.start();
    CS_CHECK(host::ensure_folder(settings.data));
    CS_TRY(auto store, open_store(place_of(settings), clock));
    CS_TRY(auto authority,
           net::run(runtime, InternalCa::open(*store, runtime.blocking(), clock, std::string(k_organization),
                                              TokenSettings{.module = settings.pkcs11_module, .pin_file = settings.pkcs11_pin_file})));
    CS_TRY(auto owner, net::run(runtime, owner_name(*store, settings.data)));
    CS_TRY(auto direct, make_direct_ways(runtime, *store, settings));
    auto manager = std::make_shared<ManagerService>(runtime, std::move(settings), std::move(families), std::move(clock), std::move(store),
                                                    std::move(authority), std::move(direct), std::move(owner));
    CS_CHECK(net::run(runtime, manager->load()));
    CS_CHECK(net::run(runtime, manager->store().shared().started()));
    return std::shared_ptr<Manager>(std::move(manager));
}

}  // namespace countersign::manager
