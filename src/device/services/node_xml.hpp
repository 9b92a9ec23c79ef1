#pragma once

/// Results of commands in the clothes of XML, for the xAPI over every door.

#include "device/unit.hpp"
#include "dialect/xml.hpp"

#include <vector>

namespace countersign::device {

/// Members of lists get item="1", item="2" ...; a list that has a name of its own is not an element.
std::vector<dialect::XmlElement> to_xml(std::vector<Node> const& nodes);

}  // namespace countersign::device
