#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "host/agent/ports.h"

namespace tenon::agent {

/// The structured answer of one run: whether an answer of the model is the JSON document that is
/// wanted, and how often it was not. Without a form nothing is wanted, and only `is_wanted` may be
/// called. Does not talk to the model. Used by one thread.
class StructuredAnswer {
public:
    /// `form` outlives the object; null: any text may be answered.
    explicit StructuredAnswer(const AnswerForm* form) : form_(form) {}

    [[nodiscard]] bool is_wanted() const { return form_ != nullptr; }
    /// Forgets the answers of the run before.
    void begin_run();
    /// For Request::answer_schema; empty: nothing is wanted.
    [[nodiscard]] std::string_view schema() const {
        return is_wanted() ? form_->schema() : std::string_view();
    }
    /// What the model is told at the beginning of a run.
    [[nodiscard]] std::string instruction() const;

    /// Takes the text of an answer that ends a turn: one JSON document, perhaps in a code fence
    /// that holds nothing else. False: it is none, or does not fit; `complaint` says why.
    bool take_text(std::string_view text);
    /// Takes a call of the answer tool, which is in `answer`, with its result.
    void take_call(const Answer& answer, const ToolCall& call, const ToolResult& result);
    /// After the calls of one answer. True: one of them was the document. Otherwise the answer
    /// counts once as one that does not fit, however many of its calls were meant to be the
    /// document.
    bool end_calls();

    /// What is wrong with a text as the document; none: it is one JSON document that fits.
    [[nodiscard]] std::optional<std::string> flaw_in(std::string_view document) const;
    /// The last document that fits, as the model wrote it.
    [[nodiscard]] const std::optional<std::string>& document() const { return document_; }
    /// No more tries: as many answers in a row as are permitted did not fit.
    [[nodiscard]] bool gave_up() const { return misfits_ > kMoreTries; }
    /// What was wrong with the last answer that did not fit, for a person.
    [[nodiscard]] const std::string& flaw() const { return flaw_; }
    /// The same for the model, with what it should do now.
    [[nodiscard]] std::string complaint() const;

    static constexpr int kMoreTries = 3;  ///< after the first one

private:
    bool accept(std::string_view document);
    bool refuse(std::string_view flaw);
    void note_flaw(std::string_view flaw);

    const AnswerForm* form_;
    std::optional<std::string> document_;
    std::string flaw_;
    int misfits_ = 0;             // in a row
    bool called_ = false;         // a call of the present answer was the document
    bool called_misfit_ = false;  // one was meant to be it
};

}  // namespace tenon::agent
