#include "manager/store/key_schema.hpp"

namespace countersign::manager::store {

/// Where the system made the key, `sealed_key` beside it is empty. Of certificates an empty `key_made` is what it was before: the manager's
/// for those of systems, and not known of what was only seen. Programs from before would take an empty key for a damaged one: they refuse
/// a newer schema.
Statements const& key_schema() {
    static Statements const steps = {
        "ALTER TABLE inventory ADD COLUMN key_made TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE certificate_requests ADD COLUMN key_made TEXT NOT NULL DEFAULT 'manager' CHECK (key_made IN ('manager', 'system'))",
    };
    return steps;
}

}  // namespace countersign::manager::store
