#pragma once

/// Keeps other programs of the machine (a web server, a SIP proxy) supplied with the system's certificate, key, chain and trust
/// list. Looked at when the system has started, when a certificate or the trust list changes, when hooks.toml is read again, and
/// once an hour; what is in place already is left alone. A hook that fails is told ("hook.failed", fact "hook.<name>.status")
/// and tried again; it never keeps the system from its own work.

#include "device/hooks/hooks_file.hpp"
#include "device/unit.hpp"
#include "net/sync.hpp"

#include <memory>
#include <mutex>
#include <vector>

namespace countersign::device {

/// The hooks that are in force. Any thread.
class HookBook {
public:
    explicit HookBook(fs::path file) : file_(std::move(file)) {}
    /// Reads the file again; on an error those that were in force stay.
    Result<void> load();
    [[nodiscard]] std::vector<Hook> hooks() const;
    [[nodiscard]] net::Signal const& changed() const { return changed_; }
    [[nodiscard]] fs::path const& file() const { return file_; }
    /// Held during a delivery: two of one hook would spoil each other's files.
    [[nodiscard]] std::mutex& delivering() { return delivering_; }
    /// Looks at all of them again.
    void wake() { changed_.raise(); }

private:
    fs::path file_;
    mutable std::mutex mutex_;
    std::mutex delivering_;
    std::vector<Hook> hooks_;
    net::Signal changed_;
};

CompanionMaker make_hooks(std::shared_ptr<HookBook> book);

}  // namespace countersign::device
