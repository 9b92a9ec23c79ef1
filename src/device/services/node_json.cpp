#include "device/services/node_json.hpp"

#include "base/text.hpp"

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>

namespace countersign::device {
namespace {

namespace json = boost::json;

json::value value_of(Node const& node) {
    switch (node.kind) {
        case Node::Kind::record: return to_json(node.children);
        case Node::Kind::boolean: return node.value == "true" ? "True" : "False";
        case Node::Kind::number:
            if (auto const number = parse_number<std::int64_t>(node.value)) return *number;
            break;
        default: break;
    }
    return json::string(is_utf8(node.value) ? node.value : "?");
}

void add_list(json::object& out, Node const& list) {
    int item = 0;
    for (auto const& member : list.children) {
        if (member.kind == Node::Kind::list) {
            add_list(out, member);
            continue;
        }
        auto& place = out[member.name.empty() ? list.name : member.name];
        if (!place.is_array()) place.emplace_array();
        json::object inside;
        inside["id"] = ++item;
        auto value = value_of(member);
        if (auto* record = value.if_object())
            for (auto& [key, held] : *record) inside[key] = std::move(held);
        else
            inside["Value"] = std::move(value);
        place.get_array().push_back(std::move(inside));
    }
}

}  // namespace

json::object to_json(std::vector<Node> const& nodes) {
    json::object out;
    for (auto const& node : nodes) {
        if (node.kind == Node::Kind::list)
            add_list(out, node);
        else
            out[node.name] = value_of(node);
    }
    return out;
}

}  // namespace countersign::device
