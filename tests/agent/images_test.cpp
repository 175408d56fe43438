#include <gtest/gtest.h>

#include "host/agent/image.h"
#include "host/agent/pruning.h"
#include "host/agent/wire.h"
#include "tests/agent/session_support.h"
#include "tests/support/temp_dir.h"

namespace tenon::agent {
namespace {

const Image kPicture{"image/png", "iVBORw0KGgo="};

TEST(Images, AreKnownByTheirFirstBytes) {
    using namespace std::string_literals;
    for (const auto& [bytes, type] : std::vector<std::pair<std::string, std::string>>{
             {"\x89PNG\r\n\x1A\nx"s, "image/png"},
             {"\xFF\xD8\xFF\xE0", "image/jpeg"},
             {"GIF87a", "image/gif"},
             {"GIF89a...", "image/gif"},
             {"RIFF\1\0\0\0WEBPVP8 "s, "image/webp"},
             {"RIFF\1\0\0\0WAVE"s, ""},
             {"RIFF", ""},
             {"<svg/>", ""},
             {"", ""},
         }) {
        SCOPED_TRACE(bytes);
        EXPECT_EQ(image_type(bytes), type);
    }
}

TEST(Images, HaveALimit) {
    std::string file = "\x89PNG\r\n\x1A\n";
    file.resize(kMaxImageFile, 'x');
    const auto largest = make_image(file);
    ASSERT_TRUE(largest) << largest.error().message;
    EXPECT_EQ(largest->data.size(), kMaxImageData);
    EXPECT_FALSE(make_image(file + "x"));
    EXPECT_FALSE(make_image("no image"));
}

/// An endpoint would refuse each later request too.
TEST(Images, WithTooManyPixelsAreRefused) {
    using namespace std::string_literals;
    const std::string png = "\x89PNG\r\n\x1A\n\0\0\0\rIHDR"s;
    const std::string jpeg = "\xFF\xD8\xFF\xE0\0\4ab\xFF\xC0\0\x11\x08"s;
    struct Case {
        std::string file;
        bool is_taken;
    };
    for (const Case& c : std::vector<Case>{
             {png + "\0\0\x1F\x40\0\0\0\1"s, true},
             {png + "\0\0\x1F\x41\0\0\0\1"s, false},
             {png + "\0\0\0\1\0\1\0\0"s, false},
             {"GIF89a\x40\x1F\1\0"s, true},
             {"GIF89a\x41\x1F\1\0"s, false},
             {jpeg + "\x1F\x40\0\1\3"s, true},
             {jpeg + "\x1F\x41\0\1\3"s, false},
             {"\xFF\xD8\xFF"s, true},
         }) {
        SCOPED_TRACE(::testing::PrintToString(c.file));
        EXPECT_EQ(make_image(c.file).ok(), c.is_taken);
    }
}

TEST(Images, AreBlocksOfMessagesAndOfResults) {
    EXPECT_EQ(
        image_block(kPicture),
        R"({"type":"image","source":{"type":"base64","media_type":"image/png","data":"iVBORw0KGgo="}})");
    ToolResult result{"a.png", false, {}};
    result.images = {kPicture};
    const std::string block = tool_result_block("t1", result);
    EXPECT_EQ(block, R"({"type":"tool_result","tool_use_id":"t1","content":[)"
                     R"({"type":"text","text":"a.png"},)" +
                         image_block(kPicture) + "]}");
    EXPECT_EQ(images_in(Json::parse(block)), std::vector<Image>{kPicture});
    EXPECT_EQ(text_of_result(Json::parse(block)["content"]), "a.png\n[image]");
}

TEST(Images, CountTheSameInEstimatesWhateverTheirSizeIs) {
    Conversation small, large;
    for (Conversation* conversation : {&small, &large})
        conversation->add_text("look");
    small.add_image(kPicture);
    large.add_image({"image/png", std::string(kMaxImageData, 'A')});
    EXPECT_EQ(small.bytes(), large.bytes());
    small.add_answer(R"([{"type":"text","text":"ok"}])", {});
    large.add_answer(R"([{"type":"text","text":"ok"}])", {});
    EXPECT_EQ(small.bytes(), large.bytes());
    EXPECT_LT(large.bytes(), 2 * Conversation::kBytesOfAnImage);
}

TEST(Images, TextThatLooksLikeOneCountsAsText) {
    const std::string text = image_block({"image/png", std::string(20'000, 'A')});
    Conversation conversation;
    conversation.add_text(text);
    EXPECT_GT(conversation.bytes(), text.size());
}

/// The conversation of a session that is closed and opened again.
std::vector<std::string> reopened(const std::filesystem::path& folder) {
    const auto session = Session::open(folder, head());
    EXPECT_TRUE(session) << session.error().message;
    return session ? wires(*session) : std::vector<std::string>();
}

TEST(AttachedFiles, SurviveReopeningAndCompaction) {
    const testing::TempDir dir;
    {
        auto session = Session::open(dir.path(), head());
        ASSERT_TRUE(session);
        ASSERT_TRUE(session->add_text("<environment/>", Session::kIntroductionOrigin));
        ASSERT_TRUE(
            session->add_prompt({"see @a.txt @p.png",
                                 {{"a.txt", "<attached-file/>", {}}, {"p.png", {}, kPicture}},
                                 "/see"}));
        expect_valid(*session);
        const auto sent = wires(*session);
        ASSERT_EQ(sent.size(), 1U);
        EXPECT_EQ(sent[0], R"({"role":"user","content":[{"type":"text","text":"<environment/>"},)"
                           R"({"type":"text","text":"see @a.txt @p.png"},)"
                           R"({"type":"text","text":"<attached-file/>"},)" +
                               image_block(kPicture) + "]}");
        ASSERT_TRUE(
            session->add_answer(answer(R"([{"type":"tool_use","id":"t1","name":"x","input":{}}])",
                                       {{"t1", "x", Json::object(), {}}})));
        ToolResult result{"shown", false, {}};
        result.images = {kPicture};
        ASSERT_TRUE(session->add_result("t1", result));
    }
    const auto read = reopened(dir.path());
    ASSERT_EQ(read.size(), 3U);
    EXPECT_NE(read[0].find(image_block(kPicture)), std::string::npos);
    EXPECT_NE(read[2].find(image_block(kPicture)), std::string::npos);

    std::vector<std::string> compressed;
    {
        auto session = Session::open(dir.path(), head());
        ASSERT_TRUE(session);
        ASSERT_TRUE(session->add_answer(answer(R"([{"type":"text","text":"ok"}])")));
        ASSERT_TRUE(session->add_prompt({"and this", {{"q.png", {}, kPicture}}, {}}));
        ASSERT_TRUE(session->compress({"auto", "/t", "A summary."}));
        expect_valid(*session);
        compressed = wires(*session);
        ASSERT_EQ(compressed.size(), 1U);
        EXPECT_TRUE(compressed[0].ends_with(R"({"type":"text","text":"and this"},)" +
                                            image_block(kPicture) + "]}"))
            << compressed[0];
    }
    EXPECT_EQ(reopened(dir.path()), compressed);
}

TEST(AttachedFiles, ImagesOfOldResultsAreMadeShort) {
    Conversation conversation;
    conversation.add_text("go");
    conversation.add_answer(R"([{"type":"tool_use","id":"t1","name":"x","input":{}}])",
                            {{"t1", "x", Json::object(), {}}});
    ToolResult result{"a", false, {}};
    result.images = {kPicture};
    ASSERT_TRUE(conversation.add_result("t1", result));
    conversation.add_answer(R"([{"type":"text","text":"ok"}])", {});
    EXPECT_EQ(prunable_results(conversation, 0), std::vector<std::string>{"t1"});
    conversation.redact({"t1"});
    EXPECT_EQ(conversation.messages()[2].images, 0U);
}

}  // namespace
}  // namespace tenon::agent
