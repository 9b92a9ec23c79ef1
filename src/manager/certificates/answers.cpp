#include "manager/certificates/answers.hpp"

#include "base/gather.hpp"
#include "base/text.hpp"
#include "dialect/archive/archive.hpp"
#include "manager/certificates/certificate_upload.hpp"
#include "pki/contents.hpp"
#include "pki/verify.hpp"

#include "countersign/errors/crt.hpp"
#include "countersign/errors/gen.hpp"
#include "countersign/errors/mgr.hpp"

#include <algorithm>
#include <array>
#include <map>

namespace countersign::manager {
namespace {

namespace archive = dialect::archive;

/// Of one file; a chain is shorter.
constexpr std::size_t k_longest_chain = 10;
/// Whose broken content is told of; what else is in an archive is nobody's answer.
constexpr std::array<std::string_view, 7> k_certificate_files{".pem", ".crt", ".cer", ".der", ".p7b", ".p7c", ".spc"};

bool is_named_like_certificate(std::string_view name) {
    auto const lower = to_lower(name);
    return std::ranges::any_of(k_certificate_files, [&lower](std::string_view ending) { return lower.ends_with(ending); });
}

/// Names in archives are anybody's bytes, and are told to people.
std::string shown(std::string const& name) {
    constexpr std::size_t longest = 255;
    return is_utf8(name) && name.size() <= longest ? name : "(a name that is no short text)";
}

enum class Place { alone, in_archive };

class AnswerReader {
public:
    ReadAnswers all(std::vector<AnswerFile> const& files) {
        for (auto const& file : files) {
            if (archive::form_of(file.bytes) == archive::Form::none) {
                read(file.name, file.bytes, Place::alone);
                continue;
            }
            auto const inside = archive::read(file.bytes);
            if (!inside)
                out_.problems.push_back({file.name, inside.error()});
            else
                for (auto const& one : *inside) read(file.name + ": " + shown(one.name), one.content, Place::in_archive);
        }
        return std::move(out_);
    }

private:
    void read(std::string const& name, std::string_view bytes, Place place) {
        auto contents = pki::read_contents(bytes);
        if (!contents) {
            if (place == Place::alone || is_named_like_certificate(name)) out_.problems.push_back({name, std::move(contents).error()});
            return;
        }
        std::vector<Error> problems = std::move(contents->problems);
        bool request = false, certificate = false;
        for (auto& item : contents->items) {
            if (auto* found = std::get_if<pki::Certificate>(&item.value)) {
                certificate = true;
                take(name, std::move(*found));
            } else if (std::holds_alternative<pki::CertificateRequest>(item.value)) {
                request = true;
            } else if (std::holds_alternative<pki::LockedPackage>(item.value)) {
                problems.push_back(
                    Error(errors::crt::other_content, {{"file", name}, {"found", "a package with a key"}, {"expected", "a certificate"}}));
            }
        }
        if (problems.empty() && !certificate && place == Place::alone)
            problems.push_back(request ? Error(errors::crt::request_instead_of_certificate) : Error(errors::crt::certificate_missing));
        if (!problems.empty()) out_.problems.push_back({name, gather(std::move(problems))});
    }

    void take(std::string const& name, pki::Certificate certificate) {
        if (certificate.is_authority()) {
            if (std::ranges::find(out_.authorities, certificate) == out_.authorities.end())
                out_.authorities.push_back(std::move(certificate));
        } else if (known_.insert({certificate.fingerprint(), true}).second) {
            out_.leaves.push_back({name, std::move(certificate)});
        }
    }

    ReadAnswers out_;
    std::map<std::string, bool> known_;
};

/// From the leaf upwards, as far as issuers are there.
std::vector<pki::Certificate> chain_of(pki::Certificate const& leaf, std::vector<pki::Certificate> const& authorities) {
    std::vector<pki::Certificate> chain{leaf};
    while (chain.size() < k_longest_chain && (chain.size() == 1 || !chain.back().is_self_issued())) {
        auto const issuer = std::ranges::find_if(authorities, [&chain](pki::Certificate const& one) {
            return one.subject() == chain.back().issuer() && std::ranges::find(chain, one) == chain.end() &&
                   pki::check_order({chain.back(), one}).has_value();
        });
        if (issuer == authorities.end()) break;
        chain.push_back(*issuer);
    }
    return chain;
}

bool is_about_clients(Error const& error) {
    return error.id() == errors::crt::wrong_purpose && error.parameter("purpose").contains("clientAuth");
}

/// What the checks of the manager's own certificate say, in the words of a system's.
Error in_words_of_system(Error const& error, RequestEntry const& request) {
    auto const said = [&error](std::string_view name) { return error.parameter(name); };
    if (error.id() == errors::mgr::name_not_covered)
        return Error(errors::mgr::answer_lacks_name, {{"system", request.system_name}, {"name", said("name")}, {"names", said("names")}});
    if (error.id() == errors::mgr::root_not_trusted)
        return Error(errors::mgr::answer_root_not_trusted,
                     {{"subject", said("subject")}, {"root", said("root")}, {"sha256", said("sha256")}});
    if (error.id() == errors::mgr::chain_incomplete)
        return Error(errors::mgr::answer_chain_incomplete, {{"subject", said("subject")}, {"issuer", said("issuer")}});
    if (error.id() == errors::mgr::certificate_not_usable)
        return Error(errors::mgr::answer_not_usable, {{"subject", said("subject")}, {"detail", said("detail")}});
    return error;
}

class Judge {
public:
    Judge(ReadAnswers const& read, AnswerNeeds const& needs) : read_(read), needs_(needs), authorities_(read.authorities) {
        authorities_.insert(authorities_.end(), needs.known.begin(), needs.known.end());
    }

    JudgedAnswers all() {
        for (auto const& problem : read_.problems) out_.refused.push_back({.file = problem.file, .error = problem.error});
        for (auto const& leaf : read_.leaves) judge(leaf);
        return std::move(out_);
    }

private:
    void judge(ReadAnswers::Leaf const& leaf) {
        auto const& certificate = leaf.certificate;
        auto const request = std::ranges::find(needs_.requests, certificate.public_key_sha256(), &RequestEntry::public_key);
        if (request == needs_.requests.end()) {
            refuse(leaf, nullptr,
                   Error(errors::mgr::answer_of_no_request,
                         {{"subject", certificate.subject()}, {"public_key", certificate.public_key_sha256()}}));
            return;
        }
        auto const number = std::to_string(request->id);
        if (request->state == RequestState::superseded) {
            refuse(
                leaf, &*request,
                Error(
                    errors::mgr::answer_too_late,
                    {{"subject", certificate.subject()}, {"request", number}, {"system", request->system_name}, {"note", request->note}}));
            return;
        }
        if (request->state == RequestState::answered && request->certificate == certificate.fingerprint()) {
            out_.left_out.push_back({leaf.file, certificate.subject(), "it was taken before, for request " + number});
            return;
        }
        if (request->installed) {
            refuse(leaf, &*request,
                   Error(errors::mgr::answer_in_place, {{"subject", certificate.subject()},
                                                        {"request", number},
                                                        {"system", request->system_name},
                                                        {"since", to_string(*request->installed)}}));
            return;
        }
        check(leaf, *request);
    }

    void check(ReadAnswers::Leaf const& leaf, RequestEntry const& request) {
        CertificateNeeds const needs{.now = needs_.now, .names = request.names, .roots = needs_.roots};
        auto chain = chain_of(leaf.certificate, authorities_);
        std::vector<Error> faults;
        std::string advice;
        for (auto const& fault : certificate_faults(chain, needs)) {
            if (is_about_clients(fault)) {
                advice = "It is not made for TLS clients: servers that ask the system for a certificate may refuse it.";
            } else if (fault.id() == errors::crt::unsupported_key_type && leaf.certificate.key_algorithm() == fault.parameter("type")) {
                // The key is the one that the policy asked for.
                continue;
            } else {
                faults.push_back(in_words_of_system(fault, request));
            }
        }
        if (!faults.empty()) {
            refuse(leaf, &request, gather(std::move(faults)));
            return;
        }
        if (chain.size() > 1 && chain.back().is_self_issued()) chain.pop_back();
        take({.request = request, .file = leaf.file, .chain = std::move(chain), .advice = std::move(advice)});
    }

    void take(JudgedAnswers::Taken fresh) {
        auto const before =
            std::ranges::find_if(out_.taken, [&fresh](JudgedAnswers::Taken const& one) { return one.request.id == fresh.request.id; });
        if (before == out_.taken.end()) {
            out_.taken.push_back(std::move(fresh));
            return;
        }
        if (before->chain.front().not_after() < fresh.chain.front().not_after()) std::swap(*before, fresh);
        out_.left_out.push_back({fresh.file, fresh.chain.front().subject(),
                                 "another certificate for request " + std::to_string(fresh.request.id) + " in this upload ends later"});
    }

    void refuse(ReadAnswers::Leaf const& leaf, RequestEntry const* request, Error error) {
        out_.refused.push_back({.file = leaf.file,
                                .subject = leaf.certificate.subject(),
                                .request = request ? request->id : 0,
                                .system = request ? request->system_name : std::string(),
                                .error = std::move(error)});
    }

    ReadAnswers const& read_;
    AnswerNeeds const& needs_;
    std::vector<pki::Certificate> authorities_;
    JudgedAnswers out_;
};

}  // namespace

ReadAnswers read_answers(std::vector<AnswerFile> const& files) { return AnswerReader().all(files); }

JudgedAnswers judge_answers(ReadAnswers const& read, AnswerNeeds const& needs) { return Judge(read, needs).all(); }

}  // namespace countersign::manager
