#pragma once

#include <cassert>
#include <cerrno>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <variant>

namespace tenon {

/// Why something did not work, in words for a person: what was tried, on what, and the cause.
struct Error {
    std::string message;

    /// "open /x: Permission denied". `code` is an errno value.
    static Error from_errno(std::string_view doing, int code = errno) {
        return {std::string(doing) + ": " + std::generic_category().message(code)};
    }
    /// The same error, one layer further out: "doing: message".
    [[nodiscard]] Error while_doing(std::string_view doing) const {
        return {std::string(doing) + ": " + message};
    }
};

/// A value, or what kept it from being made. Whoever receives one decides; it is never ignored.
template <class T, class E = Error>
class [[nodiscard]] Result {
public:
    Result(T value)
        : state_(std::in_place_index<0>, std::move(value)) {
    }  // NOLINT(google-explicit-constructor)
    Result(E error)
        : state_(std::in_place_index<1>, std::move(error)) {
    }  // NOLINT(google-explicit-constructor)

    [[nodiscard]] bool ok() const { return state_.index() == 0; }
    explicit operator bool() const { return ok(); }

    T& operator*() & { return value(); }
    const T& operator*() const& { return value(); }
    T&& operator*() && { return std::move(value()); }
    T* operator->() { return &value(); }
    const T* operator->() const { return &value(); }

    T& value() {
        assert(ok());
        return *std::get_if<0>(&state_);
    }
    const T& value() const {
        assert(ok());
        return *std::get_if<0>(&state_);
    }
    [[nodiscard]] const E& error() const {
        assert(!ok());
        return *std::get_if<1>(&state_);
    }
    T value_or(T other) && { return ok() ? std::move(value()) : std::move(other); }

private:
    std::variant<T, E> state_;
};

/// Done, or why not.
template <class E>
class [[nodiscard]] Result<void, E> {
public:
    Result() = default;
    Result(E error) : error_(std::move(error)) {}  // NOLINT(google-explicit-constructor)

    [[nodiscard]] bool ok() const { return !error_; }
    explicit operator bool() const { return ok(); }
    [[nodiscard]] const E& error() const {
        assert(error_);
        return *error_;
    }

private:
    std::optional<E> error_;
};

}  // namespace tenon
