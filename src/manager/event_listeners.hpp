#pragma once

/// Who watches what happens, for as long as he holds his handle. Any thread.

#include "manager/manager.hpp"

#include <map>
#include <mutex>

namespace countersign::manager {

class EventListeners {
public:
    /// The listener is removed with the handle, which may outlive this.
    std::shared_ptr<void> add(std::function<void(Event)> listener) {
        auto list = list_;
        std::uint64_t key = 0;
        {
            std::scoped_lock lock(list->mutex);
            key = list->next++;
            list->entries[key] = std::move(listener);
        }
        // The handle is a non-null pointer whose end removes the listener.
        return std::shared_ptr<void>(list.get(), [list, key](void*) {
            std::scoped_lock lock(list->mutex);
            list->entries.erase(key);
        });
    }
    void tell(Event const& event) const {
        std::vector<std::function<void(Event)>> now;
        {
            std::scoped_lock lock(list_->mutex);
            for (auto const& [key, listener] : list_->entries) now.push_back(listener);
        }
        for (auto const& listener : now) listener(event);
    }

private:
    struct List {
        std::mutex mutex;
        std::uint64_t next = 0;
        std::map<std::uint64_t, std::function<void(Event)>> entries;
    };
    std::shared_ptr<List> list_ = std::make_shared<List>();
};

}  // namespace countersign::manager
