#pragma once

/// The form actions about certificates (docs/families.md, "Certificates").

#include "device/certificates.hpp"
#include "device/services/form_result.hpp"
#include "net/task.hpp"

#include <memory>

namespace countersign::device {

/// Is it one of these? `upload_certificate`, `create_request` ...
[[nodiscard]] bool is_certificate_action(std::string_view action);

/// The form and the submission must outlive the task.
net::Task<FormResult> carry_out_certificate_form(std::shared_ptr<Unit> unit, family::Form const& form,
                                                 dialect::web::Submission const& submission, Actor actor);

/// The same form looked at: what its files hold, by everything that is checked when it is sent. Nothing changes.
struct CheckedForm {
    Certificates::Checked files;
    std::string identity;
};
Result<CheckedForm> check_certificate_form(Unit& unit, family::Form const& form, dialect::web::Submission const& submission);

}  // namespace countersign::device
