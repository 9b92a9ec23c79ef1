#include "dialect/transactions.hpp"

#include "base/text.hpp"
#include "dialect/xml.hpp"

#include "countersign/errors/dev.hpp"

#include <algorithm>

namespace countersign::dialect::transactions {
namespace {

constexpr std::string_view k_response_prefix = "RESPONSE_";
constexpr std::string_view k_transaction_prefix = "TRANS_";

Failure malformed(std::string_view detail) { return fail(errors::dev::malformed_xml, {{"detail", detail}}); }

bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_letter(char c) { return is_upper(c) || (c >= 'a' && c <= 'z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_name(std::string_view name) {
    if (name.empty() || name.size() > k_longest_name || !is_letter(name.front())) return false;
    return std::ranges::all_of(name, [](char c) { return is_letter(c) || is_digit(c) || c == '_'; });
}

/// Recursion is safe: xml.hpp limits the depth.
Result<Item> read_item(XmlElement const& element) {
    if (!is_name(element.name)) return malformed("an element's name may hold letters, digits and underscores");
    Item item{.name = element.name, .value = {}, .children = {}};
    if (element.children.empty()) item.value = element.text;
    for (auto const& child : element.children) {
        CS_TRY(auto held, read_item(child));
        item.children.push_back(std::move(held));
    }
    return item;
}

XmlElement to_element(Item const& item) {
    XmlElement element(item.name);
    if (item.children.empty()) element.text = item.value;
    for (auto const& child : item.children) element.add(to_element(child));
    return element;
}

/// The number in that child; `otherwise` when there is no such element or it is empty.
Result<std::int64_t> number_in(XmlElement const* parent, std::string_view name, std::int64_t otherwise) {
    auto const text = parent == nullptr ? std::string_view() : parent->child_text(name);
    if (text.empty()) return otherwise;
    auto const number = parse_number<std::int64_t>(text);
    if (!number) return malformed(std::string(name) + " is no number");
    return *number;
}

Result<Echo> read_echo(XmlElement const* tokens, XmlElement const* message) {
    Echo echo;
    CS_TRY(echo.your_token1, number_in(tokens, "YOUR_TOKEN1", 0));
    CS_TRY(echo.your_token2, number_in(tokens, "YOUR_TOKEN2", 0));
    CS_TRY(echo.message_id, number_in(message, "MESSAGE_ID", 0));
    return echo;
}

void add_number(XmlElement& parent, std::string_view name, std::int64_t number) { parent.add(name, std::to_string(number)); }

Status status_of(std::int64_t number) {
    for (auto known : {Status::ok, Status::login_wrong, Status::no_session, Status::malformed, Status::unknown_action,
                       Status::wrong_parameter, Status::refused})
        if (static_cast<std::int64_t>(known) == number) return known;
    return Status::refused;
}

void collect(Item const& item, std::vector<Leaf>& out) {
    for (auto const& child : item.children) {
        if (child.children.empty())
            out.push_back({child.name, child.value});
        else
            collect(child, out);
    }
}

}  // namespace

Item Item::leaf(std::string_view name, std::string_view value) {
    return {.name = std::string(name), .value = std::string(value), .children = {}};
}

Item Item::group(std::string_view name, std::vector<Item> children) {
    return {.name = std::string(name), .value = {}, .children = std::move(children)};
}

Item const* Item::child(std::string_view wanted) const {
    auto const found = std::ranges::find_if(children, [&](Item const& item) { return iequals(item.name, wanted); });
    return found == children.end() ? nullptr : &*found;
}

std::string_view Item::find(std::string_view wanted) const {
    for (auto const& leaf : leaves_of(*this))
        if (iequals(leaf.name, wanted)) return leaf.value;
    return {};
}

std::vector<Leaf> leaves_of(Item const& item) {
    std::vector<Leaf> out;
    collect(item, out);
    return out;
}

Result<Request> parse_request(std::string_view xml) {
    CS_TRY(auto const root, parse_xml(xml));
    if (!is_name(root.name) || !istarts_with(root.name, k_transaction_prefix))
        return malformed("the root element must be a transaction, TRANS_...");
    Request request;
    request.transaction = to_upper(root.name);
    auto const* common = root.child("TRANS_COMMON_PARAMS");
    CS_TRY(request.token, number_in(common, "MCU_TOKEN", k_no_token));
    CS_TRY(request.user_token, number_in(common, "MCU_USER_TOKEN", k_no_token));
    CS_TRY(request.echo, read_echo(common == nullptr ? nullptr : common->child("ASYNC"), common));
    auto const* action = root.child("ACTION");
    if (action == nullptr || action->children.size() != 1) return malformed("a transaction holds one ACTION with one element");
    CS_TRY(request.action, read_item(action->children.front()));
    request.action.name = to_upper(request.action.name);
    return request;
}

Result<Response> parse_response(std::string_view xml) {
    CS_TRY(auto const root, parse_xml(xml));
    if (!is_name(root.name) || !istarts_with(root.name, k_response_prefix)) return malformed("the root element must be RESPONSE_...");
    Response response;
    response.transaction = to_upper(root.name).substr(k_response_prefix.size());
    auto const* status = root.child("RETURN_STATUS");
    if (status == nullptr || status->child_text("ID").empty()) return malformed("a response needs a RETURN_STATUS with an ID");
    CS_TRY(auto const number, number_in(status, "ID", 0));
    response.status = status_of(number);
    response.description = status->child_text("DESCRIPTION");
    response.detail = status->child_text("DESCRIPTION_EX");
    CS_TRY(response.echo, read_echo(status, status));
    auto const* action = root.child("ACTION");
    if (action == nullptr || action->children.empty()) return response;
    CS_TRY(response.action, read_item(action->children.front()));
    response.action.name = to_upper(response.action.name);
    return response;
}

std::string write_request(Request const& request) {
    XmlElement root(request.transaction);
    auto& common = root.add("TRANS_COMMON_PARAMS");
    add_number(common, "MCU_TOKEN", request.token);
    add_number(common, "MCU_USER_TOKEN", request.user_token);
    auto& async = common.add("ASYNC");
    add_number(async, "YOUR_TOKEN1", request.echo.your_token1);
    add_number(async, "YOUR_TOKEN2", request.echo.your_token2);
    add_number(common, "MESSAGE_ID", request.echo.message_id);
    root.add("ACTION").add(to_element(request.action));
    return write_xml(root);
}

std::string write_response(Response const& response) {
    XmlElement root(std::string(k_response_prefix) + response.transaction);
    auto& status = root.add("RETURN_STATUS");
    add_number(status, "ID", static_cast<std::int64_t>(response.status));
    status.add("DESCRIPTION", response.description);
    add_number(status, "YOUR_TOKEN1", response.echo.your_token1);
    add_number(status, "YOUR_TOKEN2", response.echo.your_token2);
    add_number(status, "MESSAGE_ID", response.echo.message_id);
    status.add("DESCRIPTION_EX", response.detail);
    auto& action = root.add("ACTION");
    if (!response.action.name.empty()) action.add(to_element(response.action));
    return write_xml(root);
}

std::string upper_snake(std::string_view name) {
    std::string out;
    for (std::size_t i = 0; i < name.size(); ++i) {
        char const c = name[i];
        if (!is_letter(c) && !is_digit(c)) {
            if (!out.empty() && out.back() != '_') out += '_';
            continue;
        }
        bool const begins = is_upper(c) && i > 0 && is_letter(name[i - 1]) && !is_upper(name[i - 1]);
        if (begins) out += '_';
        out += to_upper(std::string_view(&c, 1));
    }
    while (out.ends_with('_')) out.pop_back();
    return out;
}

}  // namespace countersign::dialect::transactions
