// A program in the place of tenon-plugin-host that breaks the rules for it: the id of the plugin
// that it is to load says how. `Script` is what it does for each message of the host.
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <functional>
#include <map>
#include <poll.h>
#include <string>
#include <unistd.h>

#include "host/plugin/frame.h"
#include "host/plugin/wire.h"

namespace {

using namespace tenon;
using plugin::FrameType;
using plugin::Message;

constexpr int kSocket = 3;
/// Longer than a process without a supervisor has to end, shorter than a supervisor has.
constexpr int kLongEndMs = 2000;

plugin::FrameReader reader(plugin::FrameSender::kHost);
plugin::LoadOrder order;

void send_bytes(const std::string& bytes) {
    for (std::size_t at = 0; at < bytes.size();) {
        const ssize_t n = ::write(kSocket, bytes.data() + at, bytes.size() - at);
        if (n <= 0) ::_exit(0);
        at += static_cast<std::size_t>(n);
    }
}
std::string message(FrameType type, std::uint32_t id, const std::string& payload = {}) {
    std::string frames;
    plugin::append_message(frames, type, id, payload);
    return frames;
}
/// A frame with any header.
std::string frame(std::uint32_t size, unsigned type, unsigned flags, std::uint32_t id) {
    std::string out(12, '\0');
    std::memcpy(out.data(), &size, 4);
    out[4] = static_cast<char>(type);
    out[5] = static_cast<char>(flags);
    std::memcpy(out.data() + 8, &id, 4);
    return out;
}
unsigned number_of(FrameType type) {
    return static_cast<unsigned>(type);
}
std::string result(std::uint32_t call) {
    return message(FrameType::kResult, call, plugin::encode_code(TENON_OK));
}
std::string log_line(const std::string& text) {
    return message(FrameType::kLog, 0, plugin::encode(plugin::LogLine{TENON_LOG_INFO, text}));
}
std::string request(std::uint32_t id, std::uint32_t call, const std::string& method) {
    return message(FrameType::kRequest, id,
                   plugin::encode(plugin::ServiceCall{call, method, "{}", {}}));
}
std::string hello() {
    return message(FrameType::kHello, 0, plugin::encode(plugin::Hello{"1", ""}));
}
std::string tools() {
    return message(FrameType::kTools, 0, plugin::encode(plugin::Listing{}));
}

Message receive() {
    for (;;) {
        auto next = reader.next();
        if (!next) ::_exit(1);
        if (*next) return std::move(**next);
        char buffer[4096];
        const ssize_t n = ::read(kSocket, buffer, sizeof buffer);
        if (n <= 0) ::_exit(0);
        reader.take({buffer, static_cast<std::size_t>(n)});
    }
}
/// What the host replies to the request whose reply comes next.
std::string next_reply() {
    const Message reply = receive();
    const auto answer = plugin::decode<plugin::ServiceAnswer>(reply.payload);
    return std::to_string(reply.id) + " " + (answer ? std::to_string(answer->rc) : "?") + " " +
           (answer ? answer->out : "");
}

sigset_t sigterm() {
    sigset_t only;
    ::sigemptyset(&only);
    ::sigaddset(&only, SIGTERM);
    return only;
}

/// As a supervisor with much to end does it: the connection is closed long before its own end.
[[noreturn]] void end_slowly() {
    ::close(kSocket);
    ::poll(nullptr, 0, kLongEndMs);
    ::close(::creat((order.confinement.state_dir + "/ended").c_str(), 0600));
    ::_exit(0);
}
[[noreturn]] void end_slowly_when_asked() {
    const sigset_t only = sigterm();
    send_bytes(log_line("waits for SIGTERM"));
    ::sigwaitinfo(&only, nullptr);
    end_slowly();
}
[[noreturn]] void never() {
    for (;;)
        ::pause();
}

void nine_requests(const Message&) {
    std::string all;
    for (std::uint32_t id = 1; id <= 9; ++id)
        all += request(id, 0, "wait/1");
    send_bytes(all);
    send_bytes(log_line("first reply: " + next_reply()));
    for (int i = 0; i < 8; ++i)
        (void)next_reply();
    send_bytes(tools());
}
void request_of_an_ended_call(const Message& call) {
    send_bytes(result(call.id) + request(7, call.id, "answer/1"));
    send_bytes(log_line("reply: " + next_reply()));
}
void too_long_a_message(const Message& call) {
    const std::string part(plugin::kMaxFrameBytes - 8, 'x');
    for (std::size_t sent = 0; sent <= plugin::kMaxMessageBytes; sent += part.size())
        send_bytes(frame(plugin::kMaxFrameBytes, number_of(FrameType::kWrite), 1, call.id) + part);
    never();
}

/// Sends `bytes`, and then nothing.
std::function<void(const Message&)> sends(std::function<std::string(std::uint32_t id)> bytes) {
    return [bytes = std::move(bytes)](const Message& m) { send_bytes(bytes(m.id)); };
}

/// Ends, and leaves a process behind that holds the connection until the host closes its end.
void end_with_a_holder(const Message&) {
    if (::fork() == 0) {
        pollfd closed{kSocket, 0, 0};
        ::poll(&closed, 1, -1);
        ::_exit(0);
    }
    ::_exit(7);
}

struct Script {
    FrameType when;  // what is done otherwise than it should
    std::function<void(const Message&)> what;
};

const std::map<std::string, Script> kScripts = {
    {"hello-malformed",
     {FrameType::kLoad, sends([](auto) { return message(FrameType::kHello, 0, "?"); })}},
    {"hello-never", {FrameType::kLoad, [](const Message&) { never(); }}},
    {"holder", {FrameType::kInvoke, end_with_a_holder}},
    {"hello-of-another-type", {FrameType::kLoad, sends([](auto) { return tools(); })}},
    {"list-malformed", {FrameType::kCreate, sends([](auto) {
                            return message(FrameType::kTools, 0, "\xFF\xFF\xFF\xFF");
                        })}},
    {"list-twice", {FrameType::kCreate, sends([](auto) { return tools() + tools(); })}},
    {"nine-requests", {FrameType::kCreate, nine_requests}},
    {"result-twice", {FrameType::kInvoke, sends([](auto id) { return result(id) + result(id); })}},
    {"write-after-result", {FrameType::kInvoke, sends([](auto id) {
                                return result(id) + message(FrameType::kWrite, id, "late");
                            })}},
    {"result-malformed",
     {FrameType::kInvoke, sends([](auto id) { return message(FrameType::kResult, id, "?"); })}},
    {"other-call", {FrameType::kInvoke, sends([](auto id) {
                        return message(FrameType::kWrite, id + 1, "not mine");
                    })}},
    {"request-malformed",
     {FrameType::kInvoke, sends([](auto) { return message(FrameType::kRequest, 1, "?"); })}},
    {"request-of-ended-call", {FrameType::kInvoke, request_of_an_ended_call}},
    {"frame-too-short", {FrameType::kInvoke, sends([](auto id) {
                             return frame(7, number_of(FrameType::kWrite), 0, id);
                         })}},
    {"frame-too-long", {FrameType::kInvoke, sends([](auto id) {
                            return frame(plugin::kMaxFrameBytes + 1, number_of(FrameType::kWrite),
                                         0, id);
                        })}},
    {"message-too-long", {FrameType::kInvoke, too_long_a_message}},
    {"unknown-flags", {FrameType::kInvoke, sends([](auto id) {
                           return frame(8, number_of(FrameType::kWrite), 4, id);
                       })}},
    {"type-of-the-host", {FrameType::kInvoke, sends([](auto id) {
                              return frame(8, number_of(FrameType::kReply), 0, id);
                          })}},
    {"parts-mixed", {FrameType::kInvoke, sends([](auto id) {
                         return frame(8, number_of(FrameType::kWrite), 1, id) + log_line("between");
                     })}},
    {"log-malformed", {FrameType::kInvoke, sends([](auto id) {
                           return message(FrameType::kLog, 0, "?") + result(id);
                       })}},
    {"hook-of-another-type", {FrameType::kHook, sends([](auto) { return tools(); })}},
    {"reconfigure-of-another-type", {FrameType::kReconfigure, sends([](auto) { return tools(); })}},
    {"progress-too-long", {FrameType::kInvoke, sends([](auto id) {
                               return message(FrameType::kProgress, id, std::string(100'000, 'x')) +
                                      result(id);
                           })}},
    {"never", {FrameType::kInvoke, [](const Message&) { never(); }}},
    {"slow-when-asked", {FrameType::kInvoke, [](const Message&) { end_slowly_when_asked(); }}},
    {"slow-when-closed", {FrameType::kDestroy, [](const Message&) { end_slowly(); }}},
};

void answer_as_it_should(const Message& asked) {
    if (asked.type == FrameType::kLoad) send_bytes(hello());
    if (asked.type == FrameType::kCreate) send_bytes(tools());
    if (asked.type == FrameType::kInvoke) send_bytes(result(asked.id));
    if (asked.type == FrameType::kDestroy) ::_exit(0);
}

}  // namespace

int main() {
    const Message load = receive();
    auto decoded = plugin::decode<plugin::LoadOrder>(load.payload);
    if (!decoded) return 2;
    order = std::move(*decoded);
    const sigset_t asked_to_end = sigterm();
    if (order.id.starts_with("slow-")) ::sigprocmask(SIG_BLOCK, &asked_to_end, nullptr);
    const auto script = kScripts.find(order.id);
    if (script == kScripts.end()) return 2;
    for (Message asked = load;; asked = receive()) {
        if (asked.type == script->second.when) {
            script->second.what(asked);
        } else {
            answer_as_it_should(asked);
        }
    }
}
