#pragma once

/// Systems by name, for messages: the first ten, and how many more.

#include "manager/store/certificate_store.hpp"

#include <string>

namespace countersign::manager {

/// So many are named.
inline constexpr std::size_t k_most_in_a_sentence = 10;

std::string in_a_sentence(NamedSystems const& systems);

}  // namespace countersign::manager
