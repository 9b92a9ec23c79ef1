#include "device/services/snmp_engine.hpp"

#include "base/log.hpp"
#include "base/text.hpp"
#include "device/services/snmp_view.hpp"

#include "countersign/errors/acc.hpp"

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace countersign::device {

namespace snmp = dialect::snmp;
namespace usm = net::tls::usm;
namespace v3 = dialect::snmp::v3;

namespace {

/// What version 3 puts around an answer, at most: engine id twice, user name, code, salt, and their heads.
constexpr std::size_t k_overhead = 200;

std::string community_of(Unit const& unit) {
    auto const* setting = unit.family().find_canonical("snmp.community.read");
    return setting != nullptr ? unit.effective(*setting) : std::string();
}

bool is_signed(v3::Parsed const& parsed, std::string_view datagram, usm::Keys const& keys) {
    auto const& code = parsed.message.authentication;
    if (code.size() != usm::code_size(keys.digest)) return false;
    std::string without(datagram);
    without.replace(parsed.authentication_at, code.size(), code.size(), '\0');
    return constant_time_equal(usm::code_of(keys, without), code);
}

bool is_in_time(v3::Message const& message, usm::Place now) {
    auto const apart = std::int64_t{message.time} - now.time;
    return message.boots == now.boots && std::abs(apart) <= k_snmp_time_window;
}

/// Of a question that is not encrypted, so that its asker knows what is answered.
std::int32_t request_id_of(v3::Message const& question) {
    if ((question.flags & v3::k_private) != 0) return 0;
    auto const scoped = v3::parse_scoped(question.data);
    return scoped ? scoped->pdu.request_id : 0;
}

}  // namespace

std::string SnmpEngine::answer(std::string_view datagram, net::Endpoint const& peer) {
    auto const unit = unit_.lock();
    if (!unit || !answers_.take(std::chrono::steady_clock::now())) return {};
    return v3::is_version_3(datagram) ? answer_user(*unit, datagram, peer) : answer_community(*unit, datagram, peer);
}

std::string SnmpEngine::answer_community(Unit& unit, std::string_view datagram, net::Endpoint const& peer) {
    auto const community = community_of(unit);
    // An empty community means that nobody may ask.
    if (community.empty()) return {};
    auto answer = snmp::answer(datagram, community, snmp_table(unit));
    if (answer) return *std::move(answer);
    if (answer.error().id() == errors::acc::wrong_credentials) note_failure(unit, peer);
    log::debug("snmp.refused", {{"system", unit.name()}, {"peer", peer.address}, {"error", answer.error().message()}});
    return {};
}

std::string SnmpEngine::answer_user(Unit& unit, std::string_view datagram, net::Endpoint const& peer) {
    auto const* user = user_.find(unit);
    if (user == nullptr) return {};
    auto const parsed = v3::parse(datagram);
    if (!parsed) return {};
    auto const& question = parsed->message;
    // In the order of RFC 3414 section 3.2.
    if (question.engine != snmp_engine_id(unit)) return report(unit, question, v3::Statistic::unknown_engine, nullptr);
    if (question.user != user->name) {
        note_failure(unit, peer);
        return report(unit, question, v3::Statistic::unknown_user, nullptr);
    }
    constexpr std::uint8_t k_both = v3::k_authenticated | v3::k_private;
    if ((question.flags & k_both) != k_both) return report(unit, question, v3::Statistic::unsupported_level, nullptr);
    if (!is_signed(*parsed, datagram, user->keys)) {
        note_failure(unit, peer);
        return report(unit, question, v3::Statistic::wrong_digest, nullptr);
    }
    if (!is_in_time(question, snmp_engine_time(unit))) return report(unit, question, v3::Statistic::not_in_time_window, user);
    auto const plain = usm::decrypt(user->keys, {question.boots, question.time}, question.privacy, question.data);
    auto const scoped = plain ? v3::parse_scoped(*plain) : Result<v3::ScopedPdu>(fail(errors::acc::wrong_credentials));
    if (!scoped) return report(unit, question, v3::Statistic::decryption_error, user);
    if (scoped->context_engine != question.engine || !scoped->context_name.empty()) return {};

    auto const largest = std::min(snmp::k_max_answer, static_cast<std::size_t>(question.max_size));
    auto reply = snmp::reply_to(scoped->pdu, snmp_table(unit), largest - k_overhead);
    if (!reply) return {};
    v3::Message message;
    message.id = question.id;
    message.flags = k_both;
    message.data = v3::write_scoped({.context_engine = scoped->context_engine, .context_name = {}, .pdu = *std::move(reply)});
    return protect(unit, *user, std::move(message));
}

std::string SnmpEngine::report(Unit const& unit, v3::Message const& question, v3::Statistic statistic, SnmpUser::Ready const* user) {
    auto& counted = statistics_.at(static_cast<std::size_t>(std::to_underlying(statistic)));
    ++counted;
    if ((question.flags & v3::k_reportable) == 0) return {};
    auto const engine = snmp_engine_id(unit);
    v3::ScopedPdu scoped{.context_engine = engine, .context_name = {}, .pdu = {}};
    scoped.pdu.operation = snmp::Operation::report;
    scoped.pdu.request_id = request_id_of(question);
    scoped.pdu.bindings = {v3::counter_of(statistic, counted)};
    v3::Message message;
    message.id = question.id;
    message.data = v3::write_scoped(scoped);
    // Who is late hears the right time, and can believe it.
    if (user != nullptr) return protect(unit, *user, std::move(message));
    auto const place = snmp_engine_time(unit);
    message.engine = engine;
    message.boots = place.boots;
    message.time = place.time;
    return v3::write(message).datagram;
}

void SnmpEngine::note_failure(Unit& unit, net::Endpoint const& peer) {
    if (failures_.take(std::chrono::steady_clock::now())) unit.report("login.failed", {{"door", "snmp"}, {"peer", peer.address}});
}

}  // namespace countersign::device
