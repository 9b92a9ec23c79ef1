#include "device/unit.hpp"

#include "base/log.hpp"
#include "base/text.hpp"
#include "device/certificates/unit_certificates.hpp"
#include "device/unit_state.hpp"

#include "countersign/errors/dev.hpp"

#include <algorithm>
#include <utility>

namespace countersign::device {

std::string_view Event::field(std::string_view name) const {
    for (auto const& [key, value] : fields)
        if (key == name) return value;
    return {};
}

Node Node::text(std::string_view name, std::string_view value) { return {std::string(name), Kind::text, std::string(value), {}}; }
Node Node::number(std::string_view name, long long value) { return {std::string(name), Kind::number, std::to_string(value), {}}; }
Node Node::boolean(std::string_view name, bool value) { return {std::string(name), Kind::boolean, value ? "true" : "false", {}}; }
Node Node::time(std::string_view name, UtcTime value) { return {std::string(name), Kind::time, countersign::to_string(value), {}}; }
Node Node::record(std::string_view name, std::vector<Node> members) { return {std::string(name), Kind::record, {}, std::move(members)}; }
Node Node::list(std::string_view name, std::vector<Node> items) { return {std::string(name), Kind::list, {}, std::move(items)}; }

std::string_view to_string(Running state) {
    switch (state) {
        case Running::off: return "off";
        case Running::running: return "running";
        case Running::shutdown_asked: return "shutdown_asked";
        case Running::shut_down: return "shut_down";
        case Running::restarting: return "restarting";
    }
    return "";
}

std::string_view CommandContext::argument(std::string_view name) const {
    for (auto const& held : arguments)
        if (iequals(held.name, name)) return held.value;
    return {};
}

std::vector<std::string_view> CommandContext::all(std::string_view name) const {
    std::vector<std::string_view> out;
    for (auto const& held : arguments)
        if (iequals(held.name, name)) out.emplace_back(held.value);
    return out;
}

class SubscriptionEntry {
public:
    explicit SubscriptionEntry(Unit::Listener listener) : listener_(std::move(listener)) {}
    void call(Event const& event) const { listener_(event); }

private:
    Unit::Listener listener_;
};

namespace {

class HeldSubscription final : public Unit::Subscription {
public:
    explicit HeldSubscription(std::shared_ptr<SubscriptionEntry> entry) : entry_(std::move(entry)) {}

private:
    std::shared_ptr<SubscriptionEntry> entry_;
};

/// A locally administered address (IEEE 802) made of the serial number, the same at every start.
std::string mac_of(std::string_view serial) {
    std::uint64_t hash = 14695981039346656037ULL;  // FNV-1a
    for (unsigned char c : serial) hash = (hash ^ c) * 1099511628211ULL;
    Bytes bytes{0x02};
    for (int i = 0; i < 5; ++i) bytes.push_back(static_cast<std::uint8_t>(hash >> (8 * i)));
    return to_upper(to_hex(bytes, ':'));
}

/// The serial number is a folder's name.
bool is_serial(std::string_view text) {
    return !text.empty() && text.size() <= 64 && text.front() != '.' &&
           std::ranges::all_of(text, [](unsigned char c) { return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.'; });
}

UnitSpec filled(UnitSpec spec, family::Family const& family) {
    if (spec.software.empty()) spec.software = family.software;
    if (spec.product_id.empty()) spec.product_id = family.product_id;
    if (spec.mac.empty()) spec.mac = mac_of(spec.serial);
    if (spec.name.empty()) spec.name = spec.serial;
    return spec;
}

UnitWords words_of(UnitSpec const& spec) { return {spec.serial, spec.name, spec.address, spec.product_id}; }

/// Settings of the spec, checked against the family. Both spellings of path and value are taken.
Result<SettingTree::Values> factory_values(family::Family const& family, UnitSpec const& spec) {
    SettingTree::Values values;
    for (auto const& [path, value] : spec.settings) {
        auto const* setting = family.find_setting(path);
        if (setting == nullptr) setting = family.find_canonical(path);
        if (setting == nullptr) return fail(errors::dev::unknown_setting, {{"path", path}});
        auto checked = setting->space.check(setting->path, value);
        if (!checked) {
            auto translated = setting->from_canonical(value);
            if (!translated) return fail(std::move(checked).error());
            checked = std::move(translated);
        }
        values.emplace(static_cast<std::uint16_t>(setting - family.settings.data()), *std::move(checked));
    }
    return values;
}

}  // namespace

Unit::State::State(Unit& self, std::shared_ptr<Environment const> shared, family::FamilyPtr which, UnitSpec full, net::Executor where)
    : environment(std::move(shared)),
      family(std::move(which)),
      spec(std::move(full)),
      executor(std::move(where)),
      feature_keys(spec.feature_keys.value_or(family->factory_feature_keys)),
      clock(std::make_shared<UnitClock>(environment->clock_of ? environment->clock_of(spec) : environment->clock, spec.clock_offset)),
      tree(family, words_of(spec), factory_values(*family, spec).value_or(SettingTree::Values{}), feature_keys),
      journal(folder() / "journal.log"),
      trust_files(folder(), environment->durability),
      pair_list(folder() / "pairs", PairFiles(spec.serial, environment->sealer, environment->durability)),
      certificates(std::make_unique<UnitCertificates>(*this, self)),
      alarms(self, folder() / "alarms.toml"),
      flags(self, folder() / "flags.toml"),
      trial(self, folder()),
      time(executor, clock) {}

Unit::State::~State() = default;

/// Temporary files of a process that was killed in mid-write. Nobody else writes here now: the data folder is locked.
void Unit::State::remove_leftovers(fs::path const& folder) {
    std::error_code ignored;
    for (auto const& entry : fs::directory_iterator(folder, ignored))
        if (entry.path().filename().string().contains(".new.")) fs::remove(entry.path(), ignored);
}

Result<void> Unit::State::load() {
    remove_leftovers(folder());
    CS_CHECK(trial.recover());
    if (restore_pending()) {
        CS_CHECK(finish_restore());
        alarms.forget();
        trial.forget();
    }
    CS_CHECK(flags.load());
    CS_CHECK(load_state());
    return load_certificates();
}

void Unit::State::report(std::string id, std::vector<std::pair<std::string, std::string>> fields) {
    Event event{clock->now(), std::move(id), std::move(fields)};
    journal.append(event.at, event.id, event.fields);
    log::debug("unit.event", {{"unit", spec.serial}, {"event", event.id}});
    std::erase_if(subscribers, [](auto const& held) { return held.expired(); });
    // A copy: a listener may subscribe or unsubscribe.
    auto listeners = subscribers;
    for (auto const& held : listeners)
        if (auto entry = held.lock()) entry->call(event);
    for (std::string_view kind : {"certificate.", "trust.", "revocation", "password.", "time.", "feedback."})
        if (event.id.starts_with(kind)) alarms.check_all();
}

Unit::Unit(std::shared_ptr<Environment const> environment, family::FamilyPtr family, UnitSpec spec, net::Executor executor)
    : state_(std::make_unique<State>(*this, std::move(environment), std::move(family), std::move(spec), std::move(executor))) {}
Unit::~Unit() = default;

net::Task<Result<std::shared_ptr<Unit>>> Unit::create(std::shared_ptr<Environment const> environment, family::FamilyPtr family,
                                                      UnitSpec spec, net::Executor executor) {
    if (!is_serial(spec.serial))
        co_return fail(Error(errors::dev::illegal_value,
                             {{"path", "serial"}, {"value", spec.serial}, {"allowed", "1 to 64 letters, digits, '-', '_'"}}));
    spec = filled(std::move(spec), *family);
    if (auto values = factory_values(*family, spec); !values) co_return fail(std::move(values).error().at(spec.name));
    std::shared_ptr<Unit> unit(new Unit(environment, family, std::move(spec), executor));
    // Keys are made, and files read, where nobody waits for the loop.
    auto* work = unit->state_.get();
    auto prepared = co_await net::offload(environment->runtime->blocking(), [work]() -> Result<void> {
        CS_CHECK(host::ensure_folder(work->folder()));
        return work->load();
    });
    if (!prepared) co_return fail(std::move(prepared).error().at(unit->spec().name));
    co_return unit;
}

family::Family const& Unit::family() const { return *state_->family; }
Environment const& Unit::environment() const { return *state_->environment; }
net::Executor Unit::executor() const { return state_->executor; }
UnitSpec const& Unit::spec() const { return state_->spec; }
std::vector<std::string> const& Unit::feature_keys() const { return state_->feature_keys; }
std::string const& Unit::address() const { return state_->spec.address; }
UtcTime Unit::now() const { return state_->clock->now(); }
std::shared_ptr<Clock const> Unit::clock() const { return state_->clock; }
Running Unit::running() const { return state_->running; }
std::uint64_t Unit::boots() const { return state_->boots; }

std::string Unit::name() const {
    auto name = effective_canonical("system.name");
    return name.empty() ? state_->spec.name : name;
}

std::chrono::seconds Unit::uptime() const {
    if (state_->booted_at == std::chrono::steady_clock::time_point{}) return std::chrono::seconds(0);
    return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now() - state_->booted_at);
}

std::unique_ptr<Unit::Subscription> Unit::subscribe(Listener listener) {
    auto entry = std::make_shared<SubscriptionEntry>(std::move(listener));
    state_->subscribers.push_back(entry);
    return std::make_unique<HeldSubscription>(std::move(entry));
}

void Unit::report(std::string id, std::vector<std::pair<std::string, std::string>> fields) {
    state_->report(std::move(id), std::move(fields));
}

}  // namespace countersign::device
