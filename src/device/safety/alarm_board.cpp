#include "device/safety/alarm_board.hpp"

#include "base/log.hpp"
#include "base/text.hpp"
#include "base/toml.hpp"
#include "base/toml_guard.hpp"
#include "device/certificates.hpp"

#include <algorithm>
#include <array>
#include <sstream>

namespace countersign::device {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t k_file_limit = 256 * 1024;
constexpr std::chrono::seconds k_warning = std::chrono::days(14);

struct Words {
    std::string_view id;
    std::string_view text;
};
constexpr std::array k_words{
    Words{"certificate.expires", "Certificate will expire in {days} days"},
    Words{"certificate.expired", "Security mode failed - Certificate expired"},
    Words{"certificate.factory", "TLS is served with the factory's certificate: install one of your own"},
    Words{"certificate.not_yet_valid", "The certificate is not valid yet"},
    Words{"trust.expires", "The trusted certificate {subject} will expire in {days} days"},
    Words{"trust.expired", "The trusted certificate {subject} has expired"},
    Words{"revocation_list.expires", "The revocation list of {subject} has to be renewed within {days} days"},
    Words{"revocation_list.expired", "The revocation list of {subject} is out of date"},
    Words{"password.factory", "The factory password is still in use: the security level cannot be higher than 2"},
    Words{"password.none", "There is no password, so everybody gets in: the security level cannot be higher than 2"},
    Words{"state.from_copy", "The file with the settings was broken: they were read from its copy (docs/recovery.md)"},
    Words{"state.reset", "The file with the settings was broken: settings and password are those of the factory (docs/recovery.md)"},
    Words{"verification.inactive", "Verification is switched on but cannot work: {subject} is missing"},
    Words{"sip.registration", "Can not establish connection with SIP registrar: {subject}"},
    Words{"flags.restart", "System configuration changed. Please restart the system"},
};

/// Raised and cleared by looking at certificates.
constexpr std::array<std::string_view, 8> k_about_certificates{"certificate.expires",       "certificate.expired",    "certificate.factory",
                                                               "certificate.not_yet_valid", "trust.expires",          "trust.expired",
                                                               "revocation_list.expires",   "revocation_list.expired"};

Alarm read_alarm(toml::table const& table) {
    Alarm alarm;
    alarm.id = table["id"].value_or(std::string());
    alarm.subject = table["subject"].value_or(std::string());
    alarm.text = table["text"].value_or(std::string());
    alarm.level = table["level"].value_or(std::string());
    alarm.since = parse_utc_time(table["since"].value_or(std::string())).value_or(UtcTime{});
    if (auto days = table["days_left"].value<int>()) alarm.days_left = days;
    return alarm;
}

toml::array write_alarms(std::vector<Alarm> const& alarms) {
    toml::array out;
    for (auto const& alarm : alarms) {
        toml::table table{{"id", alarm.id},
                          {"subject", alarm.subject},
                          {"text", alarm.text},
                          {"level", alarm.level},
                          {"since", countersign::to_string(alarm.since)}};
        if (alarm.days_left) table.insert("days_left", *alarm.days_left);
        out.push_back(std::move(table));
    }
    return out;
}

std::vector<Alarm> read_alarms(toml::table const& document, std::string_view key, std::size_t limit) {
    std::vector<Alarm> out;
    if (auto const* list = document[key].as_array())
        for (auto const& item : *list)
            if (auto const* table = item.as_table(); table != nullptr && out.size() < limit) out.push_back(read_alarm(*table));
    return out;
}

/// A full board or history forgets its oldest last.
void keep(std::vector<Alarm>& alarms, std::size_t limit) {
    if (alarms.size() > limit) alarms.resize(limit);
}

}  // namespace

std::chrono::seconds warning_time(UtcTime not_before, UtcTime not_after) {
    return std::min(k_warning, std::max<std::chrono::seconds>((not_after - not_before) / 3, 0s));
}

int days_left(UtcTime now, UtcTime not_after) {
    return now >= not_after ? 0 : static_cast<int>(std::chrono::ceil<std::chrono::days>(not_after - now).count());
}

std::string alarm_words(family::Family const& family, Alarm const& alarm) {
    std::string text(family.message("alarm." + alarm.id));
    if (text.empty()) {
        auto const found = std::ranges::find(k_words, std::string_view(alarm.id), &Words::id);
        if (found != k_words.end()) text = found->text;
    }
    text = replace_all(std::move(text), "{days}", std::to_string(alarm.days_left.value_or(0)));
    return replace_all(std::move(text), "{subject}", alarm.subject);
}

AlarmBoard::AlarmBoard(Unit& unit, fs::path file) : unit_(unit), file_(std::move(file)) { load(); }
AlarmBoard::~AlarmBoard() { stop(); }

void AlarmBoard::load() {
    std::error_code ignored;
    if (!fs::exists(file_, ignored)) return;
    auto text = host::read_file(file_, k_file_limit);
    if (!text || find_fatal_toml(*text)) {
        log::warning("alarms.unreadable", {{"file", file_.string()}});
        return;
    }
    try {
        auto document = toml::parse(*text, file_.string());
        active_ = read_alarms(document, "active", k_active);
        history_ = read_alarms(document, "history", k_history);
    } catch (toml::parse_error const& error) {
        log::warning("alarms.unreadable", {{"file", file_.string()}, {"detail", std::string(error.description())}});
    }
}

void AlarmBoard::save() {
    toml::table document{{"active", write_alarms(active_)}, {"history", write_alarms(history_)}};
    std::ostringstream out;
    out << document << '\n';
    // Whole, but not forced to the disk: after a crash of the machine it is looked at anew.
    if (auto saved = host::write_file(file_, out.str(), host::Privacy::owner_only, host::Durability::none); !saved)
        log::warning("alarms.not_written", {{"file", file_.string()}, {"detail", saved.error().message()}});
}

void AlarmBoard::raise(Alarm alarm) {
    if (alarm.level.empty()) alarm.level = "major";
    if (auto words = alarm_words(unit_.family(), alarm); !words.empty()) alarm.text = std::move(words);
    if (alarm.since == UtcTime{}) alarm.since = unit_.now();
    auto held = std::ranges::find_if(active_, [&](auto const& one) { return one.id == alarm.id && one.subject == alarm.subject; });
    if (held != active_.end()) {
        if (held->text == alarm.text && held->days_left == alarm.days_left && held->level == alarm.level) return;
        alarm.since = held->since;
        *held = std::move(alarm);
        save();
        return;
    }
    active_.insert(active_.begin(), alarm);
    keep(active_, k_active);
    save();
    std::vector<std::pair<std::string, std::string>> fields{
        {"id", alarm.id}, {"subject", alarm.subject}, {"text", alarm.text}, {"level", alarm.level}};
    if (alarm.days_left) fields.emplace_back("days_left", std::to_string(*alarm.days_left));
    unit_.report("alarm.raised", std::move(fields));
}

void AlarmBoard::clear(std::string_view id, std::string_view subject) {
    auto held = std::ranges::find_if(active_, [&](auto const& one) { return one.id == id && one.subject == subject; });
    if (held == active_.end()) return;
    auto alarm = std::move(*held);
    active_.erase(held);
    history_.insert(history_.begin(), alarm);
    keep(history_, k_history);
    save();
    unit_.report("alarm.cleared", {{"id", alarm.id}, {"subject", alarm.subject}, {"text", alarm.text}, {"level", alarm.level}});
}

void AlarmBoard::set(bool wrong, std::string id, std::string subject) {
    // One alarm of the id: with another subject it is another text of the same.
    std::vector<std::string> old;
    for (auto const& alarm : active_)
        if (alarm.id == id && (!wrong || alarm.subject != subject)) old.push_back(alarm.subject);
    for (auto const& gone : old) clear(id, gone);
    if (wrong) raise({.id = std::move(id), .subject = std::move(subject), .text = {}, .level = "major", .since = {}, .days_left = {}});
}

void AlarmBoard::watch(UtcTime begin, UtcTime end, std::string_view kind, std::string const& subject, std::set<Key>& seen) {
    auto const now = unit_.now();
    if (now + warning_time(begin, end) < end) return;
    auto id = std::string(kind) + (now >= end ? ".expired" : ".expires");
    if (!seen.emplace(id, subject).second) return;
    raise({.id = std::move(id),
           .subject = subject,
           .text = {},
           .level = now >= end ? "system" : "major",
           .since = {},
           .days_left = days_left(now, end)});
}

/// The alarms that only some families have (family::CertificateRules::alarms).
void AlarmBoard::watch_more(CertificateInfo const& info, std::string const& subject, std::set<Key>& seen) {
    auto check = [&](std::string const& id, bool wrong) {
        auto const& wanted = unit_.family().certificate.alarms;
        if (!wrong || std::ranges::find(wanted, id) == wanted.end() || !seen.emplace(id, subject).second) return;
        raise({.id = id, .subject = subject, .text = {}, .level = "major", .since = {}, .days_left = {}});
    };
    check("certificate.not_yet_valid", unit_.now() < info.leaf().not_before());
    check("certificate.factory", info.factory && !info.served_fingerprint.empty());
}

void AlarmBoard::check_certificates() {
    std::set<Key> seen;
    for (auto const& identity : unit_.family().identities)
        if (auto const info = unit_.certificates().info(identity.id)) {
            watch(info->leaf().not_before(), info->leaf().not_after(), "certificate", identity.title, seen);
            watch_more(*info, identity.title, seen);
        }
    for (auto const& root : unit_.trust()) watch(root.not_before(), root.not_after(), "trust", root.subject(), seen);
    auto const uses_lists = [this](auto const& identity) {
        return unit_.certificates().revocation(identity.id).method == RevocationMethod::crl;
    };
    if (std::ranges::any_of(unit_.family().identities, uses_lists))
        for (auto const& list : unit_.certificates().revocation_lists())
            if (auto const end = list.next_update()) watch(list.this_update(), *end, "revocation_list", list.issuer(), seen);
    std::vector<Key> gone;
    for (auto const& alarm : active_)
        for (auto const id : k_about_certificates)
            if (alarm.id == id && !seen.contains({alarm.id, alarm.subject})) gone.emplace_back(alarm.id, alarm.subject);
    for (auto const& [id, subject] : gone) clear(id, subject);
}

void AlarmBoard::check_all() {
    // An alarm is an event, and events make us look.
    if (std::exchange(checking_, true)) return;
    check_certificates();
    bool const none = unit_.has_empty_password();
    set(!none && unit_.has_factory_password(), "password.factory");
    set(none, "password.none");
    auto verify = unit_.verify_state();
    set(verify.asked && !verify.missing.empty(), "verification.inactive", join(verify.missing, ", "));
    checking_ = false;
}

net::Task<> AlarmBoard::run(std::weak_ptr<Unit> unit, std::shared_ptr<net::Signal> stopping, net::Milliseconds interval) {
    while (!co_await stopping->wait_beyond(0, interval)) {
        auto alive = unit.lock();
        if (!alive || stopping->count() > 0) co_return;
        static_cast<AlarmBoard&>(alive->alarms()).check_all();
    }
}

void AlarmBoard::start() {
    stop();
    check_all();
    stopping_ = std::make_shared<net::Signal>();
    net::spawn(
        unit_.executor(),
        [unit = unit_.weak_from_this(), stopping = stopping_, interval = unit_.environment().alarm_check] {
            return run(unit, stopping, interval);
        },
        "alarms");
}

void AlarmBoard::stop() {
    if (stopping_) stopping_->raise();
    stopping_.reset();
}

void AlarmBoard::forget() {
    active_.clear();
    history_.clear();
}

}  // namespace countersign::device
