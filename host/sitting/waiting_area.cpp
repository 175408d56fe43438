#include "host/sitting/waiting_area.h"

#include <algorithm>

#include "host/base/counted.h"
#include "host/base/text_width.h"
#include "host/base/untrusted.h"
#include "host/sitting/status_line.h"
#include "host/ui/status_line.h"

namespace tenon::sitting {
namespace {

constexpr std::size_t kMostOfAKind = 6;
constexpr std::size_t kWidthForHint = 40;
constexpr std::string_view kHint = "  (Up: edit)";

using Rows = std::vector<std::string>;

/// Of `count` things at most `rows` are shown, from `first` on; the last row may say how many more
/// there are.
struct Window {
    std::size_t first = 0;
    std::size_t shown = 0;
    std::size_t left_out = 0;
};

/// The thing at `important` is among those that are shown.
Window window(std::size_t count, std::size_t rows, std::size_t important) {
    if (count <= rows) return {0, count, 0};
    if (rows == 0) return {0, 0, count};
    const std::size_t shown = std::max<std::size_t>(rows - 1, 1);  // and a row for the others
    const std::size_t before = important > 0 && shown > 1 ? important - 1 : important;
    return {std::min(before, count - shown), shown, count - shown};
}

/// The rows of one kind within a budget. `row` makes the row of one thing within a width.
template <class Row>
Rows rows_of_kind(std::size_t count, std::size_t budget, std::size_t important,
                  const WaitingView& view, Row row) {
    const Window part = window(count, budget, important);
    const std::string more = part.left_out > 0 ? "… +" + std::to_string(part.left_out) : "";
    const bool more_has_row = !more.empty() && part.shown < budget;
    Rows rows;
    for (std::size_t i = part.first; i < part.first + part.shown; ++i) {
        const std::string behind = more_has_row || more.empty() ? "" : " " + more;
        const std::size_t room = view.width - std::min(view.width, width_of(behind));
        rows.push_back(cut(row(i, room) + behind, view.width));
    }
    if (more_has_row) rows.push_back(cut(ui::paint(view.style, ui::kDim, more), view.width));
    return rows;
}

std::string time_since(std::int64_t since_ms, const WaitingView& view) {
    if (!view.is_redrawn) return "since " + clock_time(since_ms);
    return seconds_text(view.now_ms - since_ms);
}

Rows prompt_rows(const std::vector<std::string>& prompts, std::size_t budget,
                 const WaitingView& view) {
    const std::size_t last = prompts.empty() ? 0 : prompts.size() - 1;
    return rows_of_kind(prompts.size(), budget, last, view, [&](std::size_t i, std::size_t room) {
        const std::string text = "Queued: " + first_line(prompts[i]);
        const bool hint = i == last && view.width >= kWidthForHint;
        return ui::paint(view.style, ui::kDim,
                         hint ? cut_before(text, kHint, room) : cut(text, room));
    });
}

Rows todo_rows(const std::vector<Unfinished::Todo>& todos, std::size_t budget, std::size_t current,
               const WaitingView& view) {
    return rows_of_kind(todos.size(), budget, current, view, [&](std::size_t i, std::size_t room) {
        const Unfinished::Todo& todo = todos[i];
        const ui::Look look = todo.is_done ? ui::kDim : todo.is_current ? ui::kBold : ui::Look{};
        const std::string_view box = todo.is_done ? "[x] " : todo.is_current ? "[>] " : "[ ] ";
        return ui::paint(view.style, look, cut(std::string(box) + first_line(todo.text), room));
    });
}

Rows subagent_rows(const std::vector<Unfinished::Subagent>& subagents, std::size_t budget,
                   const WaitingView& view) {
    return rows_of_kind(subagents.size(), budget, 0, view, [&](std::size_t i, std::size_t room) {
        const Unfinished::Subagent& subagent = subagents[i];
        const std::string title = first_line(subagent.title);
        ui::Details details{time_since(subagent.since_ms, view)};
        if (subagent.tokens > 0) details.push_back(short_count(subagent.tokens) + " tokens");
        return ui::status_line(ui::kRunning, title.empty() ? "subagent" : title,
                               ui::in_brackets(details), room, view.style);
    });
}

Rows job_rows(const Unfinished& unfinished, std::size_t budget, const WaitingView& view) {
    const std::size_t queued_row = unfinished.queued_jobs > 0 ? 1 : 0;
    return rows_of_kind(
        unfinished.jobs.size() + queued_row, budget, 0, view, [&](std::size_t i, std::size_t room) {
            if (i == unfinished.jobs.size()) {
                const std::string text = counted(unfinished.queued_jobs, "job") + " queued";
                return ui::paint(view.style, ui::kDim, cut(text, room));
            }
            const Unfinished::RunningJob& job = unfinished.jobs[i];
            return ui::status_line(ui::kRunning, "job " + job.id + " " + first_line(job.what),
                                   ui::in_brackets({time_since(job.since_ms, view)}), room,
                                   view.style);
        });
}

/// The place of the todo to show first: the current one, else the first that is open.
std::size_t current_todo(const std::vector<Unfinished::Todo>& todos) {
    const auto begin = todos.begin(), end = todos.end();
    auto found = std::find_if(begin, end, [](const auto& todo) { return todo.is_current; });
    if (found == end)
        found = std::find_if(begin, end, [](const auto& todo) { return !todo.is_done; });
    return found == end ? 0 : static_cast<std::size_t>(found - begin);
}

}  // namespace

std::vector<std::string> waiting_rows(const Unfinished& unfinished, const WaitingView& view) {
    std::size_t left = view.rows;
    const auto take = [&left](std::size_t wanted) {
        const std::size_t taken = std::min({wanted, kMostOfAKind, left});
        left -= taken;
        return taken;
    };
    const std::size_t prompts = take(unfinished.prompts.size());
    std::size_t todos = take(std::min<std::size_t>(unfinished.todos.size(), 1));
    const std::size_t subagents = take(unfinished.subagents.size());
    const std::size_t jobs =
        take(unfinished.jobs.size() + (unfinished.queued_jobs > 0 ? std::size_t{1} : 0));
    if (todos > 0) todos += std::min({unfinished.todos.size() - todos, kMostOfAKind - todos, left});

    Rows rows = prompt_rows(unfinished.prompts, prompts, view);
    for (Rows more :
         {todo_rows(unfinished.todos, todos, current_todo(unfinished.todos), view),
          subagent_rows(unfinished.subagents, subagents, view), job_rows(unfinished, jobs, view)})
        std::move(more.begin(), more.end(), std::back_inserter(rows));
    return rows;
}

}  // namespace tenon::sitting
