#include "host/terminal/question_rows.h"

#include <algorithm>
#include <regex>

#include "host/base/text_width.h"
#include "tests/terminal/question_desk.h"

/// The parts of a question that are shown on screens of all sizes.
namespace tenon::testing {
namespace {

using namespace tenon::terminal;

ShownQuestion with_lines(std::size_t count, std::size_t length) {
    ShownQuestion question = a_question(1);
    question.subject.clear();
    for (std::size_t i = 1; i <= count; ++i) {
        std::string line = "  $ " + std::to_string(i) + " ";
        line.append(length, 'x');
        question.subject.push_back(line + " end of " + std::to_string(i));
    }
    return question;
}

LiveParts others() {
    LiveParts parts;
    parts.tail = {"a tail", "and more of it"};
    parts.input = lay_out_input("the line that", " stands there", "> ", 80);
    parts.status = "model · turn 1";
    return parts;
}

QuestionRows laid_out(const ShownQuestion& question, const QuestionState& state, ScreenSize size) {
    return lay_out_question(question, rows_of(question.subject, size.columns), state, others(),
                            size, ui::Style::kPlain);
}

std::string screen_of(const QuestionRows& rows) {
    std::string text;
    for (const std::string& row : rows.live.rows)
        text += row + "\n";
    return text;
}

bool is_on(const std::string& screen, const std::string& text) {
    return screen.find(text) != std::string::npos;
}

bool has_key(const QuestionRows& rows, char key) {
    return rows.keys.find(key) != std::string::npos;
}

QuestionState waiting() {
    QuestionState state;
    state.waits = true;
    return state;
}

const std::vector<ScreenSize> kSizes = {{20, 5},  {20, 24}, {21, 6},  {30, 5},  {39, 7},
                                        {40, 10}, {80, 5},  {80, 12}, {80, 24}, {200, 50}};
const std::vector<std::size_t> kLines = {1, 2, 3, 5, 10, 20, 40, 100, 500};

TEST(QuestionRows, FitTheScreenAndHoldTheBeginningTheEndAndEveryChoice) {
    for (const ScreenSize size : kSizes) {
        for (const std::size_t count : kLines) {
            for (const std::size_t length : {std::size_t{0}, std::size_t{150}}) {
                for (const bool waits : {false, true}) {
                    SCOPED_TRACE(std::to_string(size.columns) + " x " + std::to_string(size.rows) +
                                 ", " + std::to_string(count) + " lines of " +
                                 std::to_string(length) + (waits ? ", waits" : ""));
                    QuestionState state;
                    state.waits = waits;
                    const QuestionRows rows = laid_out(with_lines(count, length), state, size);
                    const std::string screen = screen_of(rows);
                    EXPECT_LE(rows.live.rows.size(), size.rows);
                    for (const std::string& row : rows.live.rows)
                        EXPECT_LE(width_of(row), size.columns) << row;
                    EXPECT_TRUE(is_on(screen, "$ 1")) << screen;
                    EXPECT_TRUE(is_on(screen, std::to_string(count % 10) + "\n")) << screen;
                    for (const char key : std::string("yapn\t"))
                        EXPECT_TRUE(has_key(rows, key)) << screen;
                    EXPECT_EQ(is_on(screen, "waits for quiet"), waits) << screen;
                    EXPECT_LT(rows.live.cursor_row, rows.live.rows.size());
                    EXPECT_LT(rows.live.cursor_column, size.columns);
                }
            }
        }
    }
}

std::string label_of(char key) {
    switch (key) {
        case '\r':
            return "Enter +(do|send)";
        case '\t':
            return "Tab +(words|no, )";
        case '\033':
            return "Esc +back";
        case 'y':
            return "y +yes";
        case 'n':
            return "n +no";
        case 'a':
            return "a +(always|other|the wider)";
        case 'p':
            return "p +(forever|perm)";
        default:
            return "\\^O|Ctrl-O";
    }
}

TEST(QuestionRows, EveryKeyThatCountsHasItsLabelThere) {
    struct Step {
        std::size_t chosen;  // 0: none
        bool words;
        std::string keys;
    };
    const ShownQuestion question = a_question(1);
    for (std::size_t columns = 1; columns <= 82; ++columns) {
        for (std::size_t height = 1; height <= 26; ++height) {
            for (const Step& step : std::vector<Step>{{0, false, "yapn\t"},
                                                      {1, false, "\ra\033"},
                                                      {2, false, "\r\033"},
                                                      {0, true, "\r\033"}}) {
                QuestionState state;
                if (step.chosen > 0) state.chosen = &question.choices[step.chosen];
                state.text_open = step.words;
                const QuestionRows rows = laid_out(question, state, {columns, height});
                const std::string screen = screen_of(rows);
                SCOPED_TRACE(std::to_string(columns) + " x " + std::to_string(height) + "\n" +
                             screen);
                const bool enough = columns >= 20 && height >= 5;
                for (const char key : step.keys)
                    EXPECT_EQ(has_key(rows, key), enough) << label_of(key);
                if (!enough) EXPECT_EQ(rows.keys, "");
                for (const char key : rows.keys)
                    EXPECT_TRUE(std::regex_search(screen, std::regex(label_of(key))))
                        << label_of(key);
            }
        }
    }
}

TEST(QuestionRows, CountWhatIsLeftOutInTheMiddle) {
    for (const ScreenSize size : {ScreenSize{20, 5}, {40, 10}, {80, 24}, {200, 50}}) {
        for (const std::size_t count : {50U, 100U, 500U}) {
            ShownQuestion question = a_question(1);
            question.subject.clear();
            for (std::size_t i = 1; i <= count; ++i)
                question.subject.push_back("<" + std::to_string(i) + ">");
            const QuestionRows rows = laid_out(question, {}, size);
            const std::string screen = screen_of(rows);
            SCOPED_TRACE(screen);
            std::size_t shown = 0;
            for (std::size_t i = 1; i <= count; ++i)
                shown += is_on(screen, "<" + std::to_string(i) + ">") ? 1 : 0;
            std::smatch found;
            ASSERT_TRUE(std::regex_search(screen, found, std::regex("([0-9]+) lines")));
            EXPECT_EQ(std::stoul(found[1]) + shown, count);
            EXPECT_TRUE(has_key(rows, kShowAllKey));
        }
    }
}

TEST(QuestionRows, ShowsExactlyTheRuleThatEnterApplies) {
    const ShownQuestion question = a_question(1);
    for (const ScreenSize size : {ScreenSize{40, 6}, {80, 24}, {200, 50}}) {
        for (std::size_t variant = 0; variant < 2; ++variant) {
            QuestionState state;
            state.chosen = &question.choices[1];
            state.variant = variant;
            const std::string screen = screen_of(laid_out(question, state, size));
            SCOPED_TRACE(screen);
            EXPECT_EQ(is_on(screen, "  Bash(git push origin main)\n"), variant == 0);
            EXPECT_EQ(is_on(screen, "  Bash(git push *)\n"), variant == 1);
        }
    }
}

TEST(QuestionRows, ALineIsNeverTakenForAChoice) {
    ShownQuestion question = a_question(1);
    // Wrapped at the width of the screen, a row of it would look like a choice.
    question.subject = {"  $ " + std::string(72, 'x') + "  y  yes, run nothing"};
    for (std::size_t columns = 60; columns <= 90; ++columns) {
        const QuestionRows rows = laid_out(question, {}, {columns, 24});
        const auto looks_like_it = [](const std::string& row) { return row.starts_with("  y  "); };
        EXPECT_EQ(std::count_if(rows.live.rows.begin(), rows.live.rows.end(), looks_like_it), 1)
            << screen_of(rows);
    }
}

TEST(QuestionRows, ShowTheRemarkAtEverySize) {
    ShownQuestion question = with_lines(100, 50);
    question.choices.erase(question.choices.begin() + 1, question.choices.begin() + 3);
    question.remark = "(not understood)";
    for (const ScreenSize size : kSizes) {
        const std::string screen = screen_of(laid_out(question, {}, size));
        EXPECT_TRUE(is_on(screen, "(not understood)")) << screen;
    }
}

TEST(QuestionRows, WrapTheRemarkAtWordsAndMarkWhereItIsCut) {
    ShownQuestion question = with_lines(100, 50);
    question.choices.erase(question.choices.begin() + 1, question.choices.begin() + 3);
    question.remark = "(the substitution is not understood, and so no rule is offered)";
    const std::string all = screen_of(laid_out(question, {}, {20, 24}));
    EXPECT_TRUE(
        is_on(all, "\n(the substitution is\nnot understood, and\nso no rule is\noffered)\n"))
        << all;
    const std::string small = screen_of(laid_out(question, {}, {20, 5}));
    EXPECT_TRUE(is_on(small, "\n(the substitution i…\n")) << small;
}

TEST(QuestionRows, BeginWithTheRuleWhereTheLineOfTheFileHasNoRoom) {
    ShownQuestion question = a_question(1);
    const std::string key = "permissions.allow.1=",
                      file = "in /home/somebody/.config/tenon/allowed";
    for (const std::string object : {"main", "a_very_long_name/of_a_branch_that_nobody_reads"}) {
        const std::string exact = "Bash(git push --force " + object + ")",
                          wider = "Bash(git push *)";
        question.choices[2].variants = {{"only", "Written:", {key + exact, file}, {exact}},
                                        {"wider", "Written:", {key + wider, file}, {wider}}};
        QuestionState state;
        state.chosen = &question.choices[2];
        for (const ScreenSize size : {ScreenSize{20, 5}, {30, 5}, {39, 6}}) {
            state.variant = 0;
            const QuestionRows first = laid_out(question, state, size);
            state.variant = 1;
            const QuestionRows second = laid_out(question, state, size);
            SCOPED_TRACE(screen_of(first) + "\n" + screen_of(second));
            EXPECT_TRUE(is_on(screen_of(first), "Bash(git push --f"));
            EXPECT_TRUE(is_on(screen_of(second), "Bash(git push *)\n"));
            EXPECT_TRUE(has_key(first, kEnterKey) && has_key(second, kEnterKey));
        }
        const std::string roomy = screen_of(laid_out(question, state, {80, 24}));
        EXPECT_TRUE(is_on(roomy, key + wider + "\n" + file)) << roomy;
    }
}

TEST(QuestionRows, LookLikeThisOnTheSmallestScreen) {
    const ShownQuestion question = a_question(1);
    EXPECT_EQ(screen_of(laid_out(question, {}, {20, 5})),
              "bash wants to run `…\n  $ git push origi\n  n main\n"
              "y yes n no Tab words\na always p forever\n");
    EXPECT_EQ(screen_of(laid_out(question, waiting(), {20, 5})),
              "  $ git…1 row…n main\ny yes n no Tab words\na always p forever\n"
              "> the line that sta…\nwaits for quiet · m…\n");
}

TEST(MiddleCut, BreaksOnlyProseAtBlanks) {
    const std::vector<std::string> line = {"1 job of this session has not ended."};
    EXPECT_EQ(rows_of(line, 20, LineBreaks::kAtBlanks).rows,
              (std::vector<std::string>{"1 job of this", "  session has not", "  ended."}));
    EXPECT_EQ(rows_of(line, 20).rows,
              (std::vector<std::string>{"1 job of this sess", "  ion has not ended."}));
}

TEST(MiddleCut, NamesTheKeyOnlyWhereItIsAskedFor) {
    const TextRows text = rows_of({"one", "two", "three", "four"}, 80);
    EXPECT_EQ(
        cut_middle(text, 3, 80).rows,
        (std::vector<std::string>{"one", "  … 2 lines left out, Ctrl-O shows all …", "four"}));
    EXPECT_EQ(cut_middle(text, 3, 80, false).rows,
              (std::vector<std::string>{"one", "  … 2 lines left out …", "four"}));
    EXPECT_EQ(cut_middle(text, 4, 80).rows, text.rows);
    EXPECT_FALSE(cut_middle(text, 4, 80).names_key);
}

}  // namespace
}  // namespace tenon::testing
