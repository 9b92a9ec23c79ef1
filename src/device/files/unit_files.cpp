#include "device/files/unit_files.hpp"

#include "base/text.hpp"
#include "device/certificates.hpp"
#include "dialect/xapi_xml.hpp"

#include "countersign/errors/dev.hpp"
#include "countersign/errors/fil.hpp"
#include "countersign/errors/gen.hpp"

#include <algorithm>
#include <utility>
#include <variant>

namespace countersign::device {
namespace {

namespace xapi = dialect::xapi;

constexpr std::string_view k_root = "/";
constexpr std::string_view k_configuration = "/configuration.xml";
constexpr std::string_view k_status = "/status.xml";
constexpr std::string_view k_certificates = "/certificates";
constexpr std::string_view k_trust = "/certificates/trust.pem";

bool speaks_xml(family::Family const& family) {
    return std::ranges::any_of(family.services, [](family::Service const& service) {
        return std::ranges::find(service.dialects, "xapi_xml") != service.dialects.end();
    });
}

xapi::DocumentHeader header_of(Unit const& unit) {
    auto header = xapi::header_of(unit.family());
    header.version = unit.spec().software;
    return header;
}

/// Where there is no XML interface, names need not be names of elements: they stand in attributes.
dialect::XmlElement plain(std::string_view root, std::string_view item, std::vector<xapi::PathValue> const& values) {
    dialect::XmlElement document(root);
    for (auto const& [path, value] : values) document.add(item, value).set("path", path);
    return document;
}

std::string configuration_file(Unit const& unit) {
    auto document = speaks_xml(unit.family()) ? xapi::configuration_document(unit.family(), unit.configuration())
                                              : plain("Configuration", "Setting", unit.configuration());
    return xapi::write_document(std::move(document), header_of(unit));
}

std::string status_file(Unit const& unit) {
    auto document = speaks_xml(unit.family()) ? xapi::build_tree("Status", unit.status()) : plain("Status", "Item", unit.status());
    return xapi::write_document(std::move(document), header_of(unit));
}

std::string pair_path(family::Identity const& identity) { return std::string(k_certificates) + "/" + identity.id + ".pem"; }

std::string in_pem(std::vector<pki::Certificate> const& certificates) {
    std::string out;
    for (auto const& certificate : certificates) out += certificate.to_pem();
    return out;
}

family::Identity const* identity_of(Unit const& unit, std::string_view path) {
    auto const& all = unit.family().identities;
    auto const found = std::ranges::find_if(all, [path](auto const& identity) { return pair_path(identity) == path; });
    return found == all.end() ? nullptr : &*found;
}

std::optional<std::string> content_of(Unit const& unit, std::string_view path) {
    if (path == k_configuration) return configuration_file(unit);
    if (path == k_status) return status_file(unit);
    if (path == k_trust) return in_pem(unit.trust());
    auto const* identity = identity_of(unit, path);
    if (identity == nullptr) return std::nullopt;
    auto const info = unit.certificates().info(identity->id);
    return info ? in_pem(info->chain) : std::string();
}

/// A file that was read may be written again: what stands there as "***" was never given away and stays as it is.
Result<void> take_configuration(Unit& unit, std::string_view text, Actor const& actor) {
    CS_TRY(auto request, xapi::parse_put(text, unit.family()));
    auto const* configuration = std::get_if<xapi::ConfigurationRequest>(&request);
    if (configuration == nullptr)
        return fail(errors::gen::invalid_input, {{"field", k_configuration.substr(1)}, {"detail", "its root is not Configuration"}});
    std::vector<Change> changes;
    for (auto const& [path, value] : configuration->settings) {
        auto const setting = unit.find_setting(path);
        bool const hidden = setting && (*setting)->space.kind == family::ValueKind::password && value == "***";
        if (!hidden) changes.push_back({path, value});
    }
    if (changes.empty())
        return fail(errors::gen::invalid_input, {{"field", k_configuration.substr(1)}, {"detail", "there is no setting in it"}});
    return unit.apply(std::move(changes), actor).transform([](Outcome const&) {});
}

Failure nothing_at(std::string_view path) { return fail(errors::gen::not_found, {{"what", "file"}, {"name", path}}); }

}  // namespace

std::vector<FileEntry> UnitFiles::entries(Unit const& unit) const {
    auto const now = unit.now();
    bool const may_change = unit.check_may_change(actor_).has_value();
    std::vector<FileEntry> out{{.path = std::string(k_root), .folder = true, .writable = false, .size = 0, .changed = now},
                               {.path = std::string(k_certificates), .folder = true, .writable = false, .size = 0, .changed = now}};
    auto const add = [&](std::string path, bool writable) {
        auto const size = content_of(unit, path).value_or(std::string()).size();
        out.push_back({.path = std::move(path), .folder = false, .writable = writable && may_change, .size = size, .changed = now});
    };
    add(std::string(k_configuration), speaks_xml(unit.family()));
    add(std::string(k_status), false);
    for (auto const& identity : unit.family().identities) add(pair_path(identity), true);
    add(std::string(k_trust), true);
    return out;
}

Result<std::shared_ptr<Unit>> UnitFiles::alive(std::string_view path) const {
    auto unit = unit_.lock();
    if (!unit) return nothing_at(path);
    return unit;
}

Result<FileEntry> UnitFiles::find(std::string_view path) const {
    CS_TRY(auto const unit, alive(path));
    auto all = entries(*unit);
    auto const found = std::ranges::find(all, path, &FileEntry::path);
    if (found == all.end()) return nothing_at(path);
    return std::move(*found);
}

Result<std::vector<FileEntry>> UnitFiles::list(std::string_view folder) const {
    CS_TRY(auto const unit, alive(folder));
    if (folder != k_root && folder != k_certificates) return nothing_at(folder);
    auto all = entries(*unit);
    std::erase_if(all, [folder](FileEntry const& entry) {
        auto const parent = entry.path.substr(0, std::max<std::size_t>(entry.path.rfind('/'), 1));
        return entry.path == k_root || parent != folder;
    });
    return all;
}

Result<std::string> UnitFiles::read(std::string_view path) const {
    CS_TRY(auto const unit, alive(path));
    auto content = content_of(*unit, path);
    if (!content) return nothing_at(path);
    return *std::move(content);
}

Result<void> UnitFiles::check_writable(std::string_view path) const {
    CS_TRY(auto const entry, find(path));
    if (entry.writable) return {};
    CS_TRY(auto const unit, alive(path));
    CS_CHECK(unit->check_may_change(actor_));
    return fail(errors::dev::file_read_only, {{"path", path}});
}

Result<void> UnitFiles::take(Unit& unit, std::string_view path, SecretText contents) const {
    CS_CHECK(check_writable(path));
    if (contents.reveal().size() > k_file_limit)
        return fail(errors::fil::too_large, {{"file", path}, {"limit", std::to_string(k_file_limit)}});
    if (path == k_configuration) return take_configuration(unit, contents.reveal(), actor_);
    Upload upload;
    auto const* identity = identity_of(unit, path);
    (identity == nullptr ? upload.trust_store : upload.certificate) = contents.reveal();
    return unit.certificates()
        .install(std::move(upload), identity == nullptr ? std::string_view() : std::string_view(identity->id), actor_)
        .transform([](Outcome const&) {});
}

Result<void> UnitFiles::write(std::string_view path, SecretText contents) {
    CS_TRY(auto const unit, alive(path));
    auto taken = take(*unit, path, std::move(contents));
    std::vector<std::pair<std::string, std::string>> fields{
        {"path", std::string(path)}, {"door", actor_.door}, {"user", actor_.user}, {"peer", actor_.peer}};
    if (!taken) fields.emplace_back("error", std::string(taken.error().entry().code));
    unit->report(taken ? "file.written" : "file.refused", std::move(fields));
    return taken;
}

}  // namespace countersign::device
