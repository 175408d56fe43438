#include "host/ui/markdown_block.h"

#include <algorithm>
#include <md4c.h>

#include "host/base/text_width.h"
#include "host/base/untrusted.h"
#include "host/ui/markdown_inline.h"
#include "host/ui/nested_lines.h"
#include "host/ui/table.h"

namespace tenon::ui {
namespace {

constexpr std::size_t kMostCells = 20'000;
constexpr std::size_t kLongestTarget = 2000;
constexpr std::size_t kMostColumns = 100;

/// A cell's text with line feeds for `<br>`, the one HTML element that is common in tables.
std::string with_breaks(std::string_view cell) {
    std::string out;
    while (true) {
        const std::size_t at = cell.find("<br");
        out += cell.substr(0, at);
        if (at == std::string_view::npos) return out;
        const std::size_t end = cell.find_first_not_of(" /", at + 3);
        const bool element = end != std::string_view::npos && cell[end] == '>';
        out += element ? "\n" : "<br";
        cell.remove_prefix(element ? end + 1 : at + 3);
    }
}

/// Code of a cell without the backslashes that escape bars; md4c does not remove them.
std::string without_escaped_bars(std::string_view code) {
    std::string out;
    for (const char c : code) {
        if (c == '|' && !out.empty() && out.back() == '\\') out.pop_back();
        out += c;
    }
    return out;
}

/// Whether a table has so many columns that md4c would take very long to fill its short rows.
bool has_endless_table(std::string_view source) {
    while (!source.empty()) {
        const std::string_view line = source.substr(0, source.find('\n'));
        const auto bars = static_cast<std::size_t>(std::count(line.begin(), line.end(), '|'));
        if (bars > kMostColumns && line.find_first_not_of("|-: >") == std::string_view::npos)
            return true;
        source.remove_prefix(std::min(line.size() + 1, source.size()));
    }
    return false;
}

std::string decoded(MD_TEXTTYPE type, std::string_view text) {
    return type == MD_TEXT_ENTITY ? harmless_line(decode_entity(text)) : std::string(text);
}

/// Joins the pieces (text and entities) of a title, target or info string. The last of md4c's
/// offsets is the size.
std::string decoded(const MD_ATTRIBUTE& attribute) {
    const std::string_view whole(attribute.text, attribute.size);
    std::string out;
    for (std::size_t i = 0; !whole.empty() && attribute.substr_offsets[i] < whole.size(); ++i) {
        const MD_OFFSET from = attribute.substr_offsets[i];
        const MD_OFFSET length = attribute.substr_offsets[i + 1] - from;
        out += decoded(attribute.substr_types[i], whole.substr(from, length));
    }
    return out;
}

std::string target_of(const MD_ATTRIBUTE& attribute) {
    const std::string target = harmless_line(decoded(attribute));
    return target.size() > kLongestTarget ? cut(target, kLongestTarget) : target;
}

Look look_of_code(std::string_view line, std::string_view language) {
    if (language != "diff" && language != "patch") return kCode;
    const char mark = line.empty() ? ' ' : line[0];
    return mark == '+' ? kGood : mark == '-' ? kBad : mark == '@' ? kCode : Look{};
}

Align align_of(MD_ALIGN align) {
    return align == MD_ALIGN_RIGHT    ? Align::kRight
           : align == MD_ALIGN_CENTER ? Align::kCenter
                                      : Align::kLeft;
}

/// Turns the callbacks of md4c into lines.
class Renderer {
public:
    Renderer(std::size_t width, Style style, std::optional<unsigned> ordinal)
        : style_(style), first_ordinal_(ordinal), lines_(width), inline_(style) {}

    void enter(MD_BLOCKTYPE type, void* detail);
    void leave(MD_BLOCKTYPE type);
    void enter(MD_SPANTYPE type, void* detail);
    void leave(MD_SPANTYPE type);
    void text(MD_TEXTTYPE type, std::string_view text);
    /// A table is too large to be laid out.
    [[nodiscard]] bool gave_up() const { return cells_ > kMostCells; }
    std::vector<std::string> take() { return lines_.take(); }

private:
    struct OpenList {
        bool ordered = false;
        bool tight = false;
        unsigned next = 1;
        char delimiter = '.';
    };
    void enter_list(OpenList list);
    void enter_item(const MD_BLOCK_LI_DETAIL& item);
    void leave_item();
    void enter_heading(unsigned level);
    void enter_code(const MD_BLOCK_CODE_DETAIL& code);
    void leave_code();
    void put_text();
    void put_cell();

    Style style_;
    std::optional<unsigned> first_ordinal_;
    NestedLines lines_;
    InlineText inline_;
    std::vector<OpenList> lists_;
    TextTable table_;
    bool in_table_ = false;
    std::size_t cells_ = 0;
    bool in_code_ = false;
    bool is_fenced_ = false;
    std::string language_;
    std::string code_;
};

void Renderer::put_text() {
    if (inline_.empty()) return;
    lines_.lines(wrap(inline_.take(), lines_.room()));
}

void Renderer::enter_list(OpenList list) {
    put_text();  // the text of a tight item
    lines_.begin_block();
    lists_.push_back(list);
    lines_.enter({}, {}, 0, list.tight);
}

void Renderer::enter_item(const MD_BLOCK_LI_DETAIL& item) {
    OpenList& list = lists_.back();
    std::string marker = "- ";
    if (list.ordered) marker = std::to_string(list.next++) + list.delimiter + " ";
    lines_.begin_block();
    const std::size_t columns = marker.size();
    if (!lines_.enter(marker, std::string(columns, ' '), columns, list.tight)) inline_.text(marker);
    if (item.is_task != 0) inline_.text(item.task_mark == ' ' ? "[ ] " : "[x] ");
}

void Renderer::leave_item() {
    put_text();
    if (lines_.is_waiting()) lines_.line("");
    lines_.leave();
}

void Renderer::enter_heading(unsigned level) {
    lines_.begin_block();
    if (style_ == Style::kPlain) inline_.text(std::string(level, '#') + " ");
    inline_.enter_strong();
}

void Renderer::enter_code(const MD_BLOCK_CODE_DETAIL& code) {
    put_text();
    lines_.begin_block();
    in_code_ = true;
    is_fenced_ = code.fence_char != 0;
    language_ = harmless_line(decoded(code.lang));
}

void Renderer::leave_code() {
    if (!code_.empty() && code_.back() == '\n') code_.pop_back();
    const std::string indent = is_fenced_ ? "" : "    ";
    if (is_fenced_) lines_.line(paint(style_, kDim, cut("```" + language_, lines_.room())));
    for (std::size_t at = 0; at <= code_.size() && !code_.empty();) {
        const std::size_t end = std::min(code_.find('\n', at), code_.size());
        const std::string_view line = std::string_view(code_).substr(at, end - at);
        const std::size_t room = lines_.room() - std::min(lines_.room(), indent.size());
        for (const std::string& row : code_rows(line, language_, room, style_))
            lines_.line(row.empty() ? "" : indent + row);
        at = end + 1;
    }
    if (is_fenced_) lines_.line(paint(style_, kDim, "```"));
    code_.clear();
    in_code_ = false;
}

void Renderer::put_cell() {
    std::string cell = inline_.take();
    if (++cells_ <= kMostCells) table_.rows.back().push_back(with_breaks(cell));
}

void Renderer::enter(MD_BLOCKTYPE type, void* detail) {
    switch (type) {
        case MD_BLOCK_QUOTE: {
            put_text();
            lines_.begin_block();
            const std::string bar = paint(style_, kDim, "│") + " ";
            lines_.enter(bar, bar, 2, false);
            break;
        }
        case MD_BLOCK_UL:
            enter_list({false, static_cast<MD_BLOCK_UL_DETAIL*>(detail)->is_tight != 0, 1, '-'});
            break;
        case MD_BLOCK_OL: {
            const auto& list = *static_cast<MD_BLOCK_OL_DETAIL*>(detail);
            const unsigned start =
                lists_.empty() ? first_ordinal_.value_or(list.start) : list.start;
            enter_list({true, list.is_tight != 0, start, list.mark_delimiter});
            break;
        }
        case MD_BLOCK_LI:
            enter_item(*static_cast<MD_BLOCK_LI_DETAIL*>(detail));
            break;
        case MD_BLOCK_HR:
            put_text();
            lines_.begin_block();
            lines_.line(paint(style_, kDim, "───"));
            break;
        case MD_BLOCK_H:
            put_text();
            enter_heading(static_cast<MD_BLOCK_H_DETAIL*>(detail)->level);
            break;
        case MD_BLOCK_CODE:
            enter_code(*static_cast<MD_BLOCK_CODE_DETAIL*>(detail));
            break;
        case MD_BLOCK_P:
            // No put_text: the mark of a task belongs to the line of the item's first paragraph.
            lines_.begin_block();
            break;
        case MD_BLOCK_TABLE:
            put_text();
            lines_.begin_block();
            table_ = {};
            in_table_ = true;
            break;
        case MD_BLOCK_TR:
            if (!gave_up()) table_.rows.emplace_back();
            break;
        case MD_BLOCK_TH:
            inline_.enter_strong();
            table_.aligns.push_back(align_of(static_cast<MD_BLOCK_TD_DETAIL*>(detail)->align));
            break;
        default:
            break;
    }
}

void Renderer::leave(MD_BLOCKTYPE type) {
    switch (type) {
        case MD_BLOCK_QUOTE:
            if (lines_.is_waiting()) lines_.line("");
            lines_.leave();
            break;
        case MD_BLOCK_UL:
        case MD_BLOCK_OL:
            lists_.pop_back();
            lines_.leave();
            break;
        case MD_BLOCK_LI:
            leave_item();
            break;
        case MD_BLOCK_H:
            inline_.leave_strong();
            put_text();
            break;
        case MD_BLOCK_P:
            put_text();
            break;
        case MD_BLOCK_CODE:
            leave_code();
            break;
        case MD_BLOCK_TH:
            inline_.leave_strong();
            put_cell();
            break;
        case MD_BLOCK_TD:
            put_cell();
            break;
        case MD_BLOCK_TABLE:
            in_table_ = false;
            if (!gave_up()) lines_.lines(table_.render(lines_.room(), style_));
            break;
        default:
            break;
    }
}

void Renderer::enter(MD_SPANTYPE type, void* detail) {
    switch (type) {
        case MD_SPAN_EM:
            return inline_.enter_emphasis();
        case MD_SPAN_STRONG:
            return inline_.enter_strong();
        case MD_SPAN_DEL:
            return inline_.enter_strike();
        case MD_SPAN_CODE:
            return inline_.enter_code();
        case MD_SPAN_A:
            return inline_.enter_link(target_of(static_cast<MD_SPAN_A_DETAIL*>(detail)->href));
        case MD_SPAN_IMG:
            return inline_.enter_image(target_of(static_cast<MD_SPAN_IMG_DETAIL*>(detail)->src));
        default:
            return;
    }
}

void Renderer::leave(MD_SPANTYPE type) {
    switch (type) {
        case MD_SPAN_EM:
            return inline_.leave_emphasis();
        case MD_SPAN_STRONG:
            return inline_.leave_strong();
        case MD_SPAN_DEL:
            return inline_.leave_strike();
        case MD_SPAN_CODE:
            return inline_.leave_code();
        case MD_SPAN_A:
            return inline_.leave_link();
        case MD_SPAN_IMG:
            return inline_.leave_image();
        default:
            return;
    }
}

void Renderer::text(MD_TEXTTYPE type, std::string_view text) {
    if (in_code_) {
        code_ += text;
    } else if (type == MD_TEXT_BR || type == MD_TEXT_SOFTBR) {
        inline_.text("\n");
    } else if (type == MD_TEXT_CODE && in_table_) {
        inline_.text(without_escaped_bars(text));
    } else {
        inline_.text(decoded(type, text));
    }
}

MD_PARSER renderer_callbacks() {
    MD_PARSER parser{};
    parser.flags = MD_FLAG_COLLAPSEWHITESPACE | MD_FLAG_TABLES | MD_FLAG_STRIKETHROUGH |
                   MD_FLAG_TASKLISTS | MD_FLAG_NOHTML;
    parser.enter_block = [](MD_BLOCKTYPE type, void* detail, void* self) {
        static_cast<Renderer*>(self)->enter(type, detail);
        return 0;
    };
    parser.leave_block = [](MD_BLOCKTYPE type, void*, void* self) {
        static_cast<Renderer*>(self)->leave(type);
        return 0;
    };
    parser.enter_span = [](MD_SPANTYPE type, void* detail, void* self) {
        static_cast<Renderer*>(self)->enter(type, detail);
        return 0;
    };
    parser.leave_span = [](MD_SPANTYPE type, void*, void* self) {
        static_cast<Renderer*>(self)->leave(type);
        return 0;
    };
    parser.text = [](MD_TEXTTYPE type, const MD_CHAR* text, MD_SIZE size, void* self) {
        static_cast<Renderer*>(self)->text(type, {text, size});
        return 0;
    };
    return parser;
}

}  // namespace

std::vector<std::string> render_block(std::string_view source, std::size_t width, Style style,
                                      std::optional<unsigned> ordinal) {
    const std::string text = harmless(source);
    if (has_endless_table(text)) return wrap(text, width);
    Renderer renderer(width, style, ordinal);
    const MD_PARSER callbacks = renderer_callbacks();
    const int failed =
        md_parse(text.data(), static_cast<MD_SIZE>(text.size()), &callbacks, &renderer);
    // When md4c or a table gives up, the source is shown as it is.
    return failed != 0 || renderer.gave_up() ? wrap(text, width) : renderer.take();
}

std::vector<std::string> code_rows(std::string_view line, std::string_view language,
                                   std::size_t width, Style style) {
    const std::string painted = paint(style, look_of_code(line, language), line);
    const std::size_t text = line.find_first_not_of(' ');
    const bool has_blanks =
        text != std::string_view::npos && line.find(' ', text) != std::string_view::npos;
    if (!has_blanks || width_of(line) <= width) return {painted};
    return wrap(painted, width);
}

}  // namespace tenon::ui
