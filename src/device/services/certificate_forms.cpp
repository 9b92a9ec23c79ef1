#include "device/services/certificate_forms.hpp"

#include "base/text.hpp"
#include "device/certificates.hpp"

#include "countersign/errors/crt.hpp"
#include "countersign/errors/dev.hpp"
#include "countersign/errors/gen.hpp"

#include <algorithm>
#include <array>

namespace countersign::device {
namespace {

using dialect::web::Submission;

/// One submitted form about certificates, with the roles that it was given.
class CertificateForm {
public:
    CertificateForm(Unit& unit, family::Form const& form, Submission const& submission, Actor actor)
        : unit_(unit), certificates_(unit.certificates()), form_(form), roles_(submission.roles), actor_(std::move(actor)) {}

    /// Of the field with the role (id or title), else of the form. DEV-002.
    [[nodiscard]] Result<std::string> identity() const {
        auto const asked = text("identity");
        if (asked.empty()) return form_.identity;
        std::vector<std::string> titles;
        for (auto const& known : unit_.family().identities) {
            if (known.id == asked || iequals(known.title, asked)) return known.id;
            titles.push_back(known.title);
        }
        return fail(errors::dev::illegal_value, {{"path", "identity"}, {"value", asked}, {"allowed", join(titles, "/")}});
    }

    FormResult upload(std::string_view file_role, std::string const& identity) {
        bool const pair = has(file_role) || has("private_key");
        bool const trust = has("trust_store");
        auto outcome = certificates_.install({.certificate = file(file_role),
                                              .private_key = secret("private_key"),
                                              .passphrase = secret("passphrase"),
                                              .trust_store = file("trust_store")},
                                             identity, actor_);
        std::string notice;
        if (pair) notice = say(unit_, "certificate.installed", "The certificate and key were uploaded.");
        if (pair && file_role == "package") notice = say(unit_, "certificate.package_installed", notice);
        if (trust) notice += (notice.empty() ? "" : " ") + say(unit_, "trust_store.installed", "The trust store was uploaded.");
        return FormResult::of(std::move(outcome), std::move(notice));
    }

    /// What would be refused, and what the files hold.
    [[nodiscard]] Result<Certificates::Checked> look(std::string const& identity) const {
        auto const& action = form_.action;
        if (action == "upload_certificate" || action == "upload_trust_store" || action == "upload_package")
            return certificates_.check({.certificate = file(action == "upload_package" ? "package" : "certificate"),
                                        .private_key = secret("private_key"),
                                        .passphrase = secret("passphrase"),
                                        .trust_store = file("trust_store")},
                                       identity);
        if (action == "send_certificate" || action == "add_trust") {
            auto given = file(action == "add_trust" ? "trust_store" : "answer");
            if (!given && action == "send_certificate") given = file("certificate");
            if (!given) return fail(errors::gen::missing_field, {{"field", action == "add_trust" ? "trust store" : "certificate"}});
            return action == "add_trust" ? certificates_.check_trust(*given) : certificates_.check_answer(*given, identity);
        }
        if (action == "create_request") CS_CHECK(look_at_request(identity));
        return Certificates::Checked{};
    }

    FormResult send(std::string const& identity) {
        auto answer = file("answer");
        if (!answer) answer = file("certificate");
        if (!answer) return FormResult::failed(Error(errors::gen::missing_field, {{"field", "certificate"}}));
        return FormResult::of(certificates_.install_answer(*answer, identity, actor_),
                              say(unit_, "certificate.answer_installed", "The certificate was created successfully."));
    }

    net::Task<FormResult> create(std::string identity) {
        RequestFields fields;
        fields.country = text("country");
        fields.state = text("state");
        fields.locality = text("locality");
        fields.organization = text("organization");
        if (auto unit = text("organizational_unit"); !unit.empty()) fields.units.push_back(std::move(unit));
        fields.common_name = text("common_name");
        if (auto names = text("alternative_names"); !names.empty()) {
            auto parsed = pki::parse_alternative_names(names);
            if (!parsed) co_return FormResult::failed(std::move(parsed).error());
            fields.names = *std::move(parsed);
        }
        if (auto type = text("key_type"); !type.empty()) fields.key_type = std::move(type);
        if (auto digest = text("digest"); !digest.empty()) fields.digest = to_lower(replace_all(std::move(digest), "-", ""));
        fields.legacy = has("legacy");
        auto made = co_await certificates_.make_request(std::move(fields), std::move(identity), has("replace"), actor_);
        if (!made) co_return FormResult::failed(std::move(made).error());
        co_return FormResult::done(
            say(unit_, "request.made", "The request was made. Copy it from this page and send it to the authority."));
    }

    FormResult add_trust() {
        auto given = file("trust_store");
        if (!given) return FormResult::failed(Error(errors::gen::missing_field, {{"field", "trust store"}}));
        return FormResult::of(certificates_.add_trust(*given, actor_),
                              say(unit_, "trust_store.installed", "The certificates were added to the trust list."));
    }

    FormResult add_list() {
        auto given = file("crl");
        if (!given) return FormResult::failed(Error(errors::gen::missing_field, {{"field", "revocation list"}}));
        return FormResult::of(certificates_.add_revocation_list(*given, actor_),
                              say(unit_, "revocation_list.installed", "The revocation list was installed."));
    }

    FormResult choose_revocation(std::string const& identity) {
        auto const method = parse_revocation_method(text("revocation_method"));
        if (!method)
            return FormResult::failed(Error(errors::dev::illegal_value,
                                            {{"path", "revocation"}, {"value", text("revocation_method")}, {"allowed", "none/crl/ocsp"}}));
        RevocationChoice choice{.method = *method,
                                .allow_when_unreachable = has("allow_unreachable"),
                                .use_named_responder = has("named_responder"),
                                .responder = text("responder")};
        return FormResult::of(certificates_.set_revocation(std::move(choice), identity, actor_),
                              say(unit_, "revocation.chosen", "The revocation settings were saved."));
    }

    net::Task<FormResult> carry_out() {
        auto const chosen = identity();
        if (!chosen) co_return FormResult::failed(chosen.error());
        auto const& action = form_.action;
        if (action == "upload_certificate" || action == "upload_trust_store") co_return upload("certificate", *chosen);
        if (action == "upload_package") co_return upload("package", *chosen);
        if (action == "delete_certificate")
            co_return FormResult::of(certificates_.remove(*chosen, actor_),
                                     say(unit_, "certificate.deleted", "The certificate and key were deleted."));
        if (action == "delete_trust_store")
            co_return FormResult::of(certificates_.remove_all_trust(actor_),
                                     say(unit_, "trust_store.deleted", "The trust store was deleted."));
        if (action == "roll_back_certificate")
            co_return FormResult::of(certificates_.roll_back(*chosen, actor_),
                                     say(unit_, "certificate.rolled_back", "The previous certificate and key are installed again."));
        if (action == "create_request") co_return co_await create(*chosen);
        if (action == "send_certificate") co_return send(*chosen);
        if (action == "discard_request")
            co_return FormResult::of(certificates_.discard_request(*chosen, actor_),
                                     say(unit_, "request.discarded", "The request and its key were discarded."));
        if (action == "add_trust") co_return add_trust();
        if (action == "delete_trust")
            co_return FormResult::of(certificates_.remove_trust(text("fingerprint"), actor_),
                                     say(unit_, "trust.deleted", "The certificate was removed from the trust list."));
        if (action == "upload_crl") co_return add_list();
        if (action == "delete_crl")
            co_return FormResult::of(certificates_.remove_revocation_list(text("issuer"), actor_),
                                     say(unit_, "revocation_list.deleted", "The revocation list was deleted."));
        co_return choose_revocation(*chosen);
    }

private:
    [[nodiscard]] Result<void> look_at_request(std::string const& identity) const {
        if (auto names = text("alternative_names"); !names.empty()) CS_CHECK(pki::parse_alternative_names(names));
        CS_TRY(auto const pending, certificates_.pending(identity));
        if (!pending || has("replace")) return {};
        auto const* what = unit_.family().find_identity(identity);
        return fail(errors::crt::request_pending,
                    {{"identity", what == nullptr ? identity : what->title}, {"made", countersign::to_string(pending->made)}});
    }
    [[nodiscard]] bool has(std::string_view role) const { return roles_.contains(role); }
    [[nodiscard]] std::string text(std::string_view role) const {
        auto const found = roles_.find(role);
        return found == roles_.end() ? std::string() : std::string(trim(found->second.reveal()));
    }
    [[nodiscard]] std::optional<std::string> file(std::string_view role) const {
        auto const found = roles_.find(role);
        if (found == roles_.end()) return std::nullopt;
        return found->second.reveal();
    }
    [[nodiscard]] std::optional<SecretText> secret(std::string_view role) const {
        auto const found = roles_.find(role);
        if (found == roles_.end()) return std::nullopt;
        auto const* field = form_.find_role(role);
        if (role != "passphrase" || field == nullptr || field->kind != family::FieldKind::file) return found->second.duplicate();
        // A passphrase in a file ends where its line does.
        auto const text = std::string_view(found->second.reveal());
        return SecretText(std::string(text.substr(0, text.find_first_of("\r\n"))));
    }

    Unit& unit_;
    Certificates& certificates_;
    family::Form const& form_;
    std::map<std::string, SecretText, std::less<>> const& roles_;
    Actor actor_;
};

}  // namespace

bool is_certificate_action(std::string_view action) {
    static constexpr std::array<std::string_view, 14> k_actions{
        "add_trust",          "create_request",  "delete_certificate",    "delete_crl",        "delete_trust",
        "delete_trust_store", "discard_request", "roll_back_certificate", "send_certificate",  "set_revocation",
        "upload_certificate", "upload_crl",      "upload_package",        "upload_trust_store"};
    return std::ranges::find(k_actions, action) != k_actions.end();
}

Result<CheckedForm> check_certificate_form(Unit& unit, family::Form const& form, Submission const& submission) {
    CertificateForm const work(unit, form, submission, {});
    CS_TRY(auto identity, work.identity());
    CS_TRY(auto files, work.look(identity));
    return CheckedForm{std::move(files), std::move(identity)};
}

net::Task<FormResult> carry_out_certificate_form(std::shared_ptr<Unit> unit, family::Form const& form, Submission const& submission,
                                                 Actor actor) {
    CertificateForm work(*unit, form, submission, std::move(actor));
    co_return co_await work.carry_out();
}

}  // namespace countersign::device
