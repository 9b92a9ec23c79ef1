#pragma once

#include "dialect/xapi.hpp"
#include "family/family.hpp"

#include <gtest/gtest.h>

#include <ostream>
#include <string_view>

namespace countersign::dialect {

/// The embedded family; the test fails when it does not load.
inline family::Family const& embedded_family(std::string_view id) {
    static auto const families = family::Families::load_embedded();
    static family::Family const none{};
    if (!families) {
        ADD_FAILURE() << families.error().explanation();
        return none;
    }
    auto const family = families->get(id);
    if (!family) {
        ADD_FAILURE() << family.error().message();
        return none;
    }
    return **family;
}

namespace xapi {
inline void PrintTo(PathValue const& value, std::ostream* out) { *out << value.path << ": \"" << value.value << '"'; }
}  // namespace xapi

}  // namespace countersign::dialect

namespace countersign::family {
inline void PrintTo(Argument const& argument, std::ostream* out) { *out << argument.name << ": \"" << argument.value << '"'; }
}  // namespace countersign::family
