#include "device/files/file_tree.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <array>
#include <chrono>

namespace countersign::device {
namespace {

template <class Number>
std::string padded(Number number, std::size_t width, char with = ' ') {
    auto digits = std::to_string(number);
    if (digits.size() < width) digits.insert(0, width - digits.size(), with);
    return digits;
}

}  // namespace

std::string FileEntry::name() const {
    auto const slash = path.rfind('/');
    return path.size() <= 1 || slash == std::string::npos ? path : path.substr(slash + 1);
}

std::optional<std::string> absolute_path(std::string_view from, std::string_view path) {
    auto const is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
    if (path.size() > k_path_limit || std::ranges::any_of(path, is_control)) return std::nullopt;
    std::vector<std::string_view> steps;
    auto const walk = [&steps](std::string_view part) {
        for (auto const step : split(part, '/')) {
            if (step.empty() || step == ".") continue;
            if (step != "..")
                steps.push_back(step);
            else if (!steps.empty())
                steps.pop_back();
        }
    };
    if (!path.starts_with('/')) walk(from);
    walk(path);
    std::string out;
    for (auto const step : steps) out.append("/").append(step);
    if (out.size() > k_path_limit) return std::nullopt;
    return out.empty() ? "/" : out;
}

std::string listing_line(FileEntry const& entry) {
    static constexpr std::array k_months{"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    auto const day = std::chrono::floor<std::chrono::days>(entry.changed);
    std::chrono::year_month_day const date(day);
    std::chrono::hh_mm_ss const time(entry.changed - day);
    auto const month = (static_cast<unsigned>(date.month()) - 1) % k_months.size();
    std::string out = entry.folder ? "dr-xr-xr-x" : entry.writable ? "-rw-r--r--" : "-r--r--r--";
    out += " 1 system system " + padded(entry.size, 10) + " " + k_months.at(month) + " ";
    out += padded(static_cast<unsigned>(date.day()), 2) + " " + padded(time.hours().count(), 2, '0') + ":" +
           padded(time.minutes().count(), 2, '0') + " " + entry.name();
    return out;
}

}  // namespace countersign::device
