#include "tests/support/model_server/threads.h"

#include <gtest/gtest.h>

namespace tenon::testing {
namespace {

const Fields kWithBeta = {{"anthropic-beta", "other-1, message-threads-2026-08-12"}};

Json threaded(const char* thread, const char* text) {
    Json request = {{"model", "m"},
                    {"system", "be good"},
                    {"tools", Json::array()},
                    {"messages", {{{"role", "user"}, {"content", text}}}}};
    if (thread != nullptr) request["thread"] = Json::parse(thread);
    return request;
}

OrderedJson saying(const char* text) {
    return OrderedJson::array({{{"type", "text"}, {"text", text}}});
}

/// The status and the code of the refusal; nothing: it was accepted.
std::pair<int, std::string> refusal_of(Threads& threads, const Json& request,
                                       const Fields& fields = kWithBeta) {
    try {
        threads.whole(request, fields);
    } catch (const RefusedRequest& refusal) {
        return {refusal.status, refusal.code};
    }
    return {};
}

class ThreadsOfAServer : public ::testing::Test {
protected:
    ThreadsOfAServer() {
        const Json first = threaded(R"({"type":"create"})", "one");
        threads.begin(first, threads.whole(first, kWithBeta), "msg_1", saying("two"));
        threads.end("msg_1", true);
    }
    const Json next = threaded(R"({"type":"continue","previous_message_id":"msg_1"})", "three");
    Threads threads;
};

TEST_F(ThreadsOfAServer, PutTheConversationInFrontOfWhatIsNew) {
    const Json whole = threads.whole(next, kWithBeta);
    EXPECT_FALSE(whole.contains("thread"));
    EXPECT_EQ(whole["messages"], Json::parse(R"([{"role":"user","content":"one"},
        {"role":"assistant","content":[{"type":"text","text":"two"}]},
        {"role":"user","content":"three"}])"));
    threads.begin(next, whole, "msg_2", saying("four"));
    threads.end("msg_2", true);
    const Json third = threaded(R"({"type":"continue","previous_message_id":"msg_2"})", "five");
    EXPECT_EQ(threads.whole(third, kWithBeta)["messages"].size(), 5U);
}

TEST_F(ThreadsOfAServer, NeedTheirBetaHeader) {
    EXPECT_EQ(refusal_of(threads, next, {}).first, 400);
    EXPECT_EQ(refusal_of(threads, next, {{"anthropic-beta", "message-threads"}}).first, 400);
    EXPECT_EQ(refusal_of(threads, threaded(nullptr, "x"), {}).first, 0);
}

TEST_F(ThreadsOfAServer, RefuseWhatIsNoThread) {
    for (const char* thread :
         {R"({"type":"create","previous_message_id":"msg_1"})", R"({"type":"continue"})",
          R"({"type":"resume","previous_message_id":"msg_1"})", "7",
          R"({"type":"continue","previous_message_id":"msg_1","x":1})"}) {
        SCOPED_TRACE(thread);
        EXPECT_EQ(refusal_of(threads, threaded(thread, "x")).first, 400);
    }
}

TEST_F(ThreadsOfAServer, RefuseAnAnswerThatTheyDoNotHave) {
    const std::pair<int, std::string> not_found = {404, "thread_not_found"};
    Json other = next;
    other["thread"]["previous_message_id"] = "msg_9";
    EXPECT_EQ(refusal_of(threads, other), not_found);
    threads.begin(next, threads.whole(next, kWithBeta), "msg_2", saying("four"));
    threads.end("msg_2", false);
    other["thread"]["previous_message_id"] = "msg_2";
    EXPECT_EQ(refusal_of(threads, other), not_found) << "it was cut off";
}

TEST_F(ThreadsOfAServer, ContinueEachAnswerOnce) {
    threads.begin(next, threads.whole(next, kWithBeta), "msg_2", saying("four"));
    EXPECT_EQ(refusal_of(threads, next),
              std::make_pair(400, std::string("thread_continue_in_flight")));
    threads.end("msg_2", true);
    EXPECT_EQ(refusal_of(threads, next),
              std::make_pair(400, std::string("thread_already_continued")));
}

TEST_F(ThreadsOfAServer, KeepModelSystemAndTools) {
    const auto mismatch = std::make_pair(400, std::string("thread_fingerprint_mismatch"));
    for (const char* key : {"model", "system", "tools"}) {
        SCOPED_TRACE(key);
        Json other = next;
        other[key] = "other";
        EXPECT_EQ(refusal_of(threads, other), mismatch);
    }
    Json marked = next;
    marked["system"] = "be good";
    EXPECT_EQ(refusal_of(threads, marked).first, 0);
}

}  // namespace
}  // namespace tenon::testing
