#include "manager/api/selection.hpp"

#include "base/text.hpp"
#include "manager/drivers/web_driver.hpp"
#include "manager/estate/new_system.hpp"
#include "manager/store/folder_store.hpp"

#include "countersign/errors/gen.hpp"

namespace countersign::manager::api {
namespace {

constexpr int k_most_days = 36500;
constexpr std::size_t k_longest_text = 255;

class Fields {
public:
    explicit Fields(std::map<std::string, std::string> const& fields) : fields_(fields) {}

    [[nodiscard]] std::string text(std::string const& name) const {
        auto found = fields_.find(name);
        return found == fields_.end() ? std::string() : found->second;
    }
    template <class Parse>
    auto parsed(std::string const& name, std::string_view expected, Parse parse) -> decltype(parse(std::string_view())) {
        auto value = text(name);
        if (value.empty()) return std::nullopt;
        auto out = parse(std::string_view(value));
        if (!out) problem(name, expected);
        return out;
    }
    void problem(std::string_view field, std::string_view detail) {
        problems_.push_back(Error(errors::gen::invalid_input, {{"field", field}, {"detail", detail}}));
    }
    void problem(Error error) { problems_.push_back(std::move(error)); }
    Result<void> finish() {
        if (problems_.empty()) return {};
        return fail(gather(std::move(problems_)));
    }

private:
    std::map<std::string, std::string> const& fields_;
    std::vector<Error> problems_;
};

std::optional<bool> parse_yes_no(std::string_view text) {
    if (text == "yes") return true;
    return text == "no" ? std::optional(false) : std::nullopt;
}

std::optional<int> parse_level(std::string_view text) {
    auto level = parse_number<int>(text);
    return level && *level >= 0 && *level <= 4 ? level : std::nullopt;
}

std::optional<UtcTime> parse_end(std::string_view text) {
    if (auto days = parse_number<int>(text)) {
        if (*days < 0 || *days > k_most_days) return std::nullopt;
        return SystemClock().now() + std::chrono::days(*days);
    }
    return parse_utc_time(text);
}

}  // namespace

net::Task<Result<FolderId>> read_folder(std::shared_ptr<Manager> manager, std::string text) {
    if (auto id = parse_number<FolderId>(text)) {
        CS_CO_TRY(auto folder, co_await manager->store().folders().get(*id));
        co_return folder.id;
    }
    CS_CO_TRY(auto found, co_await manager->store().folders().find(text));
    if (!found) co_return fail(errors::gen::not_found, {{"what", "folder"}, {"name", text}});
    co_return found->id;
}

net::Task<Result<SystemFilter>> read_selection(std::shared_ptr<Manager> manager, std::map<std::string, std::string> given) {
    Fields fields(given);
    SystemFilter filter;
    filter.text = fields.text("text");
    if (filter.text.size() > k_longest_text || !is_utf8(filter.text)) fields.problem("text", "at most 255 bytes of UTF-8");
    filter.family = fields.text("family");
    filter.level = fields.parsed("level", "0 to 4 is expected", parse_level);
    filter.reachability = fields.parsed("reachability", "reachable, unreachable or unknown is expected", parse_reachability);
    filter.secure_only_capable = fields.parsed("capable", "yes or no is expected", parse_yes_no);
    filter.has_ticket = fields.parsed("ticket", "yes or no is expected", parse_yes_no);
    filter.track_by = fields.parsed("track_by", k_ways_to_track, parse_track_by);
    filter.certificate_expires_before =
        fields.parsed("expires_before", "a time such as 2027-01-31T00:00:00Z, or a number of days, is expected", parse_end);
    filter.certificate_expires_after =
        fields.parsed("expires_after", "a time such as 2027-01-31T00:00:00Z, or a number of days, is expected", parse_end);
    if (auto folder = fields.text("folder"); !folder.empty()) {
        auto found = co_await read_folder(manager, folder);
        if (found)
            filter.folder = *found;
        else
            fields.problem(std::move(found).error());
    }
    CS_CO_CHECK(fields.finish());
    co_return filter;
}

}  // namespace countersign::manager::api
