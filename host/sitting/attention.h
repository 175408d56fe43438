#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <string_view>

#include "host/agent/event.h"
#include "host/agent/loop.h"
#include "host/terminal/terminal.h"

namespace tenon::sitting {

/// What the title of the terminal says about the session.
enum class TitleState { kIdle, kWorking, kAsks };

/// `tenon - DIRECTORY`, `tenon: working - DIRECTORY` and so on. Harmless, short, one line. Pure.
std::string terminal_title(TitleState state, const std::filesystem::path& workspace);

/// `Tenon: WHAT - DIRECTORY`, in the same form: the text of a notification.
std::string call_text(std::string_view what, const std::filesystem::path& workspace);

/// Tells a person who looks at something else what the session does: by the title of the terminal,
/// and by a call when the session needs them or is done. Whether a call is made, and how, is the
/// terminal's business. Main thread.
class Attention {
public:
    /// A turn that took longer than this may have let the person go away.
    static constexpr std::chrono::seconds kLongTurn{10};

    /// `terminal` must outlive the object.
    Attention(terminal::Terminal& terminal, std::filesystem::path workspace)
        : terminal_(terminal), workspace_(std::move(workspace)) {}

    void show(TitleState state) { terminal_.set_title(terminal_title(state, workspace_)); }
    /// `about` is its title.
    void question_appeared(std::string_view about);
    void turn_ended(std::chrono::milliseconds took, agent::Outcome outcome);
    void job_changed(const agent::JobChanged& job);

private:
    terminal::Terminal& terminal_;
    const std::filesystem::path workspace_;
};

}  // namespace tenon::sitting
