#pragma once

/// Who called us, as it happens: system_called() writes it down, await_contact waits for it. In memory only; what must
/// outlive the program is in the store.

#include "manager/estate/model.hpp"
#include "net/sync.hpp"

#include <map>
#include <mutex>

namespace countersign::manager {

class ContactBoard {
public:
    void note(SystemId id, bool https);
    /// How many calls of this system were noted: a mark to wait from.
    [[nodiscard]] std::uint64_t mark(SystemId id) const;
    /// True when the system calls after `mark`, over HTTPS or over HTTP as is asked for, within `timeout`.
    net::Task<bool> wait(SystemId id, std::uint64_t mark, bool https, net::Milliseconds timeout);

private:
    struct Entry {
        net::Signal called;
        std::uint64_t newest_https = 0;  ///< count of `called` after the newest call over HTTPS
        std::uint64_t newest_http = 0;   ///< and over HTTP
    };
    Entry entry(SystemId id) const;

    mutable std::mutex mutex_;
    mutable std::map<SystemId, Entry> entries_;
};

}  // namespace countersign::manager
