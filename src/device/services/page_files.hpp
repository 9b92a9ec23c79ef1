#pragma once

/// The style sheet and the script of the pages, compiled in (web/device, tools/embed_page.py).

#include "dialect/web_frame.hpp"
#include "net/http/static_file.hpp"

#include <span>

namespace countersign::device {

std::span<net::http::StaticFile const> page_files();

/// Their addresses on the pages. Each names the file's content, so that a browser keeps it: the answer to a form that closes its own
/// connection must have its look all the same.
dialect::web::Files page_file_addresses();

}  // namespace countersign::device
