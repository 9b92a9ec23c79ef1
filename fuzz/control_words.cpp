// What people write about faults and hooks: `slow:500ms` of the control socket and the estate file, and hooks.toml.

#include "device/hooks/hooks_file.hpp"
#include "device/virtual/fault.hpp"
#include "fuzz/target.hpp"

using namespace countersign;
using fuzz::must_hold;

namespace {

void read_fault(std::string_view text) {
    auto const fault = device::parse_fault(text);
    if (!fault) return;
    auto const again = device::parse_fault(device::to_string(*fault));
    must_hold(again && *again == *fault, "a fault is read as it was written");
    must_hold(fault->delay <= std::chrono::minutes(10), "slowness has its limit");
}

void read_hooks(std::string_view text) {
    auto const hooks = device::parse_hooks(text, "hooks.toml");
    if (!hooks) return;
    for (auto const& hook : *hooks) {
        must_hold(!hook.name.empty() && hook.name.size() <= 32, "a name is short");
        must_hold((hook.access.mode & 07007U) == 0, "nothing for others");
        must_hold(!hook.files.empty(), "a hook writes something");
        for (auto const& [part, path] : hook.files) must_hold(path.is_absolute(), "paths are absolute");
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    read_fault(fuzz::text_of(data, size));
    read_hooks(fuzz::text_of(data, size));
    return 0;
}
