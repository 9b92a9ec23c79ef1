// Family files as somebody might write them; toml++ itself does not survive all that is broken (base/toml_guard.hpp).

#include "family/family.hpp"
#include "fuzz/target.hpp"

using namespace countersign;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    (void)family::parse_family(fuzz::text_of(data, size), "fuzz.toml");
    return 0;
}
