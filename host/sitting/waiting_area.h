#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "host/ui/style.h"

namespace tenon::sitting {

/// What is not finished yet. Texts may be hostile, but hold no known secrets.
struct Unfinished {
    struct Todo {
        std::string text;
        bool is_current = false;
        bool is_done = false;
    };
    struct Subagent {
        std::string tool_use_id;  ///< the call that it works for
        std::string title;
        std::int64_t since_ms = 0;  ///< wall clock
        std::int64_t tokens = 0;    ///< of its last request and the answer; 0: no answer yet
    };
    struct RunningJob {
        std::string id;
        std::string what;           ///< its name, else its command
        std::int64_t since_ms = 0;  ///< wall clock
    };
    std::vector<std::string> prompts;  ///< in the order in which they will be delivered
    std::vector<Todo> todos;
    std::vector<Subagent> subagents;
    std::vector<RunningJob> jobs;
    std::size_t queued_jobs = 0;
};

struct WaitingView {
    std::size_t width = 80;
    std::size_t rows = 12;  ///< at most
    std::int64_t now_ms = 0;
    /// Whether the rows are made again each second. If not, they say since when a job has run.
    bool is_redrawn = false;
    ui::Style style = ui::Style::kPlain;
};

/// The area between the answer and the input: queued prompts, todos (at most six rows, around the
/// current one), subagents and jobs, in this order. Each row is within the width. When there is too
/// little room, the queued prompts stay, then the current todo, subagents, jobs, and last the other
/// todos; a row `… +N` stands for those of a kind that are left out. Pure.
std::vector<std::string> waiting_rows(const Unfinished& unfinished, const WaitingView& view);

}  // namespace tenon::sitting
