#pragma once

/// What a policy asks of certificates, held against the table of profiles (pki/profiles.hpp). Pure.

#include "manager/estate/model.hpp"
#include "pki/profiles.hpp"

#include <vector>

namespace countersign::manager {

/// The profiles of certificates that systems get while this is the policy. With two identities all three: some families have one.
std::vector<pki::Profile> profiles_of(Identities identities);

/// MGR-191 and MGR-192 for each profile that the policy goes beyond. Empty: it keeps to all of them.
std::vector<Error> beyond_profiles(Policy const& policy);

}  // namespace countersign::manager
