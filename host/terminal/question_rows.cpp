#include "host/terminal/question_rows.h"

#include <algorithm>

#include "host/base/text_width.h"

namespace tenon::terminal {
namespace {

constexpr std::size_t kRoomyScreen = 12;     // rows; from here on each choice can have its own row
constexpr std::size_t kEnoughOfSubject = 6;  // rows
constexpr std::string_view kWaits = "waits for quiet";
constexpr std::string_view kWaitsWhy = ": what you type goes into your line";

struct KeyLabel {
    char key;
    std::string name;  // of the key
    std::string label, brief;
    bool answers_at_once;
};

std::string key_name(char key) {
    switch (key) {
        case kEnterKey:
            return "Enter";
        case kTabKey:
            return "Tab";
        case kEscapeKey:
            return "Esc";
        default:
            return {key};
    }
}

void add_label(std::vector<KeyLabel>& labels, char key, std::string label, std::string brief,
               bool answers_at_once = true) {
    labels.push_back({key, key_name(key), std::move(label), std::move(brief), answers_at_once});
}

/// The keys that have an effect in this state.
std::vector<KeyLabel> labels_of(const ShownQuestion& question, const QuestionState& state) {
    std::vector<KeyLabel> labels;
    if (state.text_open) {
        add_label(labels, kEnterKey, "sends it", "send");
        add_label(labels, kEscapeKey, "back", "back");
    } else if (state.chosen != nullptr) {
        const auto& variants = state.chosen->variants;
        add_label(labels, kEnterKey, state.chosen->enter, "do");
        if (variants.size() > 1) {
            const auto& next = variants[(state.variant + 1) % variants.size()];
            add_label(labels, state.chosen->key, next.name, "other");
        }
        add_label(labels, kEscapeKey, "back", "back");
    } else {
        for (const Choice& choice : question.choices)
            add_label(labels, choice.key, choice.label, choice.brief, choice.variants.empty());
        if (question.text_choice)
            add_label(labels, kTabKey, question.text_choice->label, question.text_choice->brief);
    }
    return labels;
}

struct LabelRows {
    std::vector<std::string> rows;
    std::string keys;
};

/// As many labels in a row as fit.
LabelRows flow_labels(const std::vector<KeyLabel>& labels, std::string_view between,
                      std::size_t columns, ui::Style style) {
    LabelRows out;
    std::size_t used = 0;
    for (const KeyLabel& label : labels) {
        const std::size_t width = width_of(label.name) + 1 + width_of(label.brief);
        if (width > columns) continue;
        const bool fits = !out.rows.empty() && used + between.size() + width <= columns;
        if (!fits) out.rows.emplace_back();
        std::string& row = out.rows.back();
        if (fits) row += between;
        row += ui::paint(style, ui::kBold, label.name) + " " + label.brief;
        used = (fits ? used + between.size() : 0) + width;
        out.keys += label.key;
    }
    return out;
}

/// As few rows as possible, with gaps as wide as possible. Keys that answer at once come first: on
/// the smallest screen they are the first row, and `a` and `p` the second.
LabelRows brief_rows(std::vector<KeyLabel> labels, std::size_t columns, ui::Style style) {
    std::stable_partition(labels.begin(), labels.end(),
                          [](const KeyLabel& label) { return label.answers_at_once; });
    LabelRows best = flow_labels(labels, " ", columns, style);
    for (const std::string_view between : {"  ", "    "}) {
        LabelRows rows = flow_labels(labels, between, columns, style);
        if (rows.rows.size() == best.rows.size()) best = std::move(rows);
    }
    return best;
}

/// A row for each label, cut when it is too wide.
LabelRows full_rows(const std::vector<KeyLabel>& labels, std::size_t columns, ui::Style style) {
    LabelRows out;
    for (const KeyLabel& label : labels) {
        out.rows.push_back(
            cut("  " + ui::paint(style, ui::kBold, label.name) + "  " + label.label, columns));
        out.keys += label.key;
    }
    return out;
}

/// The rows of the screen that are not given out yet.
class RowBudget {
public:
    explicit RowBudget(std::size_t rows) : left_(rows) {}
    /// Takes `wanted` rows, or as many as are left.
    std::size_t take(std::size_t wanted) {
        const std::size_t given = std::min(wanted, left_);
        left_ -= given;
        return given;
    }
    [[nodiscard]] std::size_t left() const { return left_; }

private:
    std::size_t left_;
};

void append_rows(std::vector<std::string>& rows, const std::vector<std::string>& more) {
    rows.insert(rows.end(), more.begin(), more.end());
}

QuestionRows too_small(const LiveParts& others, ScreenSize size) {
    QuestionRows out;
    RowBudget budget(std::max<std::size_t>(1, size.rows));
    const std::size_t input = budget.take(others.input.rows.empty() ? 0 : 1);
    auto text =
        wrap("A question waits. This screen is too small for it: 20 x 5 is needed.", size.columns);
    text.resize(budget.take(text.size()));
    append_rows(out.live.rows, text);
    if (input > 0) append_input(out.live, others.input, input, size.columns);
    return out;
}

/// The numbers of rows that the parts of a question get, or could fill.
struct RowShares {
    std::size_t title = 1, subject = 0, remark = 0, heading = 0, variant = 0, labels = 0;
    std::size_t input = 0, status = 0, tail = 0;
};

/// Gives rows to the parts, the most important first. `typing`: the person is editing a line, so it
/// must be seen. `waits`: the status must say so.
RowShares share_out(const RowShares& wanted, bool typing, bool waits, std::size_t rows) {
    const bool within = wanted.heading > 0;  // variants or the text line are open
    RowBudget budget(rows);
    RowShares shares;
    shares.title = 0;
    const auto grow = [&budget](std::size_t& share, std::size_t wanted_rows, std::size_t up_to) {
        const std::size_t goal = std::min(wanted_rows, up_to);
        if (goal > share) share += budget.take(goal - share);
    };
    constexpr std::size_t kAll = ~std::size_t{0};
    grow(shares.labels, wanted.labels, kAll);
    grow(shares.subject, wanted.subject, 1);
    grow(shares.variant, wanted.variant, 1);
    if (waits) grow(shares.status, wanted.status, 1);
    if (typing) grow(shares.input, wanted.input, 1);
    grow(shares.variant, wanted.variant, 2);
    grow(shares.remark, wanted.remark, 1);
    if (within) {
        grow(shares.variant, wanted.variant, 3);
        grow(shares.subject, wanted.subject, 2);
    }
    grow(shares.title, wanted.title, 1);
    grow(shares.subject, wanted.subject, 2);
    grow(shares.heading, wanted.heading, 1);
    grow(shares.status, wanted.status, 1);
    grow(shares.input, wanted.input, 1);
    grow(shares.remark, wanted.remark, kAll);
    grow(shares.variant, wanted.variant, shares.variant + budget.left() / 2);
    grow(shares.subject, wanted.subject, kAll);
    grow(shares.variant, wanted.variant, kAll);
    grow(shares.input, wanted.input, kAll);
    grow(shares.tail, wanted.tail, kAll);
    return shares;
}

std::vector<std::string> wrapped_text(const std::string& text, std::size_t columns) {
    return text.empty() ? std::vector<std::string>() : wrap(text, columns);
}

/// Each choice has its own row when that leaves enough rows for the subject.
LabelRows label_rows(const std::vector<KeyLabel>& labels, std::size_t subject, ScreenSize size,
                     ui::Style style) {
    constexpr std::size_t kOtherRows = 4;  // title, input, status, one more
    const std::size_t taken = labels.size() + kOtherRows;
    const bool enough = size.rows >= taken + std::min(subject, kEnoughOfSubject);
    return size.rows >= kRoomyScreen && enough ? full_rows(labels, size.columns, style)
                                               : brief_rows(labels, size.columns, style);
}

std::string status_of(const QuestionState& state, const LiveParts& others, std::size_t columns,
                      ui::Style style) {
    if (!state.waits) return others.status;
    std::string why =
        width_of(kWaits) + width_of(kWaitsWhy) <= columns ? std::string(kWaitsWhy) : std::string();
    if (!others.status.empty()) why += " · " + others.status;
    return ui::paint(style, ui::kBold, kWaits) + why;
}

/// Appends as much of `text` as fits.
void append_middle_cut(QuestionRows& out, const TextRows& text, std::size_t room,
                       std::size_t columns, bool with_key) {
    if (text.rows.empty() || room == 0) return;
    MiddleCut shown = cut_middle(text, room, columns, with_key);
    append_rows(out.live.rows, shown.rows);
    if (shown.names_key && out.keys.find(kShowAllKey) == std::string::npos) out.keys += kShowAllKey;
}

void append_first(std::vector<std::string>& rows, std::vector<std::string> more,
                  std::size_t count) {
    more.resize(std::min(more.size(), count));
    append_rows(rows, more);
}

/// The same, with a mark when some rows are missing.
void append_beginning(std::vector<std::string>& rows, const std::vector<std::string>& more,
                      std::size_t count, std::size_t columns) {
    append_first(rows, more, count);
    if (count == 0 || count >= more.size()) return;
    std::string& last = rows.back();
    last = width_of(last) < columns ? last + "…" : cut(last + "…", columns);
}

}  // namespace

QuestionRows lay_out_question(const ShownQuestion& question, const TextRows& subject,
                              const QuestionState& state, const LiveParts& others, ScreenSize size,
                              ui::Style style) {
    const std::size_t columns = size.columns;
    if (columns < kLeastForQuestion.columns || size.rows < kLeastForQuestion.rows)
        return too_small(others, size);
    const Choice::Variant* variant =
        state.chosen != nullptr ? &state.chosen->variants[state.variant] : nullptr;
    TextRows chosen = variant != nullptr ? rows_of(variant->lines, columns) : TextRows();
    const std::string heading = state.text_open      ? question.text_choice->prompt
                                : variant != nullptr ? variant->heading
                                                     : std::string();
    const auto remark = wrapped_text(question.remark, columns);
    const LabelRows labels =
        label_rows(labels_of(question, state), subject.rows.size(), size, style);
    const std::string status = status_of(state, others, columns, style);

    RowShares wanted;
    wanted.title = question.title.empty() ? 0 : 1;
    wanted.subject = subject.rows.size();
    wanted.remark = remark.size();
    wanted.heading = heading.empty() ? 0 : 1;
    wanted.variant = chosen.rows.size();
    wanted.labels = labels.rows.size();
    wanted.input = others.input.rows.size();
    wanted.status = status.empty() ? 0 : 1;
    wanted.tail = others.tail.size();
    const bool typing = state.waits || state.text_open;
    RowShares shares = share_out(wanted, typing, state.waits, size.rows);
    if (shares.variant < chosen.rows.size() && !variant->brief_lines.empty()) {
        chosen = rows_of(variant->brief_lines, columns);
        wanted.variant = chosen.rows.size();
        shares = share_out(wanted, typing, state.waits, size.rows);
    }

    const bool can_show_all = !state.waits && !state.text_open;
    QuestionRows out;
    std::vector<std::string>& rows = out.live.rows;
    append_last(rows, others.tail, shares.tail, columns);
    if (shares.title > 0) rows.push_back(cut(question.title, columns));
    append_middle_cut(out, subject, shares.subject, columns, can_show_all);
    append_beginning(rows, remark, shares.remark, columns);
    if (shares.heading > 0) rows.push_back(cut(ui::paint(style, ui::kBold, heading), columns));
    append_middle_cut(out, chosen, shares.variant, columns, can_show_all);
    // A key whose label is not shown has no effect.
    append_first(rows, labels.rows, shares.labels);
    if (shares.labels == labels.rows.size()) out.keys += labels.keys;
    if (variant != nullptr && shares.variant == 0) std::erase(out.keys, kEnterKey);
    out.live.cursor_row = rows.size() - 1;
    if (shares.input > 0) append_input(out.live, others.input, shares.input, columns);
    if (shares.status > 0) rows.push_back(cut(status, columns));
    return out;
}

}  // namespace tenon::terminal
