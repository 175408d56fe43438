#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "host/agent/tool_facts.h"
#include "host/base/json.h"

namespace tenon::permission {

/// What a person is asked.
struct Question {
    std::string who;                 ///< the tool, or the plugin that asks
    std::string subagent;            ///< whose call it is; empty: the conversation's own
    std::string tool;                ///< the tool's name; empty for a plugin's own question
    Json input;                      ///< its arguments
    agent::ToolFacts facts = {};     ///< how they may be shown; of a third-party tool the defaults
    std::string title;               ///< one sentence: "bash wants to run `npm test`"
    std::vector<std::string> items;  ///< what would be run, written or read and is not allowed yet
    /// The choices of "always": each is the list of rules that it would add, exactly. The first is
    /// the narrowest one; a second one is wider (`Bash(git push *)`). Empty: only yes and no are
    /// offered.
    std::vector<std::vector<std::string>> offers;
    std::string remark;       ///< why only yes and no are offered; may be empty
    std::size_t waiting = 0;  ///< further questions that stood in line as this one was put
};

struct Answer {
    enum class Kind { kYes, kNo, kAlways };
    Kind kind = Kind::kNo;
    std::vector<std::string> rules;  ///< kAlways: those of the chosen offer
    std::string instead;             ///< kNo: what the person wants done instead; may be empty
};

/// Asks a person. One question at a time; blocks until it is answered. A requested stop counts as
/// no. Called from tool workers. No text of a tool or job may answer.
class Asker {
public:
    virtual ~Asker() = default;
    virtual Answer ask(const Question& question, std::stop_token stop) = 0;
};

}  // namespace tenon::permission
