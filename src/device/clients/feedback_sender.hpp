#pragma once

/// Posts events to the addresses that outside servers registered (REQ CLI-2): HttpFeedback documents with changed settings where the
/// family registers through the xAPI, eventNotification calls where it registers through XML-RPC. An https URL is only
/// ever posted over HTTPS. While a server is away its events wait (FeedbackQueue); they do not outlive a restart of the system.

#include "device/clients/feedback_queue.hpp"
#include "device/unit.hpp"

#include <memory>
#include <string_view>
#include <vector>

namespace countersign::device {

/// The body for one registration.
std::string feedback_body(Unit const& unit, FeedbackSlot const& slot, std::vector<FeedbackItem> const& items);
/// The XML-RPC event that a change of a setting is, or empty.
std::string_view notification_of(std::string_view canonical);

/// A CompanionMaker. Null for families without feedback.
std::unique_ptr<Companion> make_feedback_sender(std::shared_ptr<Unit> unit);

}  // namespace countersign::device
