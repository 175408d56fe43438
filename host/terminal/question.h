#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace tenon::terminal {

/// One way to answer a question.
struct Choice {
    /// What Enter would do, as lines that a person reads before.
    struct Variant {
        std::string name;     ///< "this exact command": what the key leads to
        std::string heading;  ///< above the lines, where there is room
        std::vector<std::string> lines;
        /// In place of `lines` where there is no room for those; empty: they are cut.
        std::vector<std::string> brief_lines = {};
        bool operator==(const Variant&) const = default;
    };
    char key = 0;       ///< a small letter; the capital is the same key
    std::string word;   ///< begins with `key`; typed in whole it is the same answer. May be empty
    std::string label;  ///< "yes, this once"
    std::string brief;  ///< the same for small screens, at most 8 columns
    /// Empty: the key answers at once. Else the key only shows the first of these, the key again
    /// shows the next one, and Enter answers.
    std::vector<Variant> variants = {};
    std::string enter = "does this";  ///< what Enter does then: "adds this rule"
    bool operator==(const Choice&) const = default;
};

/// The answer that carries a line of its own, which the Tab key opens.
struct WordsChoice {
    char key = 0;        ///< of the choice that it is, with the words
    std::string label;   ///< "no, and say what to do instead"
    std::string brief;   ///< "words"
    std::string prompt;  ///< above the line: "Tell the model what to do instead."
};

/// What a person is asked. All texts are harmless already and may be styled.
struct Question {
    std::size_t number = 0;            ///< the same as that of the one that stands: new texts only
    std::string title;                 ///< one line
    std::vector<std::string> subject;  ///< what it is about: a command, a diff
    std::string remark;                ///< may be empty
    std::vector<Choice> choices;
    std::optional<WordsChoice> words;
};

}  // namespace tenon::terminal
