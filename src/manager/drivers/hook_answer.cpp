#include "manager/drivers/hook_answer.hpp"

#include "base/text.hpp"

#include "countersign/errors/gen.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <algorithm>

namespace countersign::manager {

namespace {

namespace json = boost::json;

class AnswerReader {
public:
    Result<HookAnswer> read(json::object const& object) {
        for (auto const& [key, value] : object) {
            if (key == "facts")
                read_facts(value);
            else if (key == "settings")
                read_settings(value);
            else if (key == "problems")
                read_texts("problems", value, answer_.problems);
            else if (key == "login_refused")
                answer_.login_refused = read_flag(key, value);
            else if (key == "opened_by_key")
                answer_.opened_by_key = read_flag(key, value);
            else
                refuse("there is no member " + std::string(key).substr(0, 100));
        }
        if (!problem_.empty()) return fail(errors::gen::invalid_input, {{"field", "answer"}, {"detail", problem_}});
        return std::move(answer_);
    }

private:
    void refuse(std::string what) {
        if (problem_.empty()) problem_ = std::move(what);
    }

    bool read_flag(std::string_view name, json::value const& value) {
        if (value.is_bool()) return value.get_bool();
        refuse(std::string(name) + " must be true or false");
        return false;
    }

    std::string read_text(std::string_view where, json::value const& value) {
        if (++values_ > k_hook_values) refuse("it holds more than 10,000 values");
        if (value.is_bool()) return value.get_bool() ? "true" : "false";
        if (value.is_int64()) return std::to_string(value.get_int64());
        if (value.is_uint64()) return std::to_string(value.get_uint64());
        if (!value.is_string()) {
            refuse(std::string(where) + " must hold texts, whole numbers, true or false");
            return {};
        }
        std::string_view const text = value.get_string();
        if (text.size() > k_hook_text) refuse(std::string(where) + " holds a text of more than 16 KiB");
        if (text.contains('\0')) refuse(std::string(where) + " holds a text with a zero byte");
        return std::string(text);
    }

    void read_texts(std::string_view where, json::value const& value, std::vector<std::string>& into) {
        if (!value.is_array()) return into.push_back(read_text(where, value));
        for (auto const& one : value.get_array()) into.push_back(read_text(where, one));
    }

    void read_facts(json::value const& value) {
        if (!value.is_object()) return refuse("facts must be an object");
        auto const known = family::known_facts();
        for (auto const& [name, one] : value.get_object()) {
            if (std::ranges::find(known, std::string_view(name)) == known.end())
                refuse("there is no fact " + std::string(name).substr(0, 100));
            read_texts("facts", one, answer_.facts[std::string(name)]);
        }
    }

    void read_settings(json::value const& value) {
        if (!value.is_object()) return refuse("settings must be an object");
        for (auto const& [name, one] : value.get_object()) answer_.settings[std::string(name)] = read_text("settings", one);
    }

    HookAnswer answer_;
    std::size_t values_ = 0;
    std::string problem_;
};

}  // namespace

Result<HookAnswer> parse_hook_answer(std::string_view text) {
    auto const refuse = [](std::string_view why) { return fail(errors::gen::invalid_input, {{"field", "answer"}, {"detail", why}}); };
    if (text.size() > k_hook_output) return refuse("it is longer than 1 MiB");
    boost::system::error_code failed;
    json::parse_options options;
    options.max_depth = 4;
    auto const value = json::parse(text, failed, {}, options);
    if (failed) return refuse("it is no JSON document: " + failed.message());
    if (!value.is_object()) return refuse("it is no JSON object");
    return AnswerReader().read(value.get_object());
}

}  // namespace countersign::manager
