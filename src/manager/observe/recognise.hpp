#pragma once

/// Which family a system belongs to, by what it shows to anybody: the realm of its log-in and the title of its first page.
/// Nothing but a request without credentials is sent.

#include "manager/observe/wire.hpp"

namespace countersign::manager {

/// MGR-002 when it answers and no family file fits; NET-001..004 when nothing answers.
net::Task<Result<family::FamilyPtr>> recognise_family(Wire wire, family::Families families, System system, std::string address);

/// realm="..." of a challenge; empty when there is none.
std::string realm_of(std::string_view challenge);

}  // namespace countersign::manager
