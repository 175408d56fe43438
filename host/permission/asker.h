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
    Json input;                      ///< the tool's arguments
    agent::ToolFacts facts = {};     ///< how they may be shown; the defaults for a third-party tool
    std::string title;               ///< one sentence: "bash wants to run `npm test`"
    std::vector<std::string> items;  ///< what would be run, written or read and is not allowed yet
    /// The choices of "always". Each is exactly the list of rules that it would add. The first is
    /// the narrowest; a second one is wider (`Bash(git push *)`). Empty: only yes and no are
    /// offered.
    std::vector<std::vector<std::string>> offers;
    std::string remark;       ///< why only yes and no are offered; may be empty
    std::size_t waiting = 0;  ///< questions that waited behind this one when it was asked
};

enum class Consent { kYes, kNo, kAlways };

struct UserAnswer {
    Consent consent = Consent::kNo;
    std::vector<std::string> rules;  ///< kAlways: those of the chosen offer
    std::string instead;             ///< kNo: what the person wants instead; may be empty
};

/// Asks a person. Called by tool workers, by one at a time. Not responsible for what the answer
/// means.
class Asker {
public:
    virtual ~Asker() = default;
    /// Blocks until the person has answered. A requested stop counts as no. Text of a tool or a job
    /// must never be able to answer.
    virtual UserAnswer ask(const Question& question, std::stop_token stop) = 0;
};

}  // namespace tenon::permission
