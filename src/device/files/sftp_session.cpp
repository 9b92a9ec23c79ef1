#include "device/files/sftp_session.hpp"

#include "countersign/errors/acc.hpp"
#include "countersign/errors/dev.hpp"
#include "countersign/errors/fil.hpp"
#include "countersign/errors/gen.hpp"

#include <algorithm>
#include <utility>

namespace countersign::device {

using sftp::Status;
using sftp::Type;

namespace {

constexpr std::size_t k_read_limit = 64 * 1024;
constexpr std::size_t k_names_at_a_time = 64;
constexpr std::uint32_t k_folder_mode = 0040555;
constexpr std::uint32_t k_file_mode = 0100444;
constexpr std::uint32_t k_owner_writes = 0200;

sftp::Attributes attributes_of(FileEntry const& entry) {
    auto mode = entry.folder ? k_folder_mode : k_file_mode;
    if (entry.writable) mode |= k_owner_writes;
    return {.size = entry.size, .permissions = mode, .changed = entry.changed};
}

std::string refuse(std::uint32_t id, Error const& error) {
    auto status = Status::failure;
    if (error.id() == errors::gen::not_found) status = Status::no_such_file;
    if (error.id() == errors::dev::file_read_only || error.id() == errors::acc::read_only) status = Status::denied;
    return sftp::write_status(id, status, error.message());
}

std::string no_such_path(std::uint32_t id) { return sftp::write_status(id, Status::no_such_file, "No such file"); }
std::string no_such_handle(std::uint32_t id) { return sftp::write_status(id, Status::failure, "No such handle"); }

std::string done(std::uint32_t id, Result<void> const& result) {
    return result ? sftp::write_status(id, Status::ok, "") : refuse(id, result.error());
}

}  // namespace

SftpSession::~SftpSession() {
    wipe(input_.data(), input_.size());
    for (auto& [name, handle] : handles_) wipe(handle.content.data(), handle.content.size());
}

net::SshProgram::Reply SftpSession::handle(std::string_view bytes) {
    input_ += bytes;
    Reply reply;
    std::size_t taken = 0;
    while (!reply.ended) {
        auto const packet = sftp::first_packet(std::string_view(input_).substr(taken));
        if (packet.too_long) {
            reply.ended = true;
            reply.exit_status = 1;
        }
        if (!packet.content) break;
        if (reply.bytes.size() >= k_sftp_answer_limit) {
            reply.more = true;
            break;
        }
        reply.bytes += answer(*packet.content);
        taken += 4 + packet.content->size();
    }
    // A private key may be among what was written.
    auto rest = input_.substr(taken);
    wipe(input_.data(), input_.size());
    input_ = std::move(rest);
    return reply;
}

std::string SftpSession::answer(std::string_view packet) {
    auto const parsed = sftp::parse_request(packet);
    if (!parsed.request) return sftp::write_status(parsed.id.value_or(0), Status::bad_message, "Malformed message");
    bool const greeting = parsed.request->type == Type::init;
    if (greeting == greeted_) return sftp::write_status(parsed.request->id, Status::bad_message, "Not expected here");
    greeted_ = true;
    return greeting ? sftp::write_version() : answer(*parsed.request);
}

std::string SftpSession::answer(sftp::Request const& request) {
    switch (request.type) {
        case Type::open: return open(request);
        case Type::opendir: return open_folder(request);
        case Type::close: return close(request);
        case Type::read: return read(request);
        case Type::write: return write(request);
        case Type::readdir: return read_folder(request);
        case Type::stat:
        case Type::lstat:
        case Type::fstat: return tell(request);
        case Type::setstat:
        case Type::fsetstat: return pretend(request);
        case Type::realpath: return real_path(request);
        case Type::remove:
        case Type::mkdir:
        case Type::rmdir:
        case Type::rename: return sftp::write_status(request.id, Status::denied, "The names of files are fixed");
        default: return sftp::write_status(request.id, Status::unsupported, "Not offered here");
    }
}

std::string SftpSession::keep(std::uint32_t id, Handle handle) {
    if (handles_.size() >= k_sftp_handles) return sftp::write_status(id, Status::failure, "Too many open files");
    auto name = std::to_string(next_++);
    auto out = sftp::write_handle(id, name);
    handles_.insert_or_assign(std::move(name), std::move(handle));
    return out;
}

SftpSession::Handle* SftpSession::find(std::string_view handle) {
    auto const found = handles_.find(handle);
    return found == handles_.end() ? nullptr : &found->second;
}

std::string SftpSession::open(sftp::Request const& request) {
    auto path = absolute_path("/", request.path);
    if (!path) return no_such_path(request.id);
    bool const reading = (request.number & sftp::k_open_read) != 0;
    if ((request.number & sftp::k_open_write) != 0) {
        // A file is one document: half of it is none, so nothing can be added to it or changed within.
        constexpr std::uint32_t k_within = sftp::k_open_append | sftp::k_open_exclusive;
        if (reading || (request.number & k_within) != 0)
            return sftp::write_status(request.id, Status::unsupported, "A file can only be written whole");
        if (auto const allowed = files_->check_writable(*path); !allowed) return refuse(request.id, allowed.error());
        return keep(request.id, {.kind = Handle::Kind::writing, .path = *std::move(path), .content = {}, .entries = {}});
    }
    if (!reading) return sftp::write_status(request.id, Status::unsupported, "Open it to read or to write");
    auto content = files_->read(*path);
    if (!content) return refuse(request.id, content.error());
    return keep(request.id, {.kind = Handle::Kind::reading, .path = *std::move(path), .content = *std::move(content), .entries = {}});
}

std::string SftpSession::open_folder(sftp::Request const& request) {
    auto path = absolute_path("/", request.path);
    if (!path) return no_such_path(request.id);
    auto entries = files_->list(*path);
    if (!entries) return refuse(request.id, entries.error());
    return keep(request.id, {.kind = Handle::Kind::folder, .path = *std::move(path), .content = {}, .entries = *std::move(entries)});
}

std::string SftpSession::close(sftp::Request const& request) {
    auto const found = handles_.find(request.handle);
    if (found == handles_.end()) return no_such_handle(request.id);
    auto handle = std::move(found->second);
    handles_.erase(found);
    if (handle.kind != Handle::Kind::writing) return sftp::write_status(request.id, Status::ok, "");
    SecretText content(std::move(handle.content));
    if (handle.broken) return sftp::write_status(request.id, Status::failure, "Nothing was changed: a part of the file was refused");
    return done(request.id, files_->write(handle.path, std::move(content)));
}

std::string SftpSession::read(sftp::Request const& request) {
    auto const* handle = find(request.handle);
    if (handle == nullptr || handle->kind != Handle::Kind::reading) return no_such_handle(request.id);
    if (request.offset >= handle->content.size()) return sftp::write_status(request.id, Status::end, "");
    auto const count = std::min<std::size_t>(request.number, k_read_limit);
    return sftp::write_data(request.id, std::string_view(handle->content).substr(static_cast<std::size_t>(request.offset), count));
}

std::string SftpSession::write(sftp::Request const& request) {
    auto* handle = find(request.handle);
    if (handle == nullptr || handle->kind != Handle::Kind::writing) return no_such_handle(request.id);
    auto& content = handle->content;
    auto const refuse_rest = [&](Error const& error) {
        handle->broken = true;
        wipe(content.data(), content.size());
        content = {};
        return refuse(request.id, error);
    };
    if (handle->broken) return sftp::write_status(request.id, Status::failure, "A part of the file was refused before");
    if (request.offset > k_file_limit || request.offset + request.data.size() > k_file_limit)
        return refuse_rest(Error(errors::fil::too_large, {{"file", handle->path}, {"limit", std::to_string(k_file_limit)}}));
    // A hole would be filled with what nobody sent.
    if (request.offset > content.size())
        return refuse_rest(Error(errors::gen::invalid_input, {{"field", handle->path}, {"detail", "a part of it is missing"}}));
    auto const at = static_cast<std::size_t>(request.offset);
    if (content.capacity() < at + request.data.size()) {
        // Grown by hand, so that what is left behind is wiped.
        std::string larger;
        larger.reserve(std::min(k_file_limit, 2 * (at + request.data.size())));
        larger = content;
        wipe(content.data(), content.size());
        content = std::move(larger);
    }
    content.replace(at, std::min(request.data.size(), content.size() - at), request.data);
    return sftp::write_status(request.id, Status::ok, "");
}

std::string SftpSession::read_folder(sftp::Request const& request) {
    auto* handle = find(request.handle);
    if (handle == nullptr || handle->kind != Handle::Kind::folder) return no_such_handle(request.id);
    if (handle->entries.empty()) return sftp::write_status(request.id, Status::end, "");
    auto const count = std::min(handle->entries.size(), k_names_at_a_time);
    std::vector<sftp::Name> names;
    for (std::size_t i = 0; i < count; ++i) {
        auto const& entry = handle->entries.at(i);
        names.push_back({.name = entry.name(), .line = listing_line(entry), .attributes = attributes_of(entry)});
    }
    handle->entries.erase(handle->entries.begin(), handle->entries.begin() + static_cast<std::ptrdiff_t>(count));
    return sftp::write_names(request.id, names);
}

std::string SftpSession::tell(sftp::Request const& request) {
    auto const* handle = request.type == Type::fstat ? find(request.handle) : nullptr;
    if (request.type == Type::fstat && handle == nullptr) return no_such_handle(request.id);
    auto const path = handle == nullptr ? absolute_path("/", request.path) : std::optional(handle->path);
    if (!path) return no_such_path(request.id);
    auto entry = files_->find(*path);
    if (!entry) return refuse(request.id, entry.error());
    if (handle != nullptr && handle->kind != Handle::Kind::folder) entry->size = handle->content.size();
    return sftp::write_attributes(request.id, attributes_of(*entry));
}

/// Times, owners and permissions mean nothing here; programs set them behind an upload and take a refusal for its failure.
std::string SftpSession::pretend(sftp::Request const& request) {
    if (request.attributes.size) return sftp::write_status(request.id, Status::unsupported, "A file can only be written whole");
    if (request.type == Type::fsetstat)
        return find(request.handle) == nullptr ? no_such_handle(request.id) : sftp::write_status(request.id, Status::ok, "");
    auto const path = absolute_path("/", request.path);
    if (!path) return no_such_path(request.id);
    return done(request.id, files_->check_writable(*path));
}

std::string SftpSession::real_path(sftp::Request const& request) {
    auto const path = absolute_path("/", request.path);
    if (!path) return no_such_path(request.id);
    return sftp::write_names(request.id, {{.name = *path, .line = *path, .attributes = {}}});
}

}  // namespace countersign::device
