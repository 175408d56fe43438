#include "host/ui/markdown_outline.h"

#include <md4c.h>
#include <utility>

namespace tenon::ui {
namespace {

constexpr std::size_t kMostBlocks = 2;

BlockType type_of(MD_BLOCKTYPE type, void* detail) {
    switch (type) {
        case MD_BLOCK_H:
            return BlockType::kHeading;
        case MD_BLOCK_HR:
            return BlockType::kRule;
        case MD_BLOCK_QUOTE:
            return BlockType::kQuote;
        case MD_BLOCK_LI:
            return BlockType::kItem;
        case MD_BLOCK_TABLE:
            return BlockType::kTable;
        case MD_BLOCK_HTML:
            return BlockType::kHtml;
        case MD_BLOCK_CODE:
            return static_cast<MD_BLOCK_CODE_DETAIL*>(detail)->fence_char == 0
                       ? BlockType::kIndentedCode
                       : BlockType::kFencedCode;
        default:
            return BlockType::kParagraph;
    }
}

/// Records the top-level blocks that md4c reports. A callback ends the parsing by returning 1.
class Outliner {
public:
    int enter(MD_BLOCKTYPE type, void* detail) {
        if (type == MD_BLOCK_DOC) return 0;
        if (depth_ == 0 && type == MD_BLOCK_UL) {
            outline_.ordered = false;
            outline_.delimiter = static_cast<MD_BLOCK_UL_DETAIL*>(detail)->mark;
        } else if (depth_ == 0 && type == MD_BLOCK_OL) {
            const auto& list = *static_cast<MD_BLOCK_OL_DETAIL*>(detail);
            outline_.ordered = true;
            outline_.delimiter = list.mark_delimiter;
            outline_.number = list.start;
        } else if (depth_++ == 0) {
            return begin(type, detail);
        }
        return 0;
    }
    int leave() {
        if (depth_ > 0) --depth_;
        return 0;
    }
    int text() {
        if (depth_ == 1) outline_.has_lines = true;
        return 0;
    }
    Outline take() { return std::move(outline_); }

private:
    int begin(MD_BLOCKTYPE type, void* detail) {
        outline_.type = type_of(type, detail);
        if (outline_.type == BlockType::kFencedCode) {
            const MD_ATTRIBUTE& info = static_cast<MD_BLOCK_CODE_DETAIL*>(detail)->info;
            outline_.info = std::string_view(info.text, info.size);
        }
        return ++outline_.blocks < kMostBlocks ? 0 : 1;
    }

    Outline outline_;
    std::size_t depth_ = 0;  // open blocks; the document and lists of the top level do not count
};

MD_PARSER outliner_callbacks() {
    MD_PARSER parser{};
    parser.flags = MD_FLAG_TABLES | MD_FLAG_NOHTMLSPANS;
    parser.enter_block = [](MD_BLOCKTYPE type, void* detail, void* self) {
        return static_cast<Outliner*>(self)->enter(type, detail);
    };
    parser.leave_block = [](MD_BLOCKTYPE, void*, void* self) {
        return static_cast<Outliner*>(self)->leave();
    };
    parser.enter_span = [](MD_SPANTYPE, void*, void*) { return 0; };
    parser.leave_span = [](MD_SPANTYPE, void*, void*) { return 0; };
    parser.text = [](MD_TEXTTYPE, const MD_CHAR*, MD_SIZE, void* self) {
        return static_cast<Outliner*>(self)->text();
    };
    return parser;
}

}  // namespace

Outline outline_of(std::string text) {
    static const MD_PARSER kCallbacks = outliner_callbacks();
    // Without it md4c does not recognise an HTML comment that begins with the last four bytes.
    text += '\n';
    Outliner outliner;
    (void)md_parse(text.data(), static_cast<MD_SIZE>(text.size()), &kCallbacks, &outliner);
    return outliner.take();
}

}  // namespace tenon::ui
