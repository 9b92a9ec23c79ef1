#pragma once

/// Results of commands as plain JSON, for the xAPI over WebSockets.

#include "device/unit.hpp"

#include <boost/json/object.hpp>

#include <vector>

namespace countersign::device {

/// Members of lists are objects with "id": 1, 2 ...; a truth is "True" or "False", as the xAPI writes it.
boost::json::object to_json(std::vector<Node> const& nodes);

}  // namespace countersign::device
