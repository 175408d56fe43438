#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

/// Replacing a piece of a file that a model quotes from memory. Pure functions of bytes: a file
/// need not be UTF-8, and what is not replaced stays byte for byte.
namespace tenon::file {

/// Where `old_text` stands in a file, and what to put there. A byte order mark at the beginning of
/// the file or of the texts is no part of the text. Line ends (LF or CRLF) do not count for the
/// comparison, and those of the file stay; only texts that differ in nothing else are taken
/// literally.
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

/// For a text that does not occur: what could have been meant, in a sentence, or empty.
std::string why_not_found(std::string_view content, std::string_view old_text);

}  // namespace tenon::file
