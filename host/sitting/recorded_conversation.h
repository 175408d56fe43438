#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "host/base/secrets.h"
#include "host/journal/last_turns.h"
#include "host/sitting/recorded_transcript.h"
#include "host/ui/style.h"

namespace tenon::session {
class OpenSession;
}

namespace tenon::sitting {

/// How recorded turns are shown.
struct RecordedView {
    ui::Style style = ui::Style::kPlain;
    std::size_t width = 80;
    std::size_t rows = 0;               ///< at most
    std::string fold_key = {};          ///< as for ui::Transcript
    ui::FoldedTexts* folded = nullptr;  ///< receives the texts of which the lines show only a part
};

/// The last of these turns as far as they fit into the rows, oldest first, under a line that says
/// how many turns come before them. Of a turn that does not fit alone, the middle is left out.
std::vector<std::string> last_turns_lines(const journal::LastTurns& last,
                                          const RecordedFacts& facts, const RecordedView& view);

/// What the journal of a session holds for the person who has it open.
class RecordedConversation {
public:
    using Lines = std::vector<std::string>;

    RecordedConversation() = default;
    /// Reads the last turns. On the session's thread, between turns. `secrets` must outlive the
    /// object. A journal that cannot be read counts as empty.
    RecordedConversation(const session::OpenSession& session, const Secrets& secrets);

    /// About two screens of `height` rows from the end of the conversation, as it was when the
    /// session was opened; empty when it was new. Their folded texts become those of `transcript`.
    [[nodiscard]] Lines last_turns(ui::Transcript& transcript, ui::Style style, std::size_t width,
                                   std::size_t height) const;
    /// What `last_turns` needs is forgotten.
    void forget_last_turns() { last_ = {}; }
    /// A tool that is called now may be newer than the object.
    void learn(const agent::ToolStarted& call);

    /// Calls `take` with the lines of the whole journal, part after part, as it is now; of results
    /// that the screen folds, all lines. `jobs` are
    /// those of the session; `turn_runs`: the last turn is not over yet. Reads in bounded memory.
    /// Error: the journal cannot be read.
    Result<void> all(ui::Style style, std::size_t width, std::vector<jobs::JobRecord> jobs,
                     bool turn_runs, const std::function<void(const Lines&)>& take);
    [[nodiscard]] const std::filesystem::path& journal() const { return journal_; }

private:
    std::filesystem::path journal_;
    const Secrets* secrets_ = nullptr;
    RecordedFacts facts_;
    journal::LastTurns last_;
};

}  // namespace tenon::sitting
