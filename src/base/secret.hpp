#pragma once

/// Secret<T> holds a password, key or token. It cannot be printed, compared by accident, logged or copied silently,
/// and its memory is wiped when it goes. `reveal()` is the only way in, so that a search for it finds every use.

#include <cstring>
#include <string>
#include <string_view>
#include <utility>

namespace countersign {

/// Overwrites memory in a way the optimiser keeps.
inline void wipe(void* data, std::size_t size) { explicit_bzero(data, size); }

template <class T = std::string>
class Secret {
public:
    Secret() = default;
    explicit Secret(T value) : value_(std::move(value)) {}
    Secret(Secret&& other) noexcept : value_(std::move(other.value_)) { other.clear(); }
    Secret& operator=(Secret&& other) noexcept {
        if (this != &other) {
            clear();
            value_ = std::move(other.value_);
            other.clear();
        }
        return *this;
    }
    Secret(Secret const&) = delete;
    Secret& operator=(Secret const&) = delete;
    ~Secret() { clear(); }

    /// A second copy, asked for by name.
    [[nodiscard]] Secret duplicate() const { return Secret(value_); }
    /// The bytes themselves. Borrowed: valid as long as this Secret.
    [[nodiscard]] T const& reveal() const { return value_; }
    [[nodiscard]] bool empty() const { return value_.empty(); }

private:
    void clear() {
        if (value_.size() > 0) wipe(value_.data(), value_.size() * sizeof(value_[0]));
        value_.clear();
    }
    T value_{};
};

using SecretText = Secret<std::string>;

/// Chosen by every stream and formatter before anything else.
template <class Stream, class T>
Stream& operator<<(Stream&, Secret<T> const&) = delete;

}  // namespace countersign
