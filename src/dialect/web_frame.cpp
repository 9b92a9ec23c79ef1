/// What stands around the forms and tables of a page.

#include "dialect/web_frame.hpp"

#include "dialect/web_markup.hpp"

namespace countersign::dialect::web {
namespace {

void write_post(Markup& out, Post const& post, std::string_view label, std::string_view kind) {
    if (post.target.empty()) return;
    out.raw("<form method=\"post\"").attribute("action", post.target).raw(" data-plain>\n");
    for (auto const& [name, value] : post.fields) out.hidden(name, value);
    out.raw("<button type=\"submit\"").attribute("class", kind).raw(">").text(label).raw("</button></form>\n");
}

void write_fact(Markup& out, std::string_view word, std::string_view value) {
    if (value.empty()) return;
    out.raw("<div>").raw("<dt>").text(word).raw("</dt><dd>").text(value).raw("</dd></div>\n");
}

void write_question(Markup& out, TrialQuestion const& trial) {
    out.raw("<section class=\"trial\" aria-labelledby=\"trial-question\"").attribute("data-seconds", std::to_string(trial.seconds_left));
    out.raw(">\n<h2 id=\"trial-question\">Are you still here?</h2>\n<p>A change is on trial, begun by ").text(trial.who);
    out.raw(". Unless somebody confirms it, it is undone at <strong>").text(trial.until).raw("</strong> UTC, ");
    out.raw("<span class=\"left\">").text(std::to_string(trial.seconds_left)).raw(" seconds after this page was made.</span></p>\n");
    if (!trial.not_here.empty()) out.raw("<p>").text(trial.not_here).raw("</p>\n");
    if (!trial.go_on_at.empty())
        out.raw("<p>Confirm it over the new connection: <a")
            .attribute("href", trial.go_on_at)
            .raw(">")
            .text(trial.go_on_at)
            .raw("</a></p>\n");
    out.raw("<div class=\"buttons\">\n");
    if (trial.not_here.empty()) write_post(out, trial.confirm, "Yes, keep the changes", "primary");
    write_post(out, trial.cancel, "No, take them back now", "plain");
    out.raw("</div>\n</section>\n");
}

}  // namespace

void write_head(Markup& out, std::string_view title, Files const& files, std::string_view body_attributes) {
    out.raw(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"color-scheme\" content=\"light dark\">\n");
    out.element("title", title);
    if (!files.style.empty()) out.raw("<link rel=\"stylesheet\"").attribute("href", files.style).raw(">\n");
    if (!files.icon.empty()) out.raw("<link rel=\"icon\" type=\"image/svg+xml\"").attribute("href", files.icon).raw(">\n");
    if (!files.script.empty()) out.raw("<script type=\"module\"").attribute("src", files.script).raw("></script>\n");
    out.raw("</head>\n<body").raw(body_attributes).raw(">\n<a class=\"skip\" href=\"#content\">Skip to the content</a>\n");
}

void write_log_out(Markup& out, Frame const& frame) {
    if (frame.user.empty()) return;
    out.raw("<form class=\"log-out\" method=\"post\"").attribute("action", frame.log_out).raw(" data-plain><span>").text(frame.user);
    out.raw("</span> <button type=\"submit\" class=\"quiet\">Log out</button></form>\n");
}

void write_trial(Markup& out, Frame const& frame) {
    out.raw("<div class=\"messages\" data-live=\"trial\">");
    if (frame.trial) write_question(out, *frame.trial);
    out.raw("</div>\n");
}

void write_chains(Markup& out, Frame const& frame) {
    int number = 0;
    for (auto const& chain : frame.chains) {
        auto const id = "chain-" + std::to_string(++number);
        out.raw("<section class=\"chain\"").attribute("aria-labelledby", id).attribute("data-live", id).raw(">\n<h2");
        out.attribute("id", id).raw(">").text(chain.title).raw("</h2>\n<ol>\n");
        for (auto const& link : chain.links) {
            out.raw("<li><p class=\"kind\">").text(link.kind).raw("</p><p class=\"name\">").text(link.name).raw("</p>\n<dl>");
            write_fact(out, "For", link.names);
            write_fact(out, "From", link.from);
            write_fact(out, "Until", link.until);
            write_fact(out, "Subject", link.subject);
            write_fact(out, "Issuer", link.issuer);
            write_fact(out, "SHA-256", link.fingerprint);
            out.raw("</dl></li>\n");
        }
        out.raw("</ol>\n<p class=\"end\">").text(chain.end).raw("</p>\n</section>\n");
    }
}

std::string render_log_in(family::Family const& family, LogIn const& values) {
    Markup out;
    write_head(out, "Log in - " + family.name, values.files, " class=\"gate\"");
    out.raw("<main id=\"content\" tabindex=\"-1\">\n<p class=\"system\">").text(family.name).raw("</p>\n").element("h1", "Log in");
    if (!values.notice.empty()) out.message("notice", "status", values.notice);
    if (!values.problem.empty()) out.message("problem", "alert", values.problem);
    out.raw("<form id=\"log_in\" method=\"post\" data-plain").attribute("action", values.target).raw(">\n").hidden("to", values.to);
    out.raw(
        "<p><label for=\"user\">User name</label> <input type=\"text\" id=\"user\" name=\"user\" autocomplete=\"username\" "
        "autocapitalize=\"none\" spellcheck=\"false\" maxlength=\"255\"");
    out.attribute("value", values.user).raw("></p>\n");
    out.raw(
        "<p><label for=\"password\">Password</label> <input type=\"password\" id=\"password\" name=\"password\" "
        "autocomplete=\"current-password\" maxlength=\"255\"></p>\n");
    out.raw("<p class=\"send\"><button type=\"submit\" class=\"primary\">Log in</button></p>\n</form>\n</main>\n</body>\n</html>\n");
    return out.take();
}

}  // namespace countersign::dialect::web
