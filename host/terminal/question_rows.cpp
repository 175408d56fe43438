#include "host/terminal/question_rows.h"

#include <algorithm>

#include "host/base/text_width.h"

namespace tenon::terminal {
namespace {

constexpr std::size_t kRoomy = 12;  // rows: each choice gets one, if the subject has enough
constexpr std::size_t kEnoughOfSubject = 6;  // rows
constexpr std::string_view kWaits = "waits for quiet";
constexpr std::string_view kWaitsWhy = ": what you type goes into your line";

struct Label {
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

void add(std::vector<Label>& labels, char key, std::string label, std::string brief,
         bool answers_at_once = true) {
    labels.push_back({key, key_name(key), std::move(label), std::move(brief), answers_at_once});
}

/// The keys that mean something at that moment.
std::vector<Label> labels_of(const Question& question, const QuestionMoment& moment) {
    std::vector<Label> labels;
    if (moment.words) {
        add(labels, kEnterKey, "sends it", "send");
        add(labels, kEscapeKey, "back", "back");
    } else if (moment.chosen != nullptr) {
        const auto& variants = moment.chosen->variants;
        add(labels, kEnterKey, moment.chosen->enter, "do");
        if (variants.size() > 1) {
            const auto& next = variants[(moment.variant + 1) % variants.size()];
            add(labels, moment.chosen->key, next.name, "other");
        }
        add(labels, kEscapeKey, "back", "back");
    } else {
        for (const Choice& choice : question.choices)
            add(labels, choice.key, choice.label, choice.brief, choice.variants.empty());
        if (question.words) add(labels, kTabKey, question.words->label, question.words->brief);
    }
    return labels;
}

struct LabelRows {
    std::vector<std::string> rows;
    std::string keys;
};

/// As many labels in a row as fit.
LabelRows flow(const std::vector<Label>& labels, std::string_view between, std::size_t columns,
               ui::Style style) {
    LabelRows out;
    std::size_t used = 0;
    for (const Label& label : labels) {
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

/// In as few rows as possible, and then as wide apart as possible. Those that answer at once come
/// first: on the smallest screen they are the first row, and `a` and `p` the second.
LabelRows brief_rows(std::vector<Label> labels, std::size_t columns, ui::Style style) {
    std::stable_partition(labels.begin(), labels.end(),
                          [](const Label& label) { return label.answers_at_once; });
    LabelRows best = flow(labels, " ", columns, style);
    for (const std::string_view between : {"  ", "    "}) {
        LabelRows rows = flow(labels, between, columns, style);
        if (rows.rows.size() == best.rows.size()) best = std::move(rows);
    }
    return best;
}

/// A row each, cut where it is too wide: the key and the beginning of its label stand there.
LabelRows full_rows(const std::vector<Label>& labels, std::size_t columns, ui::Style style) {
    LabelRows out;
    for (const Label& label : labels) {
        out.rows.push_back(
            cut("  " + ui::paint(style, ui::kBold, label.name) + "  " + label.label, columns));
        out.keys += label.key;
    }
    return out;
}

/// Hands out the rows of the screen.
class Budget {
public:
    explicit Budget(std::size_t rows) : left_(rows) {}
    /// As many of `wanted` as there are.
    std::size_t take(std::size_t wanted) {
        const std::size_t given = std::min(wanted, left_);
        left_ -= given;
        return given;
    }
    [[nodiscard]] std::size_t left() const { return left_; }

private:
    std::size_t left_;
};

void append(std::vector<std::string>& rows, const std::vector<std::string>& more) {
    rows.insert(rows.end(), more.begin(), more.end());
}

QuestionRows too_small(const LiveParts& others, ScreenSize size) {
    QuestionRows out;
    Budget budget(std::max<std::size_t>(1, size.rows));
    const std::size_t input = budget.take(others.input.rows.empty() ? 0 : 1);
    auto text =
        wrap("A question waits. This screen is too small for it: 20 x 5 is needed.", size.columns);
    text.resize(budget.take(text.size()));
    append(out.live.rows, text);
    if (input > 0) append_input(out.live, others.input, input, size.columns);
    return out;
}

/// How many rows each part gets, or would like to have.
struct Shares {
    std::size_t title = 1, subject = 0, remark = 0, heading = 0, variant = 0, labels = 0;
    std::size_t input = 0, status = 0, tail = 0;
};

/// What matters most comes first. `typing`: somebody writes in the line; `waits` is said in the
/// status.
Shares share_out(const Shares& wanted, bool typing, bool waits, std::size_t rows) {
    const bool within = wanted.heading > 0;  // a step on from the choices
    Budget budget(rows);
    Shares shares;
    shares.title = 0;
    const auto grow = [&budget](std::size_t& share, std::size_t wish, std::size_t up_to) {
        const std::size_t goal = std::min(wish, up_to);
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

std::vector<std::string> wrapped(const std::string& text, std::size_t columns) {
    return text.empty() ? std::vector<std::string>() : wrap(text, columns);
}

/// Each choice has a row of its own where that leaves enough of what it is about.
LabelRows label_rows(const std::vector<Label>& labels, std::size_t subject, ScreenSize size,
                     ui::Style style) {
    constexpr std::size_t kOtherRows = 4;  // title, input, status, one more
    const std::size_t taken = labels.size() + kOtherRows;
    const bool enough = size.rows >= taken + std::min(subject, kEnoughOfSubject);
    return size.rows >= kRoomy && enough ? full_rows(labels, size.columns, style)
                                         : brief_rows(labels, size.columns, style);
}

std::string status_of(const QuestionMoment& moment, const LiveParts& others, std::size_t columns,
                      ui::Style style) {
    if (!moment.waits) return others.status;
    std::string why =
        width_of(kWaits) + width_of(kWaitsWhy) <= columns ? std::string(kWaitsWhy) : std::string();
    if (!others.status.empty()) why += " · " + others.status;
    return ui::paint(style, ui::kBold, kWaits) + why;
}

/// Appends what of `text` fits.
void append_cut(QuestionRows& out, const TextRows& text, std::size_t room, std::size_t columns,
                bool with_key) {
    if (text.rows.empty() || room == 0) return;
    MiddleCut shown = cut_middle(text, room, columns, with_key);
    append(out.live.rows, shown.rows);
    if (shown.tells_key && out.keys.find(kShowAllKey) == std::string::npos) out.keys += kShowAllKey;
}

void append_first(std::vector<std::string>& rows, std::vector<std::string> more,
                  std::size_t count) {
    more.resize(std::min(more.size(), count));
    append(rows, more);
}

/// The same, with a mark where some of it is missing.
void append_beginning(std::vector<std::string>& rows, const std::vector<std::string>& more,
                      std::size_t count, std::size_t columns) {
    append_first(rows, more, count);
    if (count == 0 || count >= more.size()) return;
    std::string& last = rows.back();
    last = width_of(last) < columns ? last + "…" : cut(last + "…", columns);
}

}  // namespace

QuestionRows lay_out_question(const Question& question, const TextRows& subject,
                              const QuestionMoment& moment, const LiveParts& others,
                              ScreenSize size, ui::Style style) {
    const std::size_t columns = size.columns;
    if (columns < kLeastForQuestion.columns || size.rows < kLeastForQuestion.rows)
        return too_small(others, size);
    const Choice::Variant* variant =
        moment.chosen != nullptr ? &moment.chosen->variants[moment.variant] : nullptr;
    TextRows chosen = variant != nullptr ? rows_of(variant->lines, columns) : TextRows();
    const std::string heading = moment.words         ? question.words->prompt
                                : variant != nullptr ? variant->heading
                                                     : std::string();
    const auto remark = wrapped(question.remark, columns);
    const LabelRows labels =
        label_rows(labels_of(question, moment), subject.rows.size(), size, style);
    const std::string status = status_of(moment, others, columns, style);

    Shares wanted;
    wanted.title = question.title.empty() ? 0 : 1;
    wanted.subject = subject.rows.size();
    wanted.remark = remark.size();
    wanted.heading = heading.empty() ? 0 : 1;
    wanted.variant = chosen.rows.size();
    wanted.labels = labels.rows.size();
    wanted.input = others.input.rows.size();
    wanted.status = status.empty() ? 0 : 1;
    wanted.tail = others.tail.size();
    const bool typing = moment.waits || moment.words;
    Shares shares = share_out(wanted, typing, moment.waits, size.rows);
    if (shares.variant < chosen.rows.size() && !variant->brief_lines.empty()) {
        chosen = rows_of(variant->brief_lines, columns);
        wanted.variant = chosen.rows.size();
        shares = share_out(wanted, typing, moment.waits, size.rows);
    }

    const bool can_show_all = !moment.waits && !moment.words;
    QuestionRows out;
    std::vector<std::string>& rows = out.live.rows;
    append_last(rows, others.tail, shares.tail, columns);
    if (shares.title > 0) rows.push_back(cut(question.title, columns));
    append_cut(out, subject, shares.subject, columns, can_show_all);
    append_beginning(rows, remark, shares.remark, columns);
    if (shares.heading > 0) rows.push_back(cut(ui::paint(style, ui::kBold, heading), columns));
    append_cut(out, chosen, shares.variant, columns, can_show_all);
    // A label that has no room does not stand there, and its key does nothing.
    append_first(rows, labels.rows, shares.labels);
    if (shares.labels == labels.rows.size()) out.keys += labels.keys;
    if (variant != nullptr && shares.variant == 0) std::erase(out.keys, kEnterKey);
    out.live.cursor_row = rows.size() - 1;
    if (shares.input > 0) append_input(out.live, others.input, shares.input, columns);
    if (shares.status > 0) rows.push_back(cut(status, columns));
    return out;
}

}  // namespace tenon::terminal
