#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "host/permission/needs.h"
#include "host/permission/rules.h"

/// Inside of the gate: the words of questions and refusals. Pure.
namespace tenon::permission {

/// What the needs are about, each text once, in their order. Beyond 100 texts, the last one says
/// how many are left out.
std::vector<std::string> item_texts(const std::vector<const Need*>& needs,
                                    const std::filesystem::path& workspace);

/// "a", "a and b", "a, b and c"
std::string enumerated(const std::vector<std::string>& items);

/// For a run in which nobody can be asked: how the user can allow these needs.
std::string advice(const std::vector<const Need*>& unmet, const std::filesystem::path& workspace);

/// The rule with its origin.
std::string named(const Rule& rule);

/// The head and the tail of a long text. Only for messages to a model: a person is shown all of it.
std::string shortened(const std::string& text);

}  // namespace tenon::permission
