#pragma once

#include <cstddef>
#include <string>

namespace tenon::ui {

enum class BlockType {
    kNone,
    kParagraph,
    kHeading,
    kRule,
    kQuote,
    kItem,
    kTable,
    kIndentedCode,
    kFencedCode,
    kHtml
};

/// The first blocks of a Markdown text, without their contents.
struct Outline {
    /// The number of top-level blocks: 0, 1, or 2 for two or more. Each item of a list counts. A
    /// text has none when it is blank or when md4c reads it as definitions of links.
    std::size_t blocks = 0;
    /// The type of the last counted block.
    BlockType type = BlockType::kNone;

    // For an item:
    bool ordered = false;
    unsigned number = 1;   ///< of an ordered item
    char delimiter = '-';  ///< the bullet, or the character behind the number

    // For fenced code:
    std::string info;        ///< the text behind the opening fence, trimmed
    bool has_lines = false;  ///< a line of code follows the opening fence
};
/// Parses `text` with md4c. Pure; the time is linear in the size of the text.
Outline outline_of(std::string text);

}  // namespace tenon::ui
