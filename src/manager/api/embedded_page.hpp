#pragma once

/// The files of the web interface, compiled in (tools/embed_page.py).

#include <span>
#include <string_view>

namespace countersign::embedded {

/// All views live as long as the program.
struct Page {
    std::string_view name;    ///< "index.html", "assets/index-1a2b3c.js"
    std::string_view text;    ///< as it is
    std::string_view brotli;  ///< empty: it is not compressed, as pictures and fonts are not
    std::string_view gzip;
    std::string_view digest;  ///< of the text
};
std::span<Page const> page();

}  // namespace countersign::embedded
