#include "host/model/window.h"

#include <gtest/gtest.h>

namespace tenon::model {
namespace {

TEST(Window, LeavesRoomForTheAnswerAndForOtherWaysOfCounting) {
    struct Case {
        const char* model;
        std::int64_t max_tokens, expected;
    };
    const Case cases[] = {
        {"claude-sonnet-5-5", 8'192, 171'808},
        {"claude-sonnet-5-5", 64'000, 116'000},
        {"claude-sonnet-5-5", 180'000, 100'000},
        {"anthropic/claude-opus-5-5", 8'192, 171'808},
        {"some-other-model", 8'192, 50'000},
        {"", 8'192, 50'000},
    };
    for (const Case& c : cases) {
        SCOPED_TRACE(c.model);
        EXPECT_EQ(request_tokens(c.model, c.max_tokens), c.expected);
    }
}

}  // namespace
}  // namespace tenon::model
