#include <functional>

#include <gtest/gtest.h>

#include "host/agent/notification.h"
#include "tests/agent/session_support.h"
#include "tests/support/file_size_limit.h"
#include "tests/support/temp_dir.h"

namespace tenon::agent {
namespace {

TEST(Session, OfASubagentNamesTheCallItWorksFor) {
    const testing::TempDir dir;
    SessionHead fresh = head();
    fresh.parent = "s0";
    fresh.parent_call = "toolu_1";
    ASSERT_TRUE(Session::open(dir.path(), fresh));
    const auto again = Session::open(dir.path(), head());
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_EQ(again->head().parent, "s0");
    EXPECT_EQ(again->head().parent_call, "toolu_1");
    EXPECT_EQ(journal::read_deliveries(dir / "s1.jsonl")->parent_call, "toolu_1");
}

/// A conversation with every kind of record: two turns, parallel results out of order, a
/// notification.
void converse(Session& session) {
    ASSERT_TRUE(session.add_text("go \xC3\xA9", "prompt"));
    ASSERT_TRUE(session.add_answer(answer(
        R"([{"type":"thinking","thinking":"","signature":"s=="},{"type":"tool_use","id":"t1","name":"x","input":{"b":1,"a":2}},)"
        R"({"type":"tool_use","id":"t2","name":"x","input":{}}])",
        {{"t1", "x", {{"b", 1}, {"a", 2}}, {}}, {"t2", "x", Json::object(), {}}})));
    ASSERT_TRUE(session.add_result("t2", {"two", false, {"0000000b"}}));
    ASSERT_TRUE(session.add_result("t1", {"one", true, {}}));
    ASSERT_TRUE(session.add_text(format_notifications({{"0000000a", "completed", "out"}}),
                                 "notification", {"0000000a"}));
    ASSERT_TRUE(session.add_answer(answer(R"([{"type":"text","text":"done"}])")));
}

using Step = std::function<void(Session&)>;

/// What makes a conversation shorter, with deliveries before and between, and thinking behind it.
const std::vector<Step> kRewrites = {
    [](Session& s) { ASSERT_TRUE(s.add_text("more", "prompt")); },
    [](Session& s) {
        ASSERT_TRUE(s.add_answer(answer(
            R"([{"type":"thinking","thinking":"","signature":"s2"},{"type":"tool_use","id":"t3","name":"y","input":{}}])",
            {{"t3", "y", Json::object(), {}}})));
    },
    [](Session& s) {
        ASSERT_TRUE(s.add_result("t3", {"three", false, {}}));
    },
    [](Session& s) {
        ASSERT_TRUE(s.redact({"t1", "t2"}));
    },
    [](Session& s) {
        ASSERT_TRUE(s.add_answer(answer(
            R"([{"type":"thinking","thinking":"","signature":"s3"},{"type":"text","text":"so"}])")));
    },
    [](Session& s) {
        ASSERT_TRUE(s.add_text(format_notifications({{"0000000c", "completed", "out"}}),
                               "notification", {"0000000c"}));
    },
    [](Session& s) {
        ASSERT_TRUE(s.compress({"auto", "/t/transcript-1.jsonl", "A summary."}));
    },
    [](Session& s) {
        ASSERT_TRUE(s.add_text(format_notifications({{"0000000d", "error", "out"}}), "notification",
                               {"0000000d"}));
    },
    [](Session& s) {
        ASSERT_TRUE(s.add_answer(answer(
            R"([{"type":"thinking","thinking":"","signature":"s4"},{"type":"tool_use","id":"t1","name":"x","input":{}}])",
            {{"t1", "x", Json::object(), {}}})));
    },
    [](Session& s) {
        ASSERT_TRUE(s.add_result("t1", {"again", false, {"0000000e"}}));
    },
    [](Session& s) {
        ASSERT_TRUE(s.compress({"manual", "/t/transcript-2.jsonl", "Another."}));
    },
};

TEST(Session, ReadsBackARewrittenConversationByteForByte) {
    const testing::TempDir dir;
    auto session = Session::open(dir.path(), head());
    ASSERT_TRUE(session);
    ASSERT_TRUE(session->add_text("<environment/>", Session::kIntroductionOrigin));
    converse(*session);
    for (std::size_t i = 0; i < kRewrites.size(); ++i) {
        SCOPED_TRACE(i);
        kRewrites[i](*session);
        const auto sent = wires(*session);
        std::size_t bytes = 0;
        for (const std::string& wire : sent)
            bytes += wire.size();
        EXPECT_EQ(session->conversation().bytes(), bytes);
        const auto tokens = session->estimated_tokens();
        const bool asks = session->conversation().awaits_answer();
        const std::string journal = dir.read("s1.jsonl");
        testing::TempDir other;
        other.write("s1.jsonl", journal);
        const auto again = Session::open(other.path(), head());
        ASSERT_TRUE(again) << again.error().message;
        EXPECT_TRUE(again->warnings().empty());
        EXPECT_EQ(wires(*again), sent);
        EXPECT_EQ(again->estimated_tokens(), tokens);
        EXPECT_EQ(again->conversation().awaits_answer(), asks);
    }
    EXPECT_EQ(wires(*session),
              (std::vector<std::string>{
                  R"({"role":"user","content":[{"type":"text","text":"<environment/>"},)"
                  R"({"type":"text","text":"Another."}]})"}));
}

TEST(Session, ReadsBackWhatTheProviderCounted) {
    const testing::TempDir dir;
    auto session = Session::open(dir.path(), head());
    ASSERT_TRUE(session);
    ASSERT_TRUE(session->add_text("go", "prompt"));
    Answer counted = answer(R"([{"type":"text","text":"done"}])");
    counted.usage = {1'000, 200, 30, 4};
    ASSERT_TRUE(session->add_answer(counted));
    EXPECT_EQ(session->estimated_tokens(), 1'234);
    testing::TempDir other;
    other.write("s1.jsonl", dir.read("s1.jsonl"));
    EXPECT_EQ(Session::open(other.path(), head())->estimated_tokens(), 1'234);
    ASSERT_TRUE(session->compress({"auto", "/t", "S."}));
    EXPECT_LT(session->estimated_tokens(), 100) << "what was counted is gone";
}

TEST(Session, ACutInARewriteLeavesTheOldConversationOrTheNewAndTellsNothingTwice) {
    const testing::TempDir dir;
    std::set<std::vector<std::string>> states;
    std::vector<std::pair<std::size_t, std::string>>
        delivered;  // bytes of the journal, and the job
    {
        auto session = Session::open(dir.path(), head());
        ASSERT_TRUE(session);
        states.insert(wires(*session));
        ASSERT_TRUE(session->add_text("<environment/>", Session::kIntroductionOrigin));
        states.insert(wires(*session));
        for (const Step& step : kRewrites) {
            if (&step == &kRewrites[1]) {
                ASSERT_TRUE(session->add_answer(answer(R"([{"type":"text","text":"yes"}])")));
                states.insert(wires(*session));
                ASSERT_TRUE(session->add_text("and", "prompt"));
                states.insert(wires(*session));
            }
            step(*session);
            states.insert(wires(*session));
            for (const char* job : {"0000000c", "0000000d", "0000000e"}) {
                const bool known = std::any_of(delivered.begin(), delivered.end(),
                                               [&](const auto& one) { return one.second == job; });
                if (!known && session->deliveries().is_delivered(job))
                    delivered.emplace_back(dir.read("s1.jsonl").size(), job);
            }
        }
    }
    ASSERT_EQ(delivered.size(), 3U);
    const std::string whole = dir.read("s1.jsonl");
    for (std::size_t cut = 0; cut <= whole.size(); ++cut) {
        SCOPED_TRACE(cut);
        std::filesystem::remove(dir / "s1.jsonl");  // a file cut to nothing is synced when closed
        dir.write("s1.jsonl", whole.substr(0, cut));
        auto session = Session::open(dir.path(), head());
        ASSERT_TRUE(session) << session.error().message;
        EXPECT_TRUE(session->warnings().empty());
        EXPECT_TRUE(states.count(wires(*session)) == 1);
        for (const auto& [bytes, job] : delivered)
            EXPECT_EQ(session->deliveries().is_delivered(job), cut + 1 >= bytes)
                << job;  // the end may lack
        for (const ToolCall& call : session->conversation().unanswered())
            ASSERT_TRUE(session->add_result(call.id, {"interrupted", true, {}}));
        ASSERT_TRUE(session->add_text("next", "prompt"));
        expect_valid(*session);
    }
}

TEST(Session, ReadsBackTheSameBytesItHadSent) {
    const testing::TempDir dir;
    std::vector<std::string> sent;
    {
        auto session = Session::open(dir.path(), head());
        ASSERT_TRUE(session) << session.error().message;
        EXPECT_FALSE(session->resumed());
        converse(*session);
        sent = wires(*session);
    }
    SessionHead other = head();
    other.model = "another";
    other.system = "changed since";
    auto session = Session::open(dir.path(), other);
    ASSERT_TRUE(session) << session.error().message;
    EXPECT_TRUE(session->resumed());
    EXPECT_EQ(session->head().model, "m");
    EXPECT_EQ(session->head().system, "You are.");
    EXPECT_EQ(session->head().tools, R"([{"name":"bash"}])");
    EXPECT_EQ(wires(*session), sent);
    EXPECT_TRUE(session->warnings().empty());
    EXPECT_TRUE(session->deliveries().is_delivered("0000000a"));
    EXPECT_TRUE(session->deliveries().is_delivered("0000000b"));
    EXPECT_FALSE(session->deliveries().is_delivered("0000000c"));
    EXPECT_EQ(journal::read_deliveries(dir / "s1.jsonl")->tool_use_ids,
              (std::set<std::string>{"t1", "t2"}));
}

TEST(Session, OpensAgainAfterACutAtAnyByteAndTellsNothingTwice) {
    const testing::TempDir dir;
    {
        auto session = Session::open(dir.path(), head());
        ASSERT_TRUE(session);
        converse(*session);
    }
    const std::string whole = dir.read("s1.jsonl");
    for (std::size_t cut = 0; cut <= whole.size(); ++cut) {
        SCOPED_TRACE(cut);
        std::filesystem::remove(dir / "s1.jsonl");  // a file cut to nothing is synced when closed
        dir.write("s1.jsonl", whole.substr(0, cut));
        auto session = Session::open(dir.path(), head());
        ASSERT_TRUE(session) << session.error().message;
        EXPECT_TRUE(session->warnings().empty());
        for (const ToolCall& call : session->conversation().unanswered()) {
            ASSERT_TRUE(session->add_result(call.id, {"interrupted", true, {}}));
        }
        bool delivered = false;
        for (const std::string& wire : wires(*session))
            delivered = delivered || wire.find("[bg:0000000a]") != std::string::npos;
        EXPECT_EQ(session->deliveries().is_delivered("0000000a"), delivered);
        ASSERT_TRUE(session->add_text("next", "prompt"));
        expect_valid(*session);
        EXPECT_TRUE(session->conversation().awaits_answer());
    }
}

TEST(Session, SkipsADamagedLineAndMendsTheConversation) {
    const testing::TempDir dir;
    {
        auto session = Session::open(dir.path(), head());
        ASSERT_TRUE(session);
        converse(*session);
        for (const Step& step : kRewrites)
            step(*session);
        ASSERT_TRUE(session->add_answer(answer(
            R"([{"type":"thinking","thinking":"","signature":"s5"},{"type":"text","text":"bye"}])")));
    }
    const std::string whole = dir.read("s1.jsonl");
    std::vector<std::string> lines;
    std::istringstream in(whole);
    for (std::string line; std::getline(in, line);)
        lines.push_back(line);
    for (std::size_t broken = 1; broken < lines.size(); ++broken) {
        SCOPED_TRACE(lines[broken]);
        std::string text;
        for (std::size_t i = 0; i < lines.size(); ++i)
            text += (i == broken ? "\x01garbage{" : lines[i]) + "\n";
        dir.write("s1.jsonl", text);
        auto session = Session::open(dir.path(), head());
        ASSERT_TRUE(session) << session.error().message;
        ASSERT_FALSE(session->warnings().empty());
        EXPECT_NE(session->warnings()[0].find("line " + std::to_string(broken + 1)),
                  std::string::npos);
        ASSERT_TRUE(session->add_text("next", "prompt"));
        expect_valid(*session);
        EXPECT_EQ(dir.read("s1.jsonl").substr(0, text.size()), text)
            << "the damaged line stays in the file";
    }
}

const std::string kHead = R"({"v":1,"seq":0,"type":"session","id":"s1","tools":[]})"
                          "\n";
std::string user_line(int seq, const std::string& text) {
    return R"({"v":1,"seq":)" + std::to_string(seq) +
           R"(,"type":"user","origin":"prompt","text":")" + text + "\"}\n";
}
std::string without_end(std::string line) {
    line.pop_back();
    return line;
}

TEST(Session, OpensWhatACrashOrAHandHasLeftAndSaysWhatIsWrong) {
    const std::string nuls(20, '\0');
    struct Case {
        const char* what;
        std::string text;
        std::vector<std::string> said;
        std::string warning;  // empty: none
    };
    const Case cases[] = {
        {"an empty file", "", {}, ""},
        {"a first record cut off", kHead.substr(0, 30), {}, ""},
        {"a last line without its end",
         kHead + user_line(1, "a") + without_end(user_line(2, "b")),
         {"a", "b"},
         ""},
        {"only a first line without its end", without_end(kHead), {}, ""},
        {"a last record cut off",
         kHead + user_line(1, "a") + user_line(2, "b").substr(0, 40),
         {"a"},
         ""},
        {"a record behind NULs",
         kHead + nuls + user_line(1, "a") + user_line(2, "b"),
         {"a", "b"},
         "line 2"},
        {"records on both sides of NULs",
         kHead + without_end(user_line(1, "a")) + nuls + user_line(2, "b"),
         {"a", "b"},
         "line 2"},
        {"NULs in front of the first record", nuls + kHead + user_line(1, "a"), {"a"}, "line 1"},
        {"NULs at the end", kHead + user_line(1, "a") + nuls, {"a"}, "line 3"},
        {"a line of NULs", kHead + nuls + "\n" + user_line(1, "a"), {"a"}, "line 2"},
        {"garbage at the end",
         kHead + user_line(1, "a") +
             "\x7f"
             "ELF",
         {"a"},
         "line 3"},
        {"a damaged line in front",
         "?" + without_end(kHead) + "\n" + kHead + user_line(1, "a"),
         {"a"},
         "line 1"},
        {"the same line twice", kHead + user_line(1, "a") + user_line(1, "a"), {"a"}, "line 3"},
        {"a seq that goes back", kHead + user_line(2, "a") + user_line(1, "b"), {"a", "b"}, ""},
        {"CRLF", without_end(kHead) + "\r\n" + without_end(user_line(1, "a")) + "\r\n", {"a"}, ""},
    };
    for (const Case& c : cases) {
        SCOPED_TRACE(c.what);
        const testing::TempDir dir;
        dir.write("s1.jsonl", c.text);
        Json said = Json::array();
        for (const std::string& text : c.said)
            said.push_back({{"type", "text"}, {"text", text}});
        for (const bool again : {false, true}) {
            SCOPED_TRACE(again);
            auto session = Session::open(dir.path(), head());
            ASSERT_TRUE(session) << session.error().message;
            Json found = Json::array();
            for (const std::string& wire : wires(*session))
                found = Json::parse(wire)["content"];
            EXPECT_EQ(found, said);
            EXPECT_EQ(session->warnings().empty(), c.warning.empty());
            if (!c.warning.empty() && !session->warnings().empty()) {
                EXPECT_NE(session->warnings()[0].find(c.warning), std::string::npos)
                    << session->warnings()[0];
            }
            ASSERT_TRUE(session->add_text("next", "prompt"));
            said.push_back({{"type", "text"}, {"text", "next"}});
        }
    }
}

TEST(Session, RefusesAFileWithoutAReadableFirstRecordAndLeavesItAsItIs) {
    const std::string nuls(5000, '\0');
    for (const std::string& text :
         {nuls, nuls + "\n", std::string("\x89PNG\r\n\x1a"), "?" + kHead + user_line(1, "a"),
          nuls + user_line(1, "a"), std::string("\n")}) {
        SCOPED_TRACE(text.substr(0, 20));
        const testing::TempDir dir;
        dir.write("s1.jsonl", text);
        auto session = Session::open(dir.path(), head());
        ASSERT_FALSE(session);
        EXPECT_NE(session.error().message.find("s1.jsonl"), std::string::npos)
            << session.error().message;
        EXPECT_EQ(dir.read("s1.jsonl"), text);
    }
}

TEST(Session, ReadsBackArgumentsAsDeepAsTheyAreAccepted) {
    const testing::TempDir dir;
    std::string input = R"({"a":)" + std::string(kMaxJsonDepth - 1, '[') +
                        std::string(kMaxJsonDepth - 1, ']') + "}";
    ASSERT_TRUE(parse_json(input));
    std::vector<std::string> sent;
    {
        auto session = Session::open(dir.path(), head());
        ASSERT_TRUE(session);
        ASSERT_TRUE(session->add_text("go", "prompt"));
        ASSERT_TRUE(session->add_answer(
            answer(R"([{"type":"tool_use","id":"t1","name":"x","input":)" + input + "}]",
                   {{"t1", "x", *parse_json(input), {}}})));
        ASSERT_TRUE(session->add_result("t1", {"one", false, {}}));
        sent = wires(*session);
    }
    const auto again = Session::open(dir.path(), head());
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_TRUE(again->warnings().empty());
    EXPECT_EQ(wires(*again), sent);
}

TEST(Session, SaysAfterAFailedWriteWhatItsFileSaysAndGoesOnFromThere) {
    const std::vector<Step> before = {
        [](Session& s) { converse(s); },
        [](Session& s) { ASSERT_TRUE(s.add_text("more", "prompt")); },
        [](Session& s) {
            ASSERT_TRUE(
                s.add_answer(answer(R"([{"type":"tool_use","id":"t3","name":"x","input":{}}])",
                                    {{"t3", "x", Json::object(), {}}})));
        },
    };
    struct Case {
        const char* what;
        std::size_t after;  // which of the steps above
        std::function<Result<void>(Session&)> write;
    };
    const std::string padding(200, 'x');
    const Case cases[] = {
        {"text that delivers", 0,
         [&](Session& s) { return s.add_text(padding, "notification", {"0000000f"}); }},
        {"answer", 1,
         [&](Session& s) {
             return s.add_answer(answer(R"([{"type":"text","text":")" + padding + "\"}]"));
         }},
        {"result that delivers", 2,
         [&](Session& s) {
             return s.add_result("t3", {padding, false, {"0000000e"}});
         }},
        {"clear", 0, [](Session& s) { return s.clear(); }},
        {"redaction", 0,
         [](Session& s) {
             return s.redact({"t1", "t2"});
         }},
        {"compaction", 0,
         [&](Session& s) {
             return s.compress({"auto", "/t", padding});
         }},
        {"model", 0,
         [&](Session& s) {
             return s.change_model({"replay", padding}, "");
         }},
        {"tools", 0,
         [&](Session& s) { return s.change_tools("[{\"name\":\"" + padding + "\"}]"); }},
    };
    for (const Case& c : cases) {
        for (rlim_t room = 0; room < 400; room += 19) {
            SCOPED_TRACE(std::string(c.what) + ", room " + std::to_string(room));
            const testing::TempDir dir;
            auto session = Session::open(dir.path(), head());
            ASSERT_TRUE(session);
            for (std::size_t i = 0; i <= c.after; ++i)
                before[i](*session);
            const auto expect_same = [&] {
                testing::TempDir other;
                other.write("s1.jsonl", dir.read("s1.jsonl"));
                const auto read = Session::open(other.path(), head());
                ASSERT_TRUE(read) << read.error().message;
                EXPECT_EQ(read->warnings(), std::vector<std::string>());
                EXPECT_EQ(wires(*read), wires(*session));
                EXPECT_EQ(read->head().model, session->head().model);
                EXPECT_EQ(read->head().tools, session->head().tools);
                for (const char* job : {"0000000e", "0000000f"})
                    EXPECT_EQ(read->deliveries().is_delivered(job),
                              session->deliveries().is_delivered(job))
                        << job;
            };
            bool done = false;
            {
                const testing::FileSizeLimit full(std::filesystem::file_size(dir / "s1.jsonl") +
                                                  room);
                done = static_cast<bool>(c.write(*session));
            }
            expect_same();
            if (done) break;
            ASSERT_TRUE(c.write(*session));
            expect_same();
        }
    }
}

TEST(Session, DeliveriesAreReadWithoutOpeningIt) {
    const testing::TempDir dir;
    auto session = Session::open(dir.path(), head());
    ASSERT_TRUE(session);
    converse(*session);
    const auto found = journal::read_deliveries(dir / "s1.jsonl");
    ASSERT_TRUE(found) << found.error().message;
    EXPECT_EQ(found->jobs, (std::set<std::string>{"0000000a", "0000000b"}));
    EXPECT_EQ(found->tool_use_ids, (std::set<std::string>{"t1", "t2"}));
    EXPECT_FALSE(journal::read_deliveries(dir / "none.jsonl"));
}

TEST(Session, DropsThinkingThatIsBoundToADamagedPrefix) {
    const testing::TempDir dir;
    {
        auto session = Session::open(dir.path(), head());
        ASSERT_TRUE(session);
        ASSERT_TRUE(session->add_text("a", "prompt"));
        ASSERT_TRUE(session->add_answer(answer(R"([{"type":"text","text":"b"}])")));
        ASSERT_TRUE(session->add_text("c", "prompt"));
        ASSERT_TRUE(session->add_answer(answer(
            R"([{"type":"thinking","thinking":"","signature":"bound"},{"type":"text","text":"d"}])")));
    }
    std::string text = dir.read("s1.jsonl");
    const auto at = text.find(R"("text":"c")");
    ASSERT_NE(at, std::string::npos);
    text[at] = '?';
    dir.write("s1.jsonl", text);
    auto session = Session::open(dir.path(), head());
    ASSERT_TRUE(session);
    for (const std::string& wire : wires(*session))
        EXPECT_EQ(wire.find("bound"), std::string::npos);
}

TEST(Session, StripsThinkingWhenTheToolsChange) {
    const testing::TempDir dir;
    std::vector<std::string> after;
    {
        auto session = Session::open(dir.path(), head());
        ASSERT_TRUE(session);
        converse(*session);
        ASSERT_TRUE(session->change_tools(R"([{"name":"other"}])"));
        ASSERT_TRUE(session->change_model({"replay", "m2"}, ""));
        after = wires(*session);
        for (const std::string& wire : after)
            EXPECT_EQ(wire.find("thinking"), std::string::npos);
    }
    auto session = Session::open(dir.path(), head());
    ASSERT_TRUE(session);
    EXPECT_EQ(session->head().tools, R"([{"name":"other"}])");
    EXPECT_EQ(session->head().model, "m2");
    EXPECT_EQ(wires(*session), after);
}

std::vector<std::string> origins(const Session& session) {
    std::vector<std::string> found;
    for (const Message& message : session.conversation().messages())
        found.push_back(message.origin);
    return found;
}

TEST(Session, KnowsWhichModelGaveEachAnswerWhenTheProviderChanges) {
    const testing::TempDir dir;
    std::vector<std::string> before;
    const auto by = [](Answer given, ModelName model) {
        given.by = std::move(model);
        return given;
    };
    {
        auto session = Session::open(dir.path(), head());
        ASSERT_TRUE(session);
        ASSERT_TRUE(session->add_text("go", "prompt"));
        ASSERT_TRUE(session->add_answer(by(
            answer(
                R"([{"type":"thinking","thinking":"a","signature":"s"},{"type":"tool_use","id":"t1","name":"x","input":{}}])",
                {{"t1", "x", Json::object(), {}}}),
            {"replay", "m"})));
        ASSERT_TRUE(session->change_model({"openai", "g"}, ""));
        ASSERT_TRUE(session->add_result("t1", {"one", false, {}}));
        ASSERT_TRUE(session->add_answer(by(
            answer(
                R"([{"type":"thinking","thinking":"b"},{"type":"tool_use","id":"t2","name":"x","input":{}}])",
                {{"t2", "x", Json::object(), {}}}),
            {"openai", "g"})));
        ASSERT_TRUE(session->add_result("t2", {"two", false, {}}));
        // As a fallback model answers: the session's own stays the same.
        ASSERT_TRUE(session->add_answer(
            by(answer(R"([{"type":"text","text":"done"}])"), {"anthropic", "c"})));
        before = wires(*session);
        EXPECT_NE(before.at(1).find("thinking"), std::string::npos) << "kept for its own model";
    }
    const auto session = Session::open(dir.path(), head());
    ASSERT_TRUE(session);
    EXPECT_EQ(session->head().provider, "openai");
    EXPECT_EQ(session->head().model, "g");
    EXPECT_EQ(wires(*session), before);
    EXPECT_EQ(origins(*session),
              (std::vector<std::string>{"", "replay m", "", "openai g", "", "anthropic c"}));
}

TEST(Session, TakesAnAnswerWithoutItsModelForOneOfTheModelThatTheJournalHasNamed) {
    const testing::TempDir dir;
    {
        auto session = Session::open(dir.path(), head());
        ASSERT_TRUE(session);
        converse(*session);
        EXPECT_EQ(origins(*session), (std::vector<std::string>{"", "", "", ""}));
        ASSERT_TRUE(session->change_model({"openai", "g"}, ""));
        ASSERT_TRUE(session->add_text("more", "prompt"));
        ASSERT_TRUE(session->add_answer(answer(R"([{"type":"text","text":"so"}])")));
    }
    const auto session = Session::open(dir.path(), head());
    ASSERT_TRUE(session);
    const std::string first = head().provider + " " + head().model;
    EXPECT_EQ(origins(*session), (std::vector<std::string>{"", first, "", first, "", "openai g"}));
}

TEST(Session, RefusesAJournalItCannotUnderstandAndSaysWhere) {
    struct Case {
        std::string text, expected;
    };
    const Case cases[] = {
        {"garbage\n", "s1.jsonl:1"},
        {"{\"v\":1,\"seq\":0,\"type\":\"user\"}\n", "not the first record"},
        {"{\"v\":2,\"seq\":0,\"type\":\"session\"}\n", "newer tenon"},
        {R"({"v":1,"seq":0,"type":"session","id":"other","tools":[]})"
         "\n",
         "'other'"},
        {R"({"v":1,"seq":0,"type":"session","id":"s1","tools":[]})"
         "\n"
         R"({"v":9,"type":"user"})"
         "\n",
         "line 2"},
    };
    for (const auto& c : cases) {
        SCOPED_TRACE(c.text);
        const testing::TempDir dir;
        dir.write("s1.jsonl", c.text);
        auto session = Session::open(dir.path(), head());
        ASSERT_FALSE(session);
        EXPECT_NE(session.error().message.find(c.expected), std::string::npos)
            << session.error().message;
        EXPECT_EQ(dir.read("s1.jsonl"), c.text);
    }
}

TEST(Session, AnIdOfAClearedConversationMayComeAgain) {
    const testing::TempDir dir;
    const Answer calls = answer(R"([{"type":"tool_use","id":"t1","name":"x","input":{}}])",
                                {{"t1", "x", Json::object(), {}}});
    {
        auto session = *Session::open(dir.path(), head());
        for (int i = 0; i < 2; ++i) {
            ASSERT_TRUE(session.add_text("go", "prompt"));
            ASSERT_TRUE(session.add_answer(calls));
            ASSERT_TRUE(session.add_result("t1", {"one", false, {}}));
            if (i == 0) ASSERT_TRUE(session.clear());
        }
    }
    const auto session = *Session::open(dir.path(), head());
    EXPECT_TRUE(session.warnings().empty());
    EXPECT_EQ(session.conversation().messages().size(), 3U);
}

TEST(Session, AClearedConversationIsEmptyAlsoWhenItIsReadBack) {
    const testing::TempDir dir;
    {
        auto session = *Session::open(dir.path(), head());
        ASSERT_TRUE(session.add_text("go", "prompt", {"0000000a"}));
        ASSERT_TRUE(session.clear());
        EXPECT_TRUE(session.conversation().messages().empty());
        ASSERT_TRUE(session.add_text("again", "prompt"));
    }
    const auto session = *Session::open(dir.path(), head());
    ASSERT_EQ(session.conversation().messages().size(), 1U);
    EXPECT_NE(session.conversation().messages()[0].wire.find("again"), std::string::npos);
    EXPECT_EQ(session.conversation().messages()[0].wire.find("go"), std::string::npos);
    EXPECT_TRUE(session.deliveries().is_delivered("0000000a"));
}

}  // namespace
}  // namespace tenon::agent
