#include "device/services/page_files.hpp"

#include "device/services/log_in_pages.hpp"

#include <algorithm>
#include <string>

namespace countersign::device {
namespace {

std::string address_of(std::string_view name) {
    auto const files = page_files();
    auto const found = std::ranges::find(files, name, &net::http::StaticFile::name);
    return found == files.end() ? std::string() : std::string(k_own_places) + std::string(name) + "?" + std::string(found->digest);
}

}  // namespace

dialect::web::Files page_file_addresses() {
    return {.style = address_of("page.css"), .script = address_of("page.js"), .icon = address_of("icon.svg")};
}

}  // namespace countersign::device
