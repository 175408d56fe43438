#include "tests/sitting/person.h"

/// Skills as commands of the interactive session: `/NAME ARGUMENTS`.
namespace tenon::testing {
namespace {

std::pair<std::string, std::string> skill(const std::string& name, const std::string& body,
                                          const std::string& more = {}) {
    return {"skills/" + name + "/SKILL.md",
            "---\nname: " + name + "\ndescription: For " + name + ".\n" + more + "---\n" + body};
}

/// The texts of the last message of a request.
std::string last_text(const ModelServer& server) {
    std::string all;
    const Json request = server.requests().back().json();
    for (const Json& block : request["messages"].back()["content"])
        all += block.value("text", "") + "\n";
    return all;
}

TEST(SkillCommands, SendTheTextOfTheSkillWithItsArguments) {
    for (const Pty::Size size : {Pty::Size{20, 5}, {40, 12}, {80, 24}, {200, 50}}) {
        SCOPED_TRACE(size.columns);
        Person person({says("Done.")}, {.size = size, .files = {skill("pdf", "Use pdftotext.")}});
        person.enters("/pdf a.pdf");
        EXPECT_TRUE(person.sees("> /pdf a.pdf")) << person.shown();
        EXPECT_TRUE(person.sees("Done.")) << person.shown();
        EXPECT_NE(last_text(person.server())
                      .find("<skill name=\"pdf\">\nUse pdftotext.\n\nARGUMENTS: a.pdf\n</skill>"),
                  std::string::npos)
            << last_text(person.server());
        EXPECT_EQ(person.server().refusals(), 0);
    }
}

TEST(SkillCommands, ReplaceThePlacesOfArguments) {
    struct Case {
        std::string body, line, text;
    };
    for (const Case& c : std::vector<Case>{
             {"Read $ARGUMENTS now.", "/pdf a b", "Read a b now."},
             {"Read $ARGUMENTS now.", "/pdf", "Read  now."},
             {"From $1 to $2, $3.", "/pdf a b", "From a to b, $3."},
             {"awk '{print $1}'", "/pdf", "awk '{print $1}'"},
             {"Plain.", "/pdf", "Plain.\n</skill>"},
         }) {
        SCOPED_TRACE(c.body + c.line);
        Person person({says("Done.")}, {.files = {skill("pdf", c.body)}});
        person.enters(c.line);
        EXPECT_TRUE(person.sees("Done.")) << person.shown();
        EXPECT_NE(last_text(person.server()).find(c.text), std::string::npos)
            << last_text(person.server());
    }
}

TEST(SkillCommands, AreCompletedAndMeantByMisspeltOnes) {
    Person person({says("Done.")}, {.files = {skill("release-notes", "Write them.")}});
    person.enters("/release-note");
    EXPECT_TRUE(person.sees("did you mean /release-notes?")) << person.shown();
    EXPECT_TRUE(person.server().requests().empty());
    person.types("/rel\t");
    EXPECT_TRUE(person.sees("/release-notes")) << person.shown();
}

TEST(SkillCommands, ACommandOfTenonWins) {
    Person person({says("Unused.")}, {.files = {skill("help", "Never.")}});
    person.enters("/help");
    EXPECT_TRUE(person.sees("this list, and the keys")) << person.shown();
    EXPECT_TRUE(person.server().requests().empty());
}

TEST(SkillCommands, ADenyRuleHolds) {
    Person person({says("Unused.")},
                  {.arguments = {"--deny", "Skill(pdf)"}, .files = {skill("pdf", "Use it.")}});
    person.enters("/pdf");
    EXPECT_TRUE(person.sees("denied by the rule Skill(pdf)")) << person.shown();
    EXPECT_TRUE(person.server().requests().empty());
}

TEST(SkillCommands, SayWhoMayUseThem) {
    Person person({says("Done.")},
                  {.files = {skill("mine", "My way.", "disable-model-invocation: true\n"),
                             skill("models", "Its way.", "user-invocable: false\n")}});
    person.enters("/models");
    EXPECT_TRUE(person.sees("There is no command /models")) << person.shown();
    person.enters("/mine");
    EXPECT_TRUE(person.sees("Done.")) << person.shown();
    EXPECT_NE(last_text(person.server()).find("My way."), std::string::npos);
    const std::string request = person.server().requests().back().body;
    EXPECT_EQ(request.find("For mine."), std::string::npos) << request;
    EXPECT_NE(request.find("For models."), std::string::npos) << request;
}

TEST(SkillCommands, KnowSkillsThatAppearAfterReload) {
    Person person({says("Done.")}, {.files = {skill("old", "Old way.")}});
    const auto [path, content] = skill("fresh", "Fresh way.");
    person.sandbox.home.write("w/" + path, content);
    person.enters("/fresh");
    EXPECT_TRUE(person.sees("There is no command /fresh")) << person.shown();
    person.enters("/reload");
    EXPECT_TRUE(person.sees("Nothing to load")) << person.shown();
    person.enters("/fresh");
    EXPECT_TRUE(person.sees("Done.")) << person.shown();
    EXPECT_NE(last_text(person.server()).find("Fresh way."), std::string::npos);
}

TEST(SkillCommands, OfAgentPluginsHaveTheirName) {
    Person person(
        {says("Done.")},
        {.arguments = {"--plugin-dir", "kits"},
         .files = {
             {"kits/kit/plugin.json",
              R"({"$schema":"https://agent-plugins.org/schemas/1.0.0/plugin.schema.json","name":"kit","version":"1.0.0"})"},
             {"kits/kit/skills/pdf/SKILL.md",
              "---\nname: pdf\ndescription: For pdf.\n---\nKit way.\n"}}});
    person.enters("/kit:pdf a.pdf");
    EXPECT_TRUE(person.sees("Done.")) << person.shown();
    ASSERT_FALSE(person.server().requests().empty());
    EXPECT_NE(last_text(person.server()).find("<skill name=\"kit:pdf\">"), std::string::npos);
}

}  // namespace
}  // namespace tenon::testing
