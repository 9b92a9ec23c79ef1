#include "base/text.hpp"
#include "dialect/web_form.hpp"
#include "family/problems.hpp"

namespace countersign::dialect::web {
namespace {

/// What a setting's field asks for, in the family's spelling; nothing: leave it as it is.
std::optional<std::string> asked_value(family::Setting const& setting, family::Field const& field, std::string const* sent) {
    if (field.kind == family::FieldKind::checkbox) {
        auto value = setting.from_canonical(sent != nullptr ? "on" : "off");
        return value ? std::optional(*std::move(value)) : std::nullopt;
    }
    if (sent == nullptr) return std::nullopt;
    if (field.kind == family::FieldKind::password && sent->empty()) return std::nullopt;
    // A trailing blank in a typed address is never meant.
    return field.kind == family::FieldKind::text ? std::string(trim(*sent)) : *sent;
}

}  // namespace

Result<Submission> decode_submission(family::Family const& family, family::Form const& form, std::map<std::string, std::string> fields) {
    Submission submission;
    std::vector<Error> problems;
    for (auto const& field : form.fields) {
        auto const found = fields.find(field.name);
        auto const* sent = found == fields.end() ? nullptr : &found->second;
        if (!field.role.empty()) {
            if (sent != nullptr && !sent->empty()) submission.roles.insert_or_assign(field.role, SecretText(*sent));
            continue;
        }
        auto const* setting = family.find_canonical(field.setting);
        if (setting == nullptr) continue;
        auto const asked = asked_value(*setting, field, sent);
        if (!asked) continue;
        auto value = setting->space.check(setting->path, *asked);
        if (!value)
            problems.push_back(std::move(value).error().at("field " + field.name));
        else
            submission.changes.push_back({setting->canonical, setting->path, *std::move(value)});
    }
    // Keys and passwords live on only in `roles`.
    for (auto& [name, content] : fields) wipe(content.data(), content.size());
    if (!problems.empty()) return fail(family::all_of(std::move(problems)));
    return submission;
}

}  // namespace countersign::dialect::web
