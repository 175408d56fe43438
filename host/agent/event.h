#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "host/agent/message.h"
#include "host/agent/tool_facts.h"

/// Events of a session, for those who watch it. Events contain copies; a watcher may keep them.
namespace tenon::agent {

struct SessionOpened {
    std::string session_id;
    std::string workspace;
    std::string model;
    std::string permission_mode;
    std::vector<std::string> tools;
    bool resumed = false;
};
struct TextDelta {
    std::string text;
};
struct ThinkingDelta {
    std::string text;
};
/// The attempt failed and its deltas are void; the next begins after `delay`.
struct RetryScheduled {
    int attempt = 0;  ///< the one that failed, from 1
    int max_attempts = 0;
    std::chrono::milliseconds delay{};
    int http_status = 0;  ///< 0: no response
    std::string reason;
    /// Not empty: the next attempt asks this model instead, as a Notice says.
    std::string instead = {};
};
/// A whole answer, journalled. `message` is the provider's message object.
struct Answered {
    Json message;
    ModelName by = {};      ///< which model was asked for it; empty: it is not known
    std::size_t place = 0;  ///< of that model: see Provider::place_of_asked
};
struct ToolStarted {
    ToolCall call;
    ToolFacts facts = {};
};
struct ToolProgressed {
    std::string tool_use_id;
    std::string note;
};
struct ToolFinished {
    ToolCall call;
    ToolResult result;
    std::chrono::milliseconds duration{};
    bool denied = false;
    ToolFacts facts = {};
};
/// A prompt is now part of the conversation, journalled: it began the run, or waited while the run
/// worked.
struct PromptDelivered {
    std::string typed;  ///< as the person has typed it
};
/// A user message as the model will see it: results, reminders, notifications. `content` is an
/// array.
struct UserMessageSent {
    Json content;
};
/// A background job of this session started or reached its terminal status.
struct JobChanged {
    std::string id;
    std::string status;
    std::string command;
    std::optional<int> exit_code;
    std::string name = {};                 ///< given by the model; may be empty
    std::int64_t started_ms = 0;           ///< wall clock; 0: never
    std::chrono::milliseconds duration{};  ///< from its start to its end, as far as that is known
};
/// A message for a person that is not a failure of the run.
struct Notice {
    std::string text;
};

/// A file goes to the model with the prompt that has just begun a turn: "a.txt (12 lines)".
struct FileAttached {
    std::string text;
};

/// The conversation was made shorter. Tokens are the estimates before and after.
struct Compacted {
    std::string trigger;  ///< auto, manual
    std::int64_t tokens_before = 0;
    std::int64_t tokens_after = 0;
};

template <class... More>
using EventOr = std::variant<SessionOpened, TextDelta, ThinkingDelta, RetryScheduled, Answered,
                             ToolStarted, ToolProgressed, ToolFinished, PromptDelivered,
                             UserMessageSent, JobChanged, Notice, FileAttached, Compacted, More...>;

/// Something happened in the conversation of a subagent.
struct SubagentEvent {
    std::string tool_use_id;  ///< the call of the parent's that it works for
    std::string title;        ///< a few words on its work
    EventOr<> event;
};

using AgentEvent = EventOr<SubagentEvent>;

}  // namespace tenon::agent
