#include "base/text.hpp"
#include "dialect/snmp.hpp"

#include "countersign/errors/acc.hpp"
#include "countersign/errors/net.hpp"

#include <algorithm>
#include <utility>

namespace countersign::dialect::snmp {
namespace {

constexpr std::size_t k_display_string = 255;  // RFC 2579 section 2

Oid system_oid(std::uint32_t variable) { return Oid{{1, 3, 6, 1, 2, 1, 1, variable, 0}}; }

std::string display(std::string_view text) { return std::string(text.substr(0, k_display_string)); }

/// Borrowed for one question.
class Table {
public:
    explicit Table(std::span<Binding const> rows) : rows_(rows) {}

    [[nodiscard]] Binding const* find(Oid const& name) const {
        auto const at = std::ranges::lower_bound(rows_, name, {}, &Binding::name);
        return at != rows_.end() && at->name == name ? &*at : nullptr;
    }
    [[nodiscard]] Binding const* after(Oid const& name) const {
        auto const at = std::ranges::upper_bound(rows_, name, {}, &Binding::name);
        return at != rows_.end() ? &*at : nullptr;
    }
    /// The object is here though not this instance of it: "sysDescr.1" next to "sysDescr.0" (RFC 3416 section 4.2.1).
    [[nodiscard]] bool has_object(Oid const& name) const {
        return std::ranges::any_of(rows_, [&name](Binding const& row) {
            auto const size = row.name.parts.size() - 1;
            return name.parts.size() >= size && std::equal(row.name.parts.begin(), row.name.parts.end() - 1, name.parts.begin());
        });
    }

private:
    std::span<Binding const> rows_;
};

Message error_answer(Message question, ErrorStatus status, std::size_t index) {
    question.operation = Operation::response;
    question.error_status = std::to_underlying(status);
    question.error_index = static_cast<std::int32_t>(index);
    return question;
}

Message answer_get(Message const& question, Table const& table) {
    Message out = question;
    out.operation = Operation::response;
    out.error_status = out.error_index = 0;
    for (std::size_t i = 0; i < question.bindings.size(); ++i) {
        auto const& name = question.bindings[i].name;
        if (auto const* row = table.find(name)) {
            out.bindings[i] = *row;
        } else if (question.version == Version::v1) {
            return error_answer(question, ErrorStatus::no_such_name, i + 1);
        } else {
            out.bindings[i].value = table.has_object(name) ? Absence::no_such_instance : Absence::no_such_object;
        }
    }
    return out;
}

Message answer_get_next(Message const& question, Table const& table) {
    Message out = question;
    out.operation = Operation::response;
    out.error_status = out.error_index = 0;
    for (std::size_t i = 0; i < question.bindings.size(); ++i) {
        if (auto const* row = table.after(question.bindings[i].name)) {
            out.bindings[i] = *row;
        } else if (question.version == Version::v1) {
            return error_answer(question, ErrorStatus::no_such_name, i + 1);
        } else {
            out.bindings[i].value = Absence::end_of_view;
        }
    }
    return out;
}

/// RFC 3416 section 4.2.3. Rows are added while they fit an answer; the RFC allows to stop anywhere.
Message answer_get_bulk(Message const& question, Table const& table, std::size_t largest) {
    auto const count = question.bindings.size();
    auto const single = std::min(count, static_cast<std::size_t>(std::max(question.error_status, 0)));
    auto const repetitions = std::max(question.error_index, 0);
    Message out{question.version, question.community, Operation::response, question.request_id, 0, 0, {}};
    auto size = write_message(out).size() + 8;  // 8: lengths that grow with the content
    auto const add = [&out, &size, &table, largest](Oid const& name) {
        auto const* row = table.after(name);
        Binding next = row != nullptr ? *row : Binding{name, Absence::end_of_view};
        size += write_message({Version::v2c, {}, Operation::response, 0, 0, 0, {next}}).size();
        if (size > largest || out.bindings.size() == k_max_bindings) return false;
        out.bindings.push_back(std::move(next));
        return true;
    };
    for (std::size_t i = 0; i < single; ++i) {
        if (!add(question.bindings[i].name)) return out;
    }
    std::vector<Oid> names;
    for (std::size_t i = single; i < count; ++i) names.push_back(question.bindings[i].name);
    for (std::int32_t round = 0; round < repetitions && !names.empty(); ++round) {
        bool all_ended = true;
        for (auto& name : names) {
            if (!add(name)) return out;
            auto const& added = out.bindings.back();
            all_ended = all_ended && std::holds_alternative<Absence>(added.value);
            name = added.name;
        }
        if (all_ended) break;
    }
    return out;
}

}  // namespace

std::vector<Binding> system_table(SystemGroup const& group) {
    // sysUpTime counts hundredths of a second and wraps after 497 days.
    auto const ticks = static_cast<std::uint32_t>(static_cast<std::uint64_t>(group.uptime.count()) / 10);
    return {{system_oid(1), display(group.description)},
            {system_oid(2), group.object_id},
            {system_oid(3), TimeTicks{ticks}},
            {system_oid(4), display(group.contact)},
            {system_oid(5), display(group.name)},
            {system_oid(6), display(group.location)},
            {system_oid(7), group.services}};
}

Oid system_description_oid() { return system_oid(1); }
Oid system_name_oid() { return system_oid(5); }

Result<Message> reply_to(Message const& question, std::span<Binding const> rows, std::size_t largest) {
    Table const table(rows);
    Message reply;
    switch (question.operation) {
        case Operation::get: reply = answer_get(question, table); break;
        case Operation::get_next: reply = answer_get_next(question, table); break;
        case Operation::get_bulk: reply = answer_get_bulk(question, table, largest); break;
        case Operation::set:
            // Nothing can be written here. Version 1 has no better word for it (RFC 1157 section 4.1.5).
            reply = error_answer(question, question.version == Version::v1 ? ErrorStatus::no_such_name : ErrorStatus::no_access, 1);
            break;
        case Operation::response:
        case Operation::inform:
        case Operation::trap:
        case Operation::report: return fail(errors::net::malformed_snmp, {{"detail", "it is no question"}});
    }
    if (write_message(reply).size() > largest) {
        reply = error_answer(question, ErrorStatus::too_big, 0);
        // RFC 3416 section 4.2.1: without bindings, so that this answer fits.
        reply.bindings.clear();
    }
    return reply;
}

Result<std::string> answer(std::string_view datagram, std::string_view community, std::span<Binding const> table) {
    CS_TRY(auto const question, parse_message(datagram));
    if (!constant_time_equal(question.community, community)) return fail(errors::acc::wrong_credentials);
    CS_TRY(auto const reply, reply_to(question, table, k_max_answer));
    auto out = write_message(reply);
    if (out.size() > k_max_answer) return fail(errors::net::malformed_snmp, {{"detail", "its community is too long"}});
    return out;
}

}  // namespace countersign::dialect::snmp
