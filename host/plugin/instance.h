#pragma once

#include <cstdint>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include <tenon/plugin.h>

#include "host/base/result.h"
#include "host/plugin/refusal.h"

/// How the program uses one plugin, in whichever process the plugin's code runs. Only text and
/// numbers pass through these interfaces, so that an instance can forward them to another process.
namespace tenon::plugin {

/// What a plugin uses of the host outside a call. Any thread of the plugin may use it, several at
/// once, until the instance is destroyed.
class HostPort {
public:
    virtual ~HostPort() = default;
    /// `level` is one of TENON_LOG_*. The message may be any bytes.
    virtual void log(int level, std::string_view message) noexcept = 0;
    /// Calls a method of the host, see tenon_host::request. `answer` becomes JSON on TENON_OK, else
    /// an explanation that a model may be shown. May block.
    virtual tenon_rc request(std::string_view method, std::string_view params,
                             std::string_view body, std::string& answer) noexcept = 0;
};

/// What a plugin uses of the host during one call. Any thread of the plugin may use it, several at
/// once, until `Instance::invoke` returns.
class CallPort {
public:
    virtual ~CallPort() = default;
    [[nodiscard]] virtual const std::stop_token& stop() const = 0;
    /// See tenon_call::deadline_ns.
    [[nodiscard]] virtual std::uint64_t deadline_ns() const { return 0; }
    /// Appends to the result, any bytes. False when so much has been written that the plugin should
    /// stop; what follows still counts.
    virtual bool write(std::string_view chunk) noexcept = 0;
    /// One short line for a person who waits, any bytes.
    virtual void progress(std::string_view note) noexcept = 0;
    /// As HostPort::request, for this call: the wait ends when the call is cancelled.
    virtual tenon_rc request(std::string_view method, std::string_view params,
                             std::string_view body, std::string& answer) noexcept = 0;
    /// Says, in a sentence for the model, why the call ends in a fault or did not begin.
    virtual void fail(std::string_view why) noexcept { (void)why; }
    /// Nobody waits for the answers to the requests of this call any more: they end as if the call
    /// were cancelled.
    virtual void abandon() noexcept {}
};

/// More tools of one plugin are refused.
constexpr std::size_t kMaxTools = 128;

/// What a plugin declares about one of its tools, not yet checked.
struct ToolDeclaration {
    std::string name;
    std::string description;
    std::string input_schema;  ///< JSON text
    std::uint32_t flags = 0;   ///< TENON_READ_ONLY and so on
    std::string facts = {};    ///< JSON text, see FACTS OF A TOOL in plugin.h; empty: none
    bool operator==(const ToolDeclaration&) const = default;
};

/// The functions of the extensions tenon.context/1 and, the last two, tenon.prompts/1.
enum class Hook { kBegin, kSystemPrompt, kRemind, kCarry, kTasks, kPrompts, kPrompt };
/// Their names, in the order of Hook.
inline constexpr const char* kHookNames[] = {"begin", "system_prompt", "remind", "carry",
                                             "tasks", "prompts",       "prompt"};
inline const char* name_of(Hook hook) {
    return kHookNames[static_cast<std::size_t>(hook)];
}

/// One instance of a plugin. Destroying the object destroys the instance; no call may be running
/// then. How an instance is created is not part of this interface.
class Instance {
public:
    virtual ~Instance() = default;

    /// The tools in the order in which the plugin lists them. Only `refresh_tools` changes them.
    [[nodiscard]] virtual const std::vector<ToolDeclaration>& tools() const = 0;

    /// Runs one call and blocks until it has ended. `arguments` is a JSON object that fits the
    /// tool's schema. TENON_FAULT means a defect of the plugin. Several threads may call this at
    /// once, but the caller runs calls of a tool without TENON_CONCURRENT one after the other.
    virtual tenon_rc invoke(const std::string& tool, const std::string& arguments,
                            CallPort& call) = 0;

    /// Calls one hook and returns the bytes that it put. Empty when the plugin does not have this
    /// hook, or the hook fails. `input` is JSON for kBegin and kPrompt and empty for the others.
    /// Never called by two threads at once.
    virtual std::string run_hook(Hook hook, const std::string& input) = 0;
    [[nodiscard]] virtual bool has_hook(Hook hook) const = 0;

    /// A line for the end of a failed result that says what else may be the reason; empty: nothing.
    /// `own_words` is what the plugin itself has written, without the host's answers.
    [[nodiscard]] virtual std::string hint(std::string_view own_words) const {
        (void)own_words;
        return {};
    }

    /// Asks the plugin for its tools again. On Refusal `tools` is as it was. No call may be
    /// running.
    virtual Result<void, Refusal> refresh_tools() = 0;

    /// Gives the plugin new configuration, a JSON object that fits its schema. On Error, whose
    /// message is the plugin's reason, it keeps the old one. No call may be running.
    virtual Result<void> reconfigure(const std::string& config) = 0;

    /// Whether the plugin has had too many faults and must not be called again.
    [[nodiscard]] virtual bool disabled() const = 0;
};

}  // namespace tenon::plugin
