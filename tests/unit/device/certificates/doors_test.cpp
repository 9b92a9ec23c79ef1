#include "pki/pkcs12.hpp"
#include "unit/device/certificates/certificate_unit.hpp"

#include "countersign/errors/crt.hpp"
#include "countersign/errors/dev.hpp"
#include "countersign/errors/gen.hpp"

namespace countersign::device::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

family::Field field(std::string role, family::FieldKind kind = family::FieldKind::text) {
    family::Field made;
    made.name = role;
    made.label = role;
    made.kind = kind;
    made.role = std::move(role);
    return made;
}

family::Form form(std::string action, std::vector<family::Field> fields, bool multipart = false) {
    family::Form made;
    made.id = action;
    made.title = action;
    made.target = "/repository/" + action;
    made.submit_label = "Go";
    made.multipart = multipart;
    made.fields = std::move(fields);
    made.action = std::move(action);
    return made;
}

/// The page of a product with a certification repository.
family::FamilyPtr with_repository_page() {
    using Kind = family::FieldKind;
    auto family = two_identities();
    family->certificate.name_must_match = true;
    family->messages["error.CRT-035"] = "Certificate DNS name does not match ({service}) DNS name.";
    family::Page page;
    page.path = "/repository";
    page.menu = {"Certification Repository"};
    page.title = "Certification Repository";
    page.tables = {{.id = "identities",
                    .title = "Personal",
                    .columns = {{"Service", "identity"},
                                {"Subject", "subject"},
                                {"Default", "default"},
                                {"Pending", "pending"},
                                {"Revocation", "revocation"}}},
                   {.id = "pending_request", .title = "Requests", .columns = {{"Service", "identity"}, {"Request", "request"}}},
                   {.id = "revocation_lists", .title = "CRLs", .columns = {{"Issuer", "issuer"}, {"Next update", "next_update"}}}};
    page.forms = {
        form("create_request",
             {field("identity", Kind::select), field("country"), field("common_name"), field("digest"), field("replace", Kind::checkbox)}),
        form("send_certificate", {field("identity", Kind::select), field("answer", Kind::textarea)}),
        form("upload_package", {field("identity", Kind::select), field("package", Kind::file), field("passphrase", Kind::password)}, true),
        form("roll_back_certificate", {field("identity", Kind::select)}),
        form("upload_crl", {field("crl", Kind::textarea)}),
        form("delete_crl", {field("issuer", Kind::select)}),
        form("set_revocation", {field("identity", Kind::select), field("revocation_method", Kind::select),
                                field("allow_unreachable", Kind::checkbox), field("responder")})};
    family->pages.push_back(std::move(page));
    return family;
}

std::string encoded(std::string_view text) {
    std::string out;
    for (unsigned char c : text) {
        out += '%';
        out += to_hex(std::span(&c, 1));
    }
    return out;
}

class RepositoryPage : public CertificateUnit {
protected:
    std::string post_form(net::http::Client& web, std::string const& action,
                          std::vector<std::pair<std::string, std::string>> const& fields) {
        std::string body;
        for (auto const& [name, value] : fields) body += (body.empty() ? "" : "&") + name + "=" + encoded(value);
        return post(web, "/repository/" + action, "application/x-www-form-urlencoded", body).body;
    }
    std::string pending_pem(std::shared_ptr<Unit> const& unit) {
        return with(unit, [](Certificates& held) { return held.pending("signalling").value().value().pem; });
    }
};

TEST_F(RepositoryPage, makes_a_request_shows_it_and_takes_the_pasted_answer) {
    auto unit = boot_of(with_repository_page());
    auto web = client(*unit);
    auto made = post_form(web, "create_request", {{"identity", "IP Network Services"}, {"country", "GB"}, {"digest", "SHA-256"}});
    EXPECT_THAT(made, AllOf(HasSubstr("class=\"notice\""), HasSubstr("-----BEGIN CERTIFICATE REQUEST-----\n"),
                            HasSubstr("/C=GB/CN=unit.estate.test"), HasSubstr("Management Network")));
    auto const request = pending_pem(unit);
    EXPECT_THAT(post_form(web, "create_request", {{"identity", "signalling"}}), HasSubstr("CRT-042"));
    EXPECT_THAT(post_form(web, "send_certificate", {{"identity", "signalling"}, {"answer", request}}), HasSubstr("CRT-007"));
    EXPECT_THAT(post_form(web, "send_certificate", {{"identity", "nobody"}, {"answer", request}}), HasSubstr("DEV-002"));
    auto const sent = post_form(web, "send_certificate", {{"identity", "signalling"}, {"answer", authority_.answer(request)}});
    EXPECT_THAT(sent, AllOf(HasSubstr("The certificate was created successfully."), Not(HasSubstr("BEGIN CERTIFICATE REQUEST"))));
    EXPECT_FALSE(info(unit, "signalling").factory);
    EXPECT_TRUE(info(unit, "management").factory);
    EXPECT_THAT(post_form(web, "roll_back_certificate", {{"identity", "signalling"}}), HasSubstr("class=\"notice\""));
    EXPECT_TRUE(info(unit, "signalling").factory);
}

TEST_F(RepositoryPage, takes_a_package_and_says_in_the_familys_words_what_is_wrong_with_its_name) {
    auto unit = boot_of(with_repository_page());
    auto web = client(*unit);
    auto upload = [&](CertificatePair const& pair) {
        auto made = pki::write_pkcs12({pair.key, pair.chain, ""}, SecretText("secret"), pki::Pkcs12Ciphers::legacy).value();
        std::string body =
            "--x\r\nContent-Disposition: form-data; name=\"identity\"\r\n\r\nsignalling\r\n"
            "--x\r\nContent-Disposition: form-data; name=\"passphrase\"\r\n\r\nsecret\r\n"
            "--x\r\nContent-Disposition: form-data; name=\"package\"; filename=\"a.pfx\"\r\n\r\n";
        body.append(made.reveal().begin(), made.reveal().end());
        return post(web, "/repository/upload_package", "multipart/form-data; boundary=x", body + "\r\n--x--\r\n").body;
    };
    EXPECT_THAT(upload(authority_.issue({.name = "other.estate.test"})),
                HasSubstr("Certificate DNS name does not match (IP Network Services) DNS name."));
    EXPECT_TRUE(info(unit, "signalling").factory);
    EXPECT_THAT(upload(authority_.issue()), HasSubstr("class=\"notice\""));
    EXPECT_FALSE(info(unit, "signalling").factory);
}

TEST_F(RepositoryPage, keeps_lists_and_revocation_choices) {
    auto unit = boot_of(with_repository_page());
    auto web = client(*unit);
    auto const list = authority_.authority().sign_crl({}, 1, today(), today() + std::chrono::hours(48)).value();
    EXPECT_THAT(post_form(web, "upload_crl", {{"crl", list}}), HasSubstr(">/CN=Test Root</td>"));
    EXPECT_THAT(post_form(web, "set_revocation", {{"identity", "signalling"}, {"revocation_method", "crl"}}),
                HasSubstr("CRL, refused when unreachable"));
    EXPECT_THAT(post_form(web, "set_revocation", {{"identity", "signalling"}, {"revocation_method", "ocsp"}}), HasSubstr("GEN-002"));
    EXPECT_THAT(post_form(web, "delete_crl", {{"issuer", "/CN=Test Root"}}), Not(HasSubstr(">/CN=Test Root</td>")));
}

// --- commands ---

family::FamilyPtr with_commands() {
    auto family = two_identities();
    auto add = [&family](std::string path, std::string behaviour, std::vector<std::string> parameters, bool multiline = false) {
        family::Command command;
        for (auto word : words(path)) command.words.emplace_back(word);
        command.path = std::move(path);
        command.dialect = "xapi";
        command.behaviour = std::move(behaviour);
        command.multiline = multiline;
        for (auto& name : parameters) command.parameters.push_back({.name = std::move(name), .space = {.maximum_length = 255}});
        family->commands.push_back(std::move(command));
    };
    add("Security Certificates Services Add", "certificate_add", {"PrivateKeyPassword"}, true);
    add("Security Certificates Services Activate", "certificate_activate", {"Fingerprint", "Purpose"});
    add("Security Certificates Services Deactivate", "certificate_deactivate", {"Fingerprint", "Purpose"});
    add("Security Certificates Services Delete", "certificate_delete", {"Fingerprint"});
    add("Security Certificates Services Show", "certificate_show", {"Format", "Filter", "FingerprintAlgorithm"});
    add("Security Certificates CSR Create", "request_create", {"CommonName", "SanDns1", "SanDns2", "OrganizationalUnit", "Purpose"});
    add("Security Certificates CSR Link", "request_link", {}, true);
    add("Security Certificates CA Add", "trust_add", {}, true);
    add("Security Certificates CA Delete", "trust_delete", {"Fingerprint"});
    add("Security Certificates CA Show", "trust_show", {"Format"});
    return family;
}

class Commands : public CertificateUnit {
protected:
    Result<CommandAnswer> run_command(std::string const& path, std::vector<family::Argument> arguments = {}, std::string const& body = {}) {
        return net::run(runtime_, unit_->run_command("Security Certificates " + path, std::move(arguments), body, k_tester));
    }
    /// The text of a member of the answer, or of the first Details.
    static std::string value_of(std::vector<Node> const& nodes, std::string_view name) {
        for (auto const& node : nodes) {
            if (node.name == name) return node.value;
            if (auto inner = value_of(node.children, name); !inner.empty()) return inner;
        }
        return {};
    }
    std::shared_ptr<Unit> unit_ = make_of(with_commands());
};

TEST_F(Commands, add_activate_show_deactivate_and_delete_a_pair) {
    auto const pair = authority_.issue();
    auto const print = pair.chain.front().fingerprint_sha1();
    auto const text = pki::to_pem(pair.chain) + pair.key.to_pem(SecretText("secret")).reveal();
    EXPECT_EQ(run_command("Services Add", {}, text).error().id(), errors::crt::passphrase_needed);
    auto added = run_command("Services Add", {{"PrivateKeyPassword", "secret"}}, text);
    ASSERT_TRUE(added) << added.error().explanation();
    EXPECT_EQ(value_of(added->values, "Fingerprint"), print);
    ASSERT_TRUE(run_command("Services Activate", {{"Fingerprint", print}, {"Purpose", "SIP"}}));
    auto const shown = run_command("Services Show", {{"Filter", "SIP"}}).value();
    EXPECT_EQ(value_of(shown.values, "Fingerprint"), print);
    EXPECT_EQ(value_of(shown.values, "UsedFor"), "SIP");
    EXPECT_EQ(value_of(shown.values, "SubjectName"), "/CN=unit.estate.test");
    EXPECT_THAT(value_of(shown.values, "notAfter"), HasSubstr(" GMT"));
    EXPECT_EQ(value_of(shown.values, "Format"), "Text");
    EXPECT_EQ(shown.values.front().children.size(), 2U) << "members of the chain are entries of their own";
    auto const pem = run_command("Services Show", {{"Filter", "SIP"}, {"Format", "PEM"}, {"FingerprintAlgorithm", "SHA-256"}}).value();
    EXPECT_EQ(value_of(pem.values, "PEM"), pair.chain.front().to_pem());
    EXPECT_EQ(value_of(pem.values, "Fingerprint"), pair.chain.front().fingerprint());
    EXPECT_EQ(run_command("Services Delete", {{"Fingerprint", print}}).error().id(), errors::dev::certificate_in_use);
    ASSERT_TRUE(run_command("Services Deactivate", {{"Fingerprint", print}, {"Purpose", "SIP"}}));
    ASSERT_TRUE(run_command("Services Delete", {{"Fingerprint", print}}));
    EXPECT_EQ(run_command("Services Delete", {{"Fingerprint", print}}).error().id(), errors::gen::not_found);
}

TEST_F(Commands, make_a_request_and_link_its_answer) {
    auto const made = run_command(
        "CSR Create", {{"CommonName", "unit.estate.test"}, {"SanDns1", "a.estate.test"}, {"SanDns2", "b.estate.test"}, {"Purpose", "SIP"}});
    ASSERT_TRUE(made) << made.error().explanation();
    auto const request = pki::CertificateRequest::parse_pem(value_of(made->values, "CSR")).value();
    EXPECT_EQ(request.alternative_names().size(), 2U);
    EXPECT_EQ(run_command("CSR Link", {}, "x").error().id(), errors::crt::no_request_pending) << "the first identity has none";
    ASSERT_TRUE(run_command("CSR Create", {{"CommonName", "unit.estate.test"}}));
    auto const own = with(unit_, [](Certificates& held) { return held.pending({}).value().value().pem; });
    auto const linked = run_command("CSR Link", {}, authority_.answer(own));
    ASSERT_TRUE(linked) << linked.error().explanation();
    EXPECT_TRUE(info(unit_).factory) << "linked is not active yet";
    ASSERT_TRUE(run_command("Services Activate", {{"Fingerprint", value_of(linked->values, "Fingerprint")}, {"Purpose", "HTTPS"}}));
    EXPECT_EQ(info(unit_).leaf().public_key_sha256(), pki::CertificateRequest::parse_pem(own).value().public_key_sha256());
}

TEST_F(Commands, keep_the_trust_list) {
    auto const added = run_command("CA Add", {}, authority_.pem());
    ASSERT_TRUE(added);
    auto const print = value_of(added->values, "Fingerprint");
    EXPECT_EQ(print, authority_.certificate().fingerprint_sha1());
    EXPECT_EQ(run_command("CA Add", {}, "").error().id(), errors::gen::missing_field);
    EXPECT_EQ(value_of(run_command("CA Show").value().values, "SubjectName"), "/CN=Test Root");
    ASSERT_TRUE(run_command("CA Delete", {{"Fingerprint", print}}));
    EXPECT_EQ(run_command("CA Delete", {{"Fingerprint", print}}).error().id(), errors::gen::not_found);
}

}  // namespace
}  // namespace countersign::device::testing
