#include "manager/estate/scanner.hpp"

#include "base/text.hpp"
#include "dialect/snmp.hpp"
#include "manager/observe/recognise.hpp"
#include "manager/store/network_store.hpp"
#include "net/stream.hpp"
#include "net/sync.hpp"

#include "countersign/errors/gen.hpp"
#include "countersign/errors/mgr.hpp"

#include <algorithm>
#include <atomic>

namespace countersign::manager {
namespace {

constexpr std::uint64_t k_most_addresses = 65536;
constexpr int k_most_rate = 500;
constexpr std::size_t k_at_once = 64;
constexpr std::size_t k_kept = 10;
constexpr std::uint16_t k_snmp_port = 161;
constexpr std::size_t k_longest_text = 100;
constexpr net::Milliseconds k_connect{1500};
constexpr net::Milliseconds k_exchange{3000};
constexpr net::Milliseconds k_snmp{1000};
/// The community of factory defaults is no secret.
constexpr std::string_view k_community = "public";

std::string shown(std::string_view text) {
    std::string out;
    for (char c : trim(text).substr(0, k_longest_text))
        if (static_cast<unsigned char>(c) >= 0x20 && static_cast<unsigned char>(c) < 0x7F) out += c;
    return out;
}

std::vector<std::string> dns_names(pki::Certificate const& certificate) {
    constexpr std::size_t most = 10;
    std::vector<std::string> out;
    for (auto const& name : certificate.alternative_names())
        if (name.kind == pki::AlternativeName::Kind::dns && out.size() < most) out.push_back(name.value);
    return out;
}

struct SnmpSaid {
    std::string description;
    std::string name;
};

net::Task<std::optional<SnmpSaid>> ask_snmp(net::Endpoint where, std::string bind_address) {
    namespace snmp = dialect::snmp;
    snmp::Message const question{.community = std::string(k_community),
                                 .request_id = 1,
                                 .bindings = {{snmp::system_description_oid(), snmp::Null{}}, {snmp::system_name_oid(), snmp::Null{}}}};
    auto answer = co_await net::ask_udp(std::move(where), snmp::write_message(question), std::move(bind_address), k_snmp);
    if (!answer) co_return std::nullopt;
    auto const message = snmp::parse_message(*answer);
    if (!message) co_return std::nullopt;
    SnmpSaid said;
    for (auto const& binding : message->bindings) {
        auto const* text = std::get_if<std::string>(&binding.value);
        if (!text) continue;
        (binding.name == snmp::system_description_oid() ? said.description : said.name) = shown(*text);
    }
    co_return said;
}

}  // namespace

std::string_view to_string(ScanState state) {
    switch (state) {
        case ScanState::running: return "running";
        case ScanState::done: return "done";
        case ScanState::cancelled: return "cancelled";
    }
    return "";
}

struct Scanner::Running {
    mutable std::mutex mutex;
    Scan scan;
    AddressRanges ranges;
    std::atomic<bool> cancelled = false;
    net::Signal stop;
    net::Signal ended;

    Scan copy() const {
        std::scoped_lock lock(mutex);
        return scan;
    }
};

Scanner::Scanner(net::Runtime& runtime, Store& store, family::Families families, Wire wire, Add add, std::function<void(Event)> publish)
    : runtime_(runtime),
      store_(store),
      families_(std::move(families)),
      wire_(std::move(wire)),
      add_(std::move(add)),
      publish_(std::move(publish)) {
    // An address where nobody is must not cost much.
    wire_.connect = std::min(wire_.connect, k_connect);
    wire_.exchange = std::min(wire_.exchange, k_exchange);
}

Scanner::~Scanner() = default;

net::Task<Result<Scan>> Scanner::look_ahead(ScanOrder order) {
    if (order.rate < 1 || order.rate > k_most_rate)
        co_return fail(errors::gen::invalid_input,
                       {{"field", "rate"}, {"detail", "1 to " + std::to_string(k_most_rate) + " addresses a second"}});
    CS_CO_TRY(auto const ranges, AddressRanges::parse(order.ranges, k_most_addresses));
    CS_CO_TRY(auto const policy, co_await store_.get_policy());
    CS_CO_TRY(auto const network, co_await store_.network().get_network());
    bool const secure_only = policy.secure_only != SecureOnly::off;
    Scan scan{.order = std::move(order), .addresses = ranges.size()};
    scan.with_snmp = scan.order.over_snmp && !secure_only && network.scan_snmp;
    scan.with_http = !secure_only;
    if (secure_only)
        scan.note = "Secure-Only is on: it asks over HTTPS only; systems whose HTTPS is off are not found.";
    else if (!network.scan_snmp)
        scan.note = "The network settings allow no SNMP in scans.";
    co_return scan;
}

net::Task<Result<Scan>> Scanner::start(ScanOrder order, std::string actor) {
    CS_CO_TRY(auto scan, co_await look_ahead(std::move(order)));
    auto running = std::make_shared<Running>();
    CS_CO_TRY(running->ranges, AddressRanges::parse(scan.order.ranges, k_most_addresses));
    scan.actor = actor;
    scan.started = wire_.clock->now();
    {
        std::scoped_lock lock(mutex_);
        for (auto const& other : scans_)
            if (auto const one = other->copy(); one.state == ScanState::running)
                co_return fail(errors::mgr::scan_runs, {{"id", std::to_string(one.id)}});
        scan.id = next_++;
        running->scan = scan;
        scans_.push_back(running);
        if (scans_.size() > k_kept) scans_.erase(scans_.begin());
    }
    auto const& ranges = scan.order.ranges;
    CS_CO_CHECK(co_await store_.audit(std::move(actor), "scan.start", "scan " + std::to_string(scan.id),
                                      join(ranges, ", ") + ": " + std::to_string(scan.addresses) + " addresses"));
    net::spawn(runtime_.executor(0), [this, running] { return run(running); }, "scan");
    publish_({"scan", scan.id});
    co_return scan;
}

/// At most so many addresses a second begin; those under way are bounded, too.
net::Task<> Scanner::run(std::shared_ptr<Running> running) {
    auto const begun = std::chrono::steady_clock::now();
    auto const count = running->ranges.size();
    auto const interval = std::chrono::duration<double>(1.0 / running->scan.order.rate);
    // A lane is one of those under way. Lanes take turns in the order of addresses, each when its address is due.
    auto next = std::make_shared<std::atomic<std::uint64_t>>(0);
    co_await net::for_each_bounded(
        std::min<std::size_t>(k_at_once, count), k_at_once,
        // NOLINTNEXTLINE(cppcoreguidelines-avoid-capturing-lambda-coroutines): for_each_bounded keeps it until all are done
        [this, running, next, begun, interval, count](std::size_t) -> net::Task<> {
            while (!running->cancelled) {
                auto const mine = next->fetch_add(1);
                if (mine >= count) co_return;
                auto const due =
                    begun + std::chrono::duration_cast<std::chrono::steady_clock::duration>(interval * static_cast<double>(mine));
                auto const wait = std::chrono::duration_cast<net::Milliseconds>(due - std::chrono::steady_clock::now());
                if (wait.count() > 0 && co_await running->stop.wait_beyond(0, wait)) co_return;
                co_await look_at(running, running->ranges.at(mine));
                std::scoped_lock lock(running->mutex);
                ++running->scan.looked_at;
            }
        });
    {
        std::scoped_lock lock(running->mutex);
        running->scan.state = running->cancelled ? ScanState::cancelled : ScanState::done;
        running->scan.ended = wire_.clock->now();
    }
    auto const scan = running->copy();
    (void)co_await store_.audit("manager", "scan.end", "scan " + std::to_string(scan.id),
                                std::string(to_string(scan.state)) + ", found " + std::to_string(scan.findings.size()));
    publish_({"scan", scan.id});
    running->ended.raise();
}

net::Task<> Scanner::look_at(std::shared_ptr<Running> running, std::string address) {
    auto const scan = running->copy();
    System const stranger{.name = address, .address = address};
    ScanFinding found{.address = address};
    auto const glance = co_await glance_at(wire_, families_, stranger, address, scan.with_http ? Over::https_and_http : Over::https_only);
    if (glance.https) found.answers.emplace_back("https");
    if (glance.http) found.answers.emplace_back("http");
    auto family = glance.family;
    if (glance.certificate) {
        found.fingerprint = glance.certificate->fingerprint();
        auto const names = dns_names(*glance.certificate);
        if (!names.empty()) found.name = shown(names.front());
    }
    if (scan.with_snmp) {
        if (auto said = co_await ask_snmp({address, static_cast<std::uint16_t>(k_snmp_port + wire_.port_offset)}, wire_.bind_address)) {
            found.answers.emplace_back("snmp");
            if (!said->name.empty()) found.name = said->name;
            // "TANDBERG Codec TC4.1.2": the product, then its software.
            auto const blank = said->description.rfind(' ');
            auto const product = said->description.substr(0, blank);
            auto const by_product = families_.recognise({{"product_type", product}});
            if (!family) family = by_product;
            if (blank != std::string::npos && (by_product || family)) found.software = said->description.substr(blank + 1);
        }
    }
    if (found.answers.empty()) co_return;
    if (family) found.family = family->id;
    if (glance.certificate)
        for (auto const& name : dns_names(*glance.certificate)) {
            if (!is_host_name(name) || !found.host_name.empty()) continue;
            auto addresses = co_await wire_.resolver->resolve(name);
            if (addresses && std::ranges::find(*addresses, address) != addresses->end()) found.host_name = to_lower(name);
        }
    auto known = co_await store_.find_system(address);
    if (known && !*known && !found.host_name.empty()) known = co_await store_.find_system(found.host_name);
    if (known && *known) found.system = (*known)->id;
    bool const to_add = scan.order.add_recognised && found.system == 0 && family;
    {
        std::scoped_lock lock(running->mutex);
        running->scan.findings.push_back(std::move(found));
    }
    publish_({"scan", scan.id});
    if (to_add) co_await add_finding(running, std::move(address), scan.order.folder, scan.actor);
}

net::Task<> Scanner::add_finding(std::shared_ptr<Running> running, std::string address, std::string folder, std::string actor) {
    NewSystem wanted;
    {
        std::scoped_lock lock(running->mutex);
        auto const found = std::ranges::find(running->scan.findings, address, &ScanFinding::address);
        if (found == running->scan.findings.end() || found->system != 0) co_return;
        wanted.name = found->host_name.empty() ? found->name : std::string(split(found->host_name, '.').front());
        wanted.host_name = found->host_name;
        wanted.address = address;
        wanted.family = found->family;
    }
    auto added = co_await add_(std::move(wanted), std::move(folder), std::move(actor));
    std::scoped_lock lock(running->mutex);
    auto const found = std::ranges::find(running->scan.findings, address, &ScanFinding::address);
    if (found == running->scan.findings.end()) co_return;
    found->problem = added ? std::string() : added.error().message();
    found->added = added.has_value();
    if (added) found->system = added->id;
}

std::vector<Scan> Scanner::list() const {
    std::scoped_lock lock(mutex_);
    std::vector<Scan> out;
    for (auto const& running : scans_) out.insert(out.begin(), running->copy());
    for (auto& scan : out) scan.findings.clear();
    return out;
}

Result<Scan> Scanner::get(ScanId id) const {
    std::scoped_lock lock(mutex_);
    for (auto const& running : scans_)
        if (auto scan = running->copy(); scan.id == id) return scan;
    return fail(errors::gen::not_found, {{"what", "scan"}, {"name", std::to_string(id)}});
}

Result<Scan> Scanner::cancel(ScanId id) {
    CS_TRY(auto scan, get(id));
    std::scoped_lock lock(mutex_);
    for (auto const& running : scans_) {
        if (running->copy().id != id) continue;
        running->cancelled = true;
        running->stop.raise();
    }
    return scan;
}

net::Task<Result<Scan>> Scanner::add(ScanId id, std::vector<std::string> addresses, std::string folder, std::string actor) {
    CS_CO_TRY(auto const scan, get(id));
    for (auto const& address : addresses)
        if (std::ranges::find(scan.findings, address, &ScanFinding::address) == scan.findings.end())
            co_return fail(errors::gen::not_found, {{"what", "found system at"}, {"name", address}});
    std::shared_ptr<Running> running;
    {
        std::scoped_lock lock(mutex_);
        for (auto const& one : scans_)
            if (one->copy().id == id) running = one;
    }
    if (running)
        for (auto const& address : addresses) co_await add_finding(running, address, folder, actor);
    co_return get(id);
}

net::Task<> Scanner::stop() {
    std::vector<std::shared_ptr<Running>> all;
    {
        std::scoped_lock lock(mutex_);
        all = scans_;
    }
    for (auto const& running : all) {
        if (running->copy().state != ScanState::running) continue;
        running->cancelled = true;
        running->stop.raise();
        co_await running->ended.wait_beyond(0, k_connect + k_exchange * 4);
    }
}

}  // namespace countersign::manager
