#include "host/cli/task_graph.h"

#include <algorithm>
#include <deque>
#include <map>

#include "host/base/text_width.h"
#include "host/base/untrusted.h"
#include "host/cli/screen.h"

namespace tenon::cli {
namespace {

using Id = std::int64_t;

constexpr std::size_t kStep = 3;  // columns of one level

const char* mark_of(const Task& task) {
    if (task.status == "completed") return "[x] ";
    return task.status == "in_progress" ? "[>] " : "[ ] ";
}

std::string listed(const std::set<Id>& ids) {
    std::string text;
    for (const Id id : ids)
        text.append(text.empty() ? "" : ", ").append(std::to_string(id));
    return text;
}

class Drawing {
public:
    Drawing(std::span<const Task> tasks, std::size_t columns)
        : columns_(columns), deepest_(columns / 2 / kStep) {
        for (const Task& task : tasks)
            tasks_.emplace(task.id, &task);
    }

    std::vector<std::string> lines() {
        // Tasks of a cycle are reached from no other task; they are drawn last.
        for (const int turn : {0, 1, 2}) {
            for (const auto& [id, task] : tasks_) {
                const bool waits = !task->blocked_by.empty();
                const bool over = task->status == "completed" && task->blocks.empty() && !waits;
                if (turn == 2 || (turn == 1 && over) || (turn == 0 && !waits && !over))
                    roots_.push_back(id);
            }
            for (; !roots_.empty(); roots_.pop_front()) {
                const Task& task = *tasks_.at(roots_.front());
                if (drawn_.count(task.id) > 0) continue;
                add(label_of(task));
                draw_blocked(task, "", 1);
            }
        }
        return std::move(lines_);
    }

private:
    void add(const std::string& line) { lines_.push_back(cut(line, columns_)); }

    std::string label_of(const Task& task) {
        drawn_.insert(task.id);
        std::string label = title_of(task);
        if (task.blocked_by.size() > 1) label += " (blocked by: " + listed(task.blocked_by) + ")";
        if (!task.owner.empty()) label += " (owner: " + visible(task.owner) + ")";
        return label;
    }

    void draw_blocked(const Task& task, const std::string& indent, std::size_t depth) {
        std::vector<const Task*> blocked;
        for (const Id id : task.blocks)
            if (const auto found = tasks_.find(id); found != tasks_.end())
                blocked.push_back(found->second);
        for (std::size_t i = 0; i < blocked.size(); ++i) {
            const bool last = i + 1 == blocked.size();
            const std::string lead = indent + (last ? "└─ " : "├─ ");
            const Task& other = *blocked[i];
            if (drawn_.count(other.id) > 0) {
                add(lead + std::to_string(other.id) + " (above)");
            } else if (depth > deepest_) {
                add(lead + std::to_string(other.id) + " (below)");
                roots_.push_back(other.id);
            } else {
                add(lead + label_of(other));
                draw_blocked(other, indent + (last ? "   " : "│  "), depth + 1);
            }
        }
    }

    std::size_t columns_, deepest_;
    std::map<Id, const Task*> tasks_;
    std::set<Id> drawn_;
    std::deque<Id> roots_;
    std::vector<std::string> lines_;
};

std::string dot_text(const std::string& text) {
    std::string out = "\"";
    for (const char c : visible(text)) {
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    return out + "\"";
}

const char* fill_of(const Task& task) {
    if (task.status == "completed") return "lightgrey";
    return task.status == "in_progress" ? "lightyellow" : "white";
}

}  // namespace

std::string title_of(const Task& task) {
    return mark_of(task) + std::to_string(task.id) + ": " + visible(task.subject);
}

std::vector<std::string> drawn(std::span<const Task> tasks, std::size_t columns) {
    return Drawing(tasks, columns).lines();
}

std::string in_dot(std::span<const Task> tasks) {
    std::string text =
        "digraph tasks {\n  rankdir=LR;\n  node [shape=box, style=\"rounded,filled\"];\n";
    for (const Task& task : tasks) {
        std::string label = std::to_string(task.id) + ": " + task.subject;
        if (!task.owner.empty()) label += " (" + task.owner + ")";
        text += "  " + std::to_string(task.id) + " [label=" + dot_text(label) +
                ", fillcolor=" + fill_of(task) + "];\n";
    }
    for (const Task& task : tasks) {
        for (const Id other : task.blocks)
            text += "  " + std::to_string(task.id) + " -> " + std::to_string(other) + ";\n";
    }
    return text + "}\n";
}

}  // namespace tenon::cli
