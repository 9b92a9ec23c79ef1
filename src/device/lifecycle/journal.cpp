#include "device/lifecycle/journal.hpp"

#include "base/log.hpp"
#include "host/files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace countersign::device {
namespace {

std::string in_quotes(std::string_view value) {
    std::string out = "\"";
    for (char c : value) {
        if (c == '"' || c == '\\') out += '\\';
        out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    }
    return out + '"';
}

}  // namespace

std::string journal_line(UtcTime at, std::string_view id, std::vector<std::pair<std::string, std::string>> const& fields) {
    auto line = to_string(at);
    line += ' ';
    line += id;
    for (auto const& [name, value] : fields) line += " " + name + "=" + in_quotes(value);
    return line + "\n";
}

void Journal::append(UtcTime at, std::string_view id, std::vector<std::pair<std::string, std::string>> const& fields) {
    auto line = journal_line(at, id, fields);
    int handle = host::ask_write_hook(file_) > 0 ? -1 : ::open(file_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    bool written = handle >= 0 && ::write(handle, line.data(), line.size()) == static_cast<ssize_t>(line.size());
    struct stat about{};
    bool full = handle >= 0 && ::fstat(handle, &about) == 0 && about.st_size > static_cast<off_t>(k_limit);
    if (handle >= 0) ::close(handle);
    if (full) {
        auto old = file_;
        old += ".1";
        std::error_code ignored;
        std::filesystem::rename(file_, old, ignored);
    }
    if (!written && !complained_) {
        complained_ = true;
        log::warning("journal.not_written", {{"file", file_.string()}});
    }
}

}  // namespace countersign::device
