#pragma once

/// Backups of a whole manager: every table and the sealing key, in one file that a passphrase opens (host/encrypted_file.hpp). The same
/// file is restored to SQLite and to PostgreSQL, also to the other one than it came from. Sessions of people are left out.

#include "manager/store/place.hpp"

namespace countersign::manager {

struct BackupSummary {
    int schema = 0;
    UtcTime made{};
    std::int64_t tables = 0;
    std::int64_t rows = 0;
    bool trail_holds = true;  ///< the audit trail that was restored
};

/// One state of everything, also while the manager works. FIL-001, FIL-002, FIL-004, STO-001 to STO-005, STO-014.
Result<BackupSummary> write_backup(StorePlace const& place, std::filesystem::path const& file, SecretText const& passphrase, UtcTime now);

/// Into an empty place, and brought forward to the schema of this program. Nothing is there afterwards unless all of it is; the restored
/// audit trail is verified, and says that it was restored. FIL-001, FIL-002, STO-001 to STO-005, STO-010 to STO-013, MGR-131.
Result<BackupSummary> restore_backup(std::filesystem::path const& file, SecretText const& passphrase, StorePlace const& place,
                                     std::shared_ptr<Clock const> clock);

}  // namespace countersign::manager
