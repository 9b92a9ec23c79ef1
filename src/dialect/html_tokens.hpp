#pragma once

/// HTML cut into tags and texts, as far as the page reader needs it. Never fails: what is no tag is text.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace countersign::dialect::web {

struct HtmlToken {
    enum class Kind { text, start, end } kind = Kind::text;
    std::string text;  ///< text: decoded; tags: the name in lower case
    std::vector<std::pair<std::string, std::string>> attributes;

    /// Decoded; empty when it is absent.
    [[nodiscard]] std::string_view attribute(std::string_view name) const;
    [[nodiscard]] bool has(std::string_view name) const;
};

/// Takes tokens from the front of a text. Comments, document types, and what is in script and style are passed over.
class HtmlTokens {
public:
    explicit HtmlTokens(std::string_view html) : rest_(html) {}
    /// False at the end.
    bool next(HtmlToken& token);

private:
    bool take_tag(HtmlToken& token);
    void take_attributes(HtmlToken& token);
    void skip_past(std::string_view mark);
    void skip_raw(std::string_view tag);
    std::string_view rest_;
};

/// &amp; &lt; &gt; &quot; &apos; &nbsp; and numbers; anything else stays as it is.
std::string decode_references(std::string_view text);

}  // namespace countersign::dialect::web
