#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "host/base/result.h"

/// Files of a project (AGENTS.md, .env, .tenon/…), which is read before anybody has trusted it. A
/// link in it must not lead to a file of the user's elsewhere.
namespace tenon::config {

/// The nearest directory from `workspace` upwards that a `.git` makes the root of a repository,
/// else `workspace` itself. The `.git` is a directory or a regular file, belongs to the user or to
/// root, and is no link that leads out of its directory; another one counts as not there, with a
/// line in `warnings` unless that is null.
std::filesystem::path project_root(const std::filesystem::path& workspace,
                                   std::vector<std::string>* warnings);

/// At most `max_bytes` + 1 bytes of `file`: a longer result than `max_bytes` is too large. None:
/// nothing has that name. Error: it leads out of `root` (links inside are fine), is
/// no regular file, belongs neither to the user nor to root, or cannot be read. Never blocks on a
/// FIFO.
Result<std::optional<std::string>> read_project_file(const std::filesystem::path& root,
                                                     const std::filesystem::path& file,
                                                     std::size_t max_bytes);

}  // namespace tenon::config
