#pragma once

/// The manager's phone books as systems see them (REQ MGR-10): a search of the corporate directory is answered from the books that the
/// calling system may see. Who calls is known by MAC address or source address only, which anybody can say: a caller that nobody knows
/// sees the books that are for everybody, and nobody learns more than names and numbers.

#include "dialect/soap_phonebook.hpp"
#include "manager/store/store.hpp"

namespace countersign::manager {

/// `system`: who asks; 0: nobody that is known.
net::Task<Result<dialect::phonebook::Answer>> search_directory(Store& store, SystemId system, dialect::phonebook::Search search);
/// The books of a system: its own, those of its folder and of the folders above, and those for all.
net::Task<Result<std::vector<struct Phonebook>>> phonebooks_of(Store& store, SystemId system);

}  // namespace countersign::manager
