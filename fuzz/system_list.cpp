// Systems by list.

#include "manager/estate/system_list.hpp"

#include "fuzz/target.hpp"
#include "manager/estate/new_system.hpp"

#include <set>

using namespace countersign;
using namespace countersign::manager;
using fuzz::must_hold;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    static auto const families = family::Families::load_embedded();
    auto const list = read_system_list(fuzz::text_of(data, size), *families);
    if (!list) {
        must_hold(!list.error().message().empty(), "a refusal says why");
        return 0;
    }
    std::set<std::string> bad;
    for (auto const& problem : list->problems) {
        must_hold(!problem.parameter("line").empty() && !problem.parameter("column").empty(), "a problem has a place");
        bad.insert(std::string(problem.parameter("line")));
    }
    std::set<std::string> hosts;
    for (auto const& one : list->systems) {
        must_hold(!bad.contains(std::to_string(one.line)), "a system of a wrong line is not taken");
        bool const behind = one.connection.connectivity == Connectivity::behind_firewall;
        bool const has_unit = !one.system.serial_number.empty() || !one.system.mac_address.empty();
        must_hold(behind ? has_unit : !one.system.host_name.empty() || !one.system.address.empty(), "a system can be found");
        must_hold(one.system.host_name.empty() || hosts.insert(one.system.host_name).second, "a host name comes once");
        must_hold(one.password.has_value() == (one.system.password_origin == PasswordOrigin::given), "a password is somebody's");
        must_hold(behind || can_track(one.system, one.system.track_by), "tracked by what it has");
        must_hold(one.folder.empty() || one.folder.starts_with('/'), "a folder is a path");
    }
    return 0;
}
