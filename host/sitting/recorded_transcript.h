#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "host/agent/event.h"
#include "host/jobs/job.h"
#include "host/journal/session_entries.h"
#include "host/ui/transcript.h"

namespace tenon::sitting {

/// What the lines of a recorded conversation need beside its journal. Of tools and jobs that are
/// missing here less is shown.
struct RecordedFacts {
    std::map<std::string, agent::ToolFacts, std::less<>> tools;  ///< by name
    std::vector<jobs::JobRecord> jobs;                           ///< of the session
};

/// Turns the entries of a journal into the lines that the conversation had on the screen when it
/// happened, as far as the journal tells: it has no times of calls and no files before a change.
/// Text for the model alone is left out. The texts of entries may be hostile, but must be redacted.
/// Does no I/O.
class RecordedTranscript {
public:
    using Lines = std::vector<std::string>;

    /// `facts` must outlive the object.
    /// `fold_key` as for ui::Transcript.
    RecordedTranscript(ui::Style style, std::size_t width, const RecordedFacts& facts,
                       std::string fold_key = {});

    /// Folds nothing: for a place where all can be seen again.
    void show_all() {
        shows_all_ = true;
        transcript_.show_whole_results();
    }
    /// The lines that `entry` adds.
    Lines take(const journal::SessionEntry& entry);
    /// The lines at the end of a turn that is over. A turn without an answer was interrupted.
    Lines end_turn();
    /// The texts of which the lines show only a part.
    [[nodiscard]] ui::FoldedTexts& folded() { return transcript_.folded(); }

private:
    void take_text(const journal::SessionEntry& entry);
    void show_prompt(const std::string& prompt);
    void show_own_command(const std::string& text);
    void take_answer(const journal::SessionEntry& entry);
    void take_result(const journal::SessionEntry& entry);
    void take_notification(const std::string& text);
    void show_job(agent::JobChanged job);
    void note_job_of(const agent::ToolFinished& call);
    [[nodiscard]] const jobs::JobRecord* find_job(const std::string& id) const;
    void show(const agent::AgentEvent& event);
    void add(Lines lines);

    const std::size_t width_;
    const RecordedFacts& facts_;
    ui::Transcript transcript_;
    std::vector<agent::ToolCall> calls_;               // of the last answer, without result so far
    std::map<std::string, std::string> job_commands_;  // of jobs that calls have started, by id
    bool shows_all_ = false;
    bool awaits_answer_ = false;
    Lines out_;
};

}  // namespace tenon::sitting
