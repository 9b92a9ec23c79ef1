#include "dialect/xapi_rpc.hpp"

#include "base/text.hpp"
#include "dialect/xapi_parts.hpp"

#include "countersign/errors/dev.hpp"
#include "countersign/errors/gen.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <cctype>
#include <optional>

namespace countersign::dialect::xapi {
namespace {

constexpr std::size_t k_max_elements = 32;
constexpr std::size_t k_max_word = 100;
constexpr std::size_t k_max_parameters = 200;
constexpr std::size_t k_max_id = 100;
constexpr std::int64_t k_max_item = 999'999;
constexpr int k_illegal_value_cause = 27;

using What = decltype(RpcRequest::what);

RpcFailure refuse(int code, std::string message) { return {code, std::move(message)}; }
RpcFailure bad_parameter(std::string_view name, std::string_view detail) {
    return refuse(rpc_code::invalid_parameters, std::string(name) + ": " + std::string(detail));
}

bool is_word(std::string_view text) {
    return !text.empty() && text.size() <= k_max_word && text.front() != '.' && !is_item(text) && std::ranges::all_of(text, [](char c) {
        return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-' || c == '.';
    });
}

/// Elements of a path: words and items in turn, as the clients write them.
struct Path {
    Location location;
    std::vector<std::string> words;
    bool wild = false;
};

/// Nothing when the element has no place there.
bool take_item(Path& path, std::int64_t item) {
    if (path.location.steps.empty() || item < 1 || item > k_max_item) return false;
    auto& step = path.location.steps.back();
    if (step.item != 0) return false;
    step.item = static_cast<int>(item);
    path.words.push_back(std::to_string(item));
    return true;
}

bool take_word(Path& path, std::string_view word, bool& any_depth) {
    if (auto const item = parse_number<std::int64_t>(word); item && is_item(word)) return !any_depth && take_item(path, *item);
    if (word == "**") {
        path.wild = true;
        any_depth = true;
        return true;
    }
    if (word == "*") path.wild = true;
    if (word != "*" && !is_word(word)) return false;
    path.location.steps.push_back({std::string(word), 0, any_depth});
    path.words.emplace_back(word);
    any_depth = false;
    return true;
}

std::optional<Path> read_path(json::value const* value) {
    if (value == nullptr || !value->is_array()) return std::nullopt;
    auto const& elements = value->get_array();
    if (elements.empty() || elements.size() > k_max_elements) return std::nullopt;
    Path path;
    bool any_depth = false;
    for (auto const& element : elements) {
        bool taken = false;
        if (element.is_int64())
            taken = !any_depth && take_item(path, element.get_int64());
        else if (element.is_string())
            taken = take_word(path, element.get_string(), any_depth);
        if (!taken) return std::nullopt;
    }
    // A `**` at the end is everything below, which is what a path names anyhow; alone it names no document.
    if (path.location.steps.empty()) return std::nullopt;
    return path;
}

bool is_root(std::string_view word, std::initializer_list<std::string_view> roots) {
    return std::ranges::any_of(roots, [word](std::string_view root) { return iequals(root, word); });
}

/// A value of a setting or parameter as text: booleans as the dataport's clients write them.
std::optional<std::string> value_text(json::value const& value) {
    if (value.is_string()) return std::string(value.get_string());
    if (value.is_int64()) return std::to_string(value.get_int64());
    if (value.is_uint64()) return std::to_string(value.get_uint64());
    if (value.is_bool()) return value.get_bool() ? "True" : "False";
    return std::nullopt;
}

What read_get(json::object const& parameters) {
    auto path = read_path(parameters.if_contains("Path"));
    if (!path || path->wild) return bad_parameter("Path", "an array of words and items without wildcards is expected");
    return RpcGet{std::move(path->location), std::move(path->words)};
}

What read_query(json::object const& parameters) {
    auto path = read_path(parameters.if_contains("Query"));
    if (!path) return bad_parameter("Query", "an array of words, items, * and ** is expected");
    return RpcQuery{std::move(path->location)};
}

What read_set(json::object const& parameters, family::Family const& family) {
    auto path = read_path(parameters.if_contains("Path"));
    if (!path || path->wild || path->words.size() < 2) return bad_parameter("Path", "an array of words and items is expected");
    auto const* held = parameters.if_contains("Value");
    auto value = held == nullptr ? std::nullopt : value_text(*held);
    if (!value) return bad_parameter("Value", "a text, a whole number or a boolean is expected");
    std::vector<std::string> const words(path->words.begin() + 1, path->words.end());
    if (!is_root(path->words.front(), {"Configuration"}))
        return rpc_failure(Error(errors::dev::unknown_setting, {{"path", join(path->words, " ")}}), true);
    auto spelt = join(words, " ");
    auto const parts = split_path(spelt);
    for (auto const& setting : family.settings)
        if (auto known = match_known(parts, split_path(setting.path))) spelt = *std::move(known);
    return RpcSet{std::move(spelt), *std::move(value)};
}

/// One name with one value or a list of them.
bool add_argument(CommandCall& call, std::string const& name, json::value const& value) {
    auto const add = [&](json::value const& one) {
        auto text = value_text(one);
        if (!text || call.arguments.size() == k_max_parameters) return false;
        call.arguments.push_back({name, *std::move(text)});
        return true;
    };
    if (!value.is_array()) return add(value);
    return std::ranges::all_of(value.get_array(), add);
}

What read_command(std::string_view path, json::object const& parameters, family::Family const& family) {
    RpcCommand command;
    std::vector<std::string> words;
    for (auto word : split(path, '/')) {
        if (!is_word(word) && !is_item(word)) return refuse(rpc_code::unknown_method, "Unknown command");
        words.emplace_back(word);
    }
    if (words.empty() || words.size() > k_max_elements) return refuse(rpc_code::unknown_method, "Unknown command");
    command.call.path = join(words, " ");
    auto const* known = family.find_command(command.call.path);
    if (known != nullptr && known->dialect == "xapi") {
        command.call.path = known->path;
        command.call.known = true;
    }
    for (auto const& [key, value] : parameters) {
        std::string const name(key);
        if (name == "body") {
            if (!value.is_string()) return bad_parameter(name, "a text is expected");
            command.call.body = value.get_string();
            continue;
        }
        auto const* parameter = command.call.known ? known->find_parameter(name) : nullptr;
        if (name.size() > k_max_word || !add_argument(command.call, parameter != nullptr ? parameter->name : name, value))
            return bad_parameter(name.substr(0, k_max_word), "a text, a whole number, a boolean or an array of them is expected");
    }
    return command;
}

What read_subscribe(json::object const& parameters) {
    auto path = read_path(parameters.if_contains("Query"));
    if (!path) return bad_parameter("Query", "an array of words, items, * and ** is expected");
    RpcSubscribe subscribe{std::move(path->location)};
    if (auto const* now = parameters.if_contains("NotifyCurrentValue")) {
        if (!now->is_bool()) return bad_parameter("NotifyCurrentValue", "a boolean is expected");
        subscribe.notify_current_value = now->get_bool();
    }
    return subscribe;
}

What read_unsubscribe(json::object const& parameters) {
    auto const* id = parameters.if_contains("Id");
    if (id == nullptr || !id->is_int64()) return bad_parameter("Id", "a whole number is expected");
    return RpcUnsubscribe{id->get_int64()};
}

What read_document(json::object const& parameters) {
    auto path = read_path(parameters.if_contains("Path"));
    if (!path || path->wild) return bad_parameter("Path", "an array of words and items is expected");
    auto const* type = parameters.if_contains("Type");
    if (type == nullptr || !type->is_string() || !iequals(std::string_view(type->get_string()), "Schema"))
        return bad_parameter("Type", "Schema is expected");
    return RpcDocument{std::move(path->words)};
}

What read_what(std::string_view method, json::object const& parameters, family::Family const& family) {
    constexpr std::string_view k_command = "xCommand/";
    if (method.starts_with(k_command)) return read_command(method.substr(k_command.size()), parameters, family);
    if (method == "xGet") return read_get(parameters);
    if (method == "xQuery") return read_query(parameters);
    if (method == "xSet") return read_set(parameters, family);
    if (method == "xFeedback/Subscribe") return read_subscribe(parameters);
    if (method == "xFeedback/Unsubscribe") return read_unsubscribe(parameters);
    if (method == "xDoc") return read_document(parameters);
    return refuse(rpc_code::unknown_method, "Method not found");
}

bool is_id(json::value const& id) {
    if (id.is_string()) return id.get_string().size() <= k_max_id;
    return id.is_int64() || id.is_uint64();
}

json::object envelope(json::value const& id) {
    json::object answer;
    answer["jsonrpc"] = "2.0";
    answer["id"] = id;
    return answer;
}

}  // namespace

RpcRequest parse_rpc(std::string_view message, family::Family const& family) {
    RpcRequest request;
    if (message.size() > k_max_rpc_message) {
        request.what = refuse(rpc_code::invalid_request, "The message is too long");
        return request;
    }
    json::parse_options options;
    options.max_depth = k_max_rpc_depth;
    boost::system::error_code code;
    auto const value = json::parse(message, code, {}, options);
    if (code) {
        request.what = refuse(rpc_code::parse_error, "Parse error: " + code.message());
        return request;
    }
    auto const* object = value.if_object();
    if (object == nullptr) {
        request.what = refuse(rpc_code::invalid_request, "An object is expected");
        return request;
    }
    auto const* id = object->if_contains("id");
    if (id != nullptr && !is_id(*id)) {
        request.what = refuse(rpc_code::invalid_request, "id: a text or a whole number is expected");
        return request;
    }
    if (id != nullptr) request.id = *id;
    auto const* version = object->if_contains("jsonrpc");
    auto const* method = object->if_contains("method");
    auto const* parameters = object->if_contains("params");
    bool const named = parameters == nullptr || parameters->is_object();
    if (version == nullptr || *version != json::value("2.0") || method == nullptr || !method->is_string()) {
        request.what = refuse(rpc_code::invalid_request, "This is not a request of JSON-RPC 2.0");
        return request;
    }
    request.wants_answer = id != nullptr;
    if (!named) {
        request.what = refuse(rpc_code::invalid_parameters, "params: an object is expected");
        return request;
    }
    static json::object const none;
    request.what = read_what(method->get_string(), parameters == nullptr ? none : parameters->get_object(), family);
    return request;
}

RpcFailure rpc_failure(Error const& error, bool setting) {
    auto const* first = error.id() == errors::gen::several_problems && !error.causes().empty() ? &error.causes().front() : &error;
    auto const told = result_for(error, "Result");
    RpcFailure failure{rpc_code::command_error, told.reason};
    if (!told.xpath.empty()) {
        failure.code = rpc_code::invalid_path;
        failure.data["xpath"] = setting && told.xpath.starts_with('/') ? told.xpath.substr(1) : told.xpath;
    } else if (told.outcome == Outcome::parameter_error) {
        failure.code = setting ? rpc_code::illegal_value : rpc_code::parameter_error;
        if (first->id() == errors::dev::illegal_value) failure.data["Cause"] = k_illegal_value_cause;
    }
    return failure;
}

std::string write_rpc_result(json::value const& id, json::value result) {
    auto answer = envelope(id);
    answer["result"] = std::move(result);
    return json::serialize(answer);
}

std::string write_rpc_failure(json::value const& id, RpcFailure const& failure) {
    auto answer = envelope(id);
    json::object error;
    error["code"] = failure.code;
    error["message"] = is_utf8(failure.message) ? failure.message : "?";
    if (!failure.data.empty()) error["data"] = failure.data;
    answer["error"] = std::move(error);
    return json::serialize(answer);
}

std::string write_rpc_event(std::int64_t subscription, std::string_view root, json::object tree) {
    json::object parameters;
    parameters["Id"] = subscription;
    parameters[root] = std::move(tree);
    json::object event;
    event["jsonrpc"] = "2.0";
    event["method"] = "xFeedback/Event";
    event["params"] = std::move(parameters);
    return json::serialize(event);
}

json::value const* dig(json::object const& tree, std::vector<std::string> const& words) {
    if (words.empty()) return nullptr;
    json::object const* place = &tree;
    json::value const* found = nullptr;
    for (auto const& word : words) {
        if (found != nullptr && found->is_array()) {
            // The item of the list before: by its id, a number or a text.
            auto const& list = found->get_array();
            auto const same = std::ranges::find_if(list, [&word](json::value const& one) {
                auto const* id = one.is_object() ? one.get_object().if_contains("id") : nullptr;
                if (id == nullptr) return false;
                return id->is_int64() ? std::to_string(id->get_int64()) == word : id->is_string() && id->get_string() == word;
            });
            if (same == list.end()) return nullptr;
            found = &*same;
            place = found->if_object();
            continue;
        }
        if (place == nullptr) return nullptr;
        auto const same =
            std::ranges::find_if(*place, [&word](auto const& member) { return iequals(std::string_view(member.key()), word); });
        if (same == place->end()) return nullptr;
        found = &same->value();
        place = found->if_object();
    }
    return found;
}

}  // namespace countersign::dialect::xapi
