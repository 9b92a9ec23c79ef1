#include "manager/campaign/time_zone.hpp"

#include "base/text.hpp"
#include "host/files.hpp"

#include "countersign/errors/mgr.hpp"

#include <algorithm>
#include <cctype>

namespace countersign::manager {

namespace {

constexpr std::size_t k_largest_file = 256UL * 1024;
constexpr std::size_t k_longest_name = 64;

using std::chrono::seconds;

/// Takes big-endian numbers from a text; what is beyond its end is 0 and is noted.
class Bytewise {
public:
    explicit Bytewise(std::string_view text) : rest_(text) {}
    std::int64_t number(std::size_t width) {
        auto const piece = take(width);
        if (piece.size() < width) return 0;
        std::uint64_t value = 0;
        for (char c : piece) value = (value << 8U) | static_cast<unsigned char>(c);
        if (width == 4) return static_cast<std::int32_t>(static_cast<std::uint32_t>(value));
        return static_cast<std::int64_t>(value);
    }
    std::string_view take(std::size_t width) {
        if (width > rest_.size()) {
            good_ = false;
            return {};
        }
        auto piece = rest_.substr(0, width);
        rest_.remove_prefix(width);
        return piece;
    }
    [[nodiscard]] bool good() const { return good_; }
    [[nodiscard]] std::string_view rest() const { return rest_; }

private:
    std::string_view rest_;
    bool good_ = true;
};

struct Header {
    char version = 0;
    std::size_t is_utc = 0, is_standard = 0, leaps = 0, changes = 0, types = 0, characters = 0;

    [[nodiscard]] std::size_t size(std::size_t time) const {
        return changes * (time + 1) + types * 6 + characters + leaps * (time + 4) + is_standard + is_utc;
    }
};

std::optional<Header> read_header(Bytewise& bytes) {
    if (bytes.take(4) != "TZif") return std::nullopt;
    Header header;
    auto const version = bytes.take(1);
    header.version = version.empty() ? '\0' : version.front();
    bytes.take(15);
    for (auto* count : {&header.is_utc, &header.is_standard, &header.leaps, &header.changes, &header.types, &header.characters}) {
        auto const number = bytes.number(4);
        if (number < 0 || static_cast<std::size_t>(number) > k_largest_file) return std::nullopt;
        *count = static_cast<std::size_t>(number);
    }
    if (!bytes.good() || header.types == 0 || header.types > 256) return std::nullopt;
    return header;
}

/// Takes parts of a POSIX TZ text from its front.
class RuleText {
public:
    explicit RuleText(std::string_view text) : rest_(text) {}

    bool name() {
        if (skip('<')) {
            auto const end = rest_.find('>');
            if (end == std::string_view::npos || end < 3) return false;
            rest_.remove_prefix(end + 1);
            return true;
        }
        std::size_t length = 0;
        while (length < rest_.size() && std::isalpha(static_cast<unsigned char>(rest_[length]))) ++length;
        rest_.remove_prefix(length);
        return length >= 3;
    }
    /// [+-]hh[:mm[:ss]]
    std::optional<seconds> time(int most_hours) {
        bool const negative = !rest_.empty() && rest_.front() == '-';
        if (!skip('-')) skip('+');
        auto const hours = number(most_hours);
        if (!hours) return std::nullopt;
        int minutes = 0, rest = 0;
        if (skip(':')) {
            auto const read = number(59);
            if (!read) return std::nullopt;
            minutes = *read;
            if (skip(':')) {
                auto const more = number(59);
                if (!more) return std::nullopt;
                rest = *more;
            }
        }
        seconds const value{*hours * 3600 + minutes * 60 + rest};
        return negative ? -value : value;
    }
    std::optional<TimeZone::Rule> rule() {
        using Kind = TimeZone::Rule::Kind;
        TimeZone::Rule rule;
        if (skip('M')) {
            auto const month = number(12);
            if (!month || *month < 1 || !skip('.')) return std::nullopt;
            auto const week = number(5);
            if (!week || *week < 1 || !skip('.')) return std::nullopt;
            auto const day = number(6);
            if (!day) return std::nullopt;
            rule = {.kind = Kind::month_week_day, .month = *month, .week = *week, .day = *day};
        } else {
            rule.kind = skip('J') ? Kind::julian_without_leap : Kind::day_of_year;
            auto const day = number(365);
            if (!day || (rule.kind == Kind::julian_without_leap && *day == 0)) return std::nullopt;
            rule.day = *day;
        }
        if (skip('/')) {
            auto const at = time(167);
            if (!at) return std::nullopt;
            rule.at = *at;
        }
        return rule;
    }
    bool skip(char c) {
        if (rest_.empty() || rest_.front() != c) return false;
        rest_.remove_prefix(1);
        return true;
    }
    [[nodiscard]] bool empty() const { return rest_.empty(); }
    [[nodiscard]] char front() const { return rest_.empty() ? '\0' : rest_.front(); }

private:
    std::optional<int> number(int most) {
        std::size_t length = 0;
        while (length < rest_.size() && length < 4 && std::isdigit(static_cast<unsigned char>(rest_[length]))) ++length;
        auto const value = parse_number<int>(rest_.substr(0, length));
        rest_.remove_prefix(length);
        return value && *value <= most ? value : std::nullopt;
    }
    std::string_view rest_;
};

/// Midnight of the rule's day, as a time that is counted like UTC.
UtcTime day_of(TimeZone::Rule const& rule, std::chrono::year year) {
    namespace chrono = std::chrono;
    using Kind = TimeZone::Rule::Kind;
    auto const first = chrono::sys_days(year / 1 / 1);
    if (rule.kind == Kind::month_week_day) {
        chrono::weekday const day(static_cast<unsigned>(rule.day));
        auto const month = year / chrono::month(static_cast<unsigned>(rule.month));
        // Week 5 is the last one.
        if (rule.week == 5) return chrono::sys_days(month / day[chrono::last]);
        return chrono::sys_days(month / day[static_cast<unsigned>(rule.week)]);
    }
    if (rule.kind == Kind::day_of_year) return first + chrono::days(rule.day);
    // 29 February is never counted.
    bool const after_february = rule.day >= 60;
    return first + chrono::days(rule.day - 1 + (year.is_leap() && after_february ? 1 : 0));
}

std::chrono::seconds offset_by(TimeZone::Footer const& footer, UtcTime time) {
    if (!footer.has_summer) return footer.standard;
    std::chrono::year_month_day const date(std::chrono::floor<std::chrono::days>(time + footer.standard));
    auto const begin = day_of(footer.begin, date.year()) + footer.begin.at - footer.standard;
    auto const end = day_of(footer.end, date.year()) + footer.end.at - footer.summer;
    bool const summer = begin < end ? time >= begin && time < end : time >= begin || time < end;
    return summer ? footer.summer : footer.standard;
}

Failure unknown_zone(std::string_view name, std::string_view detail) {
    return fail(errors::mgr::unknown_time_zone, {{"name", name}, {"detail", detail}});
}

}  // namespace

std::optional<TimeZone::Footer> parse_zone_rule(std::string_view text) {
    RuleText rest(text);
    TimeZone::Footer footer;
    if (!rest.name()) return std::nullopt;
    auto const standard = rest.time(24);
    if (!standard) return std::nullopt;
    footer.standard = -*standard;  // POSIX counts west of Greenwich
    if (rest.empty()) return footer;
    if (!rest.name()) return std::nullopt;
    footer.has_summer = true;
    footer.summer = footer.standard + std::chrono::hours(1);
    if (rest.front() != ',') {
        auto const summer = rest.time(24);
        if (!summer) return std::nullopt;
        footer.summer = -*summer;
    }
    if (!rest.skip(',')) return std::nullopt;
    auto const begin = rest.rule();
    if (!begin || !rest.skip(',')) return std::nullopt;
    auto const end = rest.rule();
    if (!end || !rest.empty()) return std::nullopt;
    footer.begin = *begin;
    footer.end = *end;
    return footer;
}

Result<TimeZone> TimeZone::parse(std::string_view name, std::string_view content) {
    auto const refuse = [&name](std::string_view detail) { return unknown_zone(name, detail); };
    if (content.size() > k_largest_file) return refuse("its file is too large");
    Bytewise bytes(content);
    auto const old = read_header(bytes);
    if (!old) return refuse("its file is no TZif file");
    if (old->version < '2') return refuse("its file is of the first version of TZif");
    bytes.take(old->size(4));
    auto const header = read_header(bytes);
    if (!header) return refuse("the second part of its file is damaged");
    TimeZone zone;
    zone.name_ = name;
    zone.changes_.resize(header->changes);
    for (auto& change : zone.changes_) change.at = bytes.number(8);
    auto const kinds = bytes.take(header->changes);
    std::vector<seconds> offsets(header->types);
    for (auto& offset : offsets) {
        offset = seconds(bytes.number(4));
        bytes.take(2);
        if (offset <= -std::chrono::hours(26) || offset >= std::chrono::hours(26)) return refuse("an offset of its file is impossible");
    }
    bytes.take(header->characters + header->leaps * 12 + header->is_standard + header->is_utc);
    if (!bytes.good()) return refuse("its file is cut off");
    if (!std::ranges::is_sorted(zone.changes_, {}, &Change::at)) return refuse("the times of its file are not in order");
    for (std::size_t i = 0; i < kinds.size(); ++i) {
        auto const kind = static_cast<unsigned char>(kinds[i]);
        if (kind >= offsets.size()) return refuse("its file names a kind of time that it does not describe");
        zone.changes_[i].offset = offsets[kind];
    }
    zone.first_ = offsets.front();
    auto footer = bytes.rest();
    if (footer.size() >= 2 && footer.front() == '\n') {
        footer.remove_prefix(1);
        footer = footer.substr(0, footer.find('\n'));
        if (!footer.empty()) {
            zone.footer_ = parse_zone_rule(footer);
            if (!zone.footer_) return refuse("the rule at the end of its file is not understood");
        }
    }
    return zone;
}

std::chrono::seconds TimeZone::offset_at(UtcTime time) const {
    auto const at = time.time_since_epoch().count();
    auto const next = std::ranges::upper_bound(changes_, at, {}, &Change::at);
    if (next == changes_.end() && footer_) return offset_by(*footer_, time);
    return next == changes_.begin() ? first_ : std::prev(next)->offset;
}

Result<std::shared_ptr<TimeZone const>> load_time_zone(std::string_view name, std::filesystem::path const& database) {
    bool const plain = !name.empty() && name.size() <= k_longest_name && name.front() != '/' && std::ranges::all_of(name, [](char c) {
        return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '+' || c == '-' || c == '/';
    });
    if (!plain) return unknown_zone(name, "it is no name of a time zone");
    auto content = host::read_file(database / std::string(name), k_largest_file);
    if (!content) return unknown_zone(name, content.error().message());
    CS_TRY(auto zone, TimeZone::parse(name, *content));
    return std::make_shared<TimeZone const>(std::move(zone));
}

}  // namespace countersign::manager
