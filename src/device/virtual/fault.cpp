#include "device/virtual/fault.hpp"

#include "base/text.hpp"

#include "countersign/errors/dev.hpp"

#include <array>

namespace countersign::device {
namespace {

constexpr std::size_t k_length = 64;
constexpr std::chrono::milliseconds k_slowest = std::chrono::minutes(10);
constexpr std::int64_t k_farthest = 100LL * 366 * 24 * 3600;
constexpr std::array k_kinds{Fault::Kind::slow,
                             Fault::Kind::silent,
                             Fault::Kind::reset,
                             Fault::Kind::expired,
                             Fault::Kind::wrong_name,
                             Fault::Kind::untrusted,
                             Fault::Kind::read_only,
                             Fault::Kind::forgetful,
                             Fault::Kind::clock,
                             Fault::Kind::disk_full,
                             Fault::Kind::keeps_certificate,
                             Fault::Kind::refuses_certificate,
                             Fault::Kind::refuses_trust};

Error unknown(std::string_view fault, std::string_view detail) {
    return {errors::dev::unknown_fault, {{"fault", fault.substr(0, k_length)}, {"detail", detail}}};
}

/// "500ms" or "2s".
std::optional<std::chrono::milliseconds> parse_delay(std::string_view text) {
    std::int64_t unit = 1;
    if (text.ends_with("ms"))
        text.remove_suffix(2);
    else if (text.ends_with('s')) {
        text.remove_suffix(1);
        unit = 1000;
    } else
        return std::nullopt;
    auto const number = parse_number<std::uint32_t>(text);
    if (!number) return std::nullopt;
    std::chrono::milliseconds const delay(*number * unit);
    return delay > k_slowest ? std::nullopt : std::optional(delay);
}

/// "+3600s", "-86400s".
std::optional<std::chrono::seconds> parse_skew(std::string_view text) {
    if (text.size() < 3 || (text.front() != '+' && text.front() != '-') || text.back() != 's') return std::nullopt;
    auto const number = parse_number<std::uint64_t>(text.substr(1, text.size() - 2));
    if (!number || *number > static_cast<std::uint64_t>(k_farthest)) return std::nullopt;
    auto const seconds = static_cast<std::int64_t>(*number);
    return std::chrono::seconds(text.front() == '-' ? -seconds : seconds);
}

}  // namespace

std::string_view to_string(Fault::Kind kind) {
    switch (kind) {
        case Fault::Kind::slow: return "slow";
        case Fault::Kind::silent: return "silent";
        case Fault::Kind::reset: return "reset";
        case Fault::Kind::expired: return "expired";
        case Fault::Kind::wrong_name: return "wrong_name";
        case Fault::Kind::untrusted: return "untrusted";
        case Fault::Kind::read_only: return "read_only";
        case Fault::Kind::forgetful: return "forgetful";
        case Fault::Kind::clock: return "clock";
        case Fault::Kind::disk_full: return "disk_full";
        case Fault::Kind::keeps_certificate: return "keeps_certificate";
        case Fault::Kind::refuses_certificate: return "refuses_certificate";
        case Fault::Kind::refuses_trust: return "refuses_trust";
    }
    return "";
}

Result<Fault::Kind> parse_fault_kind(std::string_view text) {
    for (auto const kind : k_kinds)
        if (text == to_string(kind)) return kind;
    return fail(unknown(text, "the name is not known"));
}

Result<Fault> parse_fault(std::string_view text) {
    if (text.size() > k_length) return fail(unknown(text, "it is too long"));
    auto const colon = text.find(':');
    CS_TRY(auto kind, parse_fault_kind(text.substr(0, colon)));
    auto const value = colon == std::string_view::npos ? std::string_view() : text.substr(colon + 1);
    Fault fault{.kind = kind};
    if (kind == Fault::Kind::slow) {
        auto const delay = parse_delay(value);
        if (!delay) return fail(unknown(text, "it needs a time of at most 600s, like slow:500ms"));
        fault.delay = *delay;
    } else if (kind == Fault::Kind::clock) {
        auto const skew = parse_skew(value);
        if (!skew) return fail(unknown(text, "it needs seconds with a sign, like clock:-86400s"));
        fault.skew = *skew;
    } else if (colon != std::string_view::npos) {
        return fail(unknown(text, "it takes no value"));
    }
    return fault;
}

std::string to_string(Fault const& fault) {
    std::string out(to_string(fault.kind));
    if (fault.kind == Fault::Kind::slow) out += ":" + std::to_string(fault.delay.count()) + "ms";
    if (fault.kind == Fault::Kind::clock) out += (fault.skew.count() < 0 ? ":" : ":+") + std::to_string(fault.skew.count()) + "s";
    return out;
}

}  // namespace countersign::device
