#include "base/toml.hpp"

namespace countersign {

void give_up_toml() { throw toml::parse_error("the value cannot be read", toml::source_region{{1, 1}, {1, 1}, nullptr}); }

}  // namespace countersign
