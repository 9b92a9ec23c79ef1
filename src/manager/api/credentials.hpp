#pragma once

/// What a request shows to be let in.

#include "manager/api/routes.hpp"

#include <optional>
#include <string>

namespace countersign::manager::api {

std::optional<std::string> session_of(net::http::Request const& request);
std::optional<std::string> bearer_of(net::http::Request const& request);
/// Who asks. The door let him in already: for operations that must know more than the name for the trail.
net::Task<Result<Caller>> caller_of(Doors doors, net::http::Request request);

/// By the certificate that the handshake took: 204 with the session's cookie, or a problem.
net::Task<net::http::Response> login_by_certificate(Doors doors, net::http::Request request);
void add_certificate_log_in(net::http::Router& router, Doors const& doors);

}  // namespace countersign::manager::api
