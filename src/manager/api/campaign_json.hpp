#pragma once

/// Campaigns as JSON and back, in the form that catalogue/openapi.yaml describes.

#include "manager/api/json.hpp"
#include "manager/campaign/campaigns.hpp"

namespace countersign::manager::api {

json::object to_json(Campaign const& campaign, MemberCounts const& counts, UtcTime now);
json::object to_json(Member const& member);
json::object to_json(SelectionPlan const& plan);
json::object to_json(CampaignReport const& report, UtcTime now);
json::object to_json(RollbackOutlook const& outlook);

/// The settings of a campaign and its digest; the selection's fields are taken by somebody else. All problems at once.
CampaignRequest read_campaign_request(Reader& reader);

}  // namespace countersign::manager::api
