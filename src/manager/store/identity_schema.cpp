#include "manager/store/identity_schema.hpp"

namespace countersign::manager::store {

/// What is on its way to a system for its calls stands beside what is on its way for its server side. How many certificates systems of a
/// folder have; NULL: as the folder above.
Statements const& identity_schema() {
    static Statements const steps = {
        R"(CREATE TABLE pending_client_certificates (
        system INTEGER PRIMARY KEY REFERENCES systems (id) ON DELETE CASCADE,
        certificate TEXT NOT NULL,
        sealed_key TEXT NOT NULL))",
        "ALTER TABLE folder_defaults ADD COLUMN identities TEXT CHECK (identities IN ('one', 'two'))",
    };
    return steps;
}

}  // namespace countersign::manager::store
