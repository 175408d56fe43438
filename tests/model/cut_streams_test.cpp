// A stream that is cut after any number of bytes, and is asked for again, gives the same answer as
// one that is not cut.

#include <atomic>

#include <gtest/gtest.h>

#include "host/agent/call_ids.h"
#include "host/model/retry.h"
#include "tests/model/server_formats.h"
#include "tests/model/support.h"
#include "tests/support/model_server/server.h"
#include "tests/support/sanitizers.h"

namespace tenon::model {
namespace {

using tenon::testing::kByteStep;
using tenon::testing::ModelServer;
using tenon::testing::Step;

Step whole_step() {
    auto steps = tenon::testing::read_script(R"([{"content":[
        {"type":"thinking","thinking":"hm","signature":"s"},{"type":"text","text":"aé"},
        {"type":"tool_use","id":"c1","name":"bash","input":{"a":"😀"}}],"piece":10}])");
    return std::move(steps->front());
}

/// What a client has after one answer.
struct Had {
    std::string content;
    std::string text;
    std::string shown;  ///< the deltas that are not void
    bool operator==(const Had&) const = default;
};

std::ostream& operator<<(std::ostream& out, const Had& had) {
    return out << had.content << '\n' << had.text << '\n' << had.shown;
}

/// Collects what is shown; a retry voids it.
class Shown : public agent::EventSink {
public:
    void on_event(const agent::AgentEvent& event) override {
        if (const auto* text = std::get_if<agent::TextDelta>(&event)) shown += text->text;
        if (std::get_if<agent::RetryScheduled>(&event) != nullptr) {
            shown.clear();
            ++retries;
        }
    }
    std::string shown;
    int retries = 0;
};

class CutStreams : public ::testing::TestWithParam<std::string_view> {};

TEST_P(CutStreams, GiveTheSameAnswerWhereverTheyAreCut) {
    std::atomic<std::size_t> cut = 0;
    std::atomic<int> asked = 0;
    ModelServer::Options options;
    options.responder = [&](const Json&) {
        Step step = whole_step();
        if (asked++ == 0) step.cut_after = cut.load();
        return step;
    };
    ModelServer server(std::vector<Step>(), options);
    RetryWorld world = RetryWorld::real();
    world.sleep = [](std::chrono::milliseconds, const std::stop_token&) {};
    Retry provider(provider_for(server.url(), {}, GetParam()), RetryPolicy{}, world);
    const auto ask = [&](int& retries) {
        agent::CallIds ids;
        const Talk talk;
        agent::Request request = talk.request();
        request.call_ids = &ids;
        Shown sink;
        const auto answer = provider.ask(request, sink, {});
        retries = sink.retries;
        if (!answer) return Had{answer.error().message, "", ""};
        return Had{answer->content, answer->text, sink.shown};
    };
    int retries = 0;
    asked = 1;
    const Had whole = ask(retries);
    ASSERT_EQ(whole.text, "aé") << whole.content;
    EXPECT_EQ(whole.shown, "aé");
    // A cut behind the end of the answer is none, and the first such cut ends the test.
    int uncut = 0;
    for (; uncut < 3 && cut < 100'000; cut += kByteStep) {
        SCOPED_TRACE(cut.load());
        asked = 0;
        ASSERT_EQ(ask(retries), whole);
        uncut = retries == 0 ? uncut + 1 : 0;
    }
    EXPECT_GT(cut, 500U);
    EXPECT_EQ(server.refusals(), 0);
}

INSTANTIATE_TEST_SUITE_P(All, CutStreams, ::testing::ValuesIn(server_formats()),
                         [](const auto& format) { return title_of(format.param); });

}  // namespace
}  // namespace tenon::model
