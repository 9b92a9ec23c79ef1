#include "device/services/form_check.hpp"

#include "base/text.hpp"
#include "device/certificates.hpp"
#include "device/safety.hpp"
#include "device/safety/foresight.hpp"
#include "device/services/certificate_forms.hpp"
#include "device/services/form_result.hpp"
#include "net/http/server.hpp"

#include "countersign/errors/dev.hpp"
#include "countersign/errors/gen.hpp"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>

namespace countersign::device {

namespace http = net::http;
namespace json = boost::json;
namespace web = dialect::web;

namespace {

json::string text(std::string_view words) { return json::string(is_utf8(words) ? words : "?"); }

json::object to_json(web::ChainLink const& link) {
    return {
        {"kind", text(link.kind)}, {"name", text(link.name)},   {"subject", text(link.subject)}, {"issuer", text(link.issuer)},
        {"from", text(link.from)}, {"until", text(link.until)}, {"names", text(link.names)},     {"fingerprint", text(link.fingerprint)}};
}

json::array to_json(std::vector<web::ChainLink> const& links) {
    json::array out;
    for (auto const& link : links) out.push_back(to_json(link));
    return out;
}

json::object to_json(Unit const& unit, Error const& error) {
    auto const& entry = error.entry();
    return {{"id", entry.code},
            {"message", text(say(unit, error))},
            {"field", text(error.where())},
            {"cause", text(entry.cause)},
            {"remedy", text(entry.remedy)}};
}

class FormCheck {
public:
    FormCheck(Unit& unit, family::Form const& form, PageView const& view, Actor const& actor)
        : unit_(unit), form_(form), foresight_(unit, *view.service, view.host), actor_(actor) {}

    json::object look(Result<web::Submission> submission) {
        if (auto allowed = unit_.check_may_change(actor_); !allowed && form_.action != "set_password")
            refuse(allowed.error());
        else if (!submission)
            refuse(submission.error());
        else
            foresee(*submission);
        json::object out;
        out["refused"] = std::move(refused_);
        json::array effects;
        for (auto const& effect : told_.effects) effects.push_back(text(effect));
        out["effects"] = std::move(effects);
        out["go_on_at"] = text(told_.go_on_at);
        if (chain_.links.empty())
            out["chain"] = nullptr;
        else
            out["chain"] = json::object{{"title", text(chain_.title)}, {"links", to_json(chain_.links)}, {"end", text(chain_.end)}};
        out["trust"] = to_json(trust_);
        out["name"] = form_.action == "restore_factory" ? json::value(text(unit_.name())) : json::value(nullptr);
        out["trial"] = trial();
        return out;
    }

private:
    void refuse(Error const& error) {
        trial_needed_ = trial_needed_ || error.id() == errors::dev::trial_needed || error.id() == errors::dev::callers_on_trial;
        if (error.id() != errors::gen::several_problems) {
            refused_.push_back(to_json(unit_, error));
            return;
        }
        for (auto const& cause : error.causes()) refuse(cause);
    }

    void foresee(web::Submission const& submission) {
        if (form_.action == "apply_settings") {
            std::vector<Change> changes;
            for (auto const& change : submission.changes) changes.push_back({change.path, change.value});
            told_ = foresight_.settings(changes);
            for (auto const& problem : told_.problems) refuse(problem);
        } else if (form_.action == "restart") {
            told_ = foresight_.restart();
        } else if (form_.action == "shutdown") {
            told_ = foresight_.shutdown();
        } else if (form_.action == "restore_factory") {
            told_ = foresight_.restore();
        } else if (is_certificate_action(form_.action)) {
            look_at_files(submission);
        }
    }

    void look_at_files(web::Submission const& submission) {
        auto checked = check_certificate_form(unit_, form_, submission);
        if (!checked) {
            refuse(checked.error());
            return;
        }
        if (!checked->files.chain.empty())
            chain_ =
                chain_in_words(unit_, checked->files.chain, "What these files hold", "Certificate for this system", checked->files.trust);
        for (auto const& root : checked->files.trust) trust_.push_back(link_in_words(root, "To be trusted"));
        bool const other_pair = form_.action == "delete_certificate" || form_.action == "roll_back_certificate";
        if (!checked->files.chain.empty() || other_pair) told_ = foresight_.pair(checked->files.chain, checked->identity);
        bool const other_trust = !checked->files.trust.empty() || form_.action.starts_with("delete_trust") ||
                                 form_.action == "set_revocation" || form_.action.ends_with("_crl");
        if (!other_trust) return;
        auto more = foresight_.trust();
        told_.effects.insert(told_.effects.end(), more.effects.begin(), more.effects.end());
        if (told_.go_on_at.empty()) told_.go_on_at = std::move(more.go_on_at);
    }

    /// Where a trial can be begun, for changes that one can take back.
    [[nodiscard]] json::value trial() const {
        bool const can_be_undone = form_.action == "apply_settings" || is_certificate_action(form_.action);
        auto const place = unit_.family().find_form("trial_begin");
        if (!can_be_undone || unit_.trial().current() || !place || !unit_.page_exists(*place.page)) return nullptr;
        auto const* seconds = place.form->find_role("trial_seconds");
        return json::object{{"target", text(place.form->target)},
                            {"field", text(seconds == nullptr ? "" : seconds->name)},
                            {"seconds", 300},
                            // Nothing else stands in its way.
                            {"needed", trial_needed_ && refused_.size() == 1}};
    }

    Unit& unit_;
    family::Form const& form_;
    Foresight foresight_;
    Actor const& actor_;
    Foresight::Told told_;
    json::array refused_;
    bool trial_needed_ = false;
    web::Chain chain_;
    std::vector<web::ChainLink> trust_;
};

}  // namespace

http::Response check_form(Unit& unit, http::Request const& request, PageView const& view, Actor const& actor) {
    auto const asked = request.query.find("form");
    auto const target = asked == request.query.end() ? std::string() : asked->second;
    auto const place = unit.family().find_target(target);
    if (!place || !unit.page_exists(*place.page) || !place.form->software.holds(unit.spec().software))
        return http::problem(Error(errors::gen::not_found, {{"what", "form"}, {"name", target.substr(0, 200)}}));
    auto parts = http::parse_any_form(request);
    if (!parts) return http::problem(parts.error());
    std::map<std::string, std::string> fields;
    for (auto& [name, part] : *parts) fields.emplace(name, std::move(part.content));
    auto submission = web::decode_submission(unit.family(), *place.form, std::move(fields));
    FormCheck check(unit, *place.form, view, actor);
    return http::Response::json(200, json::serialize(check.look(std::move(submission))));
}

}  // namespace countersign::device
