#include "pki/profiles.hpp"

#include "base/text.hpp"

#include "countersign/errors/gen.hpp"

#include <algorithm>

namespace countersign::pki {

bool ProfileRow::takes_key_type(std::string_view key_type) const {
    return std::ranges::any_of(key_types, [key_type](std::string_view known) { return iequals(known, key_type); });
}

ProfileRow const& profile_row(Profile profile) { return all_profiles()[static_cast<std::size_t>(profile)]; }

Result<Profile> parse_profile(std::string_view text) {
    if (iequals(text, "ca")) return Profile::authority;
    std::string known;
    for (auto const& row : all_profiles()) {
        if (iequals(row.name, text)) return row.profile;
        known += (known.empty() ? "" : ", ") + std::string(row.name);
    }
    return fail(errors::gen::invalid_input, {{"field", "profile"}, {"detail", std::string(text) + " is none of " + known}});
}

}  // namespace countersign::pki
