// A whole tool loop with each thing that servers are known to do wrong, compared with the same loop
// at a server that does everything right.

#include <gtest/gtest.h>

#include "host/agent/call_ids.h"
#include "tests/model/server_formats.h"
#include "tests/model/support.h"
#include "tests/support/model_server/server.h"
#include "tests/support/model_server/sloppiness.h"

namespace tenon::model {
namespace {

using tenon::testing::all_defects;
using tenon::testing::Defect;
using tenon::testing::ModelServer;

constexpr const char* kLoop = R"([
  {"content":[{"type":"thinking","thinking":"Hm, let me see."},
    {"type":"text","text":"I look: \"😀\" ü\n"},
    {"type":"tool_use","id":"c1","name":"bash","input":{"command":"echo \"ü😀\"","n":[1,{"a":null}]}},
    {"type":"tool_use","id":"c2","name":"read","input":{}}],"piece":3},
  {"content":[{"type":"tool_use","id":"c3","name":"read","input":{"path":"a"}},
    {"type":"tool_use","id":"c4","name":"bash","input":{"command":"ls"}}]},
  {"content":[{"type":"thinking","thinking":"Done."},{"type":"text","text":"All is 😀 done."}]}])";

/// What came of a loop.
struct Spoken {
    std::vector<std::string> answers;  ///< without thinking, the calls numbered
    std::string failure;
    int refusals = 0;
    bool operator==(const Spoken&) const = default;
};

std::ostream& operator<<(std::ostream& out, const Spoken& spoken) {
    for (const auto& answer : spoken.answers)
        out << answer << '\n';
    return out << spoken.failure << ' ' << spoken.refusals << " refusals";
}

std::string normalised(const std::string& content, int& calls) {
    OrderedJson out = OrderedJson::array();
    for (OrderedJson block : OrderedJson::parse(content)) {
        if (string_or(block, "type") == "thinking") continue;
        if (block.contains("id")) block["id"] = calls++;
        out.push_back(std::move(block));
    }
    return Json::parse(out.dump()).dump();
}

Spoken speak(std::string_view format, const std::set<std::string>& defects) {
    ModelServer::Options options;
    options.sloppy = defects;
    ModelServer server(kLoop, options);
    const auto provider = provider_for(server.url(), {}, format);
    agent::CallIds ids;
    Talk talk;
    talk.tools = R"([{"name":"bash","description":"d","input_schema":{"type":"object"}},
                     {"name":"read","description":"d","input_schema":{"type":"object"}}])";
    Spoken spoken;
    int calls = 0;
    for (int turn = 0; turn < 3; ++turn) {
        Watcher watcher;
        agent::Request request = talk.request();
        request.call_ids = &ids;
        const auto answer = provider->ask(request, watcher, {});
        if (!answer) {
            spoken.failure = answer.error().message;
            break;
        }
        spoken.answers.push_back(normalised(answer->content, calls) + answer->text);
        talk.assistant(answer->content);
        std::vector<std::string> results;
        for (const auto& call : answer->calls) {
            EXPECT_TRUE(agent::is_call_id(call.id)) << call.id;
            EXPECT_EQ(call.input_error, "");
            results.push_back(result_block(call.id, "result of " + call.name));
        }
        if (turn < 2) talk.user(results);
    }
    spoken.refusals = server.refusals();
    return spoken;
}

struct SloppyCase {
    std::string_view format;
    const Defect* defect;
};

std::ostream& operator<<(std::ostream& out, const SloppyCase& one) {
    return out << one.format << ' ' << one.defect->name;
}

std::vector<SloppyCase> sloppy_cases() {
    std::vector<SloppyCase> cases;
    for (const std::string_view format : server_formats()) {
        for (const Defect& defect : all_defects()) {
            if (occurs_in(defect, format)) cases.push_back({format, &defect});
        }
    }
    return cases;
}

class SloppyServers : public ::testing::TestWithParam<SloppyCase> {};

TEST_P(SloppyServers, HaveTheSameConversationAsStrictOnes) {
    const auto& [format, defect] = GetParam();
    SCOPED_TRACE(defect->what);
    const Spoken strict = speak(format, {});
    EXPECT_EQ(strict.answers.size(), 3U);
    EXPECT_EQ(strict.failure, "");
    EXPECT_EQ(strict.refusals, 0);
    EXPECT_EQ(speak(format, {defect->name}), strict);
}

INSTANTIATE_TEST_SUITE_P(All, SloppyServers, ::testing::ValuesIn(sloppy_cases()),
                         [](const auto& one) {
                             return title_of(one.param.format) + "_" + one.param.defect->name;
                         });

TEST(SloppyServers, HaveAllDefectsOfTheirFormatTogether) {
    // Those that exclude each other are left out.
    for (const std::string_view format : server_formats()) {
        SCOPED_TRACE(format);
        EXPECT_EQ(speak(format, {"comments", "crlf", "no_blank_after_colon", "no_usage", "odd_ids",
                                 "blank_text", "whole_arguments", "interleaved_calls",
                                 "stop_with_calls", "no_done", "empty_chunks", "no_role",
                                 "other_reasoning", "no_sequence_numbers", "no_deltas",
                                 "completed_without_output", "no_message_stop"}),
                  speak(format, {}));
    }
}

}  // namespace
}  // namespace tenon::model
