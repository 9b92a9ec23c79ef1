#pragma once

/// A campaign's settings as a JSON document: what the store keeps and the API shows.

#include "manager/campaign/campaign.hpp"

#include <boost/json/value.hpp>

#include <string_view>

namespace countersign::manager {

boost::json::object to_json(CampaignSettings const& settings);
/// A document that to_json made. STO-002 when it is none; MGR-041 when a zone is not on this machine any more.
Result<CampaignSettings> parse_campaign_settings(std::string_view document, ZoneSource const& zones);

}  // namespace countersign::manager
