// Servers that send what no honest server sends, in each wire format: the run ends with a clear
// error, or does its work, and needs little memory.

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <functional>
#include <sys/socket.h>
#include <thread>

#include <Poco/Net/ServerSocket.h>
#include <Poco/Net/StreamSocket.h>
#include <gtest/gtest.h>

#include "host/base/json.h"
#include "tests/runs/run_folders.h"

namespace tenon::testing {
namespace {

/// Sends bytes. False: the client has closed the connection.
using Send = std::function<bool(std::string_view)>;

/// Answers each request with what a function sends.
class HostileServer {
public:
    using Answer = std::function<void(int request, const Send& send)>;
    explicit HostileServer(Answer answer)
        : answer_(std::move(answer)),
          listener_(Poco::Net::SocketAddress("127.0.0.1", 0)),
          thread_([this](const std::stop_token& stop) { serve(stop); }) {}
    [[nodiscard]] std::string url() const {
        return "http://127.0.0.1:" + std::to_string(listener_.address().port());
    }
    [[nodiscard]] int requests() const { return requests_; }

private:
    void serve(const std::stop_token& stop) {
        while (!stop.stop_requested()) {
            if (!listener_.poll(Poco::Timespan(0, 20'000), Poco::Net::Socket::SELECT_READ))
                continue;
            try {
                answer(listener_.acceptConnection());
            } catch (const Poco::Exception&) {
                continue;  // the client has closed the connection
            }
        }
    }

    void answer(Poco::Net::StreamSocket peer) {
        if (!read_request(peer)) return;
        const Send send = [&](std::string_view bytes) { return send_all(peer, bytes); };
        send("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n");
        answer_(++requests_, send);
        peer.shutdown();
    }

    static bool send_all(const Poco::Net::StreamSocket& peer, std::string_view bytes) {
        while (!bytes.empty()) {
            const ssize_t n =
                ::send(peer.impl()->sockfd(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (n <= 0) return false;
            bytes.remove_prefix(static_cast<std::size_t>(n));
        }
        return true;
    }

    static bool read_request(Poco::Net::StreamSocket& peer) {
        std::string all;
        std::size_t wanted = 0;
        while (wanted == 0 || all.size() < wanted) {
            char piece[65536];
            const int n = peer.receiveBytes(piece, sizeof piece);
            if (n <= 0) return false;
            all.append(piece, static_cast<std::size_t>(n));
            const auto end = all.find("\r\n\r\n");
            if (wanted > 0 || end == all.npos) continue;
            const auto length = all.find("ontent-length: ");
            const auto upper = all.find("ontent-Length: ");
            const auto at = std::min(length, upper);
            wanted = end + 4 + (at < end ? std::stoul(all.substr(at + 15)) : 0);
        }
        return true;
    }

    Answer answer_;
    Poco::Net::ServerSocket listener_;
    std::atomic<int> requests_ = 0;
    std::jthread thread_;
};

/// The events of one wire format, as simple as they can be.
class Lines {
public:
    explicit Lines(std::string format) : format_(std::move(format)) {}

    [[nodiscard]] std::string begin() const {
        if (format_ == "anthropic")
            return data(R"({"type":"message_start","message":{"id":"m","type":"message",)"
                        R"("role":"assistant","model":"m","content":[],"usage":)" +
                        usage() + "}}");
        if (format_ == "openai") return choice(R"({"role":"assistant","content":null})", "null");
        return data(R"({"type":"response.created","response":{"id":"r","object":"response"}})");
    }

    [[nodiscard]] std::string text(const std::string& text) const {
        const std::string quoted = Json(text).dump();
        if (format_ == "anthropic")
            return data(R"({"type":"content_block_start","index":0,"content_block":)"
                        R"({"type":"text","text":)" +
                        quoted + "}}") +
                   data(R"({"type":"content_block_stop","index":0})");
        if (format_ == "openai") return choice("{\"content\":" + quoted + "}", "null");
        return item(0, R"({"type":"message","id":"m","role":"assistant","content":[)"
                       R"({"type":"output_text","text":)" +
                           quoted + "}]}");
    }

    [[nodiscard]] std::string call(int index, const std::string& id) const {
        const std::string number = std::to_string(index);
        if (format_ == "anthropic")
            return data(R"({"type":"content_block_start","index":)" + number +
                        R"(,"content_block":{"type":"tool_use","id":")" + id +
                        R"(","name":"bash","input":{}}})");
        if (format_ == "openai")
            return choice(R"({"tool_calls":[{"index":)" + number + R"(,"id":")" + id +
                              R"(","type":"function","function":{"name":"bash","arguments":""}}]})",
                          "null");
        return data(R"({"type":"response.output_item.added","output_index":)" + number +
                    R"(,"item":{"type":"function_call","id":"fc)" + number + R"(","call_id":")" +
                    id + R"(","name":"bash","arguments":""}})");
    }

    [[nodiscard]] std::string arguments(int index, const std::string& quoted) const {
        const std::string number = std::to_string(index);
        if (format_ == "anthropic")
            return data(R"({"type":"content_block_delta","index":)" + number +
                        R"(,"delta":{"type":"input_json_delta","partial_json":)" + quoted + "}}");
        if (format_ == "openai")
            return choice(R"({"tool_calls":[{"index":)" + number + R"(,"function":{"arguments":)" +
                              quoted + "}}]}",
                          "null");
        return data(R"({"type":"response.function_call_arguments.delta","output_index":)" + number +
                    R"(,"delta":)" + quoted + "}");
    }

    [[nodiscard]] std::string call_end(int index) const {
        if (format_ != "anthropic") return "";
        return data(R"({"type":"content_block_stop","index":)" + std::to_string(index) + "}");
    }

    [[nodiscard]] std::string end(bool calls) const {
        if (format_ == "anthropic")
            return data(R"({"type":"message_delta","delta":{"stop_reason":")" +
                        std::string(calls ? "tool_use" : "end_turn") + R"("},"usage":)" + usage() +
                        "}") +
                   data(R"({"type":"message_stop"})");
        if (format_ == "openai")
            return choice("{}", calls ? "\"tool_calls\"" : "\"stop\"") +
                   data(
                       R"({"choices":[],"usage":{"prompt_tokens":-5,"completion_tokens":-1e30}})") +
                   "data: [DONE]\n\n";
        return data(R"({"type":"response.completed","response":{"id":"r","object":"response",)"
                    R"("status":"completed","usage":{"input_tokens":-5,"output_tokens":-1e30}}})");
    }

    [[nodiscard]] std::string data(const std::string& json) const {
        return "data: " + json + "\n\n";
    }

private:
    static std::string usage() { return R"({"input_tokens":-5,"output_tokens":-1e30})"; }
    [[nodiscard]] std::string item(int index, const std::string& item) const {
        return data(R"({"type":"response.output_item.done","output_index":)" +
                    std::to_string(index) + R"(,"item":)" + item + "}");
    }
    [[nodiscard]] std::string choice(const std::string& delta, const std::string& reason) const {
        return data(R"({"choices":[{"index":0,"delta":)" + delta + R"(,"finish_reason":)" + reason +
                    "}]}");
    }

    std::string format_;
};

struct HostileCase {
    const char* name;
    void (*answer)(const Lines& lines, int request, const Send& send);
    int exit;
    const char* says;  ///< in the error, if there is one
    long peak_mib;     ///< the memory of the program at most, without a sanitizer
};

const std::string kPiece(65'536, 'x');

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kMeasuresMemory = false;  // that of the sanitizer would be counted too
#else
constexpr bool kMeasuresMemory = true;
#endif

const HostileCase kHostile[] = {
    {"an_endless_line",
     [](const Lines& lines, int, const Send& send) {
         send(lines.begin() + "data: ");
         while (send(kPiece)) {
         }
     },
     1, "server-sent event longer than 33554432 bytes", 160},
    {"endless_events",
     [](const Lines& lines, int, const Send& send) {
         send(lines.begin());
         while (send(lines.text(kPiece))) {
         }
     },
     1, "too long", 640},
    {"endless_comments",
     [](const Lines& lines, int, const Send& send) {
         send(lines.begin());
         for (int i = 0; i < 10'000 && send(":" + kPiece + "\n\n"); ++i) {
         }
     },
     1, "cut off", 32},
    {"endless_arguments",
     [](const Lines& lines, int, const Send& send) {
         send(lines.begin() + lines.call(0, "c") + lines.arguments(0, R"("{\"command\":\"")"));
         while (send(lines.arguments(0, '"' + kPiece + '"'))) {
         }
     },
     1, "too long", 420},
    {"arguments_of_100_MB_that_never_end",
     [](const Lines& lines, int, const Send& send) {
         send(lines.begin() + lines.call(0, "c") + lines.arguments(0, R"("{\"command\":\"")"));
         for (int i = 0; i < 1600; ++i)
             send(lines.arguments(0, '"' + kPiece + '"'));
     },
     1, "malformed answer: the answer is too long", 240},
    {"arguments_of_100_MB",
     [](const Lines& lines, int, const Send& send) {
         send(lines.begin() + lines.call(0, "c") + lines.arguments(0, R"("{\"command\":\"")"));
         for (int i = 0; i < 1600; ++i)
             send(lines.arguments(0, '"' + kPiece + '"'));
         send(lines.arguments(0, R"("\"}")") + lines.call_end(0) + lines.end(true));
     },
     1, "malformed answer: the answer is too long", 720},
    {"an_event_100000_deep",
     [](const Lines& lines, int, const Send& send) {
         send(lines.begin() + lines.data("{\"type\":\"x\",\"a\":" + std::string(100'000, '[') +
                                         std::string(100'000, ']') + "}"));
         send(lines.end(false));
     },
     1, "nested deeper than 256 levels", 32},
    {"10000_calls",
     [](const Lines& lines, int, const Send& send) {
         send(lines.begin());
         for (int i = 0; i < 10'000; ++i) {
             if (!send(lines.call(i, "c" + std::to_string(i)) +
                       lines.arguments(i, R"("{\"command\":\"touch called\"}")") +
                       lines.call_end(i)))
                 return;
         }
         send(lines.end(true));
     },
     1, "malformed answer: more than ", 32},
    {"an_id_of_1_MB_and_negative_counts",
     [](const Lines& lines, int request, const Send& send) {
         send(lines.begin());
         if (request == 1) {
             send(lines.call(0, std::string(1 << 20, 'i')) +
                  lines.arguments(0, R"("{\"command\":\"true\"}")") + lines.call_end(0));
         } else {
             send(lines.text("done"));
         }
         send(lines.end(request == 1));
     },
     0, "", 64},
};

struct HostileRun {
    std::string format;
    const HostileCase* one;
};

std::vector<HostileRun> hostile_runs() {
    std::vector<HostileRun> out;
    for (const char* format : {"anthropic", "openai", "openai-responses"}) {
        for (const HostileCase& one : kHostile)
            out.push_back({format, &one});
    }
    return out;
}

std::ostream& operator<<(std::ostream& out, const HostileRun& run) {
    return out << run.format << ' ' << run.one->name;
}

class HostileServers : public ::testing::TestWithParam<HostileRun> {};

TEST_P(HostileServers, LeadToAClearErrorWithinBoundedMemory) {
    const auto& [format, one] = GetParam();
    const RunFolders folders;
    const Lines lines(format);
    const HostileServer server(
        [&](int request, const Send& send) { one->answer(lines, request, send); });
    Environment variables = folders.environment();
    variables["TENON_MODEL"] = "test-model";
    Process tenon({TENON_PROGRAM, "-p", "go", "--yes", "-D", "model.provider=" + format, "-D",
                   "model.baseUrl=" + server.url(), "-D", "model.retry.maxAttempts=1"},
                  variables, folders.workspace());
    const auto exit = tenon.wait(3 * kPatience);  // some send 256 MiB
    SCOPED_TRACE(tenon.errors.substr(0, 2000));
    EXPECT_EQ(exit.code, one->exit);
    if (one->exit == 0) {
        EXPECT_EQ(tenon.output, "done\n");
    } else {
        EXPECT_NE(tenon.errors.find(server.url()), std::string::npos) << "names the endpoint";
        ASSERT_STRNE(one->says, "");
        EXPECT_NE(tenon.errors.find(one->says), std::string::npos);
        EXPECT_EQ(std::count(tenon.errors.begin(), tenon.errors.end(), '\n'), 1);
        EXPECT_LT(tenon.errors.size(), 2000U);
        EXPECT_FALSE(std::filesystem::exists(folders.workspace() / "called"));
    }
    if (kMeasuresMemory) EXPECT_LT(tenon.peak_kib, one->peak_mib * 1024);
}

INSTANTIATE_TEST_SUITE_P(All, HostileServers, ::testing::ValuesIn(hostile_runs()),
                         [](const auto& run) {
                             return name_of_format(run.param.format) + "_" + run.param.one->name;
                         });

}  // namespace
}  // namespace tenon::testing
