#include <charconv>

#include "host/base/clock.h"
#include "host/base/ids.h"
#include "host/base/text_width.h"
#include "host/base/untrusted.h"
#include "host/cli/columns.h"
#include "host/journal/session_list.h"
#include "host/sitting/sitting.h"

namespace tenon::sitting {
namespace {

constexpr std::size_t kMostListed = 20;

std::optional<std::size_t> number_in(const std::string& text) {
    std::size_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return number;
}

}  // namespace

/// Earlier sessions of the workspace, newest first; the next line may be one's number.
void Sitting::list_sessions_to_resume() {
    const config::Settings& settings = at_.setup.settings;
    resumable_.clear();
    std::vector<std::string> lines;
    for (const auto& session :
         journal::list_sessions(settings.state_dir / "sessions", settings.workspace)) {
        if (session.id == session_id_ || session.first_prompt.empty()) continue;
        resumable_.push_back(session.id);
        const std::string age = cli::in_words_ago(wall_clock_ms() - session.last_ms);
        lines.push_back(cut(std::to_string(resumable_.size()) + "  " + age +
                                (session.held ? ", open elsewhere" : "") + "  " +
                                visible(session.first_prompt),
                            width()));
        if (resumable_.size() == kMostListed) break;
    }
    if (lines.empty()) return print("There is no other session of this workspace.");
    lines.emplace_back("Enter a number, or /resume ID.");
    print(lines);
}

bool Sitting::takes_as_choice(const std::string& line) {
    const auto listed = std::exchange(resumable_, {});
    const auto number = number_in(line);
    if (listed.empty() || !number) return false;
    if (*number == 0 || *number > listed.size()) {
        print("There is no number " + visible(line) + " in the list.");
        resumable_ = listed;
    } else {
        go_to_session(listed[*number - 1]);
    }
    return true;
}

void Sitting::resume(const std::string& argument) {
    if (argument.empty()) return list_sessions_to_resume();
    const auto number = number_in(argument);
    if (number && !resumable_.empty()) {
        takes_as_choice(argument);
        return;
    }
    if (!is_session_id(argument)) return print(visible(argument) + " is no session's id.");
    const config::Settings& settings = at_.setup.settings;
    const auto session = journal::summarise_session(settings.state_dir / "sessions", argument);
    if (!session) return print(visible(session.error().message));
    if (argument == session_id_) return print("This is session " + session_id_ + ".");
    if (session->workspace != settings.workspace.string()) {
        return print("Session " + argument + " belongs to the workspace " +
                     visible(session->workspace) + ".");
    }
    go_to_session(argument);
}

/// Leaves this session as /exit does, then opens the other.
void Sitting::go_to_session(const std::string& id) {
    next_session_ = id;
    leave(0);
}

}  // namespace tenon::sitting
