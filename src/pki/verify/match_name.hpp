#pragma once

/// matches_name of pki/verify.hpp with a choice about the common name. Internal to this room.

#include "pki/verify.hpp"

namespace countersign::pki {

enum class CommonName { counts, is_ignored };

bool matches_name(Certificate const& certificate, std::string_view host_name, CommonName common_name);

}  // namespace countersign::pki
