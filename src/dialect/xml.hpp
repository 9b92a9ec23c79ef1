#pragma once

/// XML as a plain value. Documents from the network are read here and nowhere else: no document type, no entities but
/// the five of XML, UTF-8 only, at most 1 MiB, 64 levels and 50,000 elements. A document over a limit
/// is refused whole (DEV-008). Comments, processing instructions and blanks between elements are dropped.

#include "base/result.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace countersign::dialect {

inline constexpr std::size_t k_max_xml_size = 1024 * 1024;
inline constexpr int k_max_xml_depth = 64;
inline constexpr std::size_t k_max_xml_elements = 50'000;

struct XmlElement {
    std::string name;  ///< as written, with its prefix: "env:Body"
    std::vector<std::pair<std::string, std::string>> attributes;
    std::string text;  ///< character data directly inside; trimmed when there are children
    std::vector<XmlElement> children;

    XmlElement() = default;
    explicit XmlElement(std::string_view n) : name(n) {}
    XmlElement(std::string_view n, std::string_view t) : name(n), text(t) {}

    /// The name without its prefix: "Body".
    [[nodiscard]] std::string_view local_name() const;
    /// The first child of that local name, without case; null when there is none.
    [[nodiscard]] XmlElement const* child(std::string_view wanted) const;
    /// Text of that child, or empty.
    [[nodiscard]] std::string_view child_text(std::string_view wanted) const;
    /// Follows names downwards.
    [[nodiscard]] XmlElement const* descend(std::initializer_list<std::string_view> names) const;
    [[nodiscard]] std::string_view attribute(std::string_view wanted) const;
    XmlElement& add(XmlElement element);
    XmlElement& add(std::string_view name, std::string_view text = {});
    XmlElement& set(std::string_view name, std::string_view value);
    bool operator==(XmlElement const&) const = default;
};

/// DEV-008 with line and reason.
Result<XmlElement> parse_xml(std::string_view text);

enum class XmlStyle { compact, indented };
/// With the declaration <?xml version="1.0"?>. Everything is escaped; control characters that XML forbids become '?'.
std::string write_xml(XmlElement const& root, XmlStyle style = XmlStyle::compact);

}  // namespace countersign::dialect
