#pragma once

#include <string>

#include "host/terminal/live_layout.h"
#include "host/terminal/middle_cut.h"
#include "host/terminal/terminal.h"
#include "host/ui/style.h"

namespace tenon::terminal {

constexpr char kEnterKey = '\r';
constexpr char kTabKey = '\t';
constexpr char kEscapeKey = '\033';
constexpr char kShowAllKey = 0x0f;  // Ctrl-O

/// The state of an open question.
struct QuestionState {
    bool waits = false;              ///< for the keyboard to be quiet
    const Choice* chosen = nullptr;  ///< a choice whose variants are shown; Enter answers
    std::size_t variant = 0;
    bool text_open = false;  ///< the line of the TextChoice is edited
};

struct QuestionRows {
    LiveRows live;
    std::string keys;  ///< those whose labels are shown: of choices, and the four above
};

/// The smallest screen on which a question can be answered.
constexpr ScreenSize kLeastForQuestion{20, 5};

/// The rows of a question on a screen of `size`; `subject` is the question's subject for that
/// width. From kLeastForQuestion on, labels and at least one row of the subject and of the variant
/// are shown: the middle of the subject and of the variant is cut first, then whole rows that
/// matter less. Of `others` the tail, the input and the status are used. Pure.
QuestionRows lay_out_question(const ShownQuestion& question, const TextRows& subject,
                              const QuestionState& state, const LiveParts& others, ScreenSize size,
                              ui::Style style);

}  // namespace tenon::terminal
