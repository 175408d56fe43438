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

/// The first message: the library to open, after the process has confined itself.
struct LoadOrder {
    std::uint64_t protocol = kProtocol;
    std::string id;
    Confinement confinement;
    bool confine = true;  ///< false: only to see whether a plugin that runs in the host can load
    std::uint64_t max_result_bytes = 0;  ///< `write` answers TENON_FAILED beyond this
};

/// The library is open.
struct Hello {
    std::string version, config_schema;
};

/// What a plugin states about itself once it is created.
struct Listing {
    std::vector<ToolDeclaration> tools;
    std::vector<Hook> hooks;  ///< that it has
};

struct Invocation {
    std::string tool, arguments;
    std::uint64_t deadline_ns = 0;  ///< see tenon_call
};

/// A request of the plugin.
struct ServiceCall {
    std::uint32_t call = 0;  ///< the id of the invocation that asks; 0: none
    std::string method, params, body;
};

struct ServiceAnswer {
    tenon_rc rc = TENON_OK;
    std::string out;
};

struct HookCall {
    Hook hook{};
    std::string input;
};

struct LogLine {
    int level = 0;
    std::string message;
};

std::string encode(const LoadOrder& order);
std::string encode(const Hello& hello);
std::string encode(const InstanceOptions& options);
std::string encode(const Listing& listing);
std::string encode(const Refusal& refusal);
std::string encode(const Invocation& invocation);
std::string encode(const ServiceCall& call);
std::string encode(const ServiceAnswer& answer);
std::string encode(const HookCall& call);
std::string encode(const LogLine& line);
std::string encode_code(tenon_rc rc);

template <class T>
std::optional<T> decode(std::string_view bytes);
template <>
std::optional<LoadOrder> decode(std::string_view bytes);
template <>
std::optional<Hello> decode(std::string_view bytes);
template <>
std::optional<InstanceOptions> decode(std::string_view bytes);
template <>
std::optional<Listing> decode(std::string_view bytes);
template <>
std::optional<Refusal> decode(std::string_view bytes);
template <>
std::optional<Invocation> decode(std::string_view bytes);
template <>
std::optional<ServiceCall> decode(std::string_view bytes);
template <>
std::optional<ServiceAnswer> decode(std::string_view bytes);
template <>
std::optional<HookCall> decode(std::string_view bytes);
template <>
std::optional<LogLine> decode(std::string_view bytes);
std::optional<tenon_rc> decode_code(std::string_view bytes);

}  // namespace tenon::plugin
