#include "host/files.hpp"

#include "countersign/errors/fil.hpp"

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <fcntl.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace countersign::host {
namespace {

std::string reason() { return std::generic_category().message(errno); }

class Descriptor {
public:
    explicit Descriptor(int value) : value_(value) {}
    Descriptor(Descriptor const&) = delete;
    Descriptor& operator=(Descriptor const&) = delete;
    ~Descriptor() {
        if (value_ >= 0) ::close(value_);
    }
    [[nodiscard]] int get() const { return value_; }
    [[nodiscard]] bool open() const { return value_ >= 0; }

private:
    int value_;
};

Result<void> sync_folder(fs::path const& file) {
    auto folder = file.has_parent_path() ? file.parent_path() : fs::path(".");
    Descriptor handle(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!handle.open() || ::fsync(handle.get()) != 0)
        return fail(errors::fil::cannot_write, {{"file", folder.string()}, {"detail", reason()}});
    return {};
}

Result<void> write_all(int handle, std::string_view content, fs::path const& file) {
    while (!content.empty()) {
        auto written = ::write(handle, content.data(), content.size());
        if (written < 0) {
            if (errno == EINTR) continue;
            return fail(errors::fil::cannot_write, {{"file", file.string()}, {"detail", reason()}});
        }
        content.remove_prefix(static_cast<std::size_t>(written));
    }
    return {};
}

/// Writes a whole temporary file beside `file` and returns its name.
Result<fs::path> write_temporary(fs::path const& file, std::string_view content, Privacy privacy, Durability durability) {
    // The clock keeps the name free: in a container the process that was killed in mid-write often had our number.
    static std::atomic<std::uint64_t> counter = static_cast<std::uint64_t>(std::chrono::system_clock::now().time_since_epoch().count());
    auto temporary = file;
    temporary += ".new." + std::to_string(::getpid()) + "." + std::to_string(counter++);
    mode_t mode = privacy == Privacy::owner_only ? 0600 : 0644;
    Descriptor handle(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode));
    if (!handle.open()) return fail(errors::fil::cannot_write, {{"file", file.string()}, {"detail", reason()}});
    if (auto written = write_all(handle.get(), content, file); !written) {
        ::unlink(temporary.c_str());
        return fail(std::move(written).error());
    }
    if (durability == Durability::fsync && ::fsync(handle.get()) != 0) {
        auto why = reason();
        ::unlink(temporary.c_str());
        return fail(errors::fil::cannot_write, {{"file", file.string()}, {"detail", why}});
    }
    return temporary;
}

WriteHook& write_hook() {
    static WriteHook hook;
    return hook;
}

/// True: go on. False: it was swallowed.
Result<bool> may_write(fs::path const& file) {
    int const answer = ask_write_hook(file);
    if (answer > 0) return fail(errors::fil::cannot_write, {{"file", file.string()}, {"detail", std::generic_category().message(answer)}});
    return answer == 0;
}

Result<void> rename_into_place(fs::path const& temporary, fs::path const& file) {
    if (::rename(temporary.c_str(), file.c_str()) == 0) return {};
    auto why = reason();
    ::unlink(temporary.c_str());
    return fail(errors::fil::cannot_write, {{"file", file.string()}, {"detail", why}});
}

}  // namespace

void set_write_hook(WriteHook hook) { write_hook() = std::move(hook); }
int ask_write_hook(fs::path const& file) { return write_hook() ? write_hook()(file) : 0; }

Result<std::string> read_file(fs::path const& file, std::size_t limit) {
    Descriptor handle(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
    if (!handle.open()) return fail(errors::fil::cannot_read, {{"file", file.string()}, {"detail", reason()}});
    struct stat about{};
    if (::fstat(handle.get(), &about) != 0 || S_ISDIR(about.st_mode)) {
        return fail(errors::fil::cannot_read, {{"file", file.string()}, {"detail", S_ISDIR(about.st_mode) ? "it is a folder" : reason()}});
    }
    std::string content;
    constexpr std::size_t chunk = 64 * 1024;
    while (true) {
        auto old = content.size();
        content.resize(old + chunk);
        auto got = ::read(handle.get(), content.data() + old, chunk);
        if (got < 0 && errno == EINTR) {
            content.resize(old);
            continue;
        }
        if (got < 0) return fail(errors::fil::cannot_read, {{"file", file.string()}, {"detail", reason()}});
        content.resize(old + static_cast<std::size_t>(got));
        if (content.size() > limit) return fail(errors::fil::too_large, {{"file", file.string()}, {"limit", std::to_string(limit)}});
        if (got == 0) return content;
    }
}

Result<SecretText> read_secret_file(fs::path const& file, std::size_t limit) {
    CS_TRY(auto content, read_file(file, limit));
    return SecretText(std::move(content));
}

Result<void> write_file(fs::path const& file, std::string_view content, Privacy privacy, Durability durability) {
    CS_TRY(auto go_on, may_write(file));
    if (!go_on) return {};
    CS_TRY(auto temporary, write_temporary(file, content, privacy, durability));
    CS_CHECK(rename_into_place(temporary, file));
    return durability == Durability::fsync ? sync_folder(file) : Result<void>();
}

Result<void> write_file_for(fs::path const& file, std::string_view content, FileAccess const& access) {
    CS_TRY(auto temporary, write_temporary(file, content, Privacy::owner_only, Durability::fsync));
    constexpr auto unchanged = static_cast<unsigned>(-1);
    // The owner first: a change of owner takes bits of the mode away.
    bool const changed = ((!access.owner && !access.group) ||
                          ::chown(temporary.c_str(), access.owner.value_or(unchanged), access.group.value_or(unchanged)) == 0) &&
                         ::chmod(temporary.c_str(), access.mode) == 0;
    if (!changed) {
        auto why = reason();
        ::unlink(temporary.c_str());
        return fail(errors::fil::cannot_write, {{"file", file.string()}, {"detail", "owner and mode: " + why}});
    }
    CS_CHECK(rename_into_place(temporary, file));
    return sync_folder(file);
}

Result<void> create_file(fs::path const& file, std::string_view content, Privacy privacy) {
    CS_TRY(auto go_on, may_write(file));
    if (!go_on) return {};
    CS_TRY(auto temporary, write_temporary(file, content, privacy, Durability::fsync));
    // link() fails when the name is taken, so that two creators cannot overwrite each other.
    int linked = ::link(temporary.c_str(), file.c_str());
    auto why = errno;
    ::unlink(temporary.c_str());
    if (linked != 0) {
        if (why == EEXIST) return fail(errors::fil::exists, {{"file", file.string()}});
        return fail(errors::fil::cannot_write, {{"file", file.string()}, {"detail", std::generic_category().message(why)}});
    }
    return sync_folder(file);
}

Result<void> ensure_folder(fs::path const& folder) {
    if (folder.empty()) return {};
    std::error_code code;
    if (fs::is_directory(folder, code)) return {};
    if (folder.has_parent_path() && folder.parent_path() != folder) CS_CHECK(ensure_folder(folder.parent_path()));
    if (::mkdir(folder.c_str(), 0700) == 0) return {};
    auto why = reason();
    // Somebody else may have made it meanwhile; a file of that name is no folder.
    if (fs::is_directory(folder, code)) return {};
    return fail(errors::fil::cannot_write, {{"file", folder.string()}, {"detail", why}});
}

Result<void> remove_file(fs::path const& file) {
    CS_TRY(auto go_on, may_write(file));
    if (!go_on) return {};
    if (::unlink(file.c_str()) != 0) {
        if (errno == ENOENT) return {};
        return fail(errors::fil::cannot_write, {{"file", file.string()}, {"detail", reason()}});
    }
    return sync_folder(file);
}

}  // namespace countersign::host
