#include "device/repository/upload_check.hpp"

#include "base/text.hpp"
#include "device/repository/leaf_check.hpp"
#include "pki/contents.hpp"
#include "pki/pem.hpp"
#include "pki/pkcs12.hpp"

#include "countersign/errors/crt.hpp"
#include "countersign/errors/gen.hpp"

#include <algorithm>
#include <utility>

namespace countersign::device {
namespace {

constexpr std::string_view k_certificate = "certificate";
constexpr std::string_view k_key = "private key";
constexpr std::string_view k_passphrase = "passphrase";
constexpr std::string_view k_trust = "trust store";

struct FormName {
    std::string_view key;    ///< of family files
    std::string_view title;  ///< for people
};

FormName name_of(pki::FileForm form) {
    switch (form) {
        case pki::FileForm::der: return {"der", "DER"};
        case pki::FileForm::pkcs7: return {"pkcs7", "PKCS#7"};
        case pki::FileForm::pkcs12: return {"pfx", "PKCS#12 (PFX)"};
        case pki::FileForm::pem:
        case pki::FileForm::unknown: return {"pem", "PEM"};  // what is nothing at all is read as PEM, which says so
    }
    return {};
}

Result<void> check_form(pki::FileForm form, family::CertificateRules const& rules) {
    auto const name = name_of(form);
    if (rules.formats.empty() || std::ranges::find(rules.formats, name.key) != rules.formats.end()) return {};
    return fail(errors::crt::format_not_taken, {{"form", name.title}, {"formats", join(rules.formats, ", ")}});
}

bool has_key_block(std::string_view text) {
    return std::ranges::any_of(pki::scan_pem(text), [](pki::PemBlock const& block) { return block.label.ends_with("PRIVATE KEY"); });
}

bool is_about_passphrase(Error const& error) {
    return error.id() == errors::crt::wrong_passphrase || error.id() == errors::crt::passphrase_needed;
}

/// Opening it would keep the system's loop from everything else for longer: CRT-026. A second of hashing on slow hardware, some tenths on
/// others; programs write 2,048 to 600,000.
constexpr std::int64_t k_most_rounds = 1'000'000;

std::optional<Error> too_expensive(std::string_view bytes, SecretText const& passphrase) {
    if (passphrase.empty()) return std::nullopt;
    pki::ContentsLimits limits;
    limits.rounds = k_most_rounds;
    auto const contents = pki::read_contents(bytes, passphrase, limits);
    std::vector<Error> problems;
    if (contents)
        problems = contents->problems;
    else if (contents.error().causes().empty())
        problems.push_back(contents.error());
    else
        problems = contents.error().causes();
    auto const found = std::ranges::find(problems, ErrorId(errors::crt::too_expensive), &Error::id);
    return found == problems.end() ? std::nullopt : std::optional(*found);
}

/// One reading of one upload; collects every problem.
class PairReader {
public:
    PairReader(Upload const& upload, family::CertificateRules const& rules, UploadNeeds const& needs, std::vector<Error>& problems)
        : upload_(upload), rules_(rules), needs_(needs), problems_(problems) {}

    void read(CheckedUpload& checked) {
        if (!upload_.certificate) {
            // "You must upload a certificate and key simultaneously" (seed 003).
            add(Error(errors::gen::missing_field, {{"field", k_certificate}}), k_certificate);
            return;
        }
        form_ = pki::form_of(*upload_.certificate);
        if (auto refused = too_expensive(*upload_.certificate, passphrase())) return add(*std::move(refused), k_certificate);
        if (upload_.private_key)
            if (auto refused = too_expensive(upload_.private_key->reveal(), passphrase())) return add(*std::move(refused), k_key);
        if (auto taken = check_form(form_, rules_); !taken) {
            add(std::move(taken).error(), k_certificate);
            return;
        }
        if (form_ == pki::FileForm::pkcs12)
            read_package();
        else
            read_parts();
        checked.answers_request = from_pending_;
        if (!key_ || chain_.empty()) {
            if (!chain_.empty()) check_chain(chain_, rules_, needs_, problems_);
            return;
        }
        // Packages and bundles say nothing about the order; a PEM file of a person does, and is told when it is wrong.
        if (form_ == pki::FileForm::pkcs12 || form_ == pki::FileForm::pkcs7) put_in_order();
        match();
        check_chain(chain_, rules_, needs_, problems_);
        checked.pair = CertificatePair{std::move(chain_), *std::move(key_)};
    }

private:
    void add(Error error, std::string_view field) { add_problem(problems_, std::move(error), field); }

    [[nodiscard]] SecretText const& passphrase() const {
        static SecretText const none;
        return upload_.passphrase ? *upload_.passphrase : none;
    }

    void read_package() {
        auto package = pki::read_pkcs12(bytes_of(*upload_.certificate), passphrase());
        if (!package) {
            auto const field = is_about_passphrase(package.error()) ? k_passphrase : k_certificate;
            add(std::move(package).error(), field);
            return;
        }
        if (package->certificates.empty()) add(Error(errors::crt::certificate_missing), k_certificate);
        if (!package->key) add(Error(errors::crt::not_pem, {{"expected", "private key"}}), k_key);
        chain_ = std::move(package->certificates);
        key_ = std::move(package->key);
    }

    void read_parts() {
        auto chain = read_certificates();
        if (chain)
            chain_ = *std::move(chain);
        else
            add(std::move(chain).error(), k_certificate);
        read_key();
    }

    [[nodiscard]] Result<std::vector<pki::Certificate>> read_certificates() const {
        auto const& bytes = *upload_.certificate;
        if (form_ == pki::FileForm::pkcs7) return pki::read_pkcs7(bytes);
        if (form_ != pki::FileForm::der) return pki::parse_bundle(bytes);
        if (pki::CertificateRequest::parse(bytes)) return fail(errors::crt::request_instead_of_certificate);
        CS_TRY(auto one, pki::Certificate::parse(bytes));
        return std::vector{std::move(one)};
    }

    void read_key() {
        bool const beside = !upload_.private_key && form_ != pki::FileForm::der && has_key_block(*upload_.certificate);
        if (!upload_.private_key && !beside && needs_.pending != nullptr) {
            key_ = *needs_.pending;
            from_pending_ = true;
            return;
        }
        if (!passphrase().empty() && !rules_.passphrase_allowed) {
            add(Error(errors::crt::encrypted_key_not_taken), k_passphrase);
            return;
        }
        auto const& bytes = upload_.private_key ? upload_.private_key->reveal() : *upload_.certificate;
        auto const form = pki::form_of(bytes);
        if (upload_.private_key && form == pki::FileForm::der)
            if (auto taken = check_form(form, rules_); !taken) return add(std::move(taken).error(), k_key);
        auto key = form == pki::FileForm::der && upload_.private_key ? pki::PrivateKey::parse(bytes, passphrase())
                                                                     : pki::PrivateKey::parse_pem(bytes, passphrase());
        if (key) {
            key_ = *std::move(key);
        } else if (key.error().id() == errors::crt::passphrase_needed && !rules_.passphrase_allowed) {
            add(Error(errors::crt::encrypted_key_not_taken), k_key);
        } else {
            auto const field = is_about_passphrase(key.error()) ? k_passphrase : k_key;
            add(std::move(key).error(), field);
        }
    }

    void put_in_order() {
        auto ordered = pki::order_chain(chain_, &*key_);
        // Without a leaf of this key the next check says so better.
        if (ordered) chain_ = std::move(ordered->chain);
    }

    void match() {
        auto matched = pki::check_key_matches(chain_.front(), *key_);
        if (matched) return;
        if (from_pending_)
            add(Error(errors::crt::answer_of_another_request, {{"identity", needs_.service},
                                                               {"certificate_key", chain_.front().public_key_sha256()},
                                                               {"request_key", key_->public_key_sha256()}}),
                k_certificate);
        else
            add(std::move(matched).error(), k_key);
    }

    Upload const& upload_;
    family::CertificateRules const& rules_;
    UploadNeeds const& needs_;
    std::vector<Error>& problems_;
    pki::FileForm form_ = pki::FileForm::unknown;
    std::vector<pki::Certificate> chain_;
    std::optional<pki::PrivateKey> key_;
    bool from_pending_ = false;
};

}  // namespace

Result<CheckedUpload> check_upload(Upload const& upload, family::CertificateRules const& rules, UploadNeeds const& needs) {
    std::vector<Error> problems;
    CheckedUpload checked;
    if (upload.certificate || upload.private_key) PairReader(upload, rules, needs, problems).read(checked);
    if (upload.trust_store) {
        auto roots = read_roots(*upload.trust_store, rules);
        if (roots)
            checked.trust = *std::move(roots);
        else
            add_problem(problems, std::move(roots).error(), k_trust);
    }
    if (!upload.certificate && !upload.private_key && !upload.trust_store)
        add_problem(problems, Error(errors::gen::missing_field, {{"field", k_certificate}}), k_certificate);
    if (problems.empty()) return checked;
    return fail(one_problem(std::move(problems)));
}

Result<void> check_pair(CertificatePair const& pair, family::CertificateRules const& rules, UploadNeeds const& needs) {
    std::vector<Error> problems;
    check_chain(pair.chain, rules, needs, problems);
    if (problems.empty()) return {};
    return fail(one_problem(std::move(problems)));
}

Result<CertificatePair> check_answer(std::string_view text, pki::PrivateKey const& key, family::CertificateRules const& rules,
                                     UploadNeeds const& needs) {
    auto with_key = needs;
    with_key.pending = &key;
    // A pasted text may be PEM or PKCS#7 whatever files the product takes: people paste what the authority sent.
    auto any_form = rules;
    any_form.formats.clear();
    Upload upload{.certificate = std::string(text), .private_key = {}, .passphrase = {}, .trust_store = {}};
    CS_TRY(auto checked, check_upload(upload, any_form, with_key));
    if (checked.pair->key.public_key_sha256() != key.public_key_sha256())
        return fail(Error(errors::crt::answer_of_another_request, {{"identity", needs.service},
                                                                   {"certificate_key", checked.pair->chain.front().public_key_sha256()},
                                                                   {"request_key", key.public_key_sha256()}})
                        .at(k_certificate));
    return *std::move(checked.pair);
}

Result<std::vector<pki::Certificate>> read_roots(std::string_view file, family::CertificateRules const& rules) {
    auto const form = pki::form_of(file);
    CS_CHECK(check_form(form, rules));
    std::vector<pki::Certificate> found;
    if (form == pki::FileForm::pkcs7) {
        CS_TRY(found, pki::read_pkcs7(file));
    } else if (form == pki::FileForm::der) {
        CS_TRY(auto one, pki::Certificate::parse(file));
        found.push_back(std::move(one));
    } else {
        CS_TRY(found, pki::parse_bundle(file));
    }
    std::vector<pki::Certificate> roots;
    for (auto& root : found)
        if (std::ranges::find(roots, root) == roots.end()) roots.push_back(std::move(root));
    return roots;
}

}  // namespace countersign::device
