#include "manager/store/authority_schema.hpp"

namespace countersign::manager::store {

/// Roots and issuing authorities. `sealed_key` is empty when the key is on a token (`token` is its address) or kept elsewhere; `list` is
/// the revocation list of the latter. One replacement of a root runs at a time: `ended` is NULL.
Statements const& authority_schema() {
    static Statements const steps = {
        R"(CREATE TABLE authorities (
        fingerprint TEXT PRIMARY KEY,
        place INTEGER NOT NULL UNIQUE,
        hierarchy INTEGER NOT NULL,
        is_root INTEGER NOT NULL,
        certificate TEXT NOT NULL,
        sealed_key TEXT NOT NULL,
        token TEXT NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('next', 'current', 'former', 'withdrawn')),
        list_number INTEGER NOT NULL,
        list TEXT NOT NULL,
        made INTEGER NOT NULL,
        made_by TEXT NOT NULL))",
        R"(CREATE TABLE root_replacements (
        to_hierarchy INTEGER PRIMARY KEY,
        from_hierarchy INTEGER NOT NULL,
        phase TEXT NOT NULL CHECK (phase IN ('distribute', 'change', 'withdraw')),
        begun INTEGER NOT NULL,
        since INTEGER NOT NULL,
        begun_by TEXT NOT NULL,
        manager_moved INTEGER NOT NULL,
        ended INTEGER))",
    };
    return steps;
}

}  // namespace countersign::manager::store
