#include "host/model/sse.h"

#include <gmock/gmock.h>

#include <gtest/gtest.h>

namespace tenon::model {
namespace {

using ::testing::HasSubstr;
using Events = std::vector<std::pair<std::string, std::string>>;

Events parse_in_pieces(const std::vector<std::string>& pieces) {
    SseParser parser;
    Events events;
    for (const auto& piece : pieces) {
        EXPECT_TRUE(parser.feed(
            piece, [&](const SseEvent& event) { events.emplace_back(event.name, event.data); }));
    }
    return events;
}

TEST(SseParser, FindsTheSameEventsWhereverTheBytesAreCut) {
    const std::string wire =
        "\xEF\xBB\xBF: hello\r\nevent: a\r\ndata: one\r\n\r\ndata:two\rdata:  three\r\r"
        "event:b\nid: 7\nretry: 3\ndata: f\xC3\xBC\nwhat: ever\n\n\n\nevent: empty\n\ndata\n\n";
    const Events expected = {
        {"a", "one"}, {"message", "two\n three"}, {"b", "f\xC3\xBC"}, {"message", ""}};
    EXPECT_EQ(parse_in_pieces({wire}), expected);
    for (std::size_t cut = 0; cut <= wire.size(); ++cut) {
        SCOPED_TRACE(cut);
        EXPECT_EQ(parse_in_pieces({wire.substr(0, cut), wire.substr(cut)}), expected);
    }
    std::vector<std::string> bytes;
    for (const char c : wire)
        bytes.emplace_back(1, c);
    EXPECT_EQ(parse_in_pieces(bytes), expected);
}

TEST(SseParser, TakesAnErrorThatIsAFieldForAnEvent) {
    EXPECT_EQ(parse_in_pieces({"data: a\n\nerror: {\"code\":400}\n\nerror: none\n\n"}),
              (Events{{"message", "a"}, {"error", "{\"code\":400}"}}));
}

TEST(SseParser, ReportsNoEventThatNoBlankLineHasEnded) {
    EXPECT_EQ(parse_in_pieces({"data: a\n"}), Events{});
    EXPECT_EQ(parse_in_pieces({"data: a\n\ndata: b"}), (Events{{"message", "a"}}));
}

TEST(SseParser, ReportsWhatIsWholeAtAnEndThatIsNoCut) {
    struct Case {
        std::string wire;
        Events events;
    };
    for (const Case& one :
         std::vector<Case>{{"event: a\ndata: {\"b\":1}\n", {{"a", "{\"b\":1}"}}},
                           {"data: {\"b\":1}", {{"message", "{\"b\":1}"}}},
                           {"data: [DONE]", {{"message", "[DONE]"}}},
                           {"data: {\"b\":1}\ndata: {}\ndata: [DONE]\n",
                            {{"message", "{\"b\":1}"}, {"message", "{}"}, {"message", "[DONE]"}}},
                           {"data: {\"b\":1", {}},
                           {"data: {}\ndata: {\"b\":1", {}},
                           {"data: {}\n\n", {}},
                           {"data: ok", {}},
                           {"event: a\n", {}}}) {
        SCOPED_TRACE(one.wire);
        SseParser parser;
        Events events;
        const auto add = [&](const SseEvent& event) {
            events.emplace_back(event.name, event.data);
        };
        ASSERT_TRUE(parser.feed(one.wire, [](const SseEvent&) {}));
        parser.end(add);
        EXPECT_EQ(events, one.events);
        parser.end(add);
        EXPECT_EQ(events, one.events) << "only once";
    }
}

TEST(SseParser, SkipsTheByteOrderMarkOnlyAtTheStart) {
    EXPECT_EQ(parse_in_pieces({"\xEF\xBB\xBF"
                               "data: a\n\n\xEF\xBB\xBF"
                               "data: b\n\n"}),
              (Events{{"message", "a"}}));
}

TEST(SseParser, RefusesEventsLongerThanItsLimit) {
    struct Case {
        const char* what;
        std::string wire;
        bool fits;
    };
    const std::vector<Case> cases = {
        {"a line at the bound", "data: " + std::string(94, 'x') + "\n\n", true},
        {"a line over it", "data: " + std::string(95, 'x') + "\n\n", false},
        {"a line without end", std::string(101, 'x'), false},
        {"many lines of one event",
         [] {
             std::string lines;
             for (int i = 0; i < 30; ++i)
                 lines += "data: abc\n";
             return lines;
         }(),
         false},
        {"many small events",
         [] {
             std::string events;
             for (int i = 0; i < 30; ++i)
                 events += "data: abc\n\n";
             return events;
         }(),
         true},
    };
    for (const Case& c : cases) {
        SCOPED_TRACE(c.what);
        SseParser parser(100);
        const auto fed = parser.feed(c.wire, [](const SseEvent&) {});
        EXPECT_EQ(fed.ok(), c.fits);
        if (c.fits) continue;
        EXPECT_THAT(fed.error().message, HasSubstr("longer than 100 bytes"));
        EXPECT_FALSE(parser.feed("data: a\n\n", [](const SseEvent&) {})) << "it stays refused";
    }
}

}  // namespace
}  // namespace tenon::model
