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

/// Which blocks a Markdown text begins with, without what they hold.
struct Outline {
    /// Of the top level: 0, 1, or 2 for more. An item of a list counts as a block. A text has none
    /// when it is blank, and when md4c takes it for definitions of links.
    std::size_t blocks = 0;
    /// Of the last of these.
    BlockType type = BlockType::kNone;

    // Of an item.
    bool ordered = false;
    unsigned number = 1;   ///< of an ordered item
    char delimiter = '-';  ///< the bullet, or what follows the number

    // Of fenced code.
    std::string info;        ///< what follows the opening fence, without blanks around it
    bool has_lines = false;  ///< a line of code follows the opening fence
};
/// Asks md4c. Pure; the time is linear in the size of the text.
Outline outline_of(std::string text);

}  // namespace tenon::ui
