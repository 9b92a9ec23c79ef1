#include "manager/certificates/request_desk.hpp"

#include "base/log.hpp"
#include "dialect/archive/archive.hpp"
#include "manager/renew/decide.hpp"

#include "countersign/errors/mgr.hpp"

#include <boost/json.hpp>

#include <algorithm>

namespace countersign::manager {

namespace archive = dialect::archive;
namespace json = boost::json;

namespace {

/// For the part of a file's name that comes from a system's.
constexpr std::size_t k_longest_name = 60;

/// "12-codec.berlin.example.com.csr": letters, digits, "." and "-" of the name, whatever it is.
std::string file_of(RequestEntry const& request) {
    auto const& name = request.names.empty() ? request.system_name : request.names.front();
    std::string plain;
    for (char c : name) {
        bool const good = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' || c == '-';
        if (plain.size() < k_longest_name) plain += good ? c : '-';
    }
    return std::to_string(request.id) + "-" + plain + ".csr";
}

json::object manifest_entry(RequestEntry const& request) {
    return {{"request", request.id},
            {"file", file_of(request)},
            {"system", request.system_name},
            {"folder", request.folder},
            {"subject", request.subject},
            {"names", json::array(request.names.begin(), request.names.end())},
            {"key_type", request.key_type},
            {"key_made", request.key_made},
            {"usages", json::array{"serverAuth", "clientAuth"}},
            {"public_key_sha256", request.public_key},
            {"made", to_string(request.made)},
            {"reason", request.reason}};
}

}  // namespace

std::vector<std::pair<std::string, std::string>> bundle_files(std::vector<RequestEntry> const& requests, UtcTime now) {
    std::vector<std::pair<std::string, std::string>> files;
    json::array entries;
    for (auto const& request : requests) entries.push_back(manifest_entry(request));
    json::object const manifest{{"made", to_string(now)}, {"requests", std::move(entries)}};
    files.emplace_back("manifest.json", json::serialize(manifest) + "\n");
    for (auto const& request : requests) files.emplace_back(file_of(request), request.pem);
    return files;
}

net::Task<Result<RequestDesk::Bundle>> RequestDesk::download(RequestFilter filter, Form form, std::string actor) {
    filter.state = RequestState::open;
    filter.limit = k_most_requests;
    CS_CO_TRY(auto const count, co_await requests().count(filter));
    if (count == 0) co_return fail(errors::mgr::no_requests_wait);
    if (count > k_most_requests)
        co_return fail(errors::mgr::too_many_requests, {{"count", std::to_string(count)}, {"limit", std::to_string(k_most_requests)}});
    CS_CO_TRY(auto const found, co_await requests().list(std::move(filter)));
    std::vector<RequestId> ids;
    for (auto const& one : found) ids.push_back(one.id);
    CS_CO_CHECK(co_await requests().note_downloaded(std::move(ids), std::move(actor)));
    auto const now = links_.clock->now();
    std::vector<archive::File> files;
    for (auto& [name, content] : bundle_files(found, now)) files.push_back({std::move(name), std::move(content)});
    bool const zip = form == Form::zip;
    co_return Bundle{.file_name = std::string("certificate-requests") + (zip ? ".zip" : ".tar"),
                     .bytes = zip ? archive::write_zip(files, now) : archive::write_tar(files, now),
                     .requests = found.size()};
}

net::Task<Result<JudgedAnswers>> RequestDesk::answer(std::vector<AnswerFile> files, std::string actor) {
    auto const read = co_await net::offload(links_.pool, [files = std::move(files)] { return read_answers(files); });
    std::vector<std::string> keys;
    for (auto const& leaf : read.leaves) keys.push_back(leaf.certificate.public_key_sha256());
    CS_CO_TRY(auto found, co_await requests().of_keys(std::move(keys)));
    std::vector<std::string> issuers;
    for (auto const& leaf : read.leaves) issuers.push_back(leaf.certificate.issuer());
    for (auto const& one : read.authorities) issuers.push_back(one.issuer());
    CS_CO_TRY(auto known, co_await requests().known_authorities(std::move(issuers)));
    AnswerNeeds needs{
        .now = links_.clock->now(), .roots = links_.authority.roots(), .requests = std::move(found), .known = std::move(known)};
    auto judged = co_await net::offload(links_.pool, [read, needs = std::move(needs)] { return judge_answers(read, needs); });
    CS_CO_TRY(auto const accepted, co_await accept(judged, actor));
    std::vector<SystemId> systems;
    for (auto const& one : accepted) {
        systems.push_back(one.system);
        CS_CO_CHECK(co_await links_.store.close_ticket(one.system, TicketType::answer_awaited));
        links_.announce("request", one.id);
        links_.announce("ticket", one.system);
    }
    log::info("requests.answered",
              {{"taken", static_cast<std::int64_t>(judged.taken.size())}, {"refused", static_cast<std::int64_t>(judged.refused.size())}});
    if (!systems.empty()) CS_CO_CHECK(co_await links_.enforce(std::move(systems), std::move(actor)));
    co_return judged;
}

net::Task<Result<std::vector<RequestEntry>>> RequestDesk::accept(JudgedAnswers& judged, std::string actor) {
    if (judged.taken.empty()) co_return std::vector<RequestEntry>();
    auto* const out = &judged;  // outlives the call
    std::vector<RequestStore::Answer> answers;
    for (auto const& one : out->taken) {
        auto const& leaf = one.chain.front();
        answers.push_back({.id = one.request.id,
                           .chain = one.chain,
                           .renew_at = leaf.not_after() - request_early(leaf.not_before(), leaf.not_after(), links_.request_days)});
    }
    CS_CO_TRY(auto accepted, co_await requests().accept(std::move(answers), std::move(actor)));
    // Between the look and the change somebody may have discarded one.
    std::erase_if(out->taken, [&](JudgedAnswers::Taken& one) {
        auto const kept = std::ranges::find(accepted, one.request.id, &RequestEntry::id);
        if (kept != accepted.end()) {
            one.request = *kept;
            return false;
        }
        out->refused.push_back({.file = one.file,
                                .subject = one.chain.front().subject(),
                                .request = one.request.id,
                                .system = one.request.system_name,
                                .error = Error(errors::mgr::answer_too_late, {{"subject", one.chain.front().subject()},
                                                                              {"request", std::to_string(one.request.id)},
                                                                              {"system", one.request.system_name},
                                                                              {"note", "it was discarded at this moment"}})});
        return true;
    });
    co_return accepted;
}

net::Task<Result<RequestEntry>> RequestDesk::discard(RequestId id, std::string actor) {
    CS_CO_TRY(auto gone, co_await requests().supersede(id, "discarded by " + actor, actor));
    CS_CO_CHECK(co_await links_.store.close_ticket(gone.system, TicketType::answer_awaited));
    links_.announce("request", id);
    co_return gone;
}

}  // namespace countersign::manager
