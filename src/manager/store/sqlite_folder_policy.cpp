#include "manager/store/sqlite_folder_policy.hpp"

#include "manager/store/assessment_json.hpp"
#include "manager/store/sqlite_folders.hpp"

namespace countersign::manager::store {
namespace {

std::vector<std::string_view> const k_columns = {"e.id",     "e.folder", "f.path", "e.kind",    "e.value",
                                                 "e.reason", "e.owner",  "e.ends", "e.created", "e.created_by"};
constexpr std::string_view k_from = "FROM folder_exceptions AS e JOIN folders AS f ON f.id = e.folder ";
/// The folder and all above it, with how far above.
constexpr std::string_view k_up =
    "JOIN (WITH RECURSIVE up (id, depth) AS (SELECT CAST(:folder AS INTEGER), 0 UNION ALL SELECT folders.parent, up.depth + 1 FROM folders "
    "JOIN up ON folders.id = up.id WHERE folders.parent IS NOT NULL) SELECT id, depth FROM up) AS up ON up.id = ";

/// The CHECK constraint keeps other kinds out.
PolicyException exception_of(Row const& row) {
    return {.id = row.number(0),
            .folder = row.number(1),
            .folder_path = row.text(2),
            .kind = parse_exception_kind(row.text(3)).value_or(ExceptionKind::mode),
            .value = row.text(4),
            .reason = row.text(5),
            .owner = row.text(6),
            .ends = row.time(7),
            .created = row.time(8),
            .created_by = row.text(9)};
}

Result<Policy> load_policy(Database& database) {
    auto row = database.select_one({"document"}, "FROM policy WHERE id = 1");
    if (!row) return Policy();
    return parse_policy(row->text(0));
}

/// `found` from the root down: of modes the last one counts.
void apply(Policy& policy, std::vector<PolicyException> found) {
    std::optional<PolicyException> mode;
    for (auto& one : found) {
        if (one.kind == ExceptionKind::mode)
            mode = std::move(one);
        else
            policy.exceptions.push_back(std::move(one));
    }
    if (!mode) return;
    policy.secure_only = parse_secure_only(mode->value).value_or(policy.secure_only);
    policy.exceptions.insert(policy.exceptions.begin(), std::move(*mode));
}

std::vector<std::string> lines_of(std::string const& text) {
    std::vector<std::string> out;
    for (auto const line : split(text, '\n'))
        if (!line.empty()) out.emplace_back(line);
    return out;
}

/// In the order of `read_defaults`.
std::vector<std::string_view> const k_defaults = {"d.track_by", "d.user_name", "d.renewal_windows", "d.issuer", "d.identities"};

/// Takes what `out` does not say yet.
void read_defaults(Row const& row, FolderDefaults& out) {
    if (!out.track_by && !row.is_null(0)) out.track_by = parse_track_by(row.text(0));
    if (!out.user && !row.is_null(1)) out.user = row.text(1);
    if (!out.renewal_windows && !row.is_null(2)) out.renewal_windows = lines_of(row.text(2));
    if (!out.issuer && !row.is_null(3)) out.issuer = parse_issuer(row.text(3));
    if (!out.identities && !row.is_null(4)) out.identities = parse_identities(row.text(4));
}

/// Of each, what the nearest folder above says that says something; without credentials.
FolderDefaults nearest_defaults(Database& database, FolderId folder) {
    FolderDefaults out;
    for (auto const& row :
         database.select(k_defaults, "FROM folder_defaults AS d " + std::string(k_up) + "d.folder ORDER BY up.depth", {value(folder)}))
        read_defaults(row, out);
    return out;
}

std::string credential_context(FolderId folder) { return subject_of_folder(folder) + " credential"; }

Result<PolicyException> load_exception(Database& database, std::int64_t id) {
    auto row = database.select_one(k_columns, std::string(k_from) + "WHERE e.id = :id", {value(id)});
    if (!row) return fail(errors::gen::not_found, {{"what", "exception"}, {"name", std::to_string(id)}});
    return exception_of(*row);
}

}  // namespace

net::Task<Result<Policy>> SqliteFolderPolicy::effective_policy(FolderId folder) {
    auto const now = backing_.now();
    auto ended = std::make_shared<bool>(false);
    auto policy = co_await backing_.read([folder, now, ended](Database& database) -> Result<Policy> {
        CS_TRY(auto whole, load_policy(database));
        std::vector<PolicyException> found;
        auto const rest = std::string(k_from) + std::string(k_up) + "e.folder WHERE e.end_noted = 0 ORDER BY up.depth DESC, e.id";
        for (auto const& row : database.select(k_columns, rest, {value(folder)})) {
            auto exception = exception_of(row);
            if (exception.ends > now)
                found.push_back(std::move(exception));
            else
                *ended = true;
        }
        apply(whole, std::move(found));
        auto const near = nearest_defaults(database, folder);
        if (near.renewal_windows) whole.renewal_windows = *near.renewal_windows;
        if (near.issuer) whole.issuer = *near.issuer;
        if (near.identities) whole.identities = *near.identities;
        return whole;
    });
    if (policy && *ended) CS_CO_CHECK(co_await note_ends());
    co_return policy;
}

net::Task<Result<void>> SqliteFolderPolicy::note_ends() {
    return backing_.write([this](Database& database) -> Result<void> {
        auto const rest = std::string(k_from) + "WHERE e.end_noted = 0 AND e.ends <= :now";
        for (auto const& row : database.select(k_columns, rest, {value(backing_.now())})) {
            auto const exception = exception_of(row);
            database.execute("UPDATE folder_exceptions SET end_noted = 1 WHERE id = :id", {value(exception.id)});
            backing_.record(database, "manager", "exception.end", subject_of_folder(exception.folder), describe(exception));
        }
        return {};
    });
}

net::Task<Result<std::vector<PolicyException>>> SqliteFolderPolicy::list_exceptions(std::optional<FolderId> folder) {
    return backing_.read([folder](Database& database) -> Result<std::vector<PolicyException>> {
        std::vector<Value> values;
        if (folder) values.push_back(value(*folder));
        auto const rest = std::string(k_from) + (folder ? "WHERE e.folder = :folder " : "") + "ORDER BY e.id DESC LIMIT 1000";
        std::vector<PolicyException> out;
        for (auto const& row : database.select(k_columns, rest, std::move(values))) out.push_back(exception_of(row));
        return out;
    });
}

net::Task<Result<PolicyException>> SqliteFolderPolicy::get_exception(std::int64_t id) {
    return backing_.read([id](Database& database) { return load_exception(database, id); });
}

net::Task<Result<PolicyException>> SqliteFolderPolicy::add_exception(PolicyException wanted, std::string actor) {
    return backing_.write([this, wanted = std::move(wanted), actor = std::move(actor)](Database& database) -> Result<PolicyException> {
        CS_CHECK(load_folder(database, wanted.folder));
        auto const count = database.select_one({"count(*)"}, "FROM folder_exceptions WHERE folder = :folder AND ends > :now",
                                               {value(wanted.folder), value(backing_.now())});
        if (count->number(0) >= static_cast<std::int64_t>(k_most_folder_exceptions))
            return fail(errors::gen::invalid_input,
                        {{"field", "folder"}, {"detail", "it has " + std::to_string(k_most_folder_exceptions) + " exceptions already"}});
        database.execute(
            "INSERT INTO folder_exceptions (folder, kind, value, reason, owner, ends, created, created_by) "
            "VALUES (:folder, :kind, :value, :reason, :owner, :ends, :created, :created_by)",
            {value(wanted.folder), value(to_string(wanted.kind)), value(wanted.value), value(wanted.reason), value(wanted.owner),
             value(wanted.ends), value(backing_.now()), value(actor)});
        CS_TRY(auto made, load_exception(database, database.last_id()));
        backing_.record(database, actor, "exception.add", subject_of_folder(made.folder), describe(made));
        return made;
    });
}

net::Task<Result<void>> SqliteFolderPolicy::remove_exception(std::int64_t id, std::string actor) {
    return backing_.write([this, id, actor = std::move(actor)](Database& database) -> Result<void> {
        CS_TRY(auto const gone, load_exception(database, id));
        database.execute("DELETE FROM folder_exceptions WHERE id = :id", {value(id)});
        backing_.record(database, actor, "exception.remove", subject_of_folder(gone.folder), describe(gone));
        return {};
    });
}

Result<FolderDefaults> SqliteFolderPolicy::load_defaults(Database& database, FolderId folder) const {
    FolderDefaults out;
    if (auto row = database.select_one(k_defaults, "FROM folder_defaults AS d WHERE folder = :folder", {value(folder)}))
        read_defaults(*row, out);
    for (auto const& row :
         database.select({"id", "user_name", "sealed"}, "FROM folder_credentials WHERE folder = :folder ORDER BY id", {value(folder)})) {
        CS_TRY(auto password, backing_.sealer().open(row.text(2), credential_context(folder)));
        out.credentials.push_back({row.number(0), row.text(1), std::move(password)});
    }
    return out;
}

net::Task<Result<FolderDefaults>> SqliteFolderPolicy::get_defaults(FolderId folder) {
    return backing_.read([this, folder](Database& database) -> Result<FolderDefaults> {
        CS_CHECK(load_folder(database, folder));
        return load_defaults(database, folder);
    });
}

net::Task<Result<FolderDefaults>> SqliteFolderPolicy::effective_defaults(FolderId folder) {
    return backing_.read([this, folder](Database& database) -> Result<FolderDefaults> {
        auto out = nearest_defaults(database, folder);
        std::string nearest;
        for (auto const& row :
             database.select({"c.id", "c.user_name", "c.sealed", "c.folder"},
                             "FROM folder_credentials AS c " + std::string(k_up) + "c.folder ORDER BY up.depth, c.id", {value(folder)})) {
            if (!nearest.empty() && row.text(3) != nearest) break;
            nearest = row.text(3);
            CS_TRY(auto password, backing_.sealer().open(row.text(2), credential_context(row.number(3))));
            out.credentials.push_back({row.number(0), row.text(1), std::move(password)});
        }
        return out;
    });
}

net::Task<Result<void>> SqliteFolderPolicy::change_defaults(FolderId folder, DefaultsChange change, std::string actor) {
    // Shared, because bodies are copied nowhere and secrets cannot be.
    auto wanted = std::make_shared<DefaultsChange>(std::move(change));
    return backing_.write([this, folder, wanted, actor = std::move(actor)](Database& database) -> Result<void> {
        CS_CHECK(load_folder(database, folder));
        database.execute("INSERT INTO folder_defaults (folder) VALUES (:folder) ON CONFLICT (folder) DO NOTHING", {value(folder)});
        std::string line;
        if (wanted->track_by) {
            auto const& chosen = *wanted->track_by;
            database.execute("UPDATE folder_defaults SET track_by = :track_by WHERE folder = :folder",
                             {chosen ? value(to_string(*chosen)) : Value(), value(folder)});
            line += "track by " + std::string(chosen ? to_string(*chosen) : "as the folder above") + "; ";
        }
        if (wanted->user) {
            auto const& chosen = *wanted->user;
            database.execute("UPDATE folder_defaults SET user_name = :user WHERE folder = :folder",
                             {chosen ? value(*chosen) : Value(), value(folder)});
            line += "user " + (chosen ? *chosen : std::string("as the folder above")) + "; ";
        }
        if (wanted->renewal_windows) {
            auto const& chosen = *wanted->renewal_windows;
            database.execute("UPDATE folder_defaults SET renewal_windows = :windows WHERE folder = :folder",
                             {chosen ? value(join(*chosen, "\n")) : Value(), value(folder)});
            line += "renewals " +
                    std::string(!chosen           ? "as the folder above"
                                : chosen->empty() ? "at any time"
                                                  : join(*chosen, ", ")) +
                    "; ";
        }
        if (wanted->issuer) {
            auto const& chosen = *wanted->issuer;
            database.execute("UPDATE folder_defaults SET issuer = :issuer WHERE folder = :folder",
                             {chosen ? value(to_string(*chosen)) : Value(), value(folder)});
            line += "certificates " +
                    std::string(!chosen                      ? "as the folder above"
                                : *chosen == Issuer::by_hand ? "of an authority that is asked by hand"
                                                             : "of the internal authority") +
                    "; ";
        }
        if (wanted->identities) {
            auto const& chosen = *wanted->identities;
            database.execute("UPDATE folder_defaults SET identities = :identities WHERE folder = :folder",
                             {chosen ? value(to_string(*chosen)) : Value(), value(folder)});
            line += "identities " + std::string(chosen ? to_string(*chosen) : "as the folder above") + "; ";
        }
        if (wanted->credentials) {
            database.execute("DELETE FROM folder_credentials WHERE folder = :folder", {value(folder)});
            for (auto const& one : *wanted->credentials)
                database.execute("INSERT INTO folder_credentials (folder, user_name, sealed) VALUES (:folder, :user, :sealed)",
                                 {value(folder), value(one.user), value(backing_.sealer().seal(one.password, credential_context(folder)))});
            line += std::to_string(wanted->credentials->size()) + " credentials; ";
        }
        backing_.record(database, actor, "folder.defaults", subject_of_folder(folder), line);
        return {};
    });
}

}  // namespace countersign::manager::store
