#pragma once

/// Writing of HTML, for the renderers of this room. Everything that is not written here goes through escape_markup, in text and in
/// attributes.

#include "base/text.hpp"

#include <string>
#include <string_view>
#include <utility>

namespace countersign::dialect::web {

class Markup {
public:
    Markup& raw(std::string_view html) {
        out_ += html;
        return *this;
    }
    Markup& text(std::string_view text) {
        out_ += escape_markup(text);
        return *this;
    }
    Markup& attribute(std::string_view name, std::string_view value) {
        out_ += ' ';
        out_ += name;
        out_ += "=\"" + escape_markup(value) + '"';
        return *this;
    }
    Markup& element(std::string_view name, std::string_view text) { return open(name).text(text).close(name); }
    Markup& open(std::string_view name) {
        out_ += '<';
        out_ += name;
        out_ += '>';
        return *this;
    }
    Markup& close(std::string_view name) {
        out_ += "</";
        out_ += name;
        out_ += ">\n";
        return *this;
    }
    /// A paragraph that programs look for by its class: banner, alarm, notice, problem.
    Markup& message(std::string_view kind, std::string_view role, std::string_view words) {
        raw("<p").attribute("class", kind);
        if (!role.empty()) attribute("role", role);
        return raw(">").text(words).raw("</p>\n");
    }
    Markup& hidden(std::string_view name, std::string_view value) {
        return raw("<input type=\"hidden\"").attribute("name", name).attribute("value", value).raw(">\n");
    }
    [[nodiscard]] std::string take() { return std::move(out_); }

private:
    std::string out_;
};

struct Files;
struct Frame;

/// Until after <body>.
void write_head(Markup& out, std::string_view title, Files const& files, std::string_view body_attributes = {});
/// "Are you still here?", chains, and what they are made of.
void write_trial(Markup& out, Frame const& frame);
void write_chains(Markup& out, Frame const& frame);
void write_log_out(Markup& out, Frame const& frame);

}  // namespace countersign::dialect::web
