#include "manager/phonebook/list_reader.hpp"

#include "base/text.hpp"
#include "dialect/csv.hpp"
#include "manager/drivers/web_driver.hpp"

#include "countersign/errors/gen.hpp"
#include "countersign/errors/mgr.hpp"

#include <algorithm>
#include <array>
#include <map>

namespace countersign::manager {
namespace {

constexpr std::size_t k_longest_name = 100;
constexpr std::size_t k_longest_number = 255;
constexpr std::size_t k_most_routes = 20;
constexpr std::size_t k_deepest = 10;
constexpr std::size_t k_most_problems = 100;

bool has_control_characters(std::string_view text) {
    return std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

class Reader {
public:
    explicit Reader(dialect::csv::Table const& table) : table_(table) {}

    Result<std::vector<PhonebookLine>> read() {
        name_ = column({"name", "display_name"});
        number_ = column({"number", "dial_string", "address"});
        protocol_ = column({"protocol"});
        call_type_ = column({"call_type"});
        folder_ = column({"folder", "path"});
        description_ = column({"description"});
        if (!name_) problems_.push_back(Error(errors::gen::missing_field, {{"field", "the column name"}}));
        if (!number_) problems_.push_back(Error(errors::gen::missing_field, {{"field", "the column number"}}));
        for (auto const& heading : table_.header)
            if (std::ranges::find(taken_, heading) == taken_.end())
                problems_.push_back(
                    Error(errors::mgr::bad_list, {{"line", "1"}, {"detail", "there is no column " + heading + " in a phone book"}}));
        if (problems_.empty())
            for (auto const& record : table_.records) take(record);
        if (!problems_.empty()) return fail(gather(std::move(problems_)));
        return std::move(lines_);
    }

private:
    std::optional<std::size_t> column(std::initializer_list<std::string_view> names) {
        for (auto name : names) {
            if (auto found = table_.column(name)) {
                taken_.emplace_back(name);
                return found;
            }
        }
        return std::nullopt;
    }

    static std::string text(dialect::csv::Record const& record, std::optional<std::size_t> column) {
        return column ? std::string(trim(record.fields[*column])) : std::string();
    }

    void problem(dialect::csv::Record const& record, std::string detail) {
        if (problems_.size() < k_most_problems)
            problems_.push_back(Error(errors::mgr::bad_list, {{"line", std::to_string(record.line)}, {"detail", detail}}));
    }

    /// "/Berlin / Second floor/" -> "Berlin/Second floor"
    std::string folder_of(dialect::csv::Record const& record) {
        std::vector<std::string> parts;
        for (auto part : split(text(record, folder_), '/'))
            if (auto name = trim(part); !name.empty()) parts.emplace_back(name);
        if (parts.size() > k_deepest) problem(record, "folders are at most " + std::to_string(k_deepest) + " deep");
        for (auto const& part : parts)
            if (part.size() > k_longest_name || has_control_characters(part))
                problem(record, "a folder has at most 100 bytes and no control characters");
        return join(parts, "/");
    }

    void take(dialect::csv::Record const& record) {
        constexpr std::array<std::string_view, 4> protocols{"SIP", "H323", "ISDN", "TEL"};
        auto const name = text(record, name_);
        PhonebookRoute route{.protocol = to_upper(text(record, protocol_)),
                             .dial_string = text(record, number_),
                             .call_type = text(record, call_type_),
                             .description = text(record, description_)};
        if (route.protocol == "H.323") route.protocol = "H323";
        if (route.protocol.empty()) route.protocol = route.dial_string.contains('@') ? "SIP" : "H323";
        if (route.call_type.empty() || iequals(route.call_type, "video")) route.call_type = "Video";
        if (iequals(route.call_type, "audio")) route.call_type = "Audio";
        if (name.empty() || name.size() > k_longest_name || has_control_characters(name))
            problem(record, "name: 1 to 100 bytes without control characters");
        if (route.dial_string.empty() || route.dial_string.size() > k_longest_number || has_control_characters(route.dial_string))
            problem(record, "number: 1 to 255 bytes without control characters");
        if (std::ranges::find(protocols, route.protocol) == protocols.end())
            problem(record, "protocol: SIP, H323, ISDN or TEL is expected");
        if (route.call_type != "Video" && route.call_type != "Audio") problem(record, "call_type: Video or Audio is expected");
        if (route.description.size() > k_longest_number || has_control_characters(route.description))
            problem(record, "description: at most 255 bytes without control characters");
        auto folder = folder_of(record);
        auto [place, fresh] = known_.try_emplace({folder, name}, lines_.size());
        if (fresh) lines_.push_back({std::move(folder), name, {}});
        auto& routes = lines_[place->second].routes;
        if (std::ranges::find(routes, route) != routes.end()) return;
        if (routes.size() == k_most_routes)
            problem(record, "an entry has at most " + std::to_string(k_most_routes) + " numbers");
        else
            routes.push_back(std::move(route));
    }

    dialect::csv::Table const& table_;
    std::optional<std::size_t> name_, number_, protocol_, call_type_, folder_, description_;
    std::vector<std::string> taken_;
    std::vector<Error> problems_;
    std::vector<PhonebookLine> lines_;
    std::map<std::pair<std::string, std::string>, std::size_t> known_;
};

}  // namespace

Result<std::vector<PhonebookLine>> read_phonebook(std::string_view csv) {
    CS_TRY(auto const table, dialect::csv::parse_table(csv, {.bytes = k_largest_phonebook, .records = k_most_phonebook_lines + 1}));
    return Reader(table).read();
}

}  // namespace countersign::manager
