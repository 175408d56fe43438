#include "host/sitting/attention.h"

#include "host/base/text_width.h"
#include "host/base/untrusted.h"
#include "host/ui/status_line.h"

namespace tenon::sitting {
namespace {

constexpr std::size_t kLongestDirectory = 40;  // columns
constexpr std::size_t kLongestWhat = 100;

std::string directory_of(const std::filesystem::path& workspace) {
    const std::string name = workspace.filename().string();
    return cut(harmless_line(name.empty() ? workspace.string() : name), kLongestDirectory);
}

std::string_view word_for(TitleState state) {
    switch (state) {
        case TitleState::kIdle:
            return "tenon";
        case TitleState::kWorking:
            return "tenon: working";
        case TitleState::kAsks:
            return "tenon: asks";
    }
    return {};
}

}  // namespace

std::string terminal_title(TitleState state, const std::filesystem::path& workspace) {
    return std::string(word_for(state)) + " - " + directory_of(workspace);
}

std::string call_text(std::string_view what, const std::filesystem::path& workspace) {
    return "Tenon: " + cut(harmless_line(what), kLongestWhat) + " - " + directory_of(workspace);
}

void Attention::question_appeared(std::string_view about) {
    terminal_.call(call_text(about, workspace_), terminal::CallWhen::kAlways);
}

/// Whoever has stopped a turn knows that it has ended.
void Attention::turn_ended(std::chrono::milliseconds took, agent::Outcome outcome) {
    if (took <= kLongTurn || outcome == agent::Outcome::kInterrupted) return;
    const std::string_view what =
        outcome == agent::Outcome::kDone ? "the turn is done" : "the turn has failed";
    terminal_.call(call_text(what, workspace_), terminal::CallWhen::kAlways);
}

void Attention::job_changed(const agent::JobChanged& job) {
    if (!ui::has_ended(job)) return;
    const std::string name = job.name.empty() ? job.id : job.name;
    terminal_.call(call_text("job " + name + ": " + job.status, workspace_),
                   terminal::CallWhen::kNobodyTypes);
}

}  // namespace tenon::sitting
