#pragma once

/// The alarms of one unit (REQ RMX-5). What is wrong with its certificates, its password and its verification is looked at when
/// it starts, after every change that can matter, and once an hour; others raise their own. alarms.toml keeps them over a restart;
/// it is a note, not a truth: what cannot be read is begun anew.

#include "device/safety.hpp"
#include "net/sync.hpp"

#include <filesystem>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace countersign::device {

/// How long before its end a certificate is warned of: 14 days; a third of the lifetime of those that live shorter than 42 days.
/// A renewal that is due at a third of the lifetime has failed by then, also with the 47 days of coming rules.
std::chrono::seconds warning_time(UtcTime not_before, UtcTime not_after);
/// Days that have begun: 14 to 1 before the end.
int days_left(UtcTime now, UtcTime not_after);
/// The family's words for an alarm, or ours, with {days} and {subject} in place. Empty for an id that has none.
std::string alarm_words(family::Family const& family, Alarm const& alarm);

class AlarmBoard final : public Alarms {
public:
    static constexpr std::size_t k_active = 100;
    static constexpr std::size_t k_history = 100;

    AlarmBoard(Unit& unit, fs::path file);
    ~AlarmBoard() override;
    AlarmBoard(AlarmBoard const&) = delete;
    AlarmBoard& operator=(AlarmBoard const&) = delete;

    [[nodiscard]] std::vector<Alarm> active() const override { return active_; }
    [[nodiscard]] std::vector<Alarm> history() const override { return history_; }
    void raise(Alarm alarm) override;
    void clear(std::string_view id, std::string_view subject) override;
    void check_certificates() override;

    /// Everything that this room looks at: certificates, password, verification, flags.
    void check_all();
    /// Looks now and then once every Environment::alarm_check until stop().
    void start();
    void stop();
    /// The file is gone (factory defaults).
    void forget();

private:
    using Key = std::pair<std::string, std::string>;
    void load();
    void save();
    void set(bool wrong, std::string id, std::string subject = {});
    void watch(UtcTime begin, UtcTime end, std::string_view kind, std::string const& subject, std::set<Key>& seen);
    void watch_more(CertificateInfo const& info, std::string const& subject, std::set<Key>& seen);
    static net::Task<> run(std::weak_ptr<Unit> unit, std::shared_ptr<net::Signal> stopping, net::Milliseconds interval);

    Unit& unit_;
    fs::path file_;
    std::vector<Alarm> active_;
    std::vector<Alarm> history_;
    std::shared_ptr<net::Signal> stopping_;
    bool checking_ = false;
};

}  // namespace countersign::device
