#include "manager/drivers/request_arguments.hpp"

#include "base/text.hpp"
#include "manager/observe/wire.hpp"
#include "pki/describe.hpp"

namespace countersign::manager {

family::Identity const& https_identity(family::Family const& family) {
    auto const* service = https_service(family);
    auto const* identity = family.find_identity(service == nullptr ? std::string() : service->identity);
    return identity == nullptr ? family.identities.front() : *identity;
}

Result<std::vector<family::Argument>> request_arguments(family::Family const& family, family::Command const& command,
                                                        RequestWish const& wish) {
    using Kind = pki::AlternativeName::Kind;
    std::vector<family::Argument> out;
    auto const add = [&](std::string_view name, std::string value) {
        if (command.find_parameter(name) != nullptr) out.push_back({std::string(name), std::move(value)});
    };
    auto const& identity = https_identity(family);
    auto const common_name = wish.names.empty() ? std::string() : wish.names.front().value;
    add("SERVICE_NAME", identity.title);
    if (!identity.purposes.empty()) add("Purpose", identity.purposes.front());
    add("COMMON_NAME", common_name);
    add("CommonName", common_name);
    std::vector<std::string> names;
    for (auto const& name : wish.names) {
        names.push_back(pki::to_string(name));
        if (name.kind == Kind::dns) add("SanDns", name.value);
        if (name.kind == Kind::ip) add("SanIp", name.value);
    }
    add("SUBJECT_ALTERNATIVE_NAME", join(names, ","));
    add("KEY_TYPE", std::string(pki::to_string(wish.key_type)));
    add("KeyType", std::string(pki::to_string(wish.key_type)));
    add("HASH_METHOD", "SHA-256");
    // What is pending there is of no use to anybody who manages the system by us: the answer would never be asked for.
    add("REPLACE", "true");
    CS_CHECK(command.check(out));
    return out;
}

}  // namespace countersign::manager
