#include "manager/certificates/profile_limits.hpp"

#include "base/text.hpp"
#include "pki/key.hpp"

#include "countersign/errors/mgr.hpp"

namespace countersign::manager {

std::vector<pki::Profile> profiles_of(Identities identities) {
    if (identities == Identities::one) return {pki::Profile::device};
    return {pki::Profile::device, pki::Profile::server, pki::Profile::client};
}

std::vector<Error> beyond_profiles(Policy const& policy) {
    std::vector<Error> out;
    for (auto const profile : profiles_of(policy.identities)) {
        auto const& row = pki::profile_row(profile);
        if (policy.certificate_days > row.longest_days)
            out.push_back(Error(errors::mgr::life_beyond_profile, {{"days", std::to_string(policy.certificate_days)},
                                                                   {"profile", row.name},
                                                                   {"longest", std::to_string(row.longest_days)}})
                              .at("certificate_days"));
        // A type that nobody knows is told by whoever reads it.
        if (pki::parse_key_type(policy.key_type) && !row.takes_key_type(policy.key_type))
            out.push_back(Error(errors::mgr::key_beyond_profile,
                                {{"type", policy.key_type},
                                 {"profile", row.name},
                                 {"types", join(std::vector<std::string>(row.key_types.begin(), row.key_types.end()), ", ")}})
                              .at("key_type"));
    }
    return out;
}

}  // namespace countersign::manager
