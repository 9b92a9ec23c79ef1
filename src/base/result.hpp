#pragma once

/// Result<T> is either a T or an Error. Nothing that can fail returns anything else; exceptions of libraries are
/// turned into Errors where they are caught.

#include "base/error.hpp"

#include <tl/expected.hpp>

#include <type_traits>
#include <utility>

namespace countersign {

template <class T>
class [[nodiscard]] Result : public tl::expected<T, Error> {
public:
    using Base = tl::expected<T, Error>;
    using Base::Base;
    Result(Base&& other) : Base(std::move(other)) {}  // NOLINT(google-explicit-constructor)
    Result(Base const& other) : Base(other) {}        // NOLINT(google-explicit-constructor)
};

using Failure = tl::unexpected<Error>;

/// return fail(errors::crt::not_pem, {{"file", name}});
inline Failure fail(ErrorId id) { return Failure(Error(id)); }
inline Failure fail(ErrorId id, std::initializer_list<std::pair<std::string_view, std::string_view>> parameters) {
    return Failure(Error(id, parameters));
}
inline Failure fail(Error error) { return Failure(std::move(error)); }

/// For transform_error / map_error: adds a place to an error that passes by.
inline auto at(std::string_view place) {
    return [place = std::string(place)](Error error) {
        error.at(place);
        return error;
    };
}

}  // namespace countersign

#define CS_CONCAT_(a, b) a##b
#define CS_CONCAT(a, b) CS_CONCAT_(a, b)

/// CS_TRY(auto key, load_key(file)); declares key, or returns the error.
#define CS_TRY(declaration, ...) CS_TRY_(return, CS_CONCAT(cs_result_, __COUNTER__), declaration, __VA_ARGS__)
/// The same inside a coroutine.
#define CS_CO_TRY(declaration, ...) CS_TRY_(co_return, CS_CONCAT(cs_result_, __COUNTER__), declaration, __VA_ARGS__)
#define CS_TRY_(leave, name, declaration, ...)                     \
    auto name = (__VA_ARGS__);                                     \
    if (!name) leave ::countersign::fail(std::move(name).error()); \
    declaration = *std::move(name)

/// CS_CHECK(write_file(...)); for a Result<void> (or one whose value is not wanted).
#define CS_CHECK(...) CS_CHECK_(return, CS_CONCAT(cs_result_, __COUNTER__), __VA_ARGS__)
#define CS_CO_CHECK(...) CS_CHECK_(co_return, CS_CONCAT(cs_result_, __COUNTER__), __VA_ARGS__)
#define CS_CHECK_(leave, name, ...) \
    if (auto name = (__VA_ARGS__); !name) leave ::countersign::fail(std::move(name).error())
