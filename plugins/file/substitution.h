#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

/// Replaces a piece of a file that a model quotes from memory. Pure functions of bytes: a file need
/// not be UTF-8, and the rest of it stays byte for byte.
namespace tenon::file {

/// Where `old_text` occurs in a file, and what replaces it. A byte order mark at the beginning of
/// the file or of a text is not part of the text. The comparison ignores whether lines end in LF or
/// CRLF, and the file keeps its line ends; only when the two texts differ in nothing but line ends,
/// they are taken literally.
class Substitution {
public:
    /// `content` must outlive the object. The texts must differ, `old_text` not be empty.
    Substitution(std::string_view content, std::string_view old_text, std::string_view new_text);

    /// How often, without overlaps.
    [[nodiscard]] std::size_t count() const { return places_.size(); }
    /// The lines, from 1, on which the places begin.
    [[nodiscard]] std::vector<std::size_t> lines() const;
    /// The content with every place replaced.
    [[nodiscard]] std::string apply() const;

private:
    struct Place {
        std::size_t at, size;
    };
    [[nodiscard]] std::string replacement(const Place& place) const;

    std::string_view content_;
    std::vector<Place> places_;
    std::string new_text_;
    bool literal_ = false;
    bool mostly_crlf_ = false;
};

/// For a text that does not occur: a sentence that says what may have been meant, or empty.
std::string why_not_found(std::string_view content, std::string_view old_text);

}  // namespace tenon::file
