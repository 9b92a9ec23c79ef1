#include "device/services/snmp_view.hpp"

#include "device/certificates.hpp"
#include "device/safety.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <limits>
#include <utility>

namespace countersign::device {

namespace snmp = dialect::snmp;

namespace {

constexpr std::int32_t k_services = 72;  // end-to-end (8) and applications (64): what a host offers, RFC 3418 section 2
constexpr std::size_t k_display_string = 255;

std::string text(std::string_view value) { return std::string(value.substr(0, k_display_string)); }
std::int32_t truth(bool value) { return value ? 1 : 2; }  // TruthValue, RFC 2579

void add_system(std::vector<snmp::Binding>& table, Unit const& unit) {
    table.push_back({mib_oid({1, 1, 0}), text(unit.spec().serial)});
    table.push_back({mib_oid({1, 2, 0}), text(unit.spec().software)});
    table.push_back({mib_oid({1, 3, 0}), snmp::Counter32{static_cast<std::uint32_t>(unit.boots())}});
    table.push_back({mib_oid({1, 4, 0}), truth(unit.restart_pending())});
    table.push_back({mib_oid({1, 5, 0}), truth(unit.fact("client.verify.active") == "True")});
}

struct CertificateRow {
    std::uint32_t index;
    family::Identity const* identity;
    CertificateInfo info;
};

/// Column by column: that is the order of names.
template <class Row>
using Cell = snmp::Value (*)(Row const&, Unit const&);

template <class Row, std::size_t N>
void add_columns(std::vector<snmp::Binding>& table, std::initializer_list<std::uint32_t> entry, std::vector<Row> const& rows,
                 std::array<Cell<Row>, N> const& columns, Unit const& unit) {
    std::uint32_t number = 2;  // the first is the index, which is in the name
    for (auto const cell : columns) {
        for (auto const& row : rows) {
            auto name = mib_oid(entry);
            name.parts.push_back(number);
            name.parts.push_back(row.index);
            table.push_back({std::move(name), cell(row, unit)});
        }
        ++number;
    }
}

void add_certificates(std::vector<snmp::Binding>& table, Unit const& unit) {
    std::vector<CertificateRow> rows;
    std::uint32_t index = 0;
    for (auto const& identity : unit.family().identities) {
        ++index;
        if (auto info = unit.certificates().info(identity.id)) rows.push_back({index, &identity, *std::move(info)});
    }
    using Row = CertificateRow;
    static constexpr std::array<Cell<Row>, 6> k_columns{
        [](Row const& row, Unit const&) { return snmp::Value(text(row.identity->title)); },
        [](Row const& row, Unit const&) { return snmp::Value(text(row.info.leaf().subject())); },
        [](Row const& row, Unit const&) { return snmp::Value(text(countersign::to_string(row.info.leaf().not_after()))); },
        [](Row const& row, Unit const& of) { return snmp::Value(days_until(row.info.leaf().not_after(), of.now())); },
        [](Row const& row, Unit const&) { return snmp::Value(truth(row.info.factory)); },
        [](Row const& row, Unit const&) { return snmp::Value(text(row.info.leaf().fingerprint())); },
    };
    add_columns(table, {2, 1, 1}, rows, k_columns, unit);
}

struct AlarmRow {
    std::uint32_t index;
    Alarm alarm;
};

void add_alarms(std::vector<snmp::Binding>& table, Unit const& unit) {
    std::vector<AlarmRow> rows;
    for (auto& alarm : unit.alarms().active()) rows.push_back({static_cast<std::uint32_t>(rows.size() + 1), std::move(alarm)});
    table.push_back({mib_oid({3, 1, 0}), snmp::Gauge32{static_cast<std::uint32_t>(rows.size())}});
    using Row = AlarmRow;
    static constexpr std::array<Cell<Row>, 5> k_columns{
        [](Row const& row, Unit const&) { return snmp::Value(text(row.alarm.id)); },
        [](Row const& row, Unit const&) { return snmp::Value(text(row.alarm.subject)); },
        [](Row const& row, Unit const&) { return snmp::Value(text(row.alarm.text)); },
        [](Row const& row, Unit const&) { return snmp::Value(text(row.alarm.level)); },
        [](Row const& row, Unit const&) { return snmp::Value(text(countersign::to_string(row.alarm.since))); },
    };
    add_columns(table, {3, 2, 1}, rows, k_columns, unit);
}

}  // namespace

snmp::Oid mib_oid(std::initializer_list<std::uint32_t> numbers) {
    // 32473 stands in for a number of our own until there is one (RFC 5612; docs/decisions/0031).
    snmp::Oid oid{{1, 3, 6, 1, 4, 1, 32473, 1}};
    oid.parts.insert(oid.parts.end(), numbers);
    return oid;
}

std::vector<snmp::Binding> snmp_table(Unit const& unit) {
    auto const& family = unit.family();
    snmp::SystemGroup group;
    group.description = family.product_type + " " + unit.spec().software;
    // 0.0 stands for "not known" (RFC 3418 section 2).
    group.object_id = snmp::parse_oid(family.snmp_object_id).value_or(snmp::Oid{{0, 0}});
    group.uptime = unit.uptime();
    group.contact = unit.effective_canonical("snmp.contact");
    group.name = unit.name();
    group.location = unit.effective_canonical("snmp.location");
    group.services = k_services;
    auto table = snmp::system_table(group);
    add_system(table, unit);
    add_certificates(table, unit);
    add_alarms(table, unit);
    return table;
}

std::uint32_t enterprise_of(Unit const& unit) {
    auto const oid = snmp::parse_oid(unit.family().snmp_object_id);
    constexpr std::size_t k_place = 6;  // 1.3.6.1.4.1.NUMBER
    return oid && oid->parts.size() > k_place ? oid->parts[k_place] : 0;
}

std::int32_t days_until(UtcTime end, UtcTime now) {
    auto const days = std::chrono::floor<std::chrono::days>(end - now).count();
    return static_cast<std::int32_t>(
        std::clamp<std::int64_t>(days, std::numeric_limits<std::int32_t>::min(), std::numeric_limits<std::int32_t>::max()));
}

}  // namespace countersign::device
