#include "manager/store/offline.hpp"

#include "base/text.hpp"
#include "host/crypto.hpp"
#include "host/files.hpp"
#include "manager/store/audit_trail.hpp"
#include "manager/store/migrations.hpp"

#include "countersign/errors/mgr.hpp"
#include "countersign/errors/sto.hpp"

#include <soci/error.h>

namespace countersign::manager {
namespace {

constexpr std::size_t k_page = 1000;

Result<AuditVerdict> verify(store::Database& database, host::Sealer const& sealer) {
    // One view of both, also while a manager writes.
    database.begin(store::Access::read);
    CS_TRY(auto head, store::load_audit_head(database, sealer));
    host::AuditVerifier verifier;
    for (std::int64_t after = 0;;) {
        auto const page = store::load_audit(database, after, k_page);
        for (auto const& one : page) verifier.take(link_of(one.record), one.hash);
        if (page.size() < k_page) break;
        after = page.back().record.id;
    }
    database.roll_back();
    auto first_bad = verifier.finish(head);
    return AuditVerdict{verifier.taken(), std::move(head), std::move(first_bad)};
}

}  // namespace

Result<AuditVerdict> verify_audit(StorePlace const& place) {
    CS_CHECK(check_present(place));
    CS_TRY(auto sealer, host::Sealer::load_or_create(place.key()));
    CS_TRY(auto database, open_database(place));
    try {
        auto const found = store::schema_of(*database);
        if (found > store::newest_schema())
            return fail(errors::sto::schema_too_new, {{"found", std::to_string(found)}, {"known", std::to_string(store::newest_schema())}});
        if (found < store::k_version_with_audit_chain)
            return fail(errors::mgr::audit_not_chained, {{"database", place.name()}, {"found", std::to_string(found)}});
        return verify(*database, sealer);
    } catch (soci::soci_error const& error) {
        return fail(errors::sto::query_failed, {{"detail", error.what()}});
    }
}

}  // namespace countersign::manager
