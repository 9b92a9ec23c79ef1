#include "pki/verify/public_suffix.hpp"

namespace countersign::pki {

bool is_public_suffix(std::string_view name) { return !name.contains('.'); }

}  // namespace countersign::pki
