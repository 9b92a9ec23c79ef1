#include "net/survey/old_versions.hpp"

#include "base/text.hpp"
#include "net/survey/hello.hpp"
#include "net/survey/talk.hpp"

#include <algorithm>

namespace countersign::net::survey {
namespace {

Hello hello_of(Version version, std::string const& name) {
    auto const groups = groups_of_tls12();
    return {.version = version, .ciphers = ciphers_of(version), .groups = {groups.begin(), groups.end()}, .server_name = name};
}

}  // namespace

Task<std::optional<std::vector<Version>>> find_old_versions(OldVersionsRequest request) {
    constexpr unsigned k_conversations = 2;
    SurveyRequest const limits{.where = std::move(request.where),
                               .server_name = request.server_name,
                               .deadline = request.deadline,
                               .timeout = request.deadline * static_cast<int>(k_conversations),
                               .at_once = 1,
                               .connections = k_conversations,
                               .bind_address = std::move(request.bind_address)};
    auto const name = is_host_name(request.server_name) && !is_ip_address(request.server_name) ? request.server_name : std::string();
    Talk talk(limits);
    std::vector<Version> found;
    for (auto const version : {Version::tls1_1, Version::tls1_0}) {
        auto const reply = co_await talk.ask(hello_of(version, name));
        if (reply.kind == Reply::Kind::unreachable) co_return std::nullopt;
        if (reply.kind != Reply::Kind::chosen) break;
        auto const chosen = static_cast<Version>(reply.flight.version);
        if (!is_broken(chosen)) break;
        if (std::ranges::find(found, chosen) == found.end()) found.push_back(chosen);
        // It has nothing between this one and what was offered.
        if (chosen != version) break;
    }
    std::ranges::sort(found);
    co_return found;
}

}  // namespace countersign::net::survey
