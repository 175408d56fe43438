#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "host/cli/workspace_tasks.h"

/// Draws tasks and their dependencies. Pure functions. The texts of a task may hold any characters.
namespace tenon::cli {

/// `[ ] 2: build`, `[>]`, `[x]`; one visible line.
std::string title_of(const Task& task);

/// One tree for each task that waits for no other, with the tasks that it blocks beneath it.
/// Completed tasks that block nothing come last. A task that several others block is drawn where it
/// is reached first, with the list of those others; elsewhere there is a reference to it. No line
/// is wider than `columns`.
std::vector<std::string> drawn(std::span<const Task> tasks, std::size_t columns);

/// The same graph in the language of Graphviz.
std::string in_dot(std::span<const Task> tasks);

}  // namespace tenon::cli
