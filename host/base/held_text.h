#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace tenon {

/// The line for what was left out of a text: "[5 characters omitted]", between two line feeds.
std::string omitted(std::uint64_t number, std::string_view unit);

/// A text of any bytes that comes in pieces, as valid UTF-8. Of a text with more than
/// `max_characters` the first and the last half of that many are kept, so the memory is bounded
/// however long the text becomes. For one thread.
class HeldText {
public:
    explicit HeldText(std::size_t max_characters) : max_characters_(max_characters) {}

    /// A piece may end in the middle of a character.
    void append(std::string_view bytes);

    struct Text {
        std::string text;
        /// Where the beginning ends, and where the end begins: the line of `omitted` is between the
        /// two. npos: nothing was left out.
        std::size_t cut_at = std::string::npos;
        std::size_t resumes_at = std::string::npos;
    };
    /// The text, when nothing more is appended.
    [[nodiscard]] Text finish();

private:
    void take(std::string_view text);

    const std::size_t max_characters_;
    std::string unfinished_;  ///< the first bytes of a character
    std::string head_;        ///< the first `max_characters_`
    std::size_t head_characters_ = 0;
    std::string tail_;                   ///< the end of what follows; longer than is needed
    std::uint64_t more_characters_ = 0;  ///< that follow the head
};

}  // namespace tenon
