#include "manager/store/offline.hpp"

#include "base/text.hpp"
#include "host/crypto.hpp"
#include "host/files.hpp"
#include "manager/store/audit_trail.hpp"
#include "manager/store/migrations.hpp"

#include "countersign/errors/fil.hpp"
#include "countersign/errors/mgr.hpp"
#include "countersign/errors/sto.hpp"

#include <soci/error.h>

namespace countersign::manager {
namespace {

constexpr std::size_t k_page = 1000;

/// Neither is made when it is not there: an empty database would look like a trail without records.
Result<void> check_present(std::filesystem::path const& file) {
    std::error_code error;
    if (std::filesystem::is_regular_file(file, error)) return {};
    return fail(errors::fil::cannot_read, {{"file", file.string()}, {"detail", "there is no such file"}});
}

Result<AuditVerdict> verify(store::Database& database, host::Sealer const& sealer) {
    // One view of both, also while a manager writes.
    database.execute("BEGIN");
    CS_TRY(auto head, store::load_audit_head(database, sealer));
    host::AuditVerifier verifier;
    for (std::int64_t after = 0;;) {
        auto const page = store::load_audit(database, after, k_page);
        for (auto const& one : page) verifier.take(link_of(one.record), one.hash);
        if (page.size() < k_page) break;
        after = page.back().record.id;
    }
    database.execute("ROLLBACK");
    auto first_bad = verifier.finish(head);
    return AuditVerdict{verifier.taken(), std::move(head), std::move(first_bad)};
}

}  // namespace

Result<AuditVerdict> verify_audit(std::filesystem::path const& data) {
    auto const file = data / "manager.db";
    CS_CHECK(check_present(file));
    CS_CHECK(check_present(data / "sealing.key"));
    CS_TRY(auto sealer, host::Sealer::load_or_create(data / "sealing.key"));
    CS_TRY(auto database, store::Database::open(file));
    try {
        auto const found = store::schema_of(*database);
        if (found > store::newest_schema())
            return fail(errors::sto::schema_too_new, {{"found", std::to_string(found)}, {"known", std::to_string(store::newest_schema())}});
        if (found < store::k_version_with_audit_chain)
            return fail(errors::mgr::audit_not_chained, {{"database", file.string()}, {"found", std::to_string(found)}});
        return verify(*database, sealer);
    } catch (soci::soci_error const& error) {
        return fail(errors::sto::query_failed, {{"detail", error.what()}});
    }
}

}  // namespace countersign::manager
