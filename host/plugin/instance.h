#pragma once

#include <cstdint>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include <tenon/plugin.h>

/// How the program uses one plugin, wherever the plugin's code runs. Only text and numbers cross
/// these interfaces, so that an instance can forward them to another process.
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
    /// Appends to the result, any bytes. False when the result is full; the rest is left out.
    virtual bool write(std::string_view chunk) noexcept = 0;
    /// One short line for a person who waits, any bytes.
    virtual void progress(std::string_view note) noexcept = 0;
    /// As HostPort::request, for this call: the wait ends when the call is cancelled.
    virtual tenon_rc request(std::string_view method, std::string_view params,
                             std::string_view body, std::string& answer) noexcept = 0;
};

/// What a plugin states about one of its tools. Nothing of it has been checked.
struct ToolStatement {
    std::string name;
    std::string description;
    std::string input_schema;  ///< JSON text
    std::uint32_t flags = 0;   ///< TENON_READ_ONLY and so on
};

/// The functions of the extension tenon.context/1: see tenon_context.
enum class Hook { kBegin, kSystemPrompt, kRemind, kCarry, kTasks };

/// One instance of a plugin. It is created before this interface is used, and destroying the object
/// destroys it; no call is running then.
class Instance {
public:
    virtual ~Instance() = default;

    /// In the plugin's order; as long as the instance lives.
    [[nodiscard]] virtual const std::vector<ToolStatement>& tools() const = 0;

    /// Runs one call and blocks until it has ended. `arguments` is a JSON object that fits the
    /// tool's schema. TENON_FAULT stands for every defect of the plugin. May be called from several
    /// threads; that a tool without TENON_CONCURRENT runs one call at a time is the caller's duty.
    virtual tenon_rc invoke(const std::string& tool, const std::string& arguments,
                            CallPort& call) = 0;

    /// Calls one hook and returns the bytes that it put; none when the plugin does not have the
    /// hook or fails. `input` is JSON for kBegin, else empty. One hook at a time.
    virtual std::string run_hook(Hook hook, const std::string& input) = 0;

    /// Whether the plugin has had too many faults to be called again.
    [[nodiscard]] virtual bool disabled() const = 0;
};

}  // namespace tenon::plugin
