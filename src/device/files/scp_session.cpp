#include "device/files/scp_session.hpp"

#include <algorithm>
#include <utility>

namespace countersign::device {
namespace {

constexpr char k_ok = '\0';
constexpr std::string_view k_ok_text{"\0", 1};
constexpr std::size_t k_message_limit = 1024;

}  // namespace

// --- files come ---

ScpSink::ScpSink(std::shared_ptr<FileTree> files, scp::Command command)
    : files_(std::move(files)), command_(std::move(command)), target_(absolute_path("/", command_.paths.front()).value_or(std::string())) {
    auto const entry = files_->find(target_);
    target_is_folder_ = entry && entry->folder;
}

ScpSink::~ScpSink() { forget(); }

void ScpSink::forget() {
    wipe(contents_.data(), contents_.size());
    contents_ = {};
}

std::string ScpSink::refuse(std::string_view text) {
    status_ = 1;
    return scp::write_refusal(text);
}

std::string ScpSink::give_up(std::string_view text) {
    over_ = true;
    return refuse(text);
}

net::SshProgram::Reply ScpSink::handle(std::string_view bytes) {
    Reply reply;
    if (!std::exchange(begun_, true)) {
        bool const wrong = !target_is_folder_ && (command_.folder || command_.recursive);
        if (target_.empty() || wrong) {
            reply.bytes = give_up(command_.paths.front() + ": there is no such folder");
        } else {
            reply.bytes = k_ok_text;
        }
    }
    while (!bytes.empty() && !over_) {
        if (state_ == State::contents) {
            auto const part = bytes.substr(0, missing_);
            contents_ += part;
            missing_ -= part.size();
            bytes.remove_prefix(part.size());
            if (missing_ == 0) state_ = State::verdict;
            continue;
        }
        char const byte = bytes.front();
        bytes.remove_prefix(1);
        if (state_ == State::verdict && byte == k_ok) {
            reply.bytes += store();
        } else if (byte == '\n') {
            reply.bytes += take_line();
        } else if (line_.size() < scp::k_line_limit) {
            // The peer's word behind the contents may be a message: it could not read all of its file.
            if (state_ == State::verdict) state_ = State::message;
            line_ += byte;
        } else {
            reply.bytes += give_up("the line is too long");
        }
    }
    reply.ended = over_;
    reply.exit_status = status_;
    return reply;
}

net::SshProgram::Reply ScpSink::finish() {
    // What was begun and not brought to its end is not taken.
    bool const cut = state_ != State::record || !line_.empty();
    forget();
    return {.bytes = {}, .more = false, .ended = true, .exit_status = cut ? 1 : status_};
}

std::string ScpSink::take_line() {
    auto const line = std::exchange(line_, {});
    if (state_ != State::record) {
        forget();
        state_ = State::record;
        status_ = 1;
        return std::string(k_ok_text);
    }
    // 1: the peer tells of a file that it cannot send, and goes on; 2: it gives up.
    if (line.starts_with('\x01') || line.starts_with('\x02')) {
        status_ = 1;
        over_ = line.front() == '\x02';
        return {};
    }
    auto const record = scp::parse_record(line);
    if (!record) return give_up("this is no record of the protocol, or not the name of a file");
    return take_record(*record);
}

std::string ScpSink::take_record(scp::Record const& record) {
    switch (record.kind) {
        case scp::Record::Kind::times: return std::string(k_ok_text);
        case scp::Record::Kind::file: return take_file(record);
        case scp::Record::Kind::folder: return take_folder(record);
        case scp::Record::Kind::end_of_folder: break;
    }
    if (folders_.empty()) return give_up("the end of a folder that was not entered");
    folders_.pop_back();
    return std::string(k_ok_text);
}

std::string ScpSink::take_file(scp::Record const& record) {
    auto const& folder = folders_.empty() ? target_ : folders_.back();
    auto path = target_is_folder_ ? absolute_path(folder, record.name) : std::optional(target_);
    if (!path) return refuse(record.name + ": there is no such file");
    if (auto const allowed = files_->check_writable(*path); !allowed) return refuse(allowed.error().message());
    if (record.size > k_file_limit) return refuse(record.name + ": it has more than " + std::to_string(k_file_limit) + " bytes");
    path_ = *std::move(path);
    missing_ = static_cast<std::size_t>(record.size);
    contents_.reserve(missing_);
    state_ = missing_ == 0 ? State::verdict : State::contents;
    return std::string(k_ok_text);
}

std::string ScpSink::take_folder(scp::Record const& record) {
    auto const& folder = folders_.empty() ? target_ : folders_.back();
    auto path = absolute_path(folder, record.name);
    auto const entry = path ? files_->find(*path) : Result<FileEntry>(FileEntry{});
    if (!command_.recursive || folders_.size() >= k_scp_depth || !entry || !entry->folder)
        return refuse(record.name + ": there is no such folder");
    folders_.push_back(*std::move(path));
    return std::string(k_ok_text);
}

std::string ScpSink::store() {
    state_ = State::record;
    auto const taken = files_->write(path_, SecretText(std::exchange(contents_, {})));
    return taken ? std::string(k_ok_text) : refuse(taken.error().message());
}

// --- files go ---

ScpSource::ScpSource(std::shared_ptr<FileTree> files, scp::Command const& command)
    : files_(std::move(files)), recursive_(command.recursive), times_(command.times) {
    for (auto const& path : command.paths) {
        auto const absolute = absolute_path("/", path);
        if (absolute && files_->find(*absolute)) {
            add(*absolute, 0);
            continue;
        }
        status_ = 1;
        steps_.push_back({.bytes = scp::write_refusal(path + ": there is no such file"), .contents = false, .waits = false});
    }
}

void ScpSource::add(std::string const& path, std::size_t depth) {
    auto const entry = files_->find(path);
    if (!entry || depth > k_scp_depth) return;
    if (!entry->folder) return add_file(*entry);
    if (!recursive_) {
        status_ = 1;
        steps_.push_back({.bytes = scp::write_refusal(path + ": it is a folder"), .contents = false, .waits = false});
        return;
    }
    steps_.push_back({.bytes = scp::write_folder(path == "/" ? "files" : entry->name())});
    auto const inside = files_->list(path);
    if (inside)
        for (auto const& one : *inside) add(one.path, depth + 1);
    steps_.push_back({.bytes = "E\n"});
}

void ScpSource::add_file(FileEntry const& entry) {
    auto contents = files_->read(entry.path);
    if (!contents) return;
    if (times_) steps_.push_back({.bytes = scp::write_times(entry.changed.time_since_epoch().count())});
    steps_.push_back({.bytes = scp::write_file(contents->size(), entry.name())});
    steps_.push_back({.bytes = *std::move(contents) + k_ok, .contents = true});
}

std::string ScpSource::next() {
    std::string out;
    while (!steps_.empty()) {
        auto step = std::move(steps_.front());
        steps_.pop_front();
        out += step.bytes;
        if (step.waits) return out;
    }
    over_ = true;  // nothing is left to be said
    return out;
}

net::SshProgram::Reply ScpSource::handle(std::string_view bytes) {
    Reply reply;
    for (char const byte : bytes) {
        if (over_) break;
        if (in_message_) {
            if (byte != '\n') {
                // Its words are for people; only how many there may be matters.
                line_ += byte;
                over_ = line_.size() > k_message_limit;
                continue;
            }
            in_message_ = false;
            over_ = line_.starts_with('\x02');
            line_.clear();
            if (!over_ && !steps_.empty() && steps_.front().contents) steps_.pop_front();
            if (!over_) reply.bytes += next();
            continue;
        }
        if (byte == k_ok) {
            reply.bytes += next();
            continue;
        }
        status_ = 1;
        in_message_ = true;
        line_ = byte;
    }
    reply.ended = over_;
    reply.exit_status = status_;
    return reply;
}

net::SshProgram::Reply ScpSource::finish() {
    bool const all_said = steps_.empty() && !in_message_;
    return {.bytes = {}, .more = false, .ended = true, .exit_status = all_said ? status_ : 1};
}

std::shared_ptr<net::SshProgram> make_scp(std::shared_ptr<FileTree> files, std::string_view line) {
    auto command = scp::parse_command(line);
    if (!command) return nullptr;
    if (command->sink) return std::make_shared<ScpSink>(std::move(files), *std::move(command));
    return std::make_shared<ScpSource>(std::move(files), *command);
}

}  // namespace countersign::device
