#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <tenon/paths.hpp>

/// The host as the file tools use it.
namespace tenon::file {

/// The host during one call; valid as long as the call. All functions throw Failure: those of Paths
/// (tenon/paths.hpp), and these.
class Host : public Paths {
public:
    explicit Host(const Call& call) : Paths(call), call_(call) {}

    /// The outermost folder that may be read and holds the absolute `path`, or empty.
    [[nodiscard]] std::string root_of(std::string_view path) const;
    /// A part of a longer text, without known secrets and without their pieces at a cut
    /// beginning or end. `text` may be any bytes; the result is valid UTF-8.
    [[nodiscard]] std::string without_keys(std::string_view text, bool cut_begin,
                                           bool cut_end) const;
    /// Adds an image to the result of the call; returns its type. `shown` is the file's name for
    /// messages.
    [[nodiscard]] std::string add_image(const std::string& shown, std::string_view bytes) const;
    /// Throws Failure (TENON_CANCELLED) once the call is cancelled. Cheap enough for every loop.
    void check_cancelled() const;

private:
    const Call& call_;
};

}  // namespace tenon::file
