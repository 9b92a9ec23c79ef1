#include "device/clients/phonebook_search.hpp"

#include "base/text.hpp"
#include "device/clients/client_target.hpp"
#include "device/clients/server_call.hpp"
#include "dialect/soap_envelope.hpp"

#include "countersign/errors/dev.hpp"

#include <algorithm>
#include <initializer_list>
#include <utility>

namespace countersign::device {
namespace {

namespace phonebook = dialect::phonebook;

constexpr std::string_view k_client = "phonebook";
constexpr int k_default_limit = 50;
/// Names that begin otherwise are dropped after the server has counted them.
constexpr int k_surplus = 4;

std::string_view first_of(CommandContext const& context, std::initializer_list<std::string_view> names) {
    for (auto const name : names)
        if (auto const value = context.argument(name); !value.empty()) return value;
    return {};
}

int number_of(CommandContext const& context, std::initializer_list<std::string_view> names, int otherwise) {
    return std::clamp(parse_number<int>(first_of(context, names)).value_or(otherwise), 0, static_cast<int>(phonebook::k_max_items));
}

struct Question {
    phonebook::Search search;
    std::string starts_with;
    int offset = 0;
    int limit = k_default_limit;
};

Question question_of(CommandContext const& context) {
    Question question;
    question.offset = number_of(context, {"Offset"}, 0);
    question.limit = std::max(1, number_of(context, {"Limit", "Hits"}, k_default_limit));
    question.starts_with = context.argument("StartsWith");
    auto& search = question.search;
    search.mac_address = context.unit->spec().mac;
    search.text = first_of(context, {"SearchString", "Query"});
    if (search.text.empty()) search.text = question.starts_with;
    search.path = first_of(context, {"FolderId", "Path"});
    search.start_from = context.argument("ID");
    bool const flat = iequals(context.argument("SearchScope"), "Shallow") || iequals(context.argument("SubFolders"), "Off");
    search.scope = flat ? phonebook::Scope::single_level : phonebook::Scope::subtree;
    auto const wanted = (question.offset + question.limit) * (question.starts_with.empty() ? 1 : k_surplus);
    search.max_result = std::min(wanted, static_cast<int>(phonebook::k_max_items));
    return question;
}

/// What the server need not know how to do.
void narrow(phonebook::Answer& answer, Question const& question) {
    if (!question.starts_with.empty()) {
        auto const other = [&question](auto const& item) { return !istarts_with(item.name, question.starts_with); };
        std::erase_if(answer.entries, other);
        std::erase_if(answer.catalogs, other);
    }
    auto const skipped = std::min(answer.entries.size(), static_cast<std::size_t>(question.offset));
    answer.entries.erase(answer.entries.begin(), answer.entries.begin() + static_cast<std::ptrdiff_t>(skipped));
    if (answer.entries.size() > static_cast<std::size_t>(question.limit)) answer.entries.resize(static_cast<std::size_t>(question.limit));
}

std::vector<Node> methods_of(phonebook::Entry const& entry) {
    std::vector<Node> out;
    for (auto const& route : entry.routes)
        out.push_back(Node::record("ContactMethod",
                                   {Node::text("ContactMethodId", std::to_string(out.size() + 1)), Node::text("Number", route.dial_string),
                                    Node::text("Protocol", route.protocol), Node::text("CallType", route.call_type)}));
    return out;
}

std::vector<Node> modern(phonebook::Answer const& answer, int offset, int limit) {
    std::vector<Node> folders;
    for (auto const& catalog : answer.catalogs)
        folders.push_back(Node::record("Folder", {Node::text("Name", catalog.name), Node::text("FolderId", catalog.id)}));
    std::vector<Node> contacts;
    for (auto const& entry : answer.entries)
        contacts.push_back(Node::record("Contact", {Node::text("Name", entry.name), Node::text("ContactId", entry.id),
                                                    Node::list("ContactMethod", methods_of(entry))}));
    auto const rows = static_cast<long long>(folders.size() + contacts.size());
    return {Node::record("ResultInfo", {Node::number("Offset", offset), Node::number("Limit", limit), Node::number("TotalRows", rows)}),
            Node::list("Folder", std::move(folders)), Node::list("Contact", std::move(contacts))};
}

std::vector<Node> classic(phonebook::Answer const& answer) {
    std::vector<Node> entities;
    auto const text = [](bool value) { return value ? "True" : "False"; };
    for (auto const& catalog : answer.catalogs)
        entities.push_back(Node::record(
            "Entity",
            {Node::text("Type", "Catalog"), Node::text("Name", catalog.name), Node::text("Path", answer.id), Node::text("ID", catalog.id),
             Node::text("IsFirst", text(catalog.is_first)), Node::text("IsLast", text(catalog.is_last))}));
    for (auto const& entry : answer.entries) {
        std::vector<Node> members{Node::text("Type", "Entry"), Node::text("Name", entry.name)};
        if (!entry.routes.empty()) {
            members.push_back(Node::text("DialString", entry.routes.front().dial_string));
            members.push_back(Node::text("Protocol", entry.routes.front().protocol));
        }
        members.push_back(Node::text("Path", answer.id));
        members.push_back(Node::text("ID", entry.id));
        members.push_back(Node::text("IsFirst", text(entry.is_first)));
        members.push_back(Node::text("IsLast", text(entry.is_last)));
        entities.push_back(Node::record("Entity", std::move(members)));
    }
    return {Node::list("Entity", std::move(entities))};
}

Failure refuse(net::Url const& server, Error cause) {
    Error error(errors::dev::phonebook_failed, {{"server", server.origin()}, {"detail", cause.message()}});
    return fail(std::move(error.because(std::move(cause))));
}

net::Url search_url(net::Url url) {
    url.target += (url.target.contains('?') ? "&" : "?") + std::string(phonebook::k_query);
    return url;
}

}  // namespace

std::vector<Node> phonebook_result(phonebook::Answer const& answer, family::DataportStyle style, int offset, int limit) {
    return style == family::DataportStyle::classic ? classic(answer) : modern(answer, offset, limit);
}

net::Task<Result<std::vector<Node>>> search_phonebook(CommandContext context) {
    auto const style = context.unit->family().dataport;
    auto const question = question_of(context);
    if (iequals(context.argument("PhonebookType"), "Local")) co_return phonebook_result({}, style, question.offset, question.limit);
    CS_CO_TRY(auto const server, client_target(*context.unit, k_client));
    if (!server) co_return fail(errors::dev::no_phonebook);

    std::string const action = "\"" + std::string(phonebook::k_soap_action) + "\"";
    ServerCall call{.client = std::string(k_client),
                    .url = search_url(*server),
                    .fields = {{"Content-Type", dialect::soap::k_content_type}, {"SOAPAction", action}},
                    .body = phonebook::write_search(question.search),
                    .answer_limit = dialect::k_max_xml_size};
    auto work = call_server(context.unit, std::move(call));
    auto const response = co_await std::move(work);
    if (!response) co_return refuse(*server, response.error());
    auto answer = phonebook::parse_answer(response->body);
    if (!answer) co_return refuse(*server, std::move(answer).error());
    narrow(*answer, question);
    co_return phonebook_result(*answer, style, question.offset, question.limit);
}

}  // namespace countersign::device
