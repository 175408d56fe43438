#include "host/sitting/question_text.h"

#include <gtest/gtest.h>

#include "tests/support/temp_dir.h"
#include "tests/support/tool_facts.h"

namespace tenon::sitting {
namespace {

using Lines = std::vector<std::string>;

permission::Question push() {
    permission::Question question;
    question.who = question.tool = "bash";
    question.facts = testing::facts_of("bash");
    question.input = {{"command", "git push --force origin main"}};
    question.title = "bash wants to run `git push --force origin main`";
    question.offers = {{"Bash(git push --force origin main)"}, {"Bash(git push *)"}};
    return question;
}

struct AQuestionText : ::testing::Test {
    QuestionText text(const permission::Question& question, std::size_t place = 1,
                      std::size_t total = 1) {
        return question_text(question, place, total, {dir / "config", dir.path(), 80, {}});
    }
    static const terminal::Choice* choice(const QuestionText& text, char key) {
        for (const terminal::Choice& one : text.shown.choices)
            if (one.key == key) return &one;
        return nullptr;
    }
    testing::TempDir dir;
};

TEST_F(AQuestionText, OffersTheExactCommandFirstAndThenTheWiderRule) {
    const QuestionText shown = text(push());
    const std::string file = (dir / "config/allowed.properties").string();
    const terminal::Choice* a = choice(shown, 'a');
    const terminal::Choice* p = choice(shown, 'p');
    ASSERT_TRUE(a != nullptr && p != nullptr);
    ASSERT_EQ(a->variants.size(), 2U);
    EXPECT_EQ(a->variants[0].lines, Lines{"  Bash(git push --force origin main)"});
    EXPECT_EQ(a->variants[1].lines, Lines{"  Bash(git push *)"});
    ASSERT_EQ(p->variants.size(), 2U);
    EXPECT_EQ(p->variants[0].lines,
              (Lines{"  permissions.allow.1=Bash(git push --force origin main)", "in " + file}));
    EXPECT_EQ(p->variants[1].lines,
              (Lines{"  permissions.allow.1=Bash(git push *)", "in " + file}));
    EXPECT_EQ(shown.kept[1].lines.lines, Lines{"permissions.allow.1=Bash(git push *)"});
}

TEST_F(AQuestionText, WithoutOffersHasYesAndNoAndTheReason) {
    permission::Question question = push();
    question.offers.clear();
    question.remark = "$(…) is not understood";
    const QuestionText shown = text(question);
    ASSERT_EQ(shown.shown.choices.size(), 2U);
    EXPECT_EQ(shown.shown.choices[0].key, 'y');
    EXPECT_EQ(shown.shown.choices[1].key, 'n');
    EXPECT_TRUE(shown.shown.text_choice);
    EXPECT_EQ(shown.shown.remark, "($(…) is not understood)");
    ASSERT_EQ(shown.shown.not_offered.size(), 2U) << "so that no such answer becomes a prompt";
    EXPECT_EQ(shown.shown.not_offered[0].key, 'a');
    EXPECT_EQ(shown.shown.not_offered[1].key, 'p');
    EXPECT_TRUE(text(push()).shown.not_offered.empty());
}

TEST_F(AQuestionText, SaysWhichOfSeveralItIsAndWhose) {
    struct Row {
        std::string subagent;
        std::size_t place, total, width;
        std::string before;
    };
    for (const Row& row : std::vector<Row>{
             {"", 1, 1, 80, ""},
             {"", 1, 3, 80, "1 of 3 · conversation · "},
             {"the subagent 'd\x1b[2J'", 2, 3, 80, "2 of 3 · the subagent 'd\\x1b[2J' · "},
             {"the subagent 'd two'", 1, 1, 80, "the subagent 'd two' · "},
             {"the subagent 'd two'", 2, 3, 20, "'d two' · 2 of 3 · "}}) {
        SCOPED_TRACE(row.before);
        permission::Question question = push();
        const std::string title = question.title;
        if (!row.subagent.empty()) {
            question.subagent = row.subagent;
            question.who = "bash of " + row.subagent;
            question.title.insert(4, " of " + row.subagent);
        }
        const QuestionView view{dir / "config", dir.path(), row.width, {}};
        EXPECT_EQ(question_text(question, row.place, row.total, view).shown.title,
                  row.before + title);
    }
}

TEST_F(AQuestionText, SaysWhatEnterDoesAndHowTheOffersDiffer) {
    const QuestionText shown = text(push());
    EXPECT_EQ(choice(shown, 'a')->enter, "adds this rule");
    EXPECT_EQ(choice(shown, 'p')->enter, "writes this line");
    for (const char key : {'a', 'p'}) {
        EXPECT_EQ(choice(shown, key)->variants[0].name, "only this command");
        EXPECT_EQ(choice(shown, key)->variants[1].name, "every command that begins so");
    }
    EXPECT_EQ(choice(shown, 'p')->variants[1].brief_lines, Lines{"  Bash(git push *)"});
}

TEST_F(AQuestionText, OfAPluginHasNoLineForTheModel) {
    permission::Question question;
    question.who = "deploy";
    question.title = "Deploy now?";
    question.input = Json::object();
    const QuestionText shown = text(question);
    EXPECT_EQ(shown.shown.title, "deploy asks: Deploy now?");
    EXPECT_FALSE(shown.shown.text_choice);
}

TEST_F(AQuestionText, ShowsEachLineOfACommandAndOfADiff) {
    permission::Question question = push();
    question.input["command"] = "one\n\ttwo \x1b[2J\nthree";
    question.input["cwd"] = "sub";
    EXPECT_EQ(text(question).shown.subject,
              (Lines{"  $ one", "        two \\x1b[2J", "    three", "  in sub"}));
    dir.write("notes.txt", "old\n");
    question.tool = "write_file";
    question.facts = testing::facts_of("write_file");
    question.input = {{"path", "notes.txt"}, {"content", "new\n"}};
    const Lines subject = text(question).shown.subject;
    ASSERT_GE(subject.size(), 3U);
    EXPECT_EQ(subject[0], "── notes.txt");
    EXPECT_NE(subject[1].find("- old"), std::string::npos);
    EXPECT_NE(subject[2].find("+ new"), std::string::npos);
}

TEST_F(AQuestionText, OffersNothingPermanentWhereTheFileCannotBeWritten) {
    dir.write("config/allowed.properties", "a = 1\na = 2\n");
    const QuestionText shown = text(push());
    EXPECT_NE(choice(shown, 'a'), nullptr);
    EXPECT_EQ(choice(shown, 'p'), nullptr);
    EXPECT_TRUE(shown.shown.remark.starts_with("(no rule can be permanent: "))
        << shown.shown.remark;
    EXPECT_NE(shown.shown.remark.find("allowed.properties"), std::string::npos);
}

}  // namespace
}  // namespace tenon::sitting
