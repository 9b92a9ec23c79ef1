#pragma once

/// One change of a ticket as channels tell it: a value that says everything as it was at that moment, and its JSON form, which is what
/// waits in the outbox and what webhooks get.

#include "manager/notify/channel.hpp"
#include "manager/store/ticket_desk.hpp"

namespace countersign::manager {

struct Notification {
    /// The number of the change in the ticket's history: the same in every try and on every channel. 0: a test.
    std::int64_t event = 0;
    TicketEventKind change{};
    UtcTime at{};
    Ticket ticket;
    std::string system_name;
    std::string host_name;  ///< of the system; empty: it has none
    std::string address;
    std::string folder;             ///< its path
    std::vector<FolderId> folders;  ///< of the system, with all that it is in; not kept: the outbox has chosen by then
    std::string change_text;        ///< of the history
};

/// Of what people are told at all: see ticket_desk.hpp.
bool is_told(TicketEventKind kind);
/// The channel wants to hear of it. A channel's own failure is told by the others.
bool wants(NotificationChannel const& channel, Notification const& notification);

std::string to_document(Notification const& notification);
/// STO-002 when it is none.
Result<Notification> parse_notification(std::string_view document);

/// "[critical] No HTTPS Response: room1 - opened", one line.
std::string headline(Notification const& notification);
/// For people: some lines of what, why and what to do.
std::string body_text(Notification const& notification, std::string_view manager_host);

/// The subject of the ticket that a failing channel opens.
std::string channel_subject(ChannelId id);

}  // namespace countersign::manager
