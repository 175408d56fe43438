#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "host/plugin/confinement.h"
#include "host/plugin/instance.h"
#include "host/plugin/local_instance.h"
#include "host/plugin/refusal.h"

/// The payloads of messages between the host and tenon-plugin-host. A number is a u64, a text a u32
/// size and its bytes, a list a u32 count and its elements. Texts may be any bytes. A decoder
/// returns nothing when the bytes are not exactly what the type needs. Pure functions.
namespace tenon::plugin {

/// The host and tenon-plugin-host of another number do not understand each other: one of them was
/// replaced while the other was running.
constexpr std::uint32_t kProtocol = 1;

/// With this status tenon-plugin-host ends when its connection was closed from within, so when the
/// plugin has closed a descriptor that is not its own.
constexpr int kExitWithoutConnection = 70;

/// Open requests of one plugin. More are answered TENON_BUSY.
constexpr std::size_t kMaxOpenRequests = 8;

/// The longest note of kProgress, in bytes. What is longer is cut.
constexpr std::size_t kMaxProgressBytes = 4096;

/// The first message: the library to open, after the process has confined itself.
struct LoadOrder {
    std::uint64_t protocol = kProtocol;
    std::string id;
    Confinement confinement;
    bool confine = true;  ///< false: only to see whether a plugin that runs in the host can load
    std::uint64_t max_result_bytes = 0;  ///< `write` answers TENON_FAILED beyond this

    bool operator==(const LoadOrder&) const = default;
};

/// Whether the plugin may start processes. Then tenon-plugin-host runs it in a child and ends what
/// it leaves behind, and the host gives it the time for that (SIGTERM before SIGKILL).
inline bool is_supervised(const LoadOrder& order) {
    return order.confinement.exec || order.confinement.unconfined || !order.confine;
}

/// The library is open.
struct Hello {
    std::string version, config_schema;

    bool operator==(const Hello&) const = default;
};

/// What a plugin states about itself once it is created.
struct Listing {
    std::vector<ToolDeclaration> tools;
    std::vector<Hook> hooks;  ///< that it has

    bool operator==(const Listing&) const = default;
};

struct Invocation {
    std::string tool, arguments;
    std::uint64_t deadline_ns = 0;  ///< see tenon_call

    bool operator==(const Invocation&) const = default;
};

/// A request of the plugin.
struct ServiceCall {
    std::uint32_t call = 0;  ///< the id of the invocation that asks; 0: none
    std::string method, params, body;

    bool operator==(const ServiceCall&) const = default;
};

struct ServiceAnswer {
    tenon_rc rc = TENON_OK;
    std::string out;

    bool operator==(const ServiceAnswer&) const = default;
};

struct HookCall {
    Hook hook{};
    std::string input;

    bool operator==(const HookCall&) const = default;
};

struct LogLine {
    int level = 0;
    std::string message;

    bool operator==(const LogLine&) const = default;
};

/// For the types above, InstanceOptions (of kCreate) and Refusal.
template <class T>
std::string encode(const T& payload);
template <class T>
std::optional<T> decode(std::string_view bytes);
template <>
std::string encode(const LoadOrder& order);
template <>
std::optional<LoadOrder> decode(std::string_view bytes);

/// The payload of kResult.
std::string encode_code(tenon_rc rc);
std::optional<tenon_rc> decode_code(std::string_view bytes);

}  // namespace tenon::plugin
