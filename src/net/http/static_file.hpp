#pragma once

/// Files that are compiled into a program and served as they are: their form by what the client takes (RFC 9110 section 12.5.3), and an
/// ETag for each form, so that a browser that has it is told so in a few bytes.

#include "net/http/message.hpp"

#include <span>
#include <string_view>

namespace countersign::net::http {

/// All views live as long as the program.
struct StaticFile {
    std::string_view name;    ///< "page.css"; its ending says its type
    std::string_view text;    ///< as it is
    std::string_view brotli;  ///< empty: it is not compressed
    std::string_view gzip;
    std::string_view digest;         ///< of the text
    bool names_its_content = false;  ///< its name has a digest in it
};

/// 200 or 304. An address that has the digest in its name, or as its query ("page.css?1a2b"), names this content and may be kept for a
/// year; another is asked for again, which costs a 304.
Response serve(StaticFile const& file, Request const& request);

}  // namespace countersign::net::http
