#include "host/model/window_question.h"

#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

#include <Poco/Net/NetException.h>
#include <Poco/Net/ServerSocket.h>
#include <Poco/Net/StreamSocket.h>
#include <gtest/gtest.h>

#include "tests/model/support.h"

namespace tenon::model {
namespace {

TEST(WindowQuestion, FindsTheWindowInTheListsOfManyServers) {
    struct Case {
        const char *who, *body;
        std::optional<std::int64_t> window;
    };
    const Case cases[] = {
        {"vLLM", R"({"object":"list","data":[{"id":"m","max_model_len":32768}]})", 32'768},
        {"OpenRouter",
         R"({"data":[{"id":"x","context_length":1},{"id":"m","context_length":131072,"top_provider":{"context_length":65536}}]})",
         65'536},
        {"LM Studio",
         R"({"data":[{"id":"m","max_context_length":131072,"loaded_context_length":4096}]})",
         4'096},
        {"LiteLLM", R"({"data":[{"id":"m","max_input_tokens":200000,"max_tokens":8192}]})",
         200'000},
        {"llama.cpp, which states another figure",
         R"({"models":[{"name":"m"}],"data":[{"id":"m","meta":{"n_ctx_train":131072}}]})",
         std::nullopt},
        {"llama.cpp, newer", R"({"data":[{"id":"m","meta":{"n_ctx_train":131072,"n_ctx":8192}}]})",
         8'192},
        {"one model of another name", R"({"data":[{"id":"file.gguf","max_model_len":4096}]})",
         4'096},
        {"several models of other names",
         R"({"data":[{"id":"a","max_model_len":4096},{"id":"b","max_model_len":4096}]})",
         std::nullopt},
        {"OpenAI", R"({"data":[{"id":"m","object":"model"}]})", std::nullopt},
        {"too small", R"({"data":[{"id":"m","context_length":255}]})", std::nullopt},
        {"negative", R"({"data":[{"id":"m","context_length":-4096}]})", std::nullopt},
        {"too large for a number", R"({"data":[{"id":"m","context_length":1e300}]})", std::nullopt},
        {"a text", R"({"data":[{"id":"m","context_length":"4096"}]})", std::nullopt},
        {"no entries", R"({"data":[]})", std::nullopt},
        {"entries of other types", R"({"data":[null,1,"m",[]]})", std::nullopt},
        {"no list", R"({"data":{"id":"m"}})", std::nullopt},
        {"another type", "[]", std::nullopt},
        {"HTML", "<html>", std::nullopt},
        {"nothing", "", std::nullopt},
        {"no UTF-8", "{\"data\":[{\"id\":\"\xFF\",\"context_length\":4096}]}", 4'096},
    };
    for (const Case& c : cases) {
        SCOPED_TRACE(c.who);
        EXPECT_EQ(window_in_models(c.body, "m"), c.window);
    }
    EXPECT_EQ(window_in_models(std::string(100'000, '['), "m"), std::nullopt);
}

TEST(WindowQuestion, FindsTheWindowOfASlotInTheProperties) {
    EXPECT_EQ(window_in_props(R"({"default_generation_settings":{"n_ctx":4096},"n_ctx":16384})"),
              4'096);
    EXPECT_EQ(window_in_props(R"({"n_ctx":8192})"), 8'192);
    for (const char* none :
         {"", "{}", "[1]", "null", R"({"n_ctx":0})", R"({"n_ctx":"4096"})",
          R"({"default_generation_settings":[],"model_path":"x"})", "<html>not here</html>"})
        EXPECT_EQ(window_in_props(none), std::nullopt) << none;
}

using Pages = std::map<std::string, std::string>;

/// Serves one connection at a time, and one request on each. What is not among its pages is not
/// found; a page without bytes is never answered.
class PageServer {
public:
    explicit PageServer(Pages pages)
        : pages_(std::move(pages)), listener_(Poco::Net::SocketAddress("127.0.0.1", 0)) {
        thread_ = std::jthread([this](const std::stop_token& stop) {
            while (!stop.stop_requested())
                serve(stop);
        });
    }
    [[nodiscard]] std::string url() const {
        return "http://127.0.0.1:" + std::to_string(listener_.address().port());
    }
    /// The heads of all requests. The asker must be done.
    std::vector<std::string> requests() {
        const std::lock_guard lock(mutex_);
        return requests_;
    }
    void wait_for_request() {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return !requests_.empty(); });
    }

private:
    void serve(const std::stop_token& stop) {
        if (!listener_.poll(Poco::Timespan(0, 20'000), Poco::Net::Socket::SELECT_READ)) return;
        Poco::Net::StreamSocket socket = listener_.acceptConnection();
        std::string head;
        char buffer[4096];
        while (head.find("\r\n\r\n") == head.npos) {
            const int n = socket.receiveBytes(buffer, sizeof buffer);
            if (n <= 0) return;
            head.append(buffer, static_cast<std::size_t>(n));
        }
        {
            const std::lock_guard lock(mutex_);
            requests_.push_back(head);
            changed_.notify_all();
        }
        const auto from = head.find(' ') + 1;
        const auto page = pages_.find(head.substr(from, head.find(' ', from) - from));
        const std::string body = page == pages_.end() ? "" : page->second;
        if (page != pages_.end() && body.empty()) {
            while (!stop.stop_requested() &&
                   !socket.poll(Poco::Timespan(0, 20'000), Poco::Net::Socket::SELECT_READ)) {
            }
            return;
        }
        const std::string all =
            (page == pages_.end() ? "HTTP/1.1 404 Not Found" : "HTTP/1.1 200 OK") +
            std::string("\r\nconnection: close\r\ncontent-length: ") + std::to_string(body.size()) +
            "\r\n\r\n" + body;
        try {
            for (std::size_t at = 0; at < all.size();)
                at += static_cast<std::size_t>(socket.sendBytes(
                    all.data() + at,
                    static_cast<int>(std::min<std::size_t>(all.size() - at, 65'536))));
        } catch (const Poco::IOException&) {
            return;  // enough was read
        }
    }

    Pages pages_;
    Poco::Net::ServerSocket listener_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<std::string> requests_;
    std::jthread thread_;
};

const std::string kNoWindow = R"({"data":[{"id":"m"},{"id":"n"}]})";

std::optional<std::int64_t> asked(const std::string& base_url, const std::stop_token& stop = {}) {
    WindowQuestion question;
    question.http.base_url = base_url;
    question.fields = {{"authorization", "Bearer k"}};
    return ask_for_window(question, "m", stop);
}

TEST(WindowQuestion, AsksForTheListAndThenForThePropertiesBesideTheVersion) {
    PageServer server({{"/llama/v1/models", kNoWindow}, {"/llama/props", R"({"n_ctx":8192})"}});
    EXPECT_EQ(asked(server.url() + "/llama/v1"), 8'192);
    const auto requests = server.requests();
    ASSERT_EQ(requests.size(), 2U);
    EXPECT_EQ(requests[0].rfind("GET /llama/v1/models HTTP/1.1\r\n", 0), 0U);
    EXPECT_EQ(requests[1].rfind("GET /llama/props HTTP/1.1\r\n", 0), 0U);
    for (const std::string& request : requests)
        EXPECT_NE(request.find("Bearer k\r\n"), std::string::npos);
}

TEST(WindowQuestion, IsOverWhenTheListSaysTheWindow) {
    PageServer server({{"/v1/models", R"({"data":[{"id":"m","max_model_len":4096}]})"},
                       {"/props", R"({"n_ctx":8192})"}});
    EXPECT_EQ(asked(server.url() + "/v1"), 4'096);
    EXPECT_EQ(server.requests().size(), 1U);
}

TEST(WindowQuestion, HasNoAnswerWhereTheServerKnowsNothing) {
    PageServer none(Pages{});
    EXPECT_EQ(asked(none.url() + "/v1"), std::nullopt);
    EXPECT_EQ(none.requests().size(), 2U);
    EXPECT_EQ(asked("http://127.0.0.1:1/v1"), std::nullopt);
}

TEST(WindowQuestion, ReadsABoundedPartOfAnAnswer) {
    const std::string large = R"({"data":[{"id":"m","context_length":4096}],"x":")" +
                              std::string(std::size_t{64} << 20U, 'x') + "\"}";
    PageServer server(Pages{{"/v1/models", large}});
    EXPECT_EQ(asked(server.url() + "/v1"), std::nullopt);
}

TEST(WindowQuestion, EndsWhenItIsStopped) {
    PageServer server(Pages{{"/v1/models", ""}});
    std::stop_source stop;
    std::optional<std::int64_t> window;
    std::thread asker([&] { window = asked(server.url() + "/v1", stop.get_token()); });
    server.wait_for_request();
    stop.request_stop();
    asker.join();
    EXPECT_EQ(window, std::nullopt);
    EXPECT_EQ(server.requests().size(), 1U) << "nothing more is asked";
}

}  // namespace
}  // namespace tenon::model
