#pragma once

/// The parameters of a command that makes a key and a request, in the words of the family's protocol. Which of them there are is data of
/// the family file; what each is called, here.

#include "manager/drivers/driver.hpp"

namespace countersign::manager {

/// For the identity that the family's HTTPS shows. What the command has no parameter for is left out. DEV-002, DEV-004 when it does not
/// take what is wished for, as a name that is too long.
Result<std::vector<family::Argument>> request_arguments(family::Family const& family, family::Command const& command,
                                                        RequestWish const& wish);
/// The identity whose certificate HTTPS shows.
family::Identity const& https_identity(family::Family const& family);

}  // namespace countersign::manager
