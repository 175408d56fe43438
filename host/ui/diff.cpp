#include "host/ui/diff.h"

#include <algorithm>

#include "host/base/text_width.h"
#include "host/base/untrusted.h"
#include "host/base/utf8.h"
#include "host/ui/folded.h"
#include "host/ui/line_diff.h"

namespace tenon::ui {
namespace {

using Texts = std::vector<std::string_view>;

constexpr std::size_t kContext = 3;
constexpr std::size_t kMostDiffBytes = 4U << 20U;
constexpr std::size_t kMostDiffLines = 50'000;
constexpr std::size_t kLongestLine = 2000;

std::size_t occurrences(std::string_view text, std::string_view what) {
    std::size_t n = 0;
    for (std::size_t at = text.find(what); at != std::string_view::npos;
         at = text.find(what, at + what.size()))
        ++n;
    return n;
}

void replace_text(std::string& text, std::string_view what, std::string_view by, bool all) {
    std::string out;
    std::string_view rest = text;
    for (std::size_t at = rest.find(what); at != std::string_view::npos; at = rest.find(what)) {
        out.append(rest.substr(0, at)).append(by);
        rest.remove_prefix(at + what.size());
        if (!all) break;
    }
    text = out.append(rest);
}

bool has_crlf_only(std::string_view text) {
    return occurrences(text, "\r\n") == occurrences(text, "\n");
}

std::string without_cr(std::string_view text) {
    std::string out(text);
    replace_text(out, "\r\n", "\n", true);
    return out;
}

TextChange replacement_of(const Json& input, const agent::ToolFacts& facts,
                          std::optional<std::string_view> contents) {
    TextChange part{string_or(input, facts.before), string_or(input, facts.after), false};
    if (!contents || part.before.empty()) return part;
    // The tool converts its arguments to the line ends of the file.
    const bool crlf = contents->find("\r\n") != std::string_view::npos;
    const std::string old_text = crlf ? without_cr(part.before) : part.before;
    TextChange change{crlf ? without_cr(*contents) : std::string(*contents), {}, true};
    const std::size_t places = occurrences(change.before, old_text);
    const bool all = bool_or(input, facts.everywhere, false);
    if (places == 0 || (places > 1 && !all)) return part;
    change.after = change.before;
    replace_text(change.after, old_text, crlf ? without_cr(part.after) : part.after, all);
    return change;
}

/// Lines with their line feeds, so that a missing one at the end is a difference.
Texts lines_with_feeds(std::string_view text) {
    Texts lines;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size() - 1);
        lines.push_back(text.substr(0, end + 1));
        text.remove_prefix(end + 1);
    }
    return lines;
}

/// A line without controls and tabs, of limited length.
std::string shown_line(std::string_view line) {
    if (!line.empty() && line.back() == '\n') line.remove_suffix(1);
    const std::string_view first = line.substr(0, kLongestLine);
    const std::string_view kept = first.substr(
        0, first.size() - (first.size() < line.size() ? utf8::incomplete_suffix(first) : 0));
    std::string text = without_tabs(visible(kept, true));
    if (kept.size() < line.size())
        text += "… +" + std::to_string(line.size() - kept.size()) + " bytes";
    return text;
}

std::string counted_rows(std::size_t left_out, const DiffOptions& options) {
    return paint(options.style, kDim, folded_line(left_out, options.fold_key, options.width));
}

/// The rows of a diff. Rows beyond the limit are only counted.
class DiffRows {
public:
    DiffRows(const DiffOptions& options, std::size_t number_columns)
        : options_(options), number_columns_(number_columns) {}

    void put(const LineChange& change, std::string_view line) {
        if (rows_.size() >= options_.max_rows) {
            ++left_out_;
            return;
        }
        const bool added = change.edit == LineEdit::kAdded;
        const std::string sign = added ? "+ " : change.edit == LineEdit::kRemoved ? "- " : "  ";
        const std::size_t number =
            (change.edit == LineEdit::kRemoved ? change.before : change.after) + 1;
        const Look look = added ? kGood : change.edit == LineEdit::kRemoved ? kBad : Look{};
        std::string gutter = gutter_of(std::to_string(number));
        const std::size_t room = options_.width - std::min(options_.width, gutter_columns() + 2);
        for (const std::string& part : fold(shown_line(line), room)) {
            rows_.push_back(paint(options_.style, kDim, gutter) +
                            paint(options_.style, look, sign + part));
            gutter.assign(gutter.size(), ' ');
        }
        if (change.edit != LineEdit::kSame && line.back() != '\n') {
            rows_.push_back(std::string(gutter_columns(), ' ') +
                            paint(options_.style, kDim, "\\ no line feed at the end"));
        }
    }

    void put_gap() {
        if (rows_.size() < options_.max_rows)
            rows_.push_back(paint(options_.style, kDim, std::string(gutter_columns(), ' ') + "⋮"));
    }

    /// Puts the rows, and whether some are left out or cut, into `out`.
    void finish(Diff& out) {
        out.is_cut = left_out_ > 0 || rows_.size() > options_.max_rows;
        if (rows_.size() > options_.max_rows) rows_.resize(options_.max_rows);
        for (std::string& row : rows_) {
            out.is_cut = out.is_cut || width_of(row) > options_.width;
            row = cut(row, options_.width);
        }
        if (left_out_ > 0) rows_.push_back(counted_rows(left_out_, options_));
        out.lines = std::move(rows_);
    }

private:
    [[nodiscard]] std::size_t gutter_columns() const {
        return number_columns_ > 0 ? number_columns_ + 1 : 0;
    }
    [[nodiscard]] std::string gutter_of(const std::string& number) const {
        if (number_columns_ == 0) return {};
        return std::string(number_columns_ - number.size(), ' ') + number + " ";
    }

    DiffOptions options_;
    std::size_t number_columns_;
    std::size_t left_out_ = 0;
    std::vector<std::string> rows_;
};

/// Marks the lines that are shown: changes and their context.
std::vector<bool> near_changes(const std::vector<LineChange>& changes) {
    std::vector<bool> near(changes.size(), false);
    for (std::size_t i = 0; i < changes.size(); ++i) {
        if (changes[i].edit == LineEdit::kSame) continue;
        const std::size_t from = i < kContext ? 0 : i - kContext;
        const std::size_t to = std::min(changes.size(), i + kContext + 1);
        std::fill(near.begin() + static_cast<std::ptrdiff_t>(from),
                  near.begin() + static_cast<std::ptrdiff_t>(to), true);
    }
    return near;
}

void put_near_changes(const std::vector<LineChange>& changes, const Texts& before,
                      const Texts& after, DiffRows& rows) {
    const std::vector<bool> near = near_changes(changes);
    bool begun = false;
    for (std::size_t i = 0; i < changes.size(); ++i) {
        if (!near[i]) continue;
        if (begun && !near[i - 1]) rows.put_gap();
        begun = true;
        const LineChange& change = changes[i];
        rows.put(change,
                 change.edit == LineEdit::kAdded ? after[change.after] : before[change.before]);
    }
}

std::size_t count_of(const std::vector<LineChange>& changes, LineEdit edit) {
    return static_cast<std::size_t>(
        std::count_if(changes.begin(), changes.end(),
                      [&](const LineChange& change) { return change.edit == edit; }));
}

void put_head(const DiffOptions& options, std::vector<std::string>& lines) {
    if (options.path.empty() || lines.empty()) return;
    std::string mark = "── ";
    const std::size_t columns = width_of(mark);
    std::vector<std::string> head;
    for (const std::string& row :
         fold(visible(options.path), options.width - std::min(options.width, columns))) {
        head.push_back(paint(options.style, kDim, mark) + paint(options.style, kBold, row));
        mark.assign(columns, ' ');
    }
    lines.insert(lines.begin(), head.begin(), head.end());
}

Diff summary_of(std::size_t removed, std::size_t added, const DiffOptions& options) {
    const std::string line = "(a large change: " + std::to_string(removed) + " lines become " +
                             std::to_string(added) + ")";
    Diff out{{cut(line, options.width)}, added, removed};
    put_head(options, out.lines);
    return out;
}

/// Only a whole file can lack a line feed at its end.
void end_with_line_feed(std::string& text) {
    if (!text.empty() && text.back() != '\n') text += '\n';
}

}  // namespace

std::optional<TextChange> change_of(const agent::ToolCall& call, const agent::ToolFacts& facts,
                                    std::optional<std::string_view> contents) {
    if (facts.result != agent::ResultView::kChange) return {};
    if (!facts.before.empty()) return replacement_of(call.input, facts, contents);
    return TextChange{std::string(contents.value_or("")), string_or(call.input, facts.after), true};
}

std::string changed_path(const Json& input, const agent::ToolFacts& facts) {
    return facts.writes.empty() ? std::string() : string_or(input, facts.writes.front());
}

Diff diff(const TextChange& change, const DiffOptions& options) {
    std::string old_text = change.before;
    std::string new_text = change.after;
    if (has_crlf_only(old_text) && has_crlf_only(new_text)) {
        old_text = without_cr(old_text);
        new_text = without_cr(new_text);
    }
    if (!change.whole) {
        end_with_line_feed(old_text);
        end_with_line_feed(new_text);
    }
    const Texts before = lines_with_feeds(old_text);
    const Texts after = lines_with_feeds(new_text);
    if (old_text.size() + new_text.size() > kMostDiffBytes ||
        before.size() + after.size() > kMostDiffLines)
        return summary_of(before.size(), after.size(), options);
    const std::size_t highest = std::max(before.size(), after.size());
    DiffRows rows(options, change.whole ? std::to_string(highest).size() : 0);
    const auto changes = compare(before, after);
    put_near_changes(changes, before, after, rows);
    Diff out;
    rows.finish(out);
    put_head(options, out.lines);
    out.added = count_of(changes, LineEdit::kAdded);
    out.removed = count_of(changes, LineEdit::kRemoved);
    return out;
}

Diff shown_diff(std::string_view text, const DiffOptions& options) {
    Diff out;
    std::size_t left_out = 0;
    for (const std::string_view line : lines_with_feeds(text)) {
        const std::string_view begin = line.substr(0, 3);
        const bool header = begin == "+++" || begin == "---";
        const bool added = !header && begin.substr(0, 1) == "+";
        const bool removed = !header && begin.substr(0, 1) == "-";
        out.added += added ? 1U : 0U;
        out.removed += removed ? 1U : 0U;
        if (out.lines.size() >= options.max_rows) {
            ++left_out;
            continue;
        }
        const Look look = added ? kGood : removed ? kBad : kDim;
        const std::string row = paint(options.style, look, shown_line(line));
        out.is_cut = out.is_cut || width_of(row) > options.width;
        out.lines.push_back(cut(row, options.width));
    }
    if (left_out > 0) out.lines.push_back(counted_rows(left_out, options));
    out.is_cut = out.is_cut || left_out > 0;
    return out;
}

}  // namespace tenon::ui
