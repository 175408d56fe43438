#pragma once

#include <string>

#include "host/terminal/live_layout.h"
#include "host/terminal/middle_cut.h"
#include "host/terminal/question.h"
#include "host/ui/style.h"

namespace tenon::terminal {

constexpr char kEnterKey = '\r';
constexpr char kTabKey = '\t';
constexpr char kEscapeKey = '\033';
constexpr char kShowAllKey = 0x0f;  // Ctrl-O

/// How far a person is with a question.
struct QuestionMoment {
    bool waits = false;              ///< for the keyboard to be quiet
    const Choice* chosen = nullptr;  ///< one with variants; Enter answers
    std::size_t variant = 0;
    bool words = false;  ///< the line of the words is open
};

struct QuestionRows {
    LiveRows live;
    std::string keys;  ///< those whose labels stand there: of choices, and the four above
};

/// The smallest screen on which a question can be answered.
constexpr ScreenSize kLeastForQuestion{20, 5};

/// The rows for a question on a screen of that size; `subject` is its subject for that width. The
/// choices and what they are about stand there at every size from kLeastForQuestion on: what does
/// not fit gives way in the middle of the subject and of the variant, then whole rows that matter
/// less. Of `others` the tail, the input and the status are used. Pure.
QuestionRows lay_out_question(const Question& question, const TextRows& subject,
                              const QuestionMoment& moment, const LiveParts& others,
                              ScreenSize size, ui::Style style);

}  // namespace tenon::terminal
