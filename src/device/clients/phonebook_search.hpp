#pragma once

/// Searches of the corporate directory (REQ CLI-3): the command of the family becomes one SOAP call to the directory server, over HTTP
/// or HTTPS as set, and the answer the family's own result.

#include "device/unit.hpp"
#include "dialect/soap_phonebook.hpp"

#include <vector>

namespace countersign::device {

/// A Behaviour. DEV-055 when no directory is configured, DEV-053 when it cannot be searched, with why.
///
/// Parameters, whichever the command has: what to find is `SearchString` or `Query`; `StartsWith` keeps names that begin so; how many
/// is `Limit` or `Hits` (default 50, at most 1,000); where is `FolderId` or `Path`; `Offset` skips, `ID` continues behind an entry;
/// `SearchScope: Shallow` or `SubFolders: Off` stays in the folder. `PhonebookType: Local` finds nothing: a virtual
/// system has no contacts of its own.
net::Task<Result<std::vector<Node>>> search_phonebook(CommandContext context);

/// The result in the words of the family's dataport. `offset` and `limit` are what was asked for.
std::vector<Node> phonebook_result(dialect::phonebook::Answer const& answer, family::DataportStyle style, int offset, int limit);

}  // namespace countersign::device
