#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "host/cli/workspace_tasks.h"

/// Tasks and what they wait for, drawn. Pure functions; the texts of the tasks may hold anything.
namespace tenon::cli {

/// `[ ] 2: build`, `[>]`, `[x]`; one visible line.
std::string title_of(const Task& task);

/// A tree for each task that waits for none, those that it blocks beneath it; completed tasks that
/// hold nothing up come last. A task that several block stands where it is reached first, with all
/// of them named, and is referred to elsewhere. No line is wider than `columns`.
std::vector<std::string> drawn(std::span<const Task> tasks, std::size_t columns);

/// The same for Graphviz.
std::string in_dot(std::span<const Task> tasks);

}  // namespace tenon::cli
