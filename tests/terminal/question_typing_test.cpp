#include <random>

#include "tests/terminal/question_desk.h"

/// Which keys a question takes, and where the other keys go.
namespace tenon::testing {
namespace {

using std::chrono::milliseconds;
using Texts = std::vector<std::string>;

constexpr milliseconds kQuiet{1000};
constexpr milliseconds kLong{2500};  // keys after it do not belong to those before it

/// A line of several words; each letter that answers a question is in it many times.
std::string some_prompt(std::mt19937& random) {
    static const std::vector<std::string> words = {
        "update", "speed", "yes",   "no", "y",   "n",      "a",   "p",    "always", "Please",
        "annoy",  "happy", "PANIC", "ye", "nay", "banana", "pay", "Yes,", "No.",    "appnyay"};
    std::string line = words[random() % words.size()];
    const auto count = 1 + random() % 5;
    for (std::size_t i = 0; i < count; ++i)
        line += " " + words[random() % words.size()];
    return line;
}

TEST(QuestionTyping, TenThousandQuestionsThatComeUpWhileSomebodyTypesAreNotAnswered) {
    constexpr std::size_t kQuestions = 10'000;
    constexpr unsigned kSeed = 20261129;
    SCOPED_TRACE(kSeed);
    std::mt19937 random(kSeed);
    QuestionDesk desk;
    Texts typed, entered;
    std::size_t asked = 0, keys = 0, until_next = 1;
    desk.types(" ");  // the person is typing when the first question appears
    desk.types("\x7f");
    while (asked < kQuestions) {
        const std::string line = some_prompt(random);
        typed.push_back("line " + line);
        for (const char key : line + "\r") {
            if (--until_next == 0) {
                desk.ask(++asked);
                until_next = 1 + random() % 20;
            }
            // Mostly 30 keys a second; now and then a pause of less than a second.
            const auto after = random() % 10 == 0 ? 34 + random() % 965 : 33;
            for (std::string& one : text_of(desk.types({&key, 1}, milliseconds(after))))
                entered.push_back(std::move(one));
            ++keys;
        }
        (void)desk.written();
    }
    EXPECT_EQ(entered, typed);
    EXPECT_GT(keys, kQuestions);
    // The last question is still open and can be answered.
    EXPECT_EQ(text_of(desk.types("y", kQuiet)), Texts{"answer " + std::to_string(asked) + "y"});
}

TEST(QuestionTyping,
     AQuietKeyboardAnswersAfterItsSecondAndNotInTheMomentInWhichTheQuestionComesUp) {
    struct Row {
        milliseconds before, after;
        Texts comes;
    };
    for (const Row& row : std::vector<Row>{{milliseconds(1000), milliseconds(499), {}},
                                           {milliseconds(1000), milliseconds(500), {"answer 1y"}},
                                           {milliseconds(5000), milliseconds(0), {}},
                                           {milliseconds(999), milliseconds(0), {}},
                                           {milliseconds(0), milliseconds(999), {}},
                                           {milliseconds(400), milliseconds(599), {}},
                                           {milliseconds(400), milliseconds(600), {"answer 1y"}}}) {
        SCOPED_TRACE(std::to_string(row.before.count()) + ", " + std::to_string(row.after.count()));
        QuestionDesk desk;
        desk.types("x");
        desk.passes(row.before);
        desk.ask(1);
        EXPECT_EQ(text_of(desk.types("y", row.after)), row.comes);
    }
}

TEST(QuestionTyping, SaysInTheStatusLineThatItWaits) {
    QuestionDesk desk;
    desk.terminal().set_status("the status");
    desk.types("x");
    desk.ask(1);
    EXPECT_NE(desk.written().find("waits for quiet"), std::string::npos);
    desk.passes(kQuiet);
    desk.looks();
    const std::string after = desk.written();
    EXPECT_EQ(after.find("waits"), std::string::npos);
    EXPECT_NE(after.find("the status"), std::string::npos);
}

TEST(QuestionTyping, KeepsTheLineAndItsCursor) {
    QuestionDesk desk;
    desk.types_slowly("update");
    desk.types("\033[D");
    desk.types("\033[D");
    desk.ask(1);
    desk.types_slowly("y!");
    EXPECT_EQ(text_of(desk.types("n", kQuiet)), Texts{"answer 1n"});
    EXPECT_EQ(text_of(desk.types_slowly("?\r", kLong)), Texts{"line upday!?te"});
}

TEST(QuestionTyping, TypingThatGoesOnAfterAPauseLosesNoLetter) {
    // None of them begins with a key that answers at once.
    for (const std::string rest : {"speed up", "add tests, any", "please say no", "any", "aardvark",
                                   "papaya", "Apply", "9 y"}) {
        SCOPED_TRACE(rest);
        QuestionDesk desk;
        desk.types_slowly("so ");
        desk.ask(1);
        EXPECT_EQ(text_of(desk.types(rest.substr(0, 1), milliseconds(3000))), Texts{});
        EXPECT_EQ(text_of(desk.types_slowly(rest.substr(1) + "\r")), Texts{"line so " + rest});
        EXPECT_EQ(text_of(desk.types("y", kQuiet)), Texts{"answer 1y"});
    }
}

TEST(QuestionTyping, OtherKeysAreRefusedWithABellAndStartTheSecondAnew) {
    for (const std::string key : {"x", "\r", "\033[A", "\x7f", "\x05", "\xc3\xa4", "1"}) {
        SCOPED_TRACE(key);
        QuestionDesk desk;
        desk.ask(1);
        (void)desk.written();
        EXPECT_EQ(text_of(desk.types(key, kQuiet)), Texts{});
        EXPECT_NE(desk.written().find('\a'), std::string::npos);
        EXPECT_EQ(text_of(desk.types("y", milliseconds(999))), Texts{});
        EXPECT_EQ(text_of(desk.types("y", kQuiet)), Texts{"answer 1y"});
    }
}

TEST(QuestionTyping, NoPasteAnswersNorSeveralKeysInOnePiece) {
    for (const std::string keys : {"\033[200~y\033[201~", "\033[200~yes\r\033[201~", "yes, it may",
                                   "yn", "nn\r", "update", "y y", "ap", "a\r\r", "yes\ryes\r"}) {
        SCOPED_TRACE(keys);
        QuestionDesk desk;
        desk.ask(1);
        for (const std::string& one : text_of(desk.types(keys, kQuiet)))
            EXPECT_EQ(one.substr(0, 5), "line ");
        EXPECT_EQ(text_of(desk.types("n", kQuiet)), Texts{"answer 1n"});
    }
}

TEST(QuestionTyping, WordsAreTheSameAnswersAndNothingIsLeftOfThem) {
    struct Row {
        std::string word, answer;
    };
    for (const auto& [word, answer] : std::vector<Row>{{"y", "answer 1y"},
                                                       {"yes", "answer 1y"},
                                                       {"YES", "answer 1y"},
                                                       {"Yes", "answer 1y"},
                                                       {"ye", "answer 1y"},
                                                       {"n", "answer 1n"},
                                                       {"no", "answer 1n"},
                                                       {"No", "answer 1n"},
                                                       {"NO", "answer 1n"}}) {
        for (const std::string end : {"", "\r"}) {
            for (const int between : {0, 5, 33, 500, 1999}) {
                SCOPED_TRACE(word + (end.empty() ? "" : " Enter") + ", " + std::to_string(between));
                QuestionDesk desk;
                desk.types_slowly("draft");
                desk.ask(1);
                desk.passes(kQuiet);
                // In one piece, or the rest when the next question has come up already.
                Texts all = text_of(desk.types(between == 0 ? word + end : word.substr(0, 1)));
                desk.ask(2);
                if (between > 0)
                    for (const std::string& one :
                         text_of(desk.types_slowly(word.substr(1) + end, milliseconds(between))))
                        all.push_back(one);
                EXPECT_EQ(all, Texts{answer});
                desk.terminal().set_question(std::nullopt);
                EXPECT_EQ(text_of(desk.types_slowly("!\r", kLong)), Texts{"line draft!"});
            }
        }
    }
}

TEST(QuestionTyping, AWordOfAnyChoiceLeavesNothing) {
    for (const std::string word : {"wait", "leave", "cancel"}) {
        for (const bool in_one_piece : {false, true}) {
            SCOPED_TRACE(word);
            QuestionDesk desk;
            terminal::ShownQuestion question;
            question.title = "How to leave";
            question.choices = {{'w', "wait", "wait, then leave", "wait"},
                                {'l', "leave", "leave, they run on", "leave"},
                                {'c', "cancel", "cancel them", "cancel"}};
            desk.terminal().set_question(question);
            desk.passes(kQuiet);
            EXPECT_EQ(
                text_of(in_one_piece ? desk.types(word + "\r") : desk.types_slowly(word + "\r")),
                Texts{"answer 0" + word.substr(0, 1)});
            EXPECT_EQ(text_of(desk.types_slowly("next\r", kLong)), Texts{"line next"});
        }
    }
}

TEST(QuestionTyping, ARestOfAWordThatIsTypedVerySlowlyIsNoPrompt) {
    for (const auto& [key, rest] :
         std::vector<std::pair<std::string, std::string>>{{"y", "es"}, {"n", "o"}, {"Y", "ES"}}) {
        SCOPED_TRACE(rest);
        QuestionDesk desk;
        desk.ask(1);
        desk.types(key, kQuiet);
        EXPECT_EQ(text_of(desk.types_slowly(rest + "\r", kLong)), Texts{});
        EXPECT_EQ(text_of(desk.types_slowly("then\r")), Texts{"line then"});
    }
}

TEST(QuestionTyping, WhatIsNoRestOfTheWordIsTheNextLine) {
    for (const std::string line : {"explain it", "eh", "on with it", "then say so", "sure"}) {
        SCOPED_TRACE(line);
        QuestionDesk desk;
        desk.ask(1);
        desk.types("y", kQuiet);
        EXPECT_EQ(text_of(desk.types_slowly(line + "\r")), Texts{"line " + line});
    }
}

TEST(QuestionTyping, AKeyThatIsHeldDownAnswersOneQuestion) {
    for (const char* key : {"y", "n"}) {
        SCOPED_TRACE(key);
        QuestionDesk desk;
        desk.ask(1);
        Texts all = text_of(desk.types(key, kQuiet));
        desk.ask(2);
        for (int i = 0; i < 100; ++i)
            for (const std::string& one : text_of(desk.types(key)))
                all.push_back(one);
        EXPECT_EQ(all, Texts{std::string("answer 1") + key});
        EXPECT_EQ(text_of(desk.types(key, kQuiet)), Texts{std::string("answer 2") + key});
        // None of it is in the line either.
        EXPECT_EQ(text_of(desk.types_slowly("next\r", kLong)), Texts{"line next"});
    }
}

TEST(QuestionTyping, ACompleteAnswerTypedTooEarlyIsNeitherAnAnswerNorAPrompt) {
    for (const std::string word : {"yes", "no", "y", "N", "YES", "a", "always", "forever"}) {
        SCOPED_TRACE(word);
        QuestionDesk desk;
        desk.types("x\r");
        desk.ask(1);
        EXPECT_EQ(text_of(desk.types_slowly(word + "\r")), Texts{});
        EXPECT_EQ(text_of(desk.types("y", kQuiet)), Texts{"answer 1y"});
        EXPECT_EQ(text_of(desk.types_slowly("next\r", kLong)), Texts{"line next"});
    }
}

TEST(QuestionTyping, AlwaysAndPermanentlyNeedEnterBehindThem) {
    struct Row {
        std::string keys;
        Texts comes;
    };
    for (const auto& [keys, comes] :
         std::vector<Row>{{"a", {}},
                          {"a\r", {"answer 1a"}},
                          {"A\r", {"answer 1a"}},
                          {"aa\r", {"answer 1a2"}},
                          {"aaa\r", {"answer 1a"}},
                          {"p\r", {"answer 1p"}},
                          {"pp\r", {}},  // it has one variant, and so no such key
                          {"ap\r", {"answer 1p"}},
                          {"ay\r", {"answer 1y"}},
                          {"ayes\r", {"answer 1y"}},
                          {"ano\r", {"answer 1n"}},
                          {"aay\r", {"answer 1y"}},
                          {"an", {"answer 1n"}},
                          {"pay\r", {}},  // may be a word
                          {"papayas\r", {"line papayas"}}}) {
        SCOPED_TRACE(keys);
        QuestionDesk desk;
        desk.ask(1);
        desk.passes(kQuiet);
        EXPECT_EQ(text_of(desk.types_slowly(keys)), comes);
    }
}

TEST(QuestionTyping, AnAlwaysInOnePieceWithItsEnterIsThatAnswerAndWasShown) {
    QuestionDesk desk;
    desk.ask(1);
    (void)desk.written();
    EXPECT_EQ(text_of(desk.types("a\r", kQuiet)), Texts{"answer 1a"});
    EXPECT_NE(desk.written().find("Bash(git push origin main)"), std::string::npos);
}

TEST(QuestionTyping, AnAnswerBehindARefusedLetterIsNoPrompt) {
    for (const std::string line : {"xy", "xyes", "Xno", "xpp", "xay"}) {
        SCOPED_TRACE(line);
        QuestionDesk desk;
        desk.ask(1);
        desk.passes(kQuiet);
        EXPECT_EQ(text_of(desk.types_slowly(line + "\r")), Texts{});
        EXPECT_EQ(text_of(desk.types_slowly("now\r")), Texts{"line now"});
    }
    QuestionDesk desk;
    desk.types_slowly("b");
    desk.ask(1);
    EXPECT_EQ(text_of(desk.types_slowly("y\r")), Texts{"line by"});
}

TEST(QuestionTyping, ALookAtARuleLeavesNoLetterWhenTheChoicesAreWrittenAnew) {
    QuestionDesk desk;
    desk.ask(1);
    desk.passes(kQuiet);
    desk.types_slowly("a");
    terminal::ShownQuestion again = a_question(1);
    again.choices[1].label = "always";
    desk.terminal().set_question(again);
    EXPECT_EQ(text_of(desk.types("\033")), Texts{});
    desk.passes(milliseconds(60));
    EXPECT_EQ(text_of(desk.looks()), Texts{});
    EXPECT_EQ(text_of(desk.types_slowly("yes\r")), Texts{});  // too early
    EXPECT_EQ(text_of(desk.types("y", kQuiet)), Texts{"answer 1y"});
    EXPECT_EQ(text_of(desk.types_slowly("next\r", kLong)), Texts{"line next"});
}

TEST(QuestionTyping, AnotherChoiceIsTakenWhereARuleIsLookedAtAndTheLineIsKept) {
    for (const char* key : {"y", "n"}) {
        QuestionDesk desk;
        desk.types_slowly("draft");
        desk.ask(1);
        desk.types("a", kQuiet);
        EXPECT_EQ(text_of(desk.types(key, kQuiet)), Texts{std::string("answer 1") + key});
        EXPECT_EQ(text_of(desk.types_slowly("!\r", kLong)), Texts{"line draft!"});
    }
}

TEST(QuestionTyping, ASlowTerminalCountsBeforeAQuestionTakesAKey) {
    QuestionDesk desk;
    desk.each_look_at_the_clock_takes(milliseconds(400));
    desk.ask(1);
    desk.each_look_at_the_clock_takes(milliseconds(0));
    EXPECT_NE(desk.written().find("waits for quiet"), std::string::npos);
    EXPECT_EQ(text_of(desk.types("y", milliseconds(499))), Texts{});
    EXPECT_EQ(text_of(desk.types("y", kQuiet)), Texts{"answer 1y"});
}

TEST(QuestionTyping, AWordThatGoesOnAtOnceBehindAnAnswerIsTheNextLine) {
    struct Row {
        std::string first, rest;
        milliseconds between;
        Texts comes;
    };
    for (const Row& row : std::vector<Row>{{"n", "ow then", milliseconds(33), {"line ow then"}},
                                           {"y", "esterday", milliseconds(33), {"line esterday"}},
                                           {"n", "o tests", milliseconds(33), {"line  tests"}},
                                           {"n", "ow", milliseconds(400), {"line w"}}}) {
        SCOPED_TRACE(row.first + row.rest);
        QuestionDesk desk;
        desk.ask(1);
        EXPECT_EQ(text_of(desk.types(row.first, kQuiet)), Texts{"answer 1" + row.first});
        EXPECT_EQ(text_of(desk.types_slowly(row.rest + "\r", row.between)), row.comes);
    }
}

TEST(QuestionTyping, EscGoesBackToTheChoices) {
    for (const char* key : {"a", "p"}) {
        SCOPED_TRACE(key);
        QuestionDesk desk;
        desk.ask(1);
        desk.types(key, kQuiet);
        desk.types("\033", milliseconds(400));
        desk.passes(milliseconds(50));
        EXPECT_EQ(text_of(desk.looks()), Texts{});
        EXPECT_EQ(text_of(desk.types("\r")), Texts{});  // Enter has no label
        EXPECT_EQ(text_of(desk.types("y", kQuiet)), Texts{"answer 1y"});
        EXPECT_EQ(text_of(desk.types_slowly("next\r", kLong)), Texts{"line next"});
    }
}

TEST(QuestionTyping, TabTakesWordsAndPutsTheLineBack) {
    QuestionDesk desk;
    desk.types_slowly("draft");
    desk.ask(1);
    desk.types("\t", kQuiet);
    EXPECT_EQ(text_of(desk.types_slowly("yes, use pnpm\r")), Texts{"answer 1n with yes, use pnpm"});
    EXPECT_EQ(text_of(desk.types_slowly("\r\r")), Texts{});  // Enter, typed once more
    EXPECT_EQ(text_of(desk.types_slowly("!\r", kLong)), Texts{"line draft!"});
}

TEST(QuestionTyping, EscLeavesTheWordsAndAltDoesNot) {
    QuestionDesk desk;
    desk.types_slowly("draft");
    desk.ask(1);
    desk.types("\t", kQuiet);
    desk.types_slowly("one two");
    desk.types("\033b");
    desk.types("X");
    desk.types("\033");
    desk.passes(milliseconds(60));
    EXPECT_EQ(text_of(desk.looks()), Texts{});
    EXPECT_EQ(text_of(desk.types("y", milliseconds(1000))), Texts{"answer 1y"});
    EXPECT_EQ(text_of(desk.types_slowly("!\r", kLong)), Texts{"line draft!"});
}

TEST(QuestionTyping, NoWordsAreARefusal) {
    QuestionDesk desk;
    desk.ask(1);
    desk.types("\t", kQuiet);
    EXPECT_EQ(text_of(desk.types("\r")), Texts{"answer 1n"});
}

TEST(QuestionTyping, AQuestionThatIsTakenAwayGivesTheLineBack) {
    QuestionDesk desk;
    desk.types_slowly("draft");
    desk.ask(1);
    desk.types("\t", kQuiet);
    desk.types_slowly("words");
    desk.terminal().set_question(std::nullopt);
    EXPECT_EQ(text_of(desk.types_slowly("!\r")), Texts{"line draft!"});
}

TEST(QuestionTyping, ACommandOfSeveralKeysIsGivenUpForTheQuestion) {
    struct Row {
        std::string keys;
        Texts comes;
    };
    for (const auto& [keys, comes] : std::vector<Row>{
             {"y", {"answer 1y"}}, {"ax", {}}, {"\tuse it\r", {"answer 1n with use it"}}}) {
        SCOPED_TRACE(keys);
        QuestionDesk desk;
        desk.types_slowly("draft");
        desk.ask(1);
        desk.types("\x16");  // Ctrl-V: the next key goes into the line as it is
        EXPECT_EQ(text_of(desk.types(keys.substr(0, 1), kQuiet)),
                  keys.size() == 1 ? comes : Texts{});
        if (keys.size() > 1) EXPECT_EQ(text_of(desk.types_slowly(keys.substr(1))), comes);
        desk.terminal().set_question(std::nullopt);
        EXPECT_EQ(text_of(desk.types_slowly("!\r", kLong)),
                  Texts{keys == "ax" ? "line draftax!" : "line draft!"});
    }
}

TEST(QuestionTyping, CtrlCInterruptsAtAnyTime) {
    for (const std::string before : {"", "x", "a", "\t"}) {
        SCOPED_TRACE(before);
        QuestionDesk desk;
        desk.ask(1);
        desk.passes(kQuiet);
        if (!before.empty()) desk.types(before);
        EXPECT_EQ(text_of(desk.types("\x03")), Texts{"interrupt"});
    }
}

TEST(QuestionTyping, NewTextsOfTheSameQuestionChangeNothingElse) {
    QuestionDesk desk;
    desk.ask(1);
    desk.types("a", kQuiet);
    terminal::ShownQuestion again = a_question(1);
    again.title = "1 of 2 · " + again.title;
    desk.terminal().set_question(again);
    desk.looks();
    EXPECT_NE(desk.written().find("1 of 2 · "), std::string::npos);
    EXPECT_EQ(text_of(desk.types("\r")), Texts{"answer 1a"});
}

TEST(QuestionTyping, NoKeyAnswersWhereItsLabelDoesNotFitOnTheScreen) {
    for (const terminal::ScreenSize size :
         {terminal::ScreenSize{19, 5}, {20, 4}, {80, 4}, {19, 24}, {3, 2}, {1, 1}}) {
        SCOPED_TRACE(std::to_string(size.columns) + " x " + std::to_string(size.rows));
        for (const std::string key : {"y", "n", "a\r", "p\r", "\t", "\r", "yes\r"}) {
            SCOPED_TRACE(key);
            QuestionDesk desk(size);
            desk.ask(1);
            for (const std::string& one : text_of(desk.types(key, kQuiet)))
                EXPECT_EQ(one.substr(0, 5), "line ");
            EXPECT_EQ(text_of(desk.types("\x03")), Texts{"interrupt"});
            // As soon as the screen is large enough, even without a signal.
            desk.resize({20, 5});
            EXPECT_EQ(text_of(desk.types("n", kQuiet)), Texts{"answer 1n"});
        }
    }
}

TEST(QuestionTyping, AScreenThatHasBecomeTooSmallTakesNoKey) {
    QuestionDesk desk(terminal::ScreenSize{80, 24});
    desk.ask(1);
    desk.looks();
    desk.resize({19, 5});
    EXPECT_EQ(text_of(desk.types("y", kQuiet)), Texts{});
}

TEST(QuestionTyping, CtrlOPrintsOnlyWhatIsNotAllOnTheScreen) {
    for (const std::size_t lines : {3U, 100U}) {
        SCOPED_TRACE(lines);
        QuestionDesk desk;
        terminal::ShownQuestion question = a_question(1);
        for (std::size_t i = 1; i < lines; ++i)
            question.subject.push_back("line " + std::to_string(i) + ";");
        desk.terminal().set_question(question);
        (void)desk.written();
        EXPECT_EQ(text_of(desk.types("\x0f", kQuiet)), Texts{});
        EXPECT_EQ(desk.written().find("line 50;") != std::string::npos, lines > 50);
        EXPECT_EQ(text_of(desk.types("y", kQuiet)), Texts{"answer 1y"});
    }
}

TEST(QuestionTyping, WithoutOffersOnlyYesAndNoAreKeys) {
    for (const char* key : {"a", "p", "a\r", "p\r"}) {
        SCOPED_TRACE(key);
        QuestionDesk desk;
        terminal::ShownQuestion question = a_question(1);
        question.choices.erase(question.choices.begin() + 1, question.choices.begin() + 3);
        desk.terminal().set_question(question);
        for (const std::string& one : text_of(desk.types(key, kQuiet)))
            EXPECT_EQ(one.substr(0, 5), "line ");
        EXPECT_EQ(text_of(desk.types("n", kQuiet)), Texts{"answer 1n"});
    }
}

TEST(QuestionTyping, AnAnswerThatThisQuestionDoesNotOfferIsNoPrompt) {
    for (const std::string line : {"a", "P", "always", "forever", "xa", "ay"}) {
        SCOPED_TRACE(line);
        QuestionDesk desk;
        terminal::ShownQuestion question = a_question(1);
        const auto offers = question.choices.begin() + 1;
        question.not_offered.assign(offers, offers + 2);
        question.choices.erase(offers, offers + 2);
        desk.terminal().set_question(question);
        desk.passes(kQuiet);
        (void)desk.written();
        EXPECT_EQ(text_of(desk.types_slowly(line + "\r")), Texts{});
        EXPECT_NE(desk.written().find('\a'), std::string::npos);
        EXPECT_EQ(text_of(desk.types("a better name\r", kLong)), Texts{"line a better name"});
        EXPECT_EQ(text_of(desk.types("n", kQuiet)), Texts{"answer 1n"});
    }
}

TEST(QuestionTyping, NothingIsDrawnWhereNoQuestionWaits) {
    QuestionDesk desk;
    desk.types("x");
    desk.looks();
    (void)desk.written();
    desk.passes(kQuiet);
    desk.looks();
    EXPECT_EQ(desk.written(), "");
}

}  // namespace
}  // namespace tenon::testing
