#include "device/clients/feedback_sender.hpp"

#include "base/text.hpp"
#include "device/clients/back_off.hpp"
#include "device/clients/client_target.hpp"
#include "device/clients/feedback_store.hpp"
#include "device/clients/server_call.hpp"
#include "device/services/status_watch.hpp"
#include "dialect/xapi_xml.hpp"
#include "dialect/xml_rpc.hpp"
#include "net/sync.hpp"

#include <algorithm>
#include <map>
#include <random>
#include <utility>

namespace countersign::device {
namespace {

namespace xapi = dialect::xapi;
namespace xml_rpc = dialect::xml_rpc;

/// How the family's servers register says how it posts.
bool speaks_xml_rpc(family::Family const& family) {
    auto const* client = family.find_client("feedback");
    auto const* command = client != nullptr ? family.find_command(client->register_command) : nullptr;
    return command != nullptr && command->dialect == "xml_rpc";
}

bool wants_json(FeedbackSlot const& slot) { return iequals(slot.format, "JSON"); }

/// One registration and what waits for it.
struct Delivery {
    Delivery(int number, Unit const& unit)
        : slot(number),
          store(unit.environment().data / unit.spec().serial / ("feedback." + std::to_string(number)), unit.environment().durability) {}
    int slot;
    FeedbackStore store;
    FeedbackQueue queue;
    BackOff back_off{std::chrono::seconds(1), std::chrono::seconds(60)};
    bool running = false;
    std::string status;
};

/// Shared by the companion, which the unit may destroy at any moment, and the deliveries under way.
struct Sender {
    explicit Sender(std::shared_ptr<Unit> const& of) : unit(of), chance(std::random_device{}()) {}
    std::weak_ptr<Unit> unit;
    bool stopped = false;
    net::Signal wake;
    std::map<int, std::shared_ptr<Delivery>> deliveries;
    std::minstd_rand chance;
    std::unique_ptr<StatusWatch> status;  ///< watches while a registration wants status

    std::shared_ptr<Delivery> delivery(int slot, Unit const& of) {
        auto& held = deliveries[slot];
        if (!held) held = std::make_shared<Delivery>(slot, of);
        return held;
    }
    double roll() { return std::uniform_real_distribution<double>(0, 1)(chance); }
};

FeedbackSlot const* find_slot(Unit const& unit, int slot) {
    auto const at = std::ranges::find(unit.feedback(), slot, &FeedbackSlot::slot);
    return at != unit.feedback().end() ? &*at : nullptr;
}

void show(Unit& unit, Delivery& delivery, std::string status, std::string_view why) {
    if (std::exchange(delivery.status, status) == status) return;
    unit.publish_fact("client.feedback.status." + std::to_string(delivery.slot), status);
    unit.report("feedback.status", {{"slot", std::to_string(delivery.slot)},
                                    {"status", std::move(status)},
                                    {"lost", std::to_string(delivery.queue.lost())},
                                    {"detail", std::string(why)}});
}

/// Posts everything that waits. False when the server could not be reached.
net::Task<bool> post(std::shared_ptr<Sender> sender, std::shared_ptr<Delivery> delivery, std::shared_ptr<Unit> unit, FeedbackSlot slot) {
    auto const batch = delivery->queue.batch();
    auto url = net::Url::parse(slot.url);
    if (!url) {
        delivery->store.append(delivery->queue.delivered(batch.mark), delivery->queue);
        show(*unit, *delivery, "Failed", url.error().message());
        co_return true;
    }
    ServerCall call{"feedback",
                    with_offset(*std::move(url), unit->environment().port_offset),
                    {{"Content-Type", wants_json(slot) ? "application/json" : "text/xml; charset=utf-8"}},
                    feedback_body(*unit, slot, batch.items)};
    auto work = call_server(std::move(unit), std::move(call));
    auto const answer = co_await std::move(work);
    unit = sender->unit.lock();
    if (sender->stopped || !unit) co_return false;
    if (answer) {
        delivery->store.append(delivery->queue.delivered(batch.mark), delivery->queue);
        delivery->back_off.succeeded();
    }
    show(*unit, *delivery, answer ? "OK" : "Failed", answer ? std::string() : answer.error().message());
    co_return answer.has_value();
}

net::Task<> deliver(std::shared_ptr<Sender> sender, std::shared_ptr<Delivery> delivery) {
    while (!sender->stopped && !delivery->queue.empty()) {
        auto unit = sender->unit.lock();
        auto const* slot = unit ? find_slot(*unit, delivery->slot) : nullptr;
        if (slot == nullptr) {
            delivery->queue.clear();
            delivery->store.remove();
            break;
        }
        auto const seen = sender->wake.count();
        if (co_await post(sender, delivery, std::move(unit), *slot)) continue;
        if (!sender->stopped) (void)co_await sender->wake.wait_beyond(seen, delivery->back_off.failed(sender->roll()));
    }
    delivery->running = false;
}

void start(std::shared_ptr<Sender> const& sender, Unit& unit, std::shared_ptr<Delivery> const& delivery) {
    if (std::exchange(delivery->running, true)) return;
    net::spawn(unit.executor(), [sender, delivery]() { return deliver(sender, delivery); }, "feedback");
}

void push(std::shared_ptr<Sender> const& sender, Unit& unit, int slot, FeedbackItem item) {
    auto const delivery = sender->delivery(slot, unit);
    auto const lost = delivery->queue.lost();
    auto const record = delivery->queue.push(std::move(item));
    delivery->store.append(record, delivery->queue);
    if (delivery->queue.lost() != lost)
        unit.report("feedback.lost", {{"slot", std::to_string(slot)}, {"count", std::to_string(delivery->queue.lost())}});
    start(sender, unit, delivery);
}

/// What waited when the system went down.
void take_up(std::shared_ptr<Sender> const& sender, Unit& unit) {
    for (auto const& slot : std::vector(unit.feedback())) {
        auto const delivery = sender->delivery(slot.slot, unit);
        delivery->queue = delivery->store.load();
        if (!delivery->queue.empty()) start(sender, unit, delivery);
    }
}

bool wants(FeedbackSlot const& slot, std::string_view event) {
    return slot.expressions.empty() ||
           std::ranges::any_of(slot.expressions, [event](std::string const& name) { return iequals(name, event); });
}

bool wants_path(FeedbackSlot const& slot, std::string_view path) {
    return std::ranges::any_of(slot.expressions, [path](std::string const& expression) {
        auto const location = xapi::parse_location(expression);
        return location && xapi::touches(*location, path);
    });
}

/// To every registration whose server wants it. A copy: delivering may change the list.
void push_event(std::shared_ptr<Sender> const& sender, Unit& unit, std::string_view event) {
    for (auto const& slot : std::vector(unit.feedback()))
        if (wants(slot, event)) push(sender, unit, slot.slot, {{}, {{std::string(event), {}}}});
}

/// The item's attribute in status documents, and a leaf of it in JSON, where a list item went.
constexpr std::string_view k_ghost = " ghost";

void hear_status(std::shared_ptr<Sender> const& sender, StatusNews const& news) {
    auto const unit = sender->unit.lock();
    if (!unit || sender->stopped) return;
    for (auto const& slot : std::vector(unit->feedback())) {
        FeedbackItem item{"Status", {}};
        for (auto const& value : news.values)
            if (wants_path(slot, "Status " + value.path)) item.leaves.push_back({value.path, value.value});
        for (auto const& [gone, leaf] : news.gone) {
            FeedbackItem::Leaf ghost{gone + std::string(k_ghost), "True"};
            bool const told = std::ranges::find(item.leaves, ghost) != item.leaves.end();
            if (!told && wants_path(slot, "Status " + leaf)) item.leaves.push_back(std::move(ghost));
        }
        if (!item.leaves.empty()) push(sender, *unit, slot.slot, std::move(item));
    }
}

bool wants_status(FeedbackSlot const& slot) {
    return std::ranges::any_of(slot.expressions, [](std::string const& expression) {
        auto const location = xapi::parse_location(expression);
        if (!location || location->steps.empty()) return false;
        auto const& first = location->steps.front();
        return first.any_depth || first.name == "*" || iequals(first.name, "Status");
    });
}

void watch_status(Sender& sender, Unit const& unit) {
    if (!sender.status) return;
    if (std::ranges::any_of(unit.feedback(), wants_status))
        sender.status->start();
    else
        sender.status->stop();
}

void hear_change(std::shared_ptr<Sender> const& sender, Unit& unit, Event const& event) {
    auto const path = event.field("path");
    auto const* setting = unit.family().find_setting(path);
    if (setting == nullptr) return;
    auto const* client = unit.family().find_client("feedback");
    bool const verifies = setting->canonical == "client.verify" || (client != nullptr && setting->canonical == client->verify);
    if (verifies || setting->canonical.starts_with("name.dns.")) sender->wake.raise();
    if (speaks_xml_rpc(unit.family())) {
        if (auto const name = notification_of(setting->canonical); !name.empty()) push_event(sender, unit, name);
        return;
    }
    for (auto const& slot : std::vector(unit.feedback()))
        if (wants_path(slot, "Configuration " + std::string(path)))
            push(sender, unit, slot.slot, {"Configuration", {{std::string(path), std::string(event.field("to"))}}});
}

/// The XML-RPC event that something else than a setting is, or empty.
std::string_view notification_for(Event const& event) {
    if (event.id.starts_with("alarm.")) return "deviceStatusChanged";
    if (event.id == "time.changed") return "timeChanged";
    if (event.id == "restart.requested") return "rebooting";
    return {};
}

/// An alarm is an event of the xAPI: /Event/AlarmRaised, /Event/AlarmCleared.
void hear_alarm(std::shared_ptr<Sender> const& sender, Unit& unit, Event const& event) {
    std::string const name = event.id == "alarm.raised" ? "AlarmRaised" : "AlarmCleared";
    FeedbackItem item{"Event", {}};
    for (auto const& [field, shown] : {std::pair("id", "Id"), std::pair("subject", "Subject"), std::pair("text", "Text")})
        item.leaves.push_back({name + " " + shown, std::string(event.field(field))});
    for (auto const& slot : std::vector(unit.feedback()))
        if (wants_path(slot, "Event " + name)) push(sender, unit, slot.slot, item);
}

void hear(std::shared_ptr<Sender> const& sender, Event const& event) {
    auto const unit = sender->unit.lock();
    if (!unit || sender->stopped) return;
    if (speaks_xml_rpc(unit->family())) {
        if (auto const name = notification_for(event); !name.empty()) push_event(sender, *unit, name);
    } else if (event.id == "alarm.raised" || event.id == "alarm.cleared") {
        hear_alarm(sender, *unit, event);
    }
    if (event.id == "setting.changed") {
        hear_change(sender, *unit, event);
    } else if (event.id.starts_with("trust.") || event.id == "time.changed") {
        sender->wake.raise();
    } else if (event.id == "feedback.enabled") {
        auto const delivery = sender->delivery(parse_number<int>(event.field("slot")).value_or(0), *unit);
        delivery->back_off.succeeded();
        show(*unit, *delivery, "OK", "");
        sender->wake.raise();
    } else if (event.id == "feedback.registered" || event.id == "feedback.removed") {
        auto const slot = parse_number<int>(event.field("slot"));
        if (!slot) return;
        watch_status(*sender, *unit);
        // What waited was for the server that was registered before.
        auto const delivery = sender->delivery(*slot, *unit);
        delivery->queue.clear();
        delivery->store.remove();
        delivery->back_off.succeeded();
        sender->wake.raise();
        if (event.id == "feedback.registered" && speaks_xml_rpc(unit->family())) push(sender, *unit, *slot, {{}, {{"configureAck", {}}}});
    }
}

class FeedbackSender final : public Companion {
public:
    explicit FeedbackSender(std::shared_ptr<Unit> const& unit) : sender_(std::make_shared<Sender>(unit)) {
        subscription_ = unit->subscribe([sender = sender_](Event const& event) { hear(sender, event); });
        take_up(sender_, *unit);
        if (!speaks_xml_rpc(unit->family())) {
            sender_->status = std::make_unique<StatusWatch>(unit, [held = std::weak_ptr(sender_)](StatusNews const& news) {
                if (auto const sender = held.lock()) hear_status(sender, news);
            });
            watch_status(*sender_, *unit);
        }
        if (speaks_xml_rpc(unit->family())) push_event(sender_, *unit, "restart");
    }
    ~FeedbackSender() override {
        sender_->stopped = true;
        sender_->status.reset();
        sender_->wake.raise();
    }
    FeedbackSender(FeedbackSender const&) = delete;
    FeedbackSender& operator=(FeedbackSender const&) = delete;

private:
    std::shared_ptr<Sender> sender_;
    std::unique_ptr<Unit::Subscription> subscription_;
};

bool is_below(std::string_view path, std::string_view item) {
    return path.size() > item.size() && path.starts_with(item) && path[item.size()] == ' ';
}

/// Of several changes of one thing the last one counts: of a setting, and of a list item that went or came again.
bool replaces(std::string_view path, std::string_view earlier) {
    if (path == earlier) return true;
    if (path.ends_with(k_ghost)) return is_below(earlier, path.substr(0, path.size() - k_ghost.size()));
    return earlier.ends_with(k_ghost) && is_below(path, earlier.substr(0, earlier.size() - k_ghost.size()));
}

/// `<Call item="8" ghost="True"/>` (protocols 1.6).
void mark_ghosts(dialect::XmlElement& element) {
    for (auto& child : element.children) mark_ghosts(child);
    auto const gone = std::erase_if(element.children, [](auto const& child) { return child.name == k_ghost.substr(1); });
    if (gone > 0) element.set("ghost", "True");
}

}  // namespace

std::string feedback_body(Unit const& unit, FeedbackSlot const& slot, std::vector<FeedbackItem> const& items) {
    if (speaks_xml_rpc(unit.family())) {
        xml_rpc::Array events;
        for (auto const& item : items) events.emplace_back(item.leaves.front().path);
        auto const source = slot.source.empty() ? replace_all(unit.spec().mac, ":", "") : slot.source;
        return xml_rpc::write_call({"eventNotification", {xml_rpc::Struct{{"sourceIdentifier", source}, {"events", std::move(events)}}}});
    }
    std::vector<xapi::TypedValue> changes;
    for (auto const& item : items)
        for (auto const& leaf : item.leaves) {
            std::erase_if(changes, [&leaf](auto const& earlier) { return replaces(leaf.path, earlier.path); });
            changes.push_back({leaf.path, leaf.value});
        }
    std::string const root = items.empty() || items.front().root.empty() ? "Configuration" : items.front().root;
    auto const identification = identification_of(unit);
    if (wants_json(slot)) return dialect::external_manager::write_feedback_json(identification, root, changes);
    std::vector<xapi::PathValue> leaves;
    for (auto const& change : changes) leaves.push_back({change.path, change.value});
    auto document = xapi::build_tree(root, leaves);
    mark_ghosts(document);
    return dialect::external_manager::write_feedback(identification, std::move(document));
}

std::string_view notification_of(std::string_view canonical) {
    if (canonical.starts_with("service.")) return "servicesChanged";
    if (canonical.starts_with("network.") || canonical.starts_with("name.")) return "networkChanged";
    return {};
}

std::unique_ptr<Companion> make_feedback_sender(std::shared_ptr<Unit> unit) {
    if (unit->family().find_client("feedback") == nullptr) return nullptr;
    return std::make_unique<FeedbackSender>(unit);
}

}  // namespace countersign::device
