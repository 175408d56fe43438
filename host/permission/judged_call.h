#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "host/permission/gate.h"

/// Inside of the gate.
namespace tenon::permission {

/// One call, and what it needs.
struct JudgedCall {
    std::string who;       ///< for questions and refusals: the tool and whose call it is
    std::string subagent;  ///< see Question
    std::string tool;
    Json input;
    bool first_party = false;
    bool by_host = false;            ///< the host itself does what the call needs
    bool read_only = false;          ///< implies first_party
    bool unquestioned = false;       ///< first-party, needs no question though not read-only
    bool conversation_only = false;  ///< first-party, changes nothing outside the conversation
    agent::ToolFacts shown = {};     ///< how a question shows the call
    std::filesystem::path cwd;       ///< of a command
    std::vector<Need> possible;      ///< what the call could do: for deny rules and ask rules
    std::vector<Need> required;      ///< what must be allowed, each
    std::string parse_failure;       ///< not empty: why the command's text could not be parsed
    agent::Turn turn = {};           ///< of its question, among the calls of its answer
};

}  // namespace tenon::permission
