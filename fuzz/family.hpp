#pragma once

/// The embedded family that the dialects are tried with: the one with the most settings.

#include "family/family.hpp"

#include <cstdlib>

namespace countersign::fuzz {

inline family::Family const& xapi_family() {
    static auto const families = family::Families::load_embedded();
    static auto const found = [] {
        family::FamilyPtr most;
        for (auto const& one : families.value().all()) {
            if (!most || one->settings.size() > most->settings.size()) most = one;
        }
        return most;
    }();
    return *found;
}

}  // namespace countersign::fuzz
