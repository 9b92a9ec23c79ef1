#include "device/clients/external_manager_client.hpp"

#include "base/text.hpp"
#include "device/clients/client_target.hpp"
#include "device/clients/contact_schedule.hpp"
#include "device/clients/server_call.hpp"
#include "dialect/soap_external_manager.hpp"
#include "net/sync.hpp"

#include <algorithm>
#include <random>
#include <utility>

namespace countersign::device {
namespace {

using SteadyClock = std::chrono::steady_clock;

/// Two servers are called in the same way (docs/dialects.md, "External services"); only one of them may say what the system is to do.
struct Role {
    std::string_view client;  ///< id of the family's client
    bool manages = false;     ///< it hears of every start, and its settings, commands and wishes for documents are taken
};
constexpr Role k_manager{.client = "external_manager", .manages = true};
constexpr Role k_services{.client = "external_services", .manages = false};
constexpr net::Milliseconds k_idle{std::chrono::hours(24)};

/// What happens between the companion, which the unit may destroy at any moment, and its coroutine, which then ends by itself.
struct Contact {
    Contact(std::shared_ptr<Unit> const& of, bool first_boot, Role as)
        : role(as), unit(of), schedule(of->family().external_manager.heartbeat, first_boot), chance(std::random_device{}()) {}

    Role role;
    std::weak_ptr<Unit> unit;
    bool stopped = false;
    net::Signal wake;
    ContactSchedule schedule;
    std::vector<net::Url> targets;  ///< the manager and, where there is one, its alternate
    std::size_t current = 0;        ///< the one that is called
    bool target_known = false;
    std::string status;
    std::minstd_rand chance;

    [[nodiscard]] std::string fact(std::string_view about) const { return "client." + std::string(role.client) + "." + std::string(about); }
    double roll() { return std::uniform_real_distribution<double>(0, 1)(chance); }

    void show(Unit& of, std::string now, std::string_view why) {
        of.publish_fact(fact("diagnosis"), std::string(why));
        if (std::exchange(status, now) == now) return;
        of.publish_fact(fact("status"), now);
        // The journal hears of changes, not of every beat.
        of.report(std::string(role.client) + ".status", {{"status", std::move(now)}, {"detail", std::string(why)}});
    }
};

bool is_same(std::vector<net::Url> const& a, std::vector<net::Url> const& b) {
    return std::ranges::equal(a, b, {}, &net::Url::to_string, &net::Url::to_string);
}

/// Reads the settings again. False when there is nobody to call.
bool update_target(Contact& contact, Unit& unit) {
    auto const found = client_targets(unit, contact.role.client);
    auto targets = found ? *found : std::vector<net::Url>();
    if (!is_same(targets, contact.targets)) {
        if (contact.target_known) contact.schedule.target_changed(SteadyClock::now());
        contact.targets = std::move(targets);
        contact.current = 0;
    }
    contact.target_known = true;
    if (!found)
        contact.show(unit, "Failed", found.error().message());
    else if (contact.targets.empty())
        contact.show(unit, "Inactive", "");
    else if (contact.status.empty() || contact.status == "Inactive")
        contact.show(unit, "Initialising", "");
    return !contact.targets.empty();
}

/// Settings and commands of a manager that proved who it is. What is refused is an event and changes nothing.
net::Task<> carry_out(std::shared_ptr<Unit> unit, dialect::external_manager::Answer answer, net::Url server) {
    Actor const actor{std::string(k_manager.client), "manager", server.host};
    auto const refused = [&unit, &server](std::string_view what, Error const& error) {
        unit->report("external_manager.refused", {{"what", std::string(what)}, {"server", server.origin()}, {"detail", error.message()}});
    };
    if (!answer.settings.empty()) {
        std::vector<Change> changes;
        for (auto const& [path, value] : answer.settings) changes.push_back({path, value});
        if (auto const done = unit->apply(std::move(changes), actor); !done) refused("settings", done.error());
    }
    for (auto& call : answer.calls) {
        auto const path = call.path;
        auto const done = co_await unit->run_command(std::move(call.path), std::move(call.arguments), std::move(call.body), actor);
        if (!done) refused(path, done.error());
    }
}

/// Status or configuration as it is now; passwords are not in it.
std::optional<dialect::XmlElement> document_of(Unit const& unit, std::string const& where) {
    namespace xapi = dialect::xapi;
    auto const location = xapi::parse_location(where);
    if (!location) return std::nullopt;
    auto const& root = location->steps.front().name;
    if (iequals(root, "Status")) return xapi::select(xapi::build_tree("Status", unit.status()), *location);
    if (iequals(root, "Configuration")) return xapi::select(xapi::configuration_document(unit.family(), unit.configuration()), *location);
    return std::nullopt;
}

net::Task<> post_documents(std::shared_ptr<Unit> unit, std::vector<dialect::external_manager::DocumentToPost> documents, net::Url server) {
    constexpr std::size_t k_most = 8;
    if (documents.size() > k_most) documents.resize(k_most);
    std::weak_ptr<Unit> const weak = unit;
    for (auto const& document : documents) {
        if (!unit) co_return;
        auto parsed = net::Url::parse(document.url);
        auto const url = parsed ? with_offset(*std::move(parsed), unit->environment().port_offset) : net::Url{};
        auto const content = document_of(*unit, document.location);
        auto failed = std::string();
        if (url.origin() != server.origin()) {
            failed = "it is not at the manager's own address";
        } else if (!content) {
            failed = "there is no such document";
        } else {
            ServerCall call{
                .client = std::string(k_manager.client),
                .url = url,
                .fields = {{"Content-Type", dialect::external_manager::k_content_type}},
                .body = dialect::external_manager::write_posted_document(identification_of(*unit), document.location, *content)};
            auto work = call_server(std::exchange(unit, nullptr), std::move(call));
            auto const posted = co_await std::move(work);
            unit = weak.lock();
            if (!posted) failed = posted.error().message();
        }
        if (unit && !failed.empty())
            unit->report("external_manager.not_posted", {{"location", document.location}, {"url", document.url}, {"detail", failed}});
    }
}

net::Task<> make_contact(std::shared_ptr<Contact> contact, std::shared_ptr<Unit> unit) {
    namespace soap = dialect::external_manager;
    auto const& role = contact->role;
    auto const event = std::string(role.manages ? contact->schedule.event() : "Beat");
    std::string const soap_action = "\"" + std::string(soap::k_soap_action) + "\"";
    ServerCall call{std::string(role.client),
                    contact->targets.at(contact->current),
                    {{"Content-Type", soap::k_content_type}, {"SOAPAction", soap_action}},
                    soap::write_post_event({identification_of(*unit), event})};
    contact->schedule.calling(SteadyClock::now());
    auto const asked = contact->targets;
    auto const server = call.url;
    bool const proven = server.scheme == net::Scheme::https && unit->verify_state(contact->role.client).effective();
    auto work = call_server(std::move(unit), std::move(call));
    auto const response = co_await std::move(work);

    unit = contact->unit.lock();
    if (contact->stopped || !unit) co_return;
    if (!is_same(asked, contact->targets)) co_return;  // changed meanwhile: the new one is due already
    auto const answer = response ? soap::parse_answer(response->body, unit->family()) : Result<soap::Answer>(fail(response.error()));
    auto const now = SteadyClock::now();
    if (answer) {
        contact->schedule.succeeded(now, answer->heartbeat, contact->roll());
        if (event != "Beat") unit->report("external_manager.contact", {{"event", event}, {"server", server.origin()}});
        contact->show(*unit, "Active", "");
        if (!role.manages) co_return;
        // What may be taken of it stands at the top of the header.
        if (proven) co_await carry_out(unit, *answer, server);
        co_await post_documents(std::move(unit), answer->documents, server);
    } else {
        contact->schedule.failed(now, contact->roll());
        contact->current = (contact->current + 1) % contact->targets.size();
        contact->show(*unit, "Failed", answer.error().message());
    }
}

net::Task<> keep_contact(std::shared_ptr<Contact> contact) {
    while (!contact->stopped) {
        auto const seen = contact->wake.count();
        auto unit = contact->unit.lock();
        if (!unit) co_return;
        auto wait = k_idle;
        if (update_target(*contact, *unit)) {
            auto const due = contact->schedule.due();
            auto const now = SteadyClock::now();
            if (due <= now) {
                co_await make_contact(contact, std::move(unit));
                continue;
            }
            wait = std::chrono::ceil<net::Milliseconds>(due - now);
        }
        unit.reset();
        (void)co_await contact->wake.wait_beyond(seen, wait);
    }
}

/// May the change make a call possible, impossible or another one?
bool matters(Unit const& unit, Event const& event, Role const& role) {
    if (event.id.starts_with("trust.")) return true;
    if (event.id == "time.changed") return true;
    if (event.id != "setting.changed") return false;
    auto const* setting = unit.family().find_setting(event.field("path"));
    if (setting == nullptr) return false;
    if (setting->canonical.starts_with("client." + std::string(role.client) + ".")) return true;
    static constexpr std::string_view k_prefixes[] = {"client.verify", "name.dns.", "time.ntp."};
    return std::ranges::any_of(k_prefixes, [setting](std::string_view prefix) { return setting->canonical.starts_with(prefix); });
}

class ExternalManagerClient final : public Companion {
public:
    ExternalManagerClient(std::shared_ptr<Unit> const& unit, Role const& role)
        : contact_(std::make_shared<Contact>(unit, unit->boots() <= 1, role)) {
        subscription_ = unit->subscribe([contact = contact_](Event const& event) {
            auto const alive = contact->unit.lock();
            if (!alive || !matters(*alive, event, contact->role)) return;
            contact->schedule.hurry(SteadyClock::now());
            contact->wake.raise();
        });
        net::spawn(unit->executor(), [contact = contact_]() { return keep_contact(contact); }, "server contact");
    }
    ~ExternalManagerClient() override {
        contact_->stopped = true;
        contact_->wake.raise();
    }
    ExternalManagerClient(ExternalManagerClient const&) = delete;
    ExternalManagerClient& operator=(ExternalManagerClient const&) = delete;

private:
    std::shared_ptr<Contact> contact_;
    std::unique_ptr<Unit::Subscription> subscription_;
};

}  // namespace

Result<std::optional<net::Url>> external_manager_url(Unit const& unit) { return client_target(unit, k_manager.client); }

std::unique_ptr<Companion> make_external_manager_client(std::shared_ptr<Unit> unit) {
    if (unit->family().find_client(k_manager.client) == nullptr) return nullptr;
    return std::make_unique<ExternalManagerClient>(unit, k_manager);
}

std::unique_ptr<Companion> make_external_services_client(std::shared_ptr<Unit> unit) {
    auto const* client = unit->family().find_client(k_services.client);
    if (client == nullptr || client->address.empty()) return nullptr;
    return std::make_unique<ExternalManagerClient>(unit, k_services);
}

}  // namespace countersign::device
