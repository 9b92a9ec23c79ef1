#include "manager/api/named_systems.hpp"

namespace countersign::manager::api {

json::object systems_json(NamedSystems const& systems) {
    json::array first;
    for (auto const& one : systems.first) {
        json::object system{{"id", one.id}, {"name", one.name}};
        if (one.observed_at) system["observed_at"] = to_string(*one.observed_at);
        first.push_back(std::move(system));
    }
    return {{"systems", std::move(first)}, {"in_all", systems.in_all}};
}

}  // namespace countersign::manager::api
