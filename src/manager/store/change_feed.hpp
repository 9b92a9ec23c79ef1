#pragma once

/// A second connection to PostgreSQL, on a thread of its own: hears what other managers commit (LISTEN), shows that this one lives, and
/// tries to lead. All three end with the connection, so that a killed manager is missed at once.

#include "base/secret.hpp"
#include "manager/store/shared_store.hpp"

#include <atomic>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

namespace countersign::manager::store {

class Database;

class ChangeFeed {
public:
    using Listener = std::function<void(SharedChange)>;
    /// `text`: see connection_text(). Changes whose origin is `origin` are this manager's own and not told.
    ChangeFeed(SecretText text, std::string origin, std::string owner, Listener listener);
    ~ChangeFeed();
    ChangeFeed(ChangeFeed const&) = delete;
    ChangeFeed& operator=(ChangeFeed const&) = delete;
    [[nodiscard]] bool leads() const { return leads_; }

private:
    void serve();
    /// Until the connection ends, or the program.
    void listen();

    SecretText text_;
    std::string origin_, owner_;
    Listener listener_;
    std::atomic<bool> stopping_ = false;
    std::atomic<bool> leads_ = false;
    int wake_ = -1;  ///< eventfd
    std::thread thread_;
};

/// "origin kind id detail", as the triggers and tell() write it. Nothing when it is none.
std::optional<SharedChange> parse_change(std::string_view payload, std::string_view own_origin);

/// Makes the triggers by which every committed change is told, for the tables as they are now. Any number of times.
void make_change_triggers(Database& database);

/// Classes of advisory locks; the second number is the schema or what is locked.
enum class LockClass : std::int32_t {
    write = 1129536366,
    start = 1129536367,
    lead = 1129536368,
    presence = 1129536369,
    system = 1129536370
};

}  // namespace countersign::manager::store
