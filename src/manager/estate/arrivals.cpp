#include "manager/estate/arrivals.hpp"

#include "base/log.hpp"
#include "base/text.hpp"
#include "manager/drivers/web_driver.hpp"
#include "manager/estate/directory.hpp"
#include "manager/store/folder_store.hpp"

#include "countersign/errors/gen.hpp"
#include "countersign/errors/mgr.hpp"

#include <algorithm>
#include <array>

namespace countersign::manager {
namespace {

constexpr std::size_t k_longest_said = 100;
constexpr std::size_t k_page = 1000;
constexpr double k_calls_per_second = 20;   ///< of unknown callers together
constexpr double k_calls_per_source = 0.5;  ///< of one address
constexpr double k_burst = 40;
constexpr double k_burst_per_source = 4;
/// Sources that are remembered; beyond, those that have not called for a while are forgotten.
constexpr std::size_t k_most_sources = 10000;
constexpr std::size_t k_most_persistent = 50;
constexpr std::size_t k_longest_value = 255;

/// Only printable text, no longer than needed: it is shown to people.
std::string said_text(std::string_view text) {
    std::string out;
    for (char c : trim(text).substr(0, k_longest_said))
        if (static_cast<unsigned char>(c) >= 0x20 && static_cast<unsigned char>(c) < 0x7F) out += c;
    return out;
}

UnknownCaller cleaned(UnknownCaller said) {
    said.serial_number = to_upper(said_text(said.serial_number));
    said.mac_address = plain_mac(said.mac_address);
    said.system_name = said_text(said.system_name);
    said.product = said_text(said.product);
    said.software = said_text(said.software);
    said.reported_address = is_ip_address(said.reported_address) ? said.reported_address : std::string();
    return said;
}

Error invalid(std::string_view field, std::string_view detail) {
    return Error(errors::gen::invalid_input, {{"field", field}, {"detail", detail}});
}

bool is_arrival(std::string_view event) { return iequals(event, "Boot") || iequals(event, "Register") || iequals(event, "Beat"); }

}  // namespace

Result<void> check_persistent(std::map<std::string, std::string> const& settings, family::Families const& families,
                              std::string const& family) {
    // What these decide is the policy's business, or would cut the system off at its next boot.
    constexpr std::array<std::string_view, 8> of_policy{"service.",  "client.",   "login.", "network.",
                                                        "name.dns.", "time.ntp.", "tls.",   "snmp."};
    std::vector<Error> problems;
    if (settings.size() > k_most_persistent) problems.push_back(invalid("persistent", "at most " + std::to_string(k_most_persistent)));
    auto const known = family.empty() ? Result<family::FamilyPtr>(nullptr) : families.get(family);
    for (auto const& [name, value] : settings) {
        auto const field = "persistent." + name;
        bool const is_policy = std::ranges::any_of(of_policy, [&name](std::string_view prefix) { return name.starts_with(prefix); });
        bool const exists =
            known && *known
                ? (*known)->find_canonical(name) != nullptr
                : std::ranges::any_of(families.all(), [&name](auto const& one) { return one->find_canonical(name) != nullptr; });
        if (is_policy)
            problems.push_back(invalid(field, "the policy decides it"));
        else if (!exists)
            problems.push_back(invalid(field, "systems of this family have no such setting"));
        if (value.size() > k_longest_value || !is_utf8(value)) problems.push_back(invalid(field, "at most 255 bytes of UTF-8"));
    }
    if (!problems.empty()) return fail(gather(std::move(problems)));
    return {};
}

// --- limits ------------------------------------------------------------------------------------------------------------------

bool CallLimiter::take(Budget& budget, double per_second, double burst, std::chrono::steady_clock::time_point now) {
    if (budget.at == std::chrono::steady_clock::time_point())
        budget.left = burst;
    else
        budget.left = std::min(burst, budget.left + per_second * std::chrono::duration<double>(now - budget.at).count());
    budget.at = now;
    if (budget.left < 1) return false;
    budget.left -= 1;
    return true;
}

bool CallLimiter::allow(std::string const& source, std::chrono::steady_clock::time_point now) {
    std::scoped_lock lock(mutex_);
    if (sources_.size() >= k_most_sources)
        std::erase_if(sources_, [now](auto const& one) { return now - one.second.at > std::chrono::minutes(1); });
    // Still full: a flood from everywhere. Who is known from before keeps his budget.
    if (sources_.size() >= k_most_sources && !sources_.contains(source)) return false;
    // The source first, so that one that calls too often does not use up what the others share.
    return take(sources_[source], k_calls_per_source, k_burst_per_source, now) && take(all_, k_calls_per_second, k_burst, now);
}

// --- calls -------------------------------------------------------------------------------------------------------------------

Arrivals::Arrivals(Store& store, family::Families families, Add add, std::function<void(Event)> publish)
    : store_(store), families_(std::move(families)), add_(std::move(add)), publish_(std::move(publish)) {}

net::Task<Result<void>> Arrivals::load() {
    ArrivalId after = 0;
    while (true) {
        CS_CO_TRY(auto page, co_await store_.arrivals().list_preregistrations(after, k_page));
        {
            std::scoped_lock lock(mutex_);
            for (auto const& one : page)
                if (one.system != 0 && !one.confirmed) unconfirmed_[one.system] = one.id;
        }
        if (page.size() < k_page) co_return Result<void>();
        after = page.back().id;
    }
}

bool Arrivals::is_unconfirmed(SystemId id) const {
    std::scoped_lock lock(mutex_);
    return unconfirmed_.contains(id);
}

net::Task<Result<void>> Arrivals::called(UnknownCaller said, std::string event) {
    if (!limiter_.allow(said.source_address, std::chrono::steady_clock::now())) co_return Result<void>();
    said = cleaned(std::move(said));
    CS_CO_TRY(auto announced, co_await store_.arrivals().find_preregistration(said.mac_address, said.serial_number));
    if (announced && announced->system == 0) co_return co_await take_in(*std::move(announced), std::move(said));
    if (announced) {
        CS_CO_TRY(auto now, co_await with_confirmation(*std::move(announced)));
        // Somebody calls in the name of a unit that is known for sure: that is nothing new.
        if (now.confirmed) co_return Result<void>();
        co_return co_await move(std::move(now), std::move(said));
    }
    if (!is_arrival(event)) co_return Result<void>();
    CS_CO_TRY(auto const noted, co_await store_.arrivals().note_unknown_caller(std::move(said), {}));
    if (noted == ArrivalStore::Noted::fresh) publish_({"arrival", 0});
    if (noted == ArrivalStore::Noted::full) log::warning("arrival.list_full", {{"source", said.source_address}});
    co_return Result<void>();
}

/// Where nothing can be asked from here, what the caller says of its product is all there is.
std::string Arrivals::family_of(UnknownCaller const& said, ConnectionSettings const& connection) const {
    if (connection.connectivity != Connectivity::behind_firewall) return {};
    auto const match = families_.recognise({{"product_type", said.product}});
    return match ? match->id : std::string();
}

net::Task<Result<FolderId>> Arrivals::folder_at(std::string path, std::string actor) {
    if (path.empty()) co_return k_root_folder;
    CS_CO_TRY(auto const folder, co_await store_.folders().ensure(std::move(path), std::move(actor)));
    co_return folder.id;
}

net::Task<Result<void>> Arrivals::take_in(Preregistration announced, UnknownCaller said) {
    CS_CO_TRY(auto const folder, co_await folder_at(announced.folder, "manager"));
    NewSystem wanted{.name = announced.name,
                     .host_name = announced.host_name,
                     .address = said.source_address,
                     .family = announced.family.empty() ? family_of(said, announced.connection) : announced.family,
                     .user = announced.user,
                     .password = std::nullopt,
                     .pins = {},
                     .folder = folder,
                     // A person said which unit it is: its factory identity is compared with that.
                     .serial_number = announced.serial_number,
                     .mac_address = {}};
    if (announced.connection.connectivity == Connectivity::behind_firewall) wanted.mac_address = announced.mac_address;
    if (wanted.name.empty() && wanted.host_name.empty()) wanted.name = said.system_name;
    CS_CO_TRY(wanted.password, co_await store_.arrivals().get_preregistered_password(announced.id));
    auto added = co_await add_(std::move(wanted), announced.connection, "manager");
    if (!added) {
        // Perhaps it does not answer yet: its next call tries again.
        log::warning("arrival.not_added",
                     {{"error", added.error().explanation()}, {"preregistration", announced.id}, {"source", said.source_address}});
        co_return Result<void>();
    }
    CS_CO_CHECK(co_await store_.arrivals().note_preregistered_call(announced.id, added->id, said.source_address));
    {
        std::scoped_lock lock(mutex_);
        unconfirmed_[added->id] = announced.id;
    }
    publish_({"arrival", announced.id});
    co_return Result<void>();
}

/// Its first call may have been somebody else's: as long as no unit confirmed it, the newest call counts.
net::Task<Result<void>> Arrivals::move(Preregistration announced, UnknownCaller said) {
    CS_CO_TRY(auto const system, co_await store_.get_system(announced.system));
    if (system.address == said.source_address) co_return Result<void>();
    auto moved = co_await store_.update_system(
        announced.system,
        [&said, &announced](System& value) {
            value.address = said.source_address;
            // What was learnt from the unit at the old address is no reason to take this one for another in its place.
            value.serial_number = announced.serial_number;
            value.mac_address.clear();
            value.software.clear();
            value.https_proven = false;
            return "it called from " + said.source_address + ", and nobody has confirmed yet which unit it is";
        },
        "manager");
    if (!moved) {
        log::warning("arrival.not_moved",
                     {{"error", moved.error().explanation()}, {"system", announced.system}, {"source", said.source_address}});
        co_return Result<void>();
    }
    CS_CO_CHECK(co_await store_.queue_job(JobKind::observe, announced.system, "manager"));
    publish_({"system", announced.system});
    co_return Result<void>();
}

/// Confirmed is what the unit said of itself after a log-in.
net::Task<Result<Preregistration>> Arrivals::with_confirmation(Preregistration announced) {
    if (announced.system == 0 || announced.confirmed) co_return announced;
    auto system = co_await store_.get_system(announced.system);
    if (!system) co_return announced;
    CS_CO_TRY(auto const assessment, co_await store_.get_assessment(announced.system));
    // Only an account tells the software; where none can be read, it is what its calls say.
    bool const behind_firewall = announced.connection.connectivity == Connectivity::behind_firewall;
    bool const was_asked = assessment && !behind_firewall && !system->software.empty();
    // The serial number was written down by us; one that a proven conversation left as it was is the unit's own.
    bool const is_unit =
        (!announced.mac_address.empty() && plain_mac(system->mac_address) == announced.mac_address) ||
        (!announced.serial_number.empty() && system->https_proven && iequals(system->serial_number, announced.serial_number));
    if (!was_asked || !is_unit) co_return announced;
    CS_CO_CHECK(co_await store_.arrivals().confirm_preregistration(announced.id));
    {
        std::scoped_lock lock(mutex_);
        unconfirmed_.erase(announced.system);
    }
    announced.confirmed = true;
    co_return announced;
}

// --- people ------------------------------------------------------------------------------------------------------------------

net::Task<Result<Preregistration>> Arrivals::announce(Announcement wanted, std::string actor) {
    std::vector<Error> problems;
    Preregistration out;
    out.mac_address = plain_mac(wanted.mac_address);
    out.serial_number = to_upper(trim(wanted.serial_number));
    out.name = trim(wanted.name);
    out.host_name = to_lower(trim(wanted.host_name));
    out.family = wanted.family;
    out.folder = trim(wanted.folder);
    out.user = trim(wanted.user);
    out.connection = wanted.connection;
    if (wanted.mac_address.empty() && wanted.serial_number.empty())
        problems.push_back(Error(errors::gen::missing_field, {{"field", "mac_address or serial_number"}}));
    if (!wanted.mac_address.empty() && out.mac_address.empty())
        problems.push_back(invalid("mac_address", "a MAC address has 12 hexadecimal digits"));
    if (out.serial_number.size() > k_longest_said || said_text(out.serial_number) != out.serial_number)
        problems.push_back(invalid("serial_number", "at most 100 printable characters"));
    if (!out.host_name.empty() && (is_ip_address(out.host_name) || !is_host_name(out.host_name)))
        problems.push_back(invalid("host_name", "it is not a host name"));
    if (out.name.size() > k_longest_said || !is_utf8(out.name)) problems.push_back(invalid("name", "at most 100 bytes of UTF-8"));
    if (out.user.size() > k_longest_said) problems.push_back(invalid("user", "at most 100 bytes"));
    if (wanted.password && wanted.password->reveal().size() > k_longest_value) problems.push_back(invalid("password", "at most 255 bytes"));
    if (!out.family.empty())
        if (auto family = families_.get(out.family); !family) problems.push_back(std::move(family).error());
    if (auto good = check_persistent(out.connection.persistent, families_, out.family); !good) problems.push_back(std::move(good).error());
    if (!problems.empty()) co_return fail(gather(std::move(problems)));
    CS_CO_TRY(auto const id, co_await store_.arrivals().add_preregistration(std::move(out), std::move(wanted.password), std::move(actor)));
    publish_({"arrival", id});
    co_return co_await store_.arrivals().get_preregistration(id);
}

net::Task<Result<Preregistration>> Arrivals::get(ArrivalId id) {
    CS_CO_TRY(auto one, co_await store_.arrivals().get_preregistration(id));
    co_return co_await with_confirmation(std::move(one));
}

net::Task<Result<std::vector<Preregistration>>> Arrivals::list(ArrivalId after, std::size_t limit) {
    CS_CO_TRY(auto page, co_await store_.arrivals().list_preregistrations(after, limit));
    for (auto& one : page) {
        CS_CO_TRY(one, co_await with_confirmation(std::move(one)));
    }
    co_return page;
}

net::Task<Result<void>> Arrivals::withdraw(ArrivalId id, std::string actor) {
    CS_CO_TRY(auto const one, co_await store_.arrivals().get_preregistration(id));
    CS_CO_CHECK(co_await store_.arrivals().remove_preregistration(id, std::move(actor)));
    std::scoped_lock lock(mutex_);
    unconfirmed_.erase(one.system);
    co_return Result<void>();
}

net::Task<Result<System>> Arrivals::accept(ArrivalId id, Acceptance how, std::string actor) {
    CS_CO_TRY(auto const waiting, co_await store_.arrivals().get_waiting(id));
    CS_CO_CHECK(check_persistent(how.connection.persistent, families_, how.family));
    CS_CO_TRY(auto const folder, co_await folder_at(how.folder, actor));
    NewSystem wanted{.name = how.name,
                     .host_name = how.host_name,
                     .address = waiting.said.source_address,
                     .family = how.family.empty() ? family_of(waiting.said, how.connection) : how.family,
                     .user = std::move(how.user),
                     .password = std::move(how.password),
                     .pins = {},
                     .folder = folder,
                     .serial_number = {},
                     .mac_address = {}};
    if (wanted.name.empty() && wanted.host_name.empty()) wanted.name = waiting.said.system_name;
    // Behind a firewall several systems share one address, and none is found by it: they are known by what they say.
    if (how.connection.connectivity == Connectivity::behind_firewall) {
        wanted.serial_number = waiting.said.serial_number;
        wanted.mac_address = waiting.said.mac_address;
    }
    CS_CO_TRY(auto system, co_await add_(std::move(wanted), how.connection, actor));
    CS_CO_CHECK(co_await store_.arrivals().remove_waiting(id, std::move(actor), "accepted as system " + std::to_string(system.id)));
    publish_({"arrival", id});
    co_return system;
}

}  // namespace countersign::manager
