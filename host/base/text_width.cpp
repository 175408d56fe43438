#include "host/base/text_width.h"

#include <algorithm>

#include "host/base/character.h"

namespace tenon {
namespace {

constexpr char kEscape = '\x1b';
constexpr std::string_view kReset = "\x1b[0m";
constexpr char32_t kJoiner = 0x200D;
constexpr char32_t kEmojiStyle = 0xFE0F;
constexpr char32_t kKeycap = 0x20E3;
constexpr std::size_t kNarrowest = 2;
/// The columns of a line that stay before a suffix in any case.
constexpr std::size_t kLeastBefore = 12;

/// Where emoji are; a joiner between two others joins nothing that terminals know.
bool is_pictograph(char32_t code) {
    return (code >= 0x2190 && code <= 0x2BFF) || (code >= 0x1F000 && code <= 0x1FAFF);
}

std::size_t sgr_bytes(std::string_view text) {
    const std::size_t end = text.find('m');
    return end == std::string_view::npos ? text.size() : end + 1;
}

/// What follows the base of a cluster.
Cluster whole_cluster(std::string_view text, Character base) {
    Cluster cluster{base.bytes, columns_of(base.code)};
    const bool symbol = base.code >= 0xA9;
    while (cluster.bytes < text.size()) {
        const Character next = first_character(text.substr(cluster.bytes));
        if (!continues_cluster(next.code)) break;
        cluster.bytes += next.bytes;
        if (next.code == kKeycap || (next.code == kEmojiStyle && symbol)) {
            cluster.columns = 2;
        } else if (next.code != kJoiner) {
            cluster.columns += cluster.columns == 2 ? 0 : columns_of(next.code);
        } else if (is_pictograph(base.code) && cluster.bytes < text.size()) {
            const Character joined = first_character(text.substr(cluster.bytes));
            if (is_pictograph(joined.code)) cluster.bytes += joined.bytes;
        }
    }
    return cluster;
}

/// Closes the styling at the end of each line and opens it again on the next.
void balance(std::vector<std::string>& lines) {
    std::string open;
    for (std::string& line : lines) {
        const std::string carried = open;
        for (std::size_t at = line.find(kEscape); at != std::string::npos;
             at = line.find(kEscape, at + 1)) {
            const std::string_view sgr(line.data() + at,
                                       sgr_bytes(std::string_view(line).substr(at)));
            if (sgr == kReset) {
                open.clear();
            } else {
                open += sgr;
            }
        }
        line.insert(0, carried);
        if (!open.empty()) line += kReset;
    }
}

/// Whether each byte of the text is a character of one column: most lines are such text.
bool is_printable_ascii(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7F; });
}

/// Words are put on lines as they come.
class Wrapper {
public:
    Wrapper(std::size_t columns, LongWords long_words)
        : columns_(std::max(columns, kNarrowest)), long_words_(long_words) {}

    void take(std::string_view text, Cluster cluster) {
        const std::string_view bytes = text.substr(0, cluster.bytes);
        if (bytes == "\n") {
            end_line();
        } else if (bytes == " ") {
            place_word();
            ++blanks_;
        } else {
            if (cluster.columns == 2) place_word();
            word_ += bytes;
            word_columns_ += cluster.columns;
            if (cluster.columns == 2) place_word();
        }
    }

    std::vector<std::string> finish() {
        end_line();
        balance(lines_);
        return std::move(lines_);
    }

private:
    void place_word() {
        if (word_.empty()) return;
        if (word_columns_ == 0) {  // styling alone stays where it is
            line_ += word_;
        } else if (line_columns_ + blanks_ + word_columns_ <= columns_) {
            put_blanks();
            line_ += word_;
            line_columns_ += word_columns_;
        } else {
            if (line_columns_ > 0) break_line();
            blanks_ = 0;
            if (long_words_ == LongWords::kBroken) {
                put_in_pieces();
            } else {
                line_ += word_;
                line_columns_ += word_columns_;
            }
        }
        word_.clear();
        word_columns_ = 0;
    }

    void put_blanks() {
        line_.append(blanks_, ' ');
        line_columns_ += blanks_;
        blanks_ = 0;
    }

    void put_in_pieces() {
        for (std::string_view rest = word_; !rest.empty();) {
            const Cluster cluster = first_cluster(rest);
            if (line_columns_ + cluster.columns > columns_) break_line();
            line_ += rest.substr(0, cluster.bytes);
            line_columns_ += cluster.columns;
            rest.remove_prefix(cluster.bytes);
        }
    }

    void break_line() {
        lines_.push_back(std::move(line_));
        line_.clear();
        line_columns_ = 0;
    }

    void end_line() {
        place_word();
        blanks_ = 0;
        break_line();
    }

    std::size_t columns_;
    LongWords long_words_;
    std::vector<std::string> lines_;
    std::string line_;
    std::size_t line_columns_ = 0;
    std::size_t blanks_ = 0;
    std::string word_;
    std::size_t word_columns_ = 0;
};

}  // namespace

Cluster first_cluster(std::string_view text) {
    const auto lead = static_cast<unsigned char>(text[0]);
    if (lead == kEscape) return {sgr_bytes(text), 0};
    if (lead < 0x20) return {1, 0};
    const bool alone = text.size() == 1 || static_cast<unsigned char>(text[1]) < 0x80;
    if (lead < 0x80 && alone) return {1, lead == 0x7F ? 0U : 1U};
    const Character base = first_character(text);
    if (is_regional_indicator(base.code) && base.bytes < text.size()) {
        const Character second = first_character(text.substr(base.bytes));
        if (is_regional_indicator(second.code)) return {base.bytes + second.bytes, 2};
    }
    return whole_cluster(text, base);
}

std::size_t width_of(std::string_view line) {
    if (is_printable_ascii(line)) return line.size();
    std::size_t columns = 0;
    while (!line.empty()) {
        const Cluster cluster = first_cluster(line);
        columns += cluster.columns;
        line.remove_prefix(cluster.bytes);
    }
    return columns;
}

std::string cut(std::string_view line, std::size_t columns) {
    if (columns == 0) return {};
    if (line.size() <= columns && is_printable_ascii(line)) return std::string(line);
    std::size_t taken = 0;
    std::size_t shortened = 0;  // where the line ends when it needs the dots
    bool styled = false;
    for (std::size_t at = 0; at < line.size();) {
        const Cluster cluster = first_cluster(line.substr(at));
        taken += cluster.columns;
        if (taken > columns) {
            return std::string(line.substr(0, shortened)) + "…" +
                   (styled ? std::string(kReset) : "");
        }
        if (line[at] == kEscape) styled = line.substr(at, cluster.bytes) != kReset;
        at += cluster.bytes;
        if (taken < columns) shortened = at;
    }
    return std::string(line);
}

std::string cut_before(std::string_view line, std::string_view suffix, std::size_t columns) {
    const std::size_t taken = width_of(suffix);
    if (taken + kLeastBefore > columns) return cut(std::string(line).append(suffix), columns);
    return cut(line, columns - taken).append(suffix);
}

std::vector<std::string> wrap(std::string_view text, std::size_t columns, LongWords long_words) {
    if (text.size() <= columns && is_printable_ascii(text))
        return {std::string(text.substr(0, text.find_last_not_of(' ') + 1))};
    Wrapper wrapper(columns, long_words);
    while (!text.empty()) {
        const Cluster cluster = first_cluster(text);
        wrapper.take(text, cluster);
        text.remove_prefix(cluster.bytes);
    }
    return wrapper.finish();
}

std::vector<std::string> fold(std::string_view text, std::size_t columns) {
    columns = std::max(columns, kNarrowest);
    std::vector<std::string> lines(1);
    std::size_t taken = 0;
    while (!text.empty()) {
        const Cluster cluster = first_cluster(text);
        const bool line_feed = text[0] == '\n';
        if (line_feed || taken + cluster.columns > columns) {
            lines.emplace_back();
            taken = 0;
        }
        if (!line_feed) lines.back() += text.substr(0, cluster.bytes);
        taken += cluster.columns;
        text.remove_prefix(cluster.bytes);
    }
    balance(lines);
    return lines;
}

std::string padded(std::string line, std::size_t columns) {
    const std::size_t width = width_of(line);
    if (width < columns) line.append(columns - width, ' ');
    return line;
}

}  // namespace tenon
