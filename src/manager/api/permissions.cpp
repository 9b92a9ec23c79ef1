#include "manager/api/permissions.hpp"

#include "base/text.hpp"

#include "countersign/embedded_catalogue.hpp"

#include <algorithm>
#include <string>
#include <vector>

namespace countersign::manager::api {
namespace {

constexpr std::string_view k_base = "/api/v1";

struct Operation {
    std::string method;                  ///< "GET"
    std::vector<std::string_view> path;  ///< "systems", "{id}"
    Permission permission = Permission::administer;
};

std::vector<std::string_view> segments(std::string_view path) {
    std::vector<std::string_view> out;
    for (auto part : split(path, '/'))
        if (!part.empty()) out.push_back(part);
    return out;
}

std::string_view description() {
    for (auto const& file : embedded::catalogue())
        if (file.name == "openapi.yaml") return file.text;
    return {};
}

/// The description is regular: paths are indented by two blanks, methods by four, their fields by six (tests/check_openapi.py).
std::vector<Operation> read_operations() {
    std::vector<Operation> out;
    std::string_view path;
    for (auto line : split(description(), '\n')) {
        constexpr std::string_view field = "      x-permission: ";
        if (line.starts_with("components:")) break;
        if (line.starts_with("  /")) path = trim(line).substr(0, trim(line).size() - 1);
        if (path.empty()) continue;
        if (line.starts_with("    ") && !line.starts_with("     ") && line.ends_with(':')) {
            auto method = to_upper(trim(line).substr(0, trim(line).size() - 1));
            out.push_back({std::move(method), segments(path)});
        }
        if (line.starts_with(field) && !out.empty())
            out.back().permission = parse_permission(trim(line.substr(field.size()))).value_or(Permission::administer);
    }
    return out;
}

bool fits(std::vector<std::string_view> const& pattern, std::vector<std::string_view> const& path) {
    return std::ranges::equal(pattern, path, [](auto wanted, auto given) { return wanted.starts_with('{') || wanted == given; });
}

}  // namespace

Permission permission_for(std::string_view method, std::string_view path) {
    static auto const operations = read_operations();
    if (!path.starts_with(k_base)) return Permission::administer;
    auto const parts = segments(path.substr(k_base.size()));
    auto const wanted = method == "HEAD" ? std::string_view("GET") : method;
    std::optional<Permission> out;
    for (auto const& one : operations)
        if (one.method == wanted && fits(one.path, parts)) out = std::max(out.value_or(one.permission), one.permission);
    return out.value_or(Permission::administer);
}

}  // namespace countersign::manager::api
