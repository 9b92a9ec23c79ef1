#pragma once

/// The manager's HTTP doors. `secure_service` is what the HTTPS port offers: API, page, and the paths that systems call.
/// `plain_service` is the HTTP port: only what systems call, the public root certificates, and a redirect for browsers; no
/// credential is taken there (REQ MGR-8, MGR-14; ACC-004). Once the manager is restricted to HTTPS it answers 403 (MGR-091), or
/// shows browsers the way if that was chosen.

#include "manager/access/access.hpp"
#include "manager/manager.hpp"
#include "net/http/server.hpp"

#include <memory>

namespace countersign::manager::api {

/// Paths that systems call; the external manager path is what plans write into systems.
inline constexpr std::string_view k_external_manager_path = "tms/public/external/management/SystemManagementService.asmx";
inline constexpr std::string_view k_feedback_path = "tms/public/feedback/code.aspx";
inline constexpr std::string_view k_phonebook_path = "tms/public/external/phonebook/phonebookservice.asmx";

std::shared_ptr<net::http::Service> secure_service(std::shared_ptr<Manager> manager, std::shared_ptr<Access> access);
/// The port that asks for people's certificates: log-in by certificate, and the way to the HTTPS port. Nothing that systems call is there,
/// because its roots are people's.
std::shared_ptr<net::http::Service> people_service(std::shared_ptr<Manager> manager, std::shared_ptr<Access> access);
std::shared_ptr<net::http::Service> plain_service(std::shared_ptr<Manager> manager);

}  // namespace countersign::manager::api
