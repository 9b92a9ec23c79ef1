#include "device/certificates/revocation_file.hpp"

#include "base/text.hpp"
#include "host/files.hpp"

namespace countersign::device {
namespace {

constexpr char const* k_name = "revocation";
constexpr std::size_t k_limit = 8 * 1024;

}  // namespace

std::string_view to_string(RevocationMethod method) {
    switch (method) {
        case RevocationMethod::none: return "none";
        case RevocationMethod::crl: return "crl";
        case RevocationMethod::ocsp: return "ocsp";
    }
    return "none";
}

std::optional<RevocationMethod> parse_revocation_method(std::string_view text) {
    for (auto method : {RevocationMethod::none, RevocationMethod::crl, RevocationMethod::ocsp})
        if (iequals(text, to_string(method))) return method;
    return std::nullopt;
}

RevocationChoice load_revocation(std::filesystem::path const& folder) {
    RevocationChoice choice;
    auto text = host::read_file(folder / k_name, k_limit);
    if (!text) return choice;
    for (auto line : split(*text, '\n')) {
        auto const equals = line.find('=');
        if (equals == std::string_view::npos) continue;
        auto const key = line.substr(0, equals);
        auto const value = line.substr(equals + 1);
        if (key == "method") choice.method = parse_revocation_method(value).value_or(RevocationMethod::none);
        if (key == "allow_when_unreachable") choice.allow_when_unreachable = value == "true";
        if (key == "use_named_responder") choice.use_named_responder = value == "true";
        if (key == "responder") choice.responder = value;
    }
    return choice;
}

Result<void> store_revocation(std::filesystem::path const& folder, RevocationChoice const& choice, host::Durability durability) {
    auto flag = [](bool value) { return value ? "true\n" : "false\n"; };
    auto text = "method=" + std::string(to_string(choice.method)) + "\nallow_when_unreachable=" + flag(choice.allow_when_unreachable) +
                "use_named_responder=" + flag(choice.use_named_responder) + "responder=" + choice.responder + "\n";
    return host::write_file(folder / k_name, text, host::Privacy::owner_only, durability);
}

}  // namespace countersign::device
