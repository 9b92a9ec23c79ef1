#include "device/services/node_xml.hpp"

namespace countersign::device {
namespace {

void append(std::vector<dialect::XmlElement>& out, Node const& node) {
    if (node.kind == Node::Kind::list) {
        int item = 0;
        for (auto const& child : node.children) {
            append(out, child);
            if (child.kind == Node::Kind::list) continue;
            if (out.back().name.empty()) out.back().name = node.name;
            out.back().set("item", std::to_string(++item));
        }
        return;
    }
    dialect::XmlElement element(node.name);
    if (node.kind == Node::Kind::record) {
        element.children = to_xml(node.children);
    } else if (node.kind == Node::Kind::boolean) {
        element.text = node.value == "true" ? "True" : "False";
    } else {
        element.text = node.value;
    }
    out.push_back(std::move(element));
}

}  // namespace

std::vector<dialect::XmlElement> to_xml(std::vector<Node> const& nodes) {
    std::vector<dialect::XmlElement> out;
    for (auto const& node : nodes) append(out, node);
    return out;
}

}  // namespace countersign::device
