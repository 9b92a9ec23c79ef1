#pragma once

/// What went wrong in the family's own words, where its file has any: the message "error.<id>", with {places} for the parameters
/// of the error. Shown before our own message, never instead of it.

#include "base/error.hpp"
#include "family/family.hpp"

#include <string>

namespace countersign::device {

/// Empty when the family has no words for it. Of several problems the first that it has words for.
std::string words_for(family::Family const& family, Error const& error);

}  // namespace countersign::device
