#pragma once

#include <deque>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace tenon::session {
class OpenSession;
}

namespace tenon::sitting {

/// The prompts and commands that a session has still to do, in the order in which they were
/// entered. Prompts and the commands that have a line, such as `!make`, wait: the person sees them
/// and can take them back. Commands that only show something may be overtaken by prompts that are
/// delivered to the running turn. A prompt that could not be written to the journal is held: it is
/// not done before another prompt has been entered, and no prompt overtakes it. Not thread-safe.
class WorkQueue {
public:
    using Command = std::function<void(session::OpenSession&, std::stop_token)>;
    struct Work {
        std::string line;  ///< the prompt, or what was entered for the command
        Command command;   ///< none: it is a prompt
        bool only_shows = false;
    };

    [[nodiscard]] bool empty() const { return work_.empty(); }
    void add_prompt(std::string prompt);
    void add_command(Command command, std::string line = {});
    /// A command that changes nothing.
    void add_view(Command command) { work_.push_back({{}, std::move(command), true}); }

    [[nodiscard]] bool has_next() const { return next() != work_.end(); }
    /// The work to do next; it is taken out.
    std::optional<Work> take_next();
    /// The prompts that can be delivered to the running turn; they are taken out. A prompt behind
    /// a command that may change something waits for that command.
    std::vector<std::string> take_deliverable();
    /// Prompts that could not be written to the journal: they go to the front and are held.
    void put_back(std::vector<std::string> prompts);

    /// What waits.
    [[nodiscard]] std::vector<std::string> lines() const;
    /// Takes out what was entered last of it.
    std::optional<std::string> take_last_line();
    /// Takes all of it out; commands without a line stay.
    std::vector<std::string> take_lines();
    void clear();

private:
    [[nodiscard]] std::deque<Work>::const_iterator next() const;

    std::deque<Work> work_;
    bool prompts_held_ = false;
};

}  // namespace tenon::sitting
