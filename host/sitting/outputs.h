#pragma once

#include <optional>
#include <string>
#include <vector>

#include "host/cli/screen.h"
#include "host/session/open_session.h"
#include "host/terminal/terminal.h"
#include "host/ui/transcript.h"

namespace tenon::sitting {

/// What commands, jobs and folded texts of a session show of themselves: the last lines of running
/// commands, /jobs, and the texts that Ctrl-O opens. Belongs to the main thread.
class Outputs {
public:
    /// All arguments outlive the object.
    Outputs(terminal::Terminal& terminal, const cli::Screen& screen, const Secrets& secrets,
            ui::Transcript& transcript)
        : terminal_(terminal), screen_(screen), secrets_(secrets), transcript_(transcript) {}

    /// Reads what running commands have printed last, a limited part of it, for the tail.
    void read_running(const session::OpenSession* session);
    /// The end of the output of a job, when `event` is the end of that job.
    [[nodiscard]] ui::JobOutput of_ended_job(const session::OpenSession* session,
                                             const agent::AgentEvent& event) const;

    /// The command /jobs with its argument.
    void show_jobs(session::OpenSession& session, const std::string& argument);
    /// Ctrl-O: opens the newest folded text in a pager, then with each further call the one before.
    void show_folded(const session::OpenSession* session);
    /// `text` was shown only in part; it is harmless, and styled or not.
    void keep_folded(const std::string& title, const std::string& text);
    /// The same for a prompt that is printed as `shown`.
    void keep_long_prompt(const std::string& prompt, const std::string& shown);

private:
    using Lines = std::vector<std::string>;
    enum class Show { kInPager, kPrintIfShort };

    void list_jobs(const session::OpenSession& session);
    void show_job(const session::OpenSession& session, const jobs::JobRecord& job);
    void show_log(const session::OpenSession& session, const jobs::JobRecord& job,
                  terminal::PagedText text, Show how);
    void show_text(terminal::PagedText text, Show how);
    /// The one with this id, or the only one whose id begins so.
    [[nodiscard]] std::optional<jobs::JobRecord> find(const session::OpenSession& session,
                                                      const std::string& id);
    [[nodiscard]] Lines last_lines(const session::OpenSession& session,
                                   const jobs::JobRecord& job) const;
    void print(const Lines& lines);
    /// Tenon's own words, broken at blanks.
    void say(const std::string& text);
    [[nodiscard]] std::size_t width() const {
        return static_cast<std::size_t>(std::max(terminal_.width(), 1));
    }
    [[nodiscard]] ui::Style style() const {
        return screen_.colour ? ui::Style::kColour : ui::Style::kPlain;
    }

    terminal::Terminal& terminal_;
    const cli::Screen& screen_;
    const Secrets& secrets_;
    ui::Transcript& transcript_;
};

}  // namespace tenon::sitting
