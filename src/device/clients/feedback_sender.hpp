#pragma once

/// Posts events to the addresses that outside servers registered (REQ CLI-2): HttpFeedback documents with changed settings and alarms where
/// the family registers through the xAPI, eventNotification calls where it registers through XML-RPC. An https URL is only ever posted over
/// HTTPS. While a server is away its events wait, also over a restart or a kill (FeedbackQueue has the limits; what is dropped is an event
/// "feedback.lost"), and are tried again after 1 to 60 seconds; "feedback.enabled" has them tried at once.

#include "device/clients/feedback_queue.hpp"
#include "device/unit.hpp"

#include <memory>
#include <string_view>
#include <vector>

namespace countersign::device {

/// The body for one registration; all items have the same root.
std::string feedback_body(Unit const& unit, FeedbackSlot const& slot, std::vector<FeedbackItem> const& items);
/// The XML-RPC event that a change of a setting is, or empty.
std::string_view notification_of(std::string_view canonical);

/// A CompanionMaker. Null for families without feedback.
std::unique_ptr<Companion> make_feedback_sender(std::shared_ptr<Unit> unit);

}  // namespace countersign::device
