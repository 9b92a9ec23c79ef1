#include "manager/certificates/named_in_a_sentence.hpp"

#include "base/text.hpp"

namespace countersign::manager {

std::string in_a_sentence(NamedSystems const& systems) {
    std::vector<std::string> names;
    for (auto const& one : systems.first)
        if (names.size() < k_most_in_a_sentence) names.push_back(one.name);
    auto out = join(names, ", ");
    if (systems.in_all > names.size()) out += " and " + std::to_string(systems.in_all - names.size()) + " more";
    return out;
}

}  // namespace countersign::manager
