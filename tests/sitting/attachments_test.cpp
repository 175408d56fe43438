#include "tests/sitting/person.h"

/// Files that a person names in a prompt, and images, with the real program.
namespace tenon::testing {
namespace {

const std::string kPixel("\x89PNG\r\n\x1A\npixels", 14);
constexpr const char* kPixelData = R"("data":"iVBORw0KGgpwaXhlbHM=")";

TEST(AttachedFiles, GoToTheModelAndAreNamedOnTheScreen) {
    for (const Pty::Size size : {Pty::Size{20, 5}, {40, 12}, {80, 24}, {200, 50}}) {
        SCOPED_TRACE(size.columns);
        Person person({says("Seen.")}, {.size = size, .files = {{"a.txt", "first\nsecond\n"}}});
        person.enters("see @a.txt.");
        EXPECT_TRUE(person.sees("attached a.txt")) << person.shown();
        EXPECT_TRUE(person.sees("Seen.")) << person.shown();
        EXPECT_EQ(person.shown().find("second"), std::string::npos) << person.shown();
        const std::string body = person.server().requests().back().body;
        EXPECT_NE(body.find(R"(<attached-file path=\"a.txt\">\nfirst\nsecond\n</attached-file>)"),
                  std::string::npos)
            << body;
        EXPECT_EQ(person.server().refusals(), 0);
    }
}

TEST(AttachedFiles, ImagesAreImageBlocksAtEverySize) {
    for (const Pty::Size size : {Pty::Size{20, 5}, {40, 12}, {80, 24}, {200, 50}}) {
        SCOPED_TRACE(size.columns);
        Person person({says("A dot.")}, {.size = size, .files = {{"my shot.png", kPixel}}});
        person.types("\x1b[200~./my\\ shot.png\x1b[201~");
        person.enters(" ?");
        EXPECT_TRUE(person.sees("A dot.")) << person.shown();
        EXPECT_TRUE(person.sees("attached")) << person.shown();
        const std::string body = person.server().requests().back().body;
        EXPECT_NE(body.find(R"("media_type":"image/png",)" + std::string(kPixelData)),
                  std::string::npos)
            << body;
        EXPECT_EQ(person.server().refusals(), 0);
    }
}

TEST(AttachedFiles, SurviveResume) {
    Person person({says("Seen."), says("Still there.")},
                  {.files = {{"a.txt", "the text\n"}, {"p.png", kPixel}}});
    person.enters("@a.txt @p.png");
    EXPECT_TRUE(person.sees("Seen.")) << person.shown();
    EXPECT_TRUE(person.turn_is_over()) << person.shown();
    person.enters("/exit");
    EXPECT_EQ(person.leaves(), 0);
    std::filesystem::remove(person.sandbox.workspace() / "a.txt");
    person.sit_down({.arguments = {"--continue"}});
    person.enters("again");
    EXPECT_TRUE(person.sees("Still there.")) << person.shown();
    const std::string body = person.server().requests().back().body;
    EXPECT_NE(body.find(R"(the text\n</attached-file>)"), std::string::npos) << body;
    EXPECT_NE(body.find(kPixelData), std::string::npos) << body;
    EXPECT_EQ(person.server().refusals(), 0);
}

TEST(AttachedFiles, WhatIsNotAttachedIsSaid) {
    Person person({says("Fine.")},
                  {.arguments = {"--deny", "Read(secret.txt)"},
                   .files = {{"secret.txt", "the-hidden-text"}, {"bin", std::string("\0\1", 2)}}});
    person.enters("@secret.txt @bin @nobody me@example.org");
    EXPECT_TRUE(person.sees("secret.txt is not attached")) << person.shown();
    EXPECT_TRUE(person.sees("bin is not attached: it is a binary file")) << person.shown();
    const std::string shown = person.shown();
    EXPECT_LT(shown.find("> @secret.txt"), shown.find("secret.txt is not attached"))
        << "below the prompt that it is about\n"
        << shown;
    EXPECT_TRUE(person.sees("Fine.")) << person.shown();
    EXPECT_EQ(person.server().requests().back().body.find("the-hidden-text"), std::string::npos);
    EXPECT_EQ(person.shown().find("nobody is"), std::string::npos) << person.shown();
}

TEST(AttachedFiles, AToolCanReadAnImage) {
    Person person({calls("t1", "read_file", {{"path", "p.png"}}), says("A dot.")},
                  {.files = {{"p.png", kPixel}}});
    person.enters("look");
    EXPECT_TRUE(person.sees("A dot.")) << person.shown();
    EXPECT_TRUE(person.sees("1 image")) << person.shown();
    const Json request = person.server().requests().back().json();
    const Json& content = request["messages"].back()["content"][0]["content"];
    EXPECT_EQ(content[0]["text"], "[image p.png: image/png, 14 bytes]");
    EXPECT_EQ(content[1]["source"]["data"], "iVBORw0KGgpwaXhlbHM=");
    EXPECT_EQ(person.server().refusals(), 0);
}

}  // namespace
}  // namespace tenon::testing
