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
/// entered. A prompt that could not be written to the journal is held: it is not done before
/// another prompt has been entered, and no prompt overtakes it. Not thread-safe.
class WorkQueue {
public:
    using Command = std::function<void(session::OpenSession&, std::stop_token)>;
    struct Work {
        std::string prompt;
        Command command;  ///< or none
    };

    [[nodiscard]] bool empty() const { return work_.empty(); }
    void add_prompt(std::string prompt);
    void add_command(Command command);

    [[nodiscard]] bool has_next() const { return next() != work_.end(); }
    /// The work to do next; it is taken out.
    std::optional<Work> take_next();
    /// The prompts that can be delivered to the running turn; they are taken out. A prompt behind
    /// a command waits for that command.
    std::vector<std::string> take_deliverable();
    /// Prompts that could not be written to the journal: they go to the front and are held.
    void put_back(std::vector<std::string> prompts);

    [[nodiscard]] std::vector<std::string> prompts() const;
    /// Takes out the prompt that was entered last.
    std::optional<std::string> take_last_prompt();
    /// Takes out all prompts; commands stay.
    std::vector<std::string> take_prompts();
    void clear();

private:
    [[nodiscard]] std::deque<Work>::const_iterator next() const;

    std::deque<Work> work_;
    bool prompts_held_ = false;
};

}  // namespace tenon::sitting
