#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

/// What servers leave in the text of an answer that does not belong there: thinking in tags, and
/// calls. Pure functions and one small state machine.
namespace tenon::model {

/// Separates thinking in tags from the text of an answer, as it arrives. Only a `<think>` (or
/// `[THINK]`) with which the text begins, or which follows such thinking, begins thinking: later in
/// a text the tag may be what the text is about. Not thread-safe.
class ThinkFilter {
public:
    /// What is known to be thinking and text by now. The thinking came first.
    struct Piece {
        std::string thinking;
        std::string text;
    };
    Piece take(std::string_view bytes);
    /// The rest. In thinking without an end it is thinking.
    Piece finish();
    /// The text has ended, or is now, within thinking.
    [[nodiscard]] bool is_open() const { return state_ == State::kThinking; }
    /// Thinking in tags was found.
    [[nodiscard]] bool has_found() const { return found_; }
    /// An end of thinking stood before all text, without its beginning.
    [[nodiscard]] bool has_found_end_alone() const { return end_alone_; }

private:
    enum class State { kBegin, kThinking, kText };
    bool take_beginning(std::string_view& rest, Piece& out);
    bool take_thinking(std::string_view& rest, Piece& out);

    State state_ = State::kBegin;
    std::string held_;  // not decided yet
    std::string_view end_tag_;
    bool found_ = false;
    bool end_alone_ = false;
    bool after_thinking_ = false;
};

/// A whole text without its thinking.
struct SplitText {
    std::string thinking;
    std::string text;
    bool has_tags = false;
    bool has_end_alone = false;
};

/// What else is known about the answer that a text belongs to.
struct AboutText {
    bool cut_off = false;       ///< it did not end by itself
    bool has_thinking = false;  ///< besides the text, so that the text is no thinking
};
/// Takes the thinking out of a whole text: see ThinkFilter. In the rest, thinking from a tag that
/// begins a line to its end is taken out too, and, unless the answer has other thinking, what
/// stands before a line that is nothing but the end of thinking, or before the only end of
/// thinking, unless the text may be about it; not within a block of code. Thinking within thinking
/// is thinking. Thinking that does not end is text, so that nothing is lost, unless the answer was
/// cut off.
SplitText split_thinking(std::string text, const AboutText& about);

/// The name of the tool, if the text is, or ends with, a call in the way that some models write it
/// when the server does not know their format: `<tool_call>…`, `[TOOL_CALLS]…`, `<function=…>`,
/// `<invoke name=…>`, `<|tool_call…`, `<|python_tag|>…`, the forms of call_forms.h, or JSON that is
/// nothing but a name of one of `tools` (the JSON array of the request) with arguments, alone or in
/// a block of code. Not where the text goes on after it, as a text about such calls does, unless it
/// begins with the call or goes on with a result that the model has invented.
/// `json_is_answer`: JSON is what was asked for.
std::optional<std::string> call_in_text(std::string_view text, std::string_view tools,
                                        bool json_is_answer);

}  // namespace tenon::model
