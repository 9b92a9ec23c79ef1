#include "manager/store/connection_schema.hpp"

namespace countersign::manager::store {

/// SQLite changes no CHECK of a column that exists: the column is made anew, and takes the old one's place.
Statements const& connection_schema() {
    static Statements const steps = {
        "ALTER TABLE systems ADD COLUMN tracked TEXT NOT NULL DEFAULT 'address' CHECK (tracked IN ('address', 'host_name', 'mac'))",
        "UPDATE systems SET tracked = track_by",
        "DROP INDEX systems_by_track_by",
        "ALTER TABLE systems DROP COLUMN track_by",
        "ALTER TABLE systems RENAME COLUMN tracked TO track_by",
        "CREATE INDEX systems_by_track_by ON systems (track_by)",
        "ALTER TABLE systems ADD COLUMN https_port INTEGER NOT NULL DEFAULT 0 CHECK (https_port BETWEEN 0 AND 65535)",
    };
    return steps;
}

}  // namespace countersign::manager::store
