#pragma once

/// From what a system reports about itself (facts of the family file, docs/dialects.md) to an Account. Pure; all drivers end
/// here, whatever their protocol is.

#include "dialect/transactions.hpp"
#include "dialect/xapi_xml.hpp"
#include "dialect/xml_rpc.hpp"
#include "family/family.hpp"
#include "manager/observe/observation.hpp"

#include <map>
#include <string>
#include <vector>

namespace countersign::manager {

/// fact -> its values, in the order in which the system lists them.
using Facts = std::map<std::string, std::vector<std::string>, std::less<>>;

/// Facts of an xAPI status document: the family's status paths with the items of lists filled in.
Facts facts_of(family::Family const& family, dialect::xapi::Document const& status);
/// Adds the facts that `answer`, the result of the XML-RPC method `method`, carries.
void add_facts_of(family::Family const& family, std::string_view method, dialect::xml_rpc::Value const& answer, Facts& facts);
/// The same for the answer to an XML transaction, "TRANS_MCU/GET_STATE".
void add_facts_of(family::Family const& family, std::string_view method, dialect::transactions::Item const& answer, Facts& facts);

/// Settings are not touched. `now` is our time, for the offset of the system's clock.
void fill_account(Facts const& facts, UtcTime now, Account& account);

/// "TRUE", "Yes", "On", "1".
bool means_yes(std::string_view text);
/// RFC 3339, or "20260101T12:00:00" and "2026-01-01T12:00:00" of XML-RPC, taken as UTC.
std::optional<UtcTime> parse_system_time(std::string_view text);

}  // namespace countersign::manager
