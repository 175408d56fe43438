#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "host/base/json.h"

namespace tenon::permission {

/// What a person is asked.
struct Question {
    std::string who;                 ///< the tool, or the plugin that asks
    std::string tool;                ///< the tool's name; empty for a plugin's own question
    Json input;                      ///< its arguments: edits are shown as a diff
    std::string title;               ///< one sentence: "bash wants to run `npm test`"
    std::vector<std::string> items;  ///< what would be run, written or read and is not allowed yet
    /// What "always for this session" would add, exactly. Empty: always is not offered, and means
    /// yes.
    std::vector<std::string> rules;
    std::size_t waiting = 0;  ///< further questions that stood in line as this one was put
};

enum class Answer { kYes, kNo, kAlways };

/// Asks a person. One question at a time; blocks until it is answered. A requested stop counts as
/// no. Called from tool workers. No text of a tool or job may answer.
class Asker {
public:
    virtual ~Asker() = default;
    virtual Answer ask(const Question& question, std::stop_token stop) = 0;
};

}  // namespace tenon::permission
