#pragma once

/// What a form would come to, asked before it is sent. Nothing changes, nothing is kept, nothing is journalled: uploads are checked by the
/// code that takes them, changes by the code that judges them (device/safety/foresight.hpp). Asked for by the script of the pages.

#include "device/services/page_frame.hpp"
#include "net/http/message.hpp"

namespace countersign::device {

/// A JSON document: `refused` (id, message, field, cause, remedy), `effects` and `go_on_at` of the connection in use, `chain` and `trust`
/// of files, `name` that is to be typed before factory defaults, `trial` (where one can be begun). GEN-003 for a form that there is not.
net::http::Response check_form(Unit& unit, net::http::Request const& request, PageView const& view, Actor const& actor);

}  // namespace countersign::device
