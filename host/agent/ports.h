#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "host/agent/contact.h"
#include "host/agent/event.h"
#include "host/agent/message.h"
#include "host/agent/tool_facts.h"
#include "host/base/mutex.h"
#include "host/base/result.h"

/// The interfaces through which the loop uses the rest of the program.
namespace tenon::agent {

/// Receives events. `on_event` may be called from the agent thread and from tool workers, so it is
/// thread-safe and does not block for long.
class EventSink {
public:
    virtual ~EventSink() = default;
    virtual void on_event(const AgentEvent& event) = 0;
};

// ---------------------------------------------------------------- model

class CallIds;

/// One request. Views into the conversation, valid until `ask` returns.
struct Request {
    std::string_view model;
    std::string_view system;  ///< plain text
    std::string_view tools;   ///< a JSON array of {name, description, input_schema}; "[]" for none
    std::span<const Message> messages;
    std::int64_t max_tokens = 8192;
    bool forbid_tools = false;    ///< tool_choice none
    std::string_view agent = {};  ///< the call that a subagent works for; empty: not a subagent's
    CallIds* call_ids = nullptr;  ///< the session's; null: of this answer alone
    /// A JSON schema, which the text of the last answer must fit; empty: any text may be answered.
    std::string_view answer_schema = {};
    /// The id of the last answer in `messages`, if the server holds the conversation up to it as a
    /// message thread; empty: it does not. A format without threads, or a server that has forgotten
    /// the thread, gets all messages.
    std::string_view thread = {};
};

/// A complete answer: every byte of it arrived, and what endpoints would refuse later has been
/// repaired (see repair.h).
struct Answer {
    std::string id;
    std::string model;
    std::string stop_reason;
    std::string content;  ///< the JSON array of blocks, byte for byte as it will be sent back;
                          ///< "[]": an empty answer, which does not go into the conversation
    std::string text;     ///< all text blocks joined
    std::vector<ToolCall> calls;
    Usage usage;
    ModelName by = {};  ///< which model was asked for it
    /// The part of `usage` that the host has estimated, since the server does not state it.
    Usage estimated = {};
    /// The server holds the conversation with this answer as a message thread, under `id`.
    bool in_thread = false;
    std::string refusal = {};  ///< why it is one, as far as the server says; for people
};

/// Whether a refused request fits into the model's window, as far as the endpoint's message says.
enum class Length {
    kFits,     ///< it was refused for another reason
    kTooLong,  ///< it does not fit
    kNotSaid,  ///< the message is not known: it may be too long
};

/// Why there is no answer. Nothing of a failed attempt may reach the conversation.
struct ModelFailure {
    std::string message;  ///< names the endpoint and the cause
    int http_status = 0;  ///< 0: there was no response
    std::string type;     ///< error.type of the endpoint, if it said one
    std::string request_id;
    bool retryable = false;
    bool stopped = false;  ///< the stop token asked for it; not an error
    std::optional<std::chrono::milliseconds> retry_after;
    /// Not empty: in this way the answer broke the wire format. The next one may do the same.
    std::string malformed = {};
    Length length = Length::kFits;
    Contact contact = Contact::kMade;
    std::optional<std::int64_t> window = {};  ///< the model's in tokens, where that was stated
    /// The server says that it is overloaded or out of order. Another one may answer, also where
    /// this one wants no further attempt.
    bool unavailable = false;
    /// The server may not speak the wire format, or not at this address. `message` has what to try.
    bool wrong_address = false;
};

/// A model behind one wire format. `ask` blocks, is called by one thread at a time, and returns
/// soon after `stop` is requested. Deltas go to `sink` from the calling thread.
class Provider {
public:
    virtual ~Provider() = default;
    virtual Result<Answer, ModelFailure> ask(const Request& request, EventSink& sink,
                                             std::stop_token stop) = 0;
    /// Which of its models the provider has asked last: 0 is the one that requests name, the others
    /// are asked while that does not answer (model::Fallback).
    [[nodiscard]] virtual std::size_t place_of_asked() const { return 0; }
};

/// What the answer of a run must be: one JSON document that fits a schema. Immutable, so several
/// threads may use it at once.
class AnswerForm {
public:
    virtual ~AnswerForm() = default;
    /// The JSON Schema, as a text on one line.
    [[nodiscard]] virtual std::string_view schema() const = 0;
    /// The same as the schema of a tool's input, which is an object: the document itself, or, when
    /// the form `wraps` it, an object with the document as its only member, kWrapped.
    [[nodiscard]] virtual Json input_schema() const = 0;
    [[nodiscard]] virtual bool wraps() const = 0;
    static constexpr std::string_view kWrapped = "answer";
    /// What is wrong with a document, for the model; nothing: it fits.
    [[nodiscard]] virtual std::optional<std::string> flaw(const Json& document) const = 0;
};

// ---------------------------------------------------------------- tools

/// Everything the host knows about a tool. Each flag relaxes an assumption.
struct ToolSpec {
    std::string name;
    std::string description;
    Json input_schema;
    std::string plugin;        ///< id of the plugin it came from, "host" for built-in ones
    bool first_party = false;  ///< flags of others are claims
    bool read_only = false;
    bool concurrent = false;
    bool own_thread = false;  ///< may wait for long: not bound to the worker limit
    ToolFacts facts = {};
};

/// Keeps an order among calls that run at the same time: each has a place, and may wait until those
/// before it have passed. Thread-safe.
class Turns {
public:
    explicit Turns(std::size_t places);

    /// Blocks until every place before `place` has passed, or `stop` is requested.
    void await(std::size_t place, const std::stop_token& stop = {});
    void pass(std::size_t place);

private:
    Mutex mutex_;
    Condition changed_;
    std::vector<bool> passed_ TENON_GUARDED_BY(mutex_);
};

/// One place among Turns, which outlive it. The default is a place without others.
struct Turn {
    Turns* turns = nullptr;
    std::size_t place = 0;

    void await(const std::stop_token& stop = {}) const {
        if (turns != nullptr) turns->await(place, stop);
    }
    void pass() const {
        if (turns != nullptr) turns->pass(place);
    }
};

/// The conversation that makes a call.
struct Caller {
    std::string session;    ///< id
    std::string subagent;   ///< id within the session; empty: the session's own conversation
    std::string tool = {};  ///< the name of the tool that is called
};

/// What a running call may use; outlives the call. Shared with services that the call's plugin
/// asks, possibly from other threads of the plugin.
class CallContext {
public:
    /// `turn` is the place among the calls of the same plugin beside this one.
    CallContext(Caller caller, std::string tool_use_id, std::stop_token stop,
                std::function<void(std::string)> progress, Turn turn = {});
    ~CallContext();

    [[nodiscard]] const std::string& session_id() const { return caller_.session; }
    /// The subagent that calls; empty: the session's own conversation does.
    [[nodiscard]] const std::string& subagent() const { return caller_.subagent; }
    /// The name of the tool that is called.
    [[nodiscard]] const std::string& tool() const { return caller_.tool; }
    [[nodiscard]] const std::string& tool_use_id() const { return tool_use_id_; }
    /// Stops when the call is cancelled, or abandoned.
    [[nodiscard]] const std::stop_token& stop() const { return stop_; }
    /// Ends the requests of the call that are still open, since nobody waits for their answers: the
    /// plugin's process has ended. They end as if the call were cancelled.
    void abandon() { abandoned_.request_stop(); }
    void progress(std::string note) const;

    /// Does `step` after the earlier calls of this plugin in the answer have done theirs, or have
    /// ended. So background jobs are submitted in the order in which the model asked for them.
    template <class Step>
    auto in_order(Step step) const {
        if (turn_.turns != nullptr) {
            const WaitScope scope(on_wait_, Wait::kForTurn);
            turn_.await();
        }
        auto done = step();
        turn_.pass();
        return done;
    }

    /// Lets the later calls of this plugin do their steps before this call has done anything.
    void give_up_turn() const { turn_.pass(); }

    /// This call's result delivers the end of `job`, which the call has reserved.
    void deliver(std::string job);
    [[nodiscard]] std::vector<std::string> take_delivered();

    /// An image of the result, behind its text. Dropped when the tool fails. False: the result has
    /// too many already, or too large ones.
    [[nodiscard]] bool add_image(Image image);
    [[nodiscard]] std::vector<Image> take_images();

    /// `step` is done when the tool has succeeded, after the steps that were added before it. When
    /// the tool fails, it is dropped.
    void at_success(std::function<Result<void>()> step);
    /// For the tool, when it has succeeded: does the steps, up to the first that fails. Its Error
    /// becomes the result of the call.
    Result<void> finish();

    /// Runs a subagent, whose calls this call waits for.
    template <class Step>
    auto with_subagent(Step step) const {
        const WaitScope scope(on_wait_, Wait::kForSubagent);
        return step();
    }
    /// What a running call waits for: calls that may need the plugin that it uses.
    enum class Wait { kForSubagent, kForTurn };
    /// For the tool, before it runs: `observer` is called when such a wait begins and when it has
    /// ended. Any thread, several at once.
    using WaitObserver = std::function<void(Wait wait, bool begins)>;
    void on_wait(WaitObserver observer) { on_wait_ = std::move(observer); }

private:
    class WaitScope {
    public:
        WaitScope(const WaitObserver& observer, Wait wait) : observer_(observer), wait_(wait) {
            if (observer_) observer_(wait_, true);
        }
        ~WaitScope() {
            if (observer_) observer_(wait_, false);
        }
        WaitScope(const WaitScope&) = delete;
        WaitScope& operator=(const WaitScope&) = delete;

    private:
        const WaitObserver& observer_;
        const Wait wait_;
    };

    Caller caller_;
    std::string tool_use_id_;
    std::stop_source abandoned_;
    const std::stop_token stop_ = abandoned_.get_token();
    std::stop_callback<std::function<void()>> on_cancel_;
    std::function<void(std::string)> progress_;
    Turn turn_;
    WaitObserver on_wait_;
    Mutex mutex_;
    std::vector<std::string> delivered_ TENON_GUARDED_BY(mutex_);
    std::vector<Image> images_ TENON_GUARDED_BY(mutex_);
    std::vector<std::function<Result<void>()>> at_success_ TENON_GUARDED_BY(mutex_);
};

/// One function a model may call. `call` may run on any thread, several at once when the tool is
/// concurrent. Failures are results with is_error.
class Tool {
public:
    virtual ~Tool() = default;
    [[nodiscard]] virtual const ToolSpec& spec() const = 0;
    /// What is wrong with the arguments, for the model; none when `call` may run.
    [[nodiscard]] virtual std::optional<std::string> check(const ToolCall& call) const = 0;
    /// Runs the call. Its arguments were checked by `check` and are not checked again.
    virtual ToolResult call(const ToolCall& call, CallContext& context) = 0;
};

/// The tools of this host. Does not change while a turn runs.
class Toolbox {
public:
    virtual ~Toolbox() = default;
    [[nodiscard]] virtual Tool* find(std::string_view name) = 0;           ///< null: no such tool
    [[nodiscard]] virtual std::vector<const ToolSpec*> specs() const = 0;  ///< in a stable order
    /// Of a name that `find` does not know: a sentence about who has such a tool and why it is not
    /// here; empty: nothing is known. May block on files.
    [[nodiscard]] virtual std::string why_missing(const std::string& /*name*/) { return {}; }
};

/// Says whether a call may run. Thread-safe. May block while a person is asked.
class Gate {
public:
    struct Verdict {
        bool allowed = false;
        std::string
            reason;  ///< for the model, when refused: what was refused and which rule to add
    };
    virtual ~Gate() = default;
    /// `turn` is the place of the call among those of its answer. A person is asked only when it
    /// is reached; a call without a question does not wait for it. The caller passes it when this
    /// returns.
    virtual Verdict judge(const ToolSpec& tool, const ToolCall& call, std::stop_token stop,
                          const Turn& turn) = 0;
};

/// Texts that plugins add to the conversation. Called on the thread of the conversation.
class Context {
public:
    virtual ~Context() = default;
    /// What to remind the model of in the next request, which is about to be sent; may be empty.
    virtual std::string reminders() = 0;
    /// What must be kept beside a summary: open todos, open tasks; may be empty.
    virtual std::string carried_on() = 0;
};

/// Prompts that a person has entered while the run works. Called on the thread of the conversation
/// while no call runs.
class WaitingPrompts {
public:
    virtual ~WaitingPrompts() = default;
    /// The prompts to add to the conversation now, in their order. From this call on, nobody else
    /// delivers them or takes them back.
    virtual std::vector<Prompt> take() = 0;
    /// Prompts of the last `take` that could not be journalled: they wait again, in front.
    virtual void put_back(const std::vector<Prompt>& prompts) = 0;
};

// ---------------------------------------------------------------- jobs

/// The end of a background job, ready to be delivered.
struct JobEnded {
    std::string id;
    std::string status;  ///< completed error timeout cancelled lost
    std::string result;  ///< what `bash` would show, exit line included; valid UTF-8
};

/// What a restarted host can say about a tool call that was under way.
struct RecoveredCall {
    std::string text;
    bool is_error = false;
    std::string delivered_job;  ///< not empty: `text` delivers that job's end
};

/// The background jobs of one session, as the loop sees them. Thread-safe.
class Inbox {
public:
    virtual ~Inbox() = default;
    /// Every end that has not been delivered, oldest first. It is returned again until the session
    /// has journalled its delivery, so that no end is lost when the journal cannot be written.
    /// Cancels all reservations, since no call is running. Never blocks.
    virtual std::vector<JobEnded> undelivered() = 0;
    /// Waits until `undelivered` would return something (true), no job that a headless run waits
    /// for is unfinished (false), or `stop` is requested (false).
    virtual bool wait(std::stop_token stop) = 0;
    /// The jobs that have not ended, or whose end has not been delivered, as a summary lists them;
    /// empty: there are none.
    virtual std::string table() { return {}; }
    /// For a tool_use without a result in a reopened journal: what became of its command or its
    /// subagent. `facts` are the tool's.
    virtual std::optional<RecoveredCall> recover(const ToolCall& call, const ToolFacts& facts) = 0;
};

}  // namespace tenon::agent
