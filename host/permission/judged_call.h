#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "host/permission/gate.h"

/// Inside of the gate.
namespace tenon::permission {

/// One call, and what it needs.
struct JudgedCall {
    std::string who;
    std::string subagent;
    std::string tool;
    Json input;
    bool first_party = false;
    bool read_only = false;          ///< and first-party
    bool unquestioned = false;       ///< first-party, needs no question though not read-only
    bool conversation_only = false;  ///< first-party, changes nothing outside the conversation
    agent::ToolFacts shown = {};     ///< how a question shows it
    std::filesystem::path cwd;       ///< of a command
    std::vector<Need> seen;          ///< what deny rules and ask rules look at
    std::vector<Need> needs;
    std::string failed;  ///< a command's text that could not be taken apart, and why
};

}  // namespace tenon::permission
