#pragma once

/// Domains below which names belong to many owners: a wildcard over one of them is refused (BR 3.2.2.6). Internal to this room.

#include <string_view>

namespace countersign::pki {

/// One label always is. Of the others those of catalogue/public-suffixes.txt, a part of Mozilla's Public Suffix List.
bool is_public_suffix(std::string_view name);

}  // namespace countersign::pki
