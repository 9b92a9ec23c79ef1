#include "base/text.hpp"
#include "manager/api/query.hpp"
#include "manager/api/routes.hpp"
#include "manager/api/selection.hpp"
#include "manager/certificates/request_desk.hpp"

#include "countersign/errors/gen.hpp"

#include <boost/json.hpp>

#include <limits>

namespace countersign::manager::api {
namespace http = net::http;
namespace {

/// Files in Base64 and what stands around them; an archive of some thousand certificates has a few MiB.
constexpr std::size_t k_upload_limit = 24UL * 1024 * 1024;
constexpr std::size_t k_most_files = 1000;
constexpr std::size_t k_longest_name = 255;
constexpr std::size_t k_most_chosen = 1000;
constexpr std::int64_t k_most = std::numeric_limits<std::int64_t>::max();

json::value or_null(std::optional<UtcTime> const& time) { return time ? json::value(to_string(*time)) : json::value(nullptr); }

json::object to_json(RequestEntry const& entry) {
    return {{"id", entry.id},
            {"system", entry.system},
            {"system_name", entry.system_name},
            {"folder", entry.folder},
            {"state", to_string(entry.state)},
            {"subject", entry.subject},
            {"names", json::array(entry.names.begin(), entry.names.end())},
            {"key_type", entry.key_type},
            {"key_made", entry.key_made},
            {"public_key", entry.public_key},
            {"reason", entry.reason},
            {"made", to_string(entry.made)},
            {"downloaded", or_null(entry.downloaded)},
            {"answered", or_null(entry.answered)},
            {"answered_by", entry.answered_by},
            {"certificate", entry.certificate},
            {"issuer_subject", entry.issuer},
            {"not_after", or_null(entry.not_after)},
            {"installed", or_null(entry.installed)},
            {"superseded", or_null(entry.superseded)},
            {"note", entry.note},
            {"pem", entry.pem}};
}

json::object to_json(JudgedAnswers const& judged) {
    json::array taken, refused, left_out;
    for (auto const& one : judged.taken)
        taken.push_back(json::object{{"file", one.file},
                                     {"request", one.request.id},
                                     {"system", one.request.system},
                                     {"system_name", one.request.system_name},
                                     {"subject", one.chain.front().subject()},
                                     {"issuer_subject", one.chain.front().issuer()},
                                     {"fingerprint", one.chain.front().fingerprint()},
                                     {"not_after", to_string(one.chain.front().not_after())},
                                     {"advice", one.advice}});
    for (auto const& one : judged.refused)
        refused.push_back(json::object{{"file", one.file},
                                       {"subject", one.subject},
                                       {"request", one.request == 0 ? json::value(nullptr) : json::value(one.request)},
                                       {"system_name", one.system},
                                       {"problem", api::to_json(one.error)}});
    for (auto const& one : judged.left_out)
        left_out.push_back(json::object{{"file", one.file}, {"subject", one.subject}, {"why", one.why}});
    return {{"taken", std::move(taken)}, {"refused", std::move(refused)}, {"left_out", std::move(left_out)}};
}

Failure no_such_request(std::string_view key) { return fail(errors::gen::not_found, {{"what", "certificate request"}, {"name", key}}); }

Result<RequestId> number_of(http::Request& request) {
    auto const& key = request.parameters["id"];
    auto const id = parse_number<RequestId>(key);
    if (!id) return no_such_request(key);
    return *id;
}

/// The folder that the query names, if it does.
net::Task<Result<void>> read_folder_of(Doors doors, Query& query, RequestFilter& filter) {
    auto* const out = &filter;  // both outlive the call
    auto const folder = query.text("folder", 4096);
    if (!folder || folder->empty()) co_return Result<void>();
    CS_CO_TRY(auto const found, co_await read_folder(doors.manager, *folder));
    out->folder = found;
    co_return Result<void>();
}

net::Task<http::Response> list(Doors doors, http::Request request) {
    Query query(request);
    RequestFilter filter{.state = query.choice("state", parse_request_state, "open, answered or superseded"),
                         .system = query.number("system", 1, k_most),
                         .limit = query.limit(),
                         .after = query.number("after", 0, k_most).value_or(0)};
    if (auto read = co_await read_folder_of(doors, query, filter); !read) co_return http::problem(read.error());
    if (auto good = query.finish(); !good) co_return http::problem(good.error());
    auto const limit = filter.limit;
    auto found = co_await doors.manager->request_desk().requests().list(std::move(filter));
    co_return answer_or_problem(found, [limit](std::vector<RequestEntry> const& entries) {
        json::array out;
        for (auto const& one : entries) out.push_back(to_json(one));
        auto next = entries.size() == limit ? json::value(entries.back().id) : json::value(nullptr);
        return json::object{{"requests", std::move(out)}, {"next", std::move(next)}};
    });
}

net::Task<http::Response> show(Doors doors, http::Request request) {
    auto const id = number_of(request);
    if (!id) co_return http::problem(id.error());
    auto found = co_await doors.manager->request_desk().requests().get(*id);
    co_return answer_or_problem(found, [](RequestEntry const& value) { return to_json(value); });
}

net::Task<http::Response> discard(Doors doors, http::Request request) {
    auto const id = number_of(request);
    if (!id) co_return http::problem(id.error());
    auto gone = co_await doors.manager->request_desk().discard(*id, request.user);
    co_return answer_or_problem(gone, [](RequestEntry const& value) { return to_json(value); });
}

std::optional<RequestDesk::Form> parse_form(std::string_view text) {
    if (text == "zip") return RequestDesk::Form::zip;
    if (text == "tar") return RequestDesk::Form::tar;
    return std::nullopt;
}

net::Task<http::Response> download(Doors doors, http::Request request) {
    Query query(request);
    auto const form = query.choice("format", parse_form, "zip or tar").value_or(RequestDesk::Form::zip);
    RequestFilter filter{.system = query.number("system", 1, k_most)};
    auto const chosen = query.text("requests", 20 * k_most_chosen).value_or("");
    for (auto const one : split(chosen, ',')) {
        if (trim(one).empty()) continue;
        auto const id = parse_number<RequestId>(trim(one));
        if (!id || filter.ids.size() == k_most_chosen) {
            query.problem("requests", "numbers with commas between are expected, " + std::to_string(k_most_chosen) + " at most");
            break;
        }
        filter.ids.push_back(*id);
    }
    if (auto read = co_await read_folder_of(doors, query, filter); !read) co_return http::problem(read.error());
    if (auto good = query.finish(); !good) co_return http::problem(good.error());
    auto bundle = co_await doors.manager->request_desk().download(std::move(filter), form, request.user);
    if (!bundle) co_return http::problem(bundle.error());
    http::Response response{.status = 200, .body = std::move(bundle->bytes)};
    response.fields.set("Content-Type", form == RequestDesk::Form::zip ? "application/zip" : "application/x-tar");
    response.fields.set("Content-Disposition", "attachment; filename=\"" + bundle->file_name + "\"");
    co_return response;
}

/// PEM as it stands, anything else in Base64: JSON carries text. Nothing when it is neither.
std::optional<std::string> content_of(std::string_view text) {
    if (text.contains("-----BEGIN ")) return std::string(text);
    std::string digits(text);
    std::erase_if(digits, [](char c) { return c == '\n' || c == '\r' || c == ' '; });
    auto const bytes = from_base64(digits);
    if (!bytes) return std::nullopt;
    return std::string(bytes->begin(), bytes->end());
}

std::vector<AnswerFile> read_files(json::value const& value, Reader& reader) {
    std::vector<AnswerFile> out;
    auto wrong = [&reader] {
        reader.problem("files", "a list of 1 to " + std::to_string(k_most_files) +
                                    " objects with name and content (PEM text, or the Base64 of any other file) is expected");
        return std::vector<AnswerFile>();
    };
    if (!value.is_array() || value.get_array().empty() || value.get_array().size() > k_most_files) return wrong();
    for (auto const& item : value.get_array()) {
        if (!item.is_object()) return wrong();
        AnswerFile file;
        for (auto const& [name, field] : item.get_object()) {
            if (!field.is_string()) return wrong();
            std::string_view const text = field.get_string();
            if (name == "name" && text.size() <= k_longest_name && is_utf8(text)) {
                file.name = std::string(text);
            } else if (name == "content") {
                auto content = content_of(text);
                if (!content) return wrong();
                file.bytes = *std::move(content);
            } else {
                return wrong();
            }
        }
        if (file.name.empty() || file.bytes.empty()) return wrong();
        out.push_back(std::move(file));
    }
    return out;
}

net::Task<http::Response> answer_requests(Doors doors, http::Request request) {
    auto object = parse_object(request.body);
    if (!object) co_return http::problem(object.error());
    json::value files;
    if (auto const* found = object->if_contains("files")) {
        files = *found;
        object->erase("files");
    }
    Reader reader(*std::move(object));
    auto answers = read_files(files, reader);
    if (auto good = reader.finish(); !good) co_return http::problem(good.error());
    auto judged = co_await doors.manager->request_desk().answer(std::move(answers), request.user);
    co_return answer_or_problem(judged, [](JudgedAnswers const& value) { return to_json(value); });
}

}  // namespace

void add_request_routes(http::Router& router, Doors const& doors) {
    auto route = [&](std::string method, std::string pattern, auto function, std::size_t limit = 16UL * 1024) {
        router.add({std::move(method), std::move(pattern), limit,
                    [doors, function](http::Request request) { return function(doors, std::move(request)); }});
    };
    route("GET", "/api/v1/certificate-requests", list);
    route("GET", "/api/v1/certificate-requests/{id}", show);
    route("DELETE", "/api/v1/certificate-requests/{id}", discard);
    route("GET", "/api/v1/certificate-request-bundle", download);
    route("POST", "/api/v1/certificate-answers", answer_requests, k_upload_limit);
}

}  // namespace countersign::manager::api
