#include <chrono>
#include <thread>

#include "tests/permission/gate_support.h"

namespace tenon::permission {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST_F(GateTest, AsksAPersonForWhatIsNotAllowedYet) {
    Person person(Consent::kYes);
    RuleGate gate(config({.allow = {"Bash(a)"}}), &person);
    const agent::ToolCall call{"id", "bash", {{"command", "a; b 'c' > f"}}, {}};
    EXPECT_TRUE(gate.judge(first_party("bash"), call, {}).allowed);
    ASSERT_EQ(person.questions.size(), 1U);
    const Question& question = person.questions[0];
    EXPECT_EQ(question.title, "bash wants to write f and run `b 'c'`");
    EXPECT_THAT(question.offers, ElementsAre(Strings{"Edit(./f)", "Bash(b 'c')"}));
    EXPECT_EQ(question.input, call.input);
    EXPECT_TRUE(gate.judge(first_party("bash"), call, {}).allowed);
    EXPECT_EQ(person.questions.size(), 2U) << "yes is for once";
}

TEST_F(GateTest, SaysInQuestionsForWhomAToolIsUsed) {
    Person person(Consent::kNo);
    RuleGate gate(config({}), &person);
    const agent::ToolCall call{"id", "bash", {{"command", "make"}}, {}};
    const auto verdict = gate.judge(first_party("bash"), call, {}, "the subagent 'tests'");
    ASSERT_EQ(person.questions.size(), 1U);
    EXPECT_EQ(person.questions[0].title, "bash of the subagent 'tests' wants to run `make`");
    EXPECT_THAT(person.questions[0].offers, ElementsAre(Strings{"Bash(make)"}));
    EXPECT_THAT(verdict.reason, HasSubstr("bash of the subagent 'tests'"));
}

TEST_F(GateTest, AddsExactlyTheRuleShownWhenTheAnswerIsAlways) {
    Person person(Consent::kAlways);
    RuleGate gate(config({}), &person);
    const auto judge = [&](const char* command) {
        return gate.judge(first_party("bash"), {"id", "bash", {{"command", command}}, {}}, {})
            .allowed;
    };
    EXPECT_TRUE(judge("rm *"));
    EXPECT_TRUE(judge("rm *"));
    EXPECT_EQ(person.questions.size(), 1U);
    EXPECT_TRUE(judge("rm x"));
    EXPECT_EQ(person.questions.size(), 2U) << "the star shown is a star, not any text";
}

TEST_F(GateTest, OffersAndTakesNoRuleWhereTheyAreLocked) {
    Config locked = config({.allow = {"Bash(a)"}});
    locked.allow_lock = "/etc/tenon/tenon.xml:4";
    Person person(Consent::kAlways);
    RuleGate gate(locked, &person);
    const auto judge = [](RuleGate& by, const char* command) {
        return by.judge(first_party("bash"), {"id", "bash", {{"command", command}}, {}}, {});
    };
    EXPECT_TRUE(judge(gate, "a").allowed) << "the rules there are still count";
    EXPECT_TRUE(person.questions.empty());
    EXPECT_TRUE(judge(gate, "b").allowed);
    EXPECT_TRUE(judge(gate, "b").allowed);
    ASSERT_EQ(person.questions.size(), 2U) << "the answer was for once";
    EXPECT_THAT(person.questions[0].offers, ::testing::IsEmpty());
    EXPECT_EQ(person.questions[0].remark,
              "no rule can be added: permissions.allow is locked by /etc/tenon/tenon.xml:4");

    RuleGate alone(locked);
    EXPECT_EQ(judge(alone, "b").reason,
              "Permission denied: bash wants to run `b`. No rule can be added, since "
              "permissions.allow is locked by /etc/tenon/tenon.xml:4; --yes answers with yes.");
    locked.yes_is_locked = true;
    RuleGate without_yes(locked);
    EXPECT_EQ(judge(without_yes, "b").reason,
              "Permission denied: bash wants to run `b`. No rule can be added, since "
              "permissions.allow is locked by /etc/tenon/tenon.xml:4; ask the administrator.");
}

TEST_F(GateTest, OffersNoRuleAgainstAnAskRule) {
    Person person(Consent::kAlways);
    RuleGate gate(config({.ask = {"Bash(a:*)"}}), &person);
    for (int i = 0; i < 2; ++i)
        EXPECT_TRUE(
            gate.judge(first_party("bash"), {"id", "bash", {{"command", "a"}}, {}}, {}).allowed);
    ASSERT_EQ(person.questions.size(), 2U);
    EXPECT_THAT(person.questions[0].offers, ::testing::IsEmpty());
}

TEST_F(GateTest, SaysThatTheUserSaidNo) {
    Person person(Consent::kNo);
    RuleGate gate(config({}), &person);
    const agent::ToolCall call{"id", "bash", {{"command", "a"}}, {}};
    EXPECT_EQ(gate.judge(first_party("bash"), call, {}).reason,
              "Permission denied: bash wants to run `a`, and the user said no.");
}

TEST_F(GateTest, JudgesByTheStanceThatItHasTaken) {
    Person person(Consent::kNo);
    RuleGate gate(config({.yes = true}), &person);
    const auto edit = [&] {
        const Json input = {{"path", "a.txt"}, {"content", ""}};
        return gate.judge(first_party("write_file"), {"id", "write_file", input, {}}, {}).allowed;
    };
    EXPECT_TRUE(edit());
    gate.take({PermissionMode::kAsk});
    EXPECT_FALSE(edit());
    EXPECT_EQ(person.questions.size(), 1U);
    gate.take({PermissionMode::kAcceptEdits});
    EXPECT_TRUE(edit());
    gate.take({PermissionMode::kPlan});
    EXPECT_FALSE(edit());
    gate.take({PermissionMode::kDontAsk, true});
    EXPECT_FALSE(edit());
    EXPECT_EQ(person.questions.size(), 1U) << "only the mode ask asks";
    gate.take({PermissionMode::kBypassPermissions});
    EXPECT_TRUE(edit());
}

TEST_F(GateTest, ForgetsARuleOfTheSessionByItsNumber) {
    Person person(Consent::kAlways);
    RuleGate gate(config({}), &person);
    const auto runs = [&](const char* command) {
        return gate.judge(first_party("bash"), {"id", "bash", {{"command", command}}, {}}, {})
            .allowed;
    };
    for (const char* command : {"touch one", "touch two", "touch three"})
        EXPECT_TRUE(runs(command));
    ASSERT_EQ(gate.session_rules().size(), 3U);
    const std::string second = gate.session_rules()[1].text();
    EXPECT_EQ(gate.forget(2)->text(), second);
    EXPECT_FALSE(gate.forget(0));
    EXPECT_FALSE(gate.forget(3));
    EXPECT_EQ(gate.session_rules().size(), 2U);
    EXPECT_TRUE(runs("touch two"));
    EXPECT_EQ(person.questions.size(), 4U) << "it asks again";
}

/// Lets the test decide when a question is answered.
class SlowPerson final : public Asker {
public:
    UserAnswer ask(const Question& question, std::stop_token stop) override {
        Lock lock(mutex_);
        ++asked_;
        last_items_ = question.items;
        changed_.notify_all();
        const std::stop_callback wake(stop, [this] { changed_.notify_all(); });
        while (!answer_ && !stop.stop_requested())
            changed_.wait_until(lock,
                                std::chrono::steady_clock::now() + std::chrono::milliseconds(50));
        return answer_to(question, answer_.value_or(Consent::kNo));
    }
    void wait_until_asked() {
        Lock lock(mutex_);
        while (asked_ == 0)
            changed_.wait(lock);
    }
    void answer(Consent answer) {
        const Lock lock(mutex_);
        answer_ = answer;
        changed_.notify_all();
    }
    int asked() {
        const Lock lock(mutex_);
        return asked_;
    }
    /// What the last question was about.
    Strings last_items() {
        const Lock lock(mutex_);
        return last_items_;
    }

private:
    Mutex mutex_;
    Condition changed_;
    int asked_ TENON_GUARDED_BY(mutex_) = 0;
    Strings last_items_ TENON_GUARDED_BY(mutex_);
    std::optional<Consent> answer_ TENON_GUARDED_BY(mutex_);
};

TEST_F(GateTest, AsksOnceWhenAlwaysAnswersWhatOthersWaitedToAsk) {
    SlowPerson person;
    RuleGate gate(config({}), &person);
    const auto judge = [&] {
        EXPECT_TRUE(
            gate.judge(first_party("bash"), {"id", "bash", {{"command", "a"}}, {}}, {}).allowed);
    };
    {
        const std::jthread first(judge);
        person.wait_until_asked();
        const std::jthread second(judge), third(judge);
        person.answer(Consent::kAlways);
    }
    EXPECT_EQ(person.asked(), 1);
}

TEST_F(GateTest, AsksAboutAllOfAWaitingCallWhenItsModeHasBecomeStricter) {
    SlowPerson person;
    RuleGate gate(config({.mode = PermissionMode::kAcceptEdits}), &person);
    const auto judge = [&](const char* command) {
        (void)gate.judge(first_party("bash"), {"id", "bash", {{"command", command}}, {}}, {});
    };
    {
        const std::jthread first(judge, "make one");
        person.wait_until_asked();
        const std::jthread second(judge, "rm x && make two");
        while (gate.waiting_questions() == 0)
            std::this_thread::yield();
        gate.take({PermissionMode::kAsk});
        person.answer(Consent::kNo);
    }
    EXPECT_THAT(person.last_items(), ElementsAre(HasSubstr("rm x"), HasSubstr("make two")));
}

/// Blocks until so many questions wait for another one, or for their place.
void wait_for_waiting(const RuleGate& gate, std::size_t questions) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1);
    while (gate.waiting_questions() < questions && std::chrono::steady_clock::now() < deadline)
        std::this_thread::yield();
    EXPECT_EQ(gate.waiting_questions(), questions);
}

TEST_F(GateTest, AsksAboutACallWhenItIsDecidedOnThoseBeforeIt) {
    Person person(Consent::kYes);
    RuleGate gate(config({}), &person);
    agent::Turns turns(3);
    const auto judge = [&](const std::string& command, std::size_t place) {
        const agent::Turn turn{&turns, place};
        EXPECT_TRUE(
            gate.judge(first_party("bash"), {"id", "bash", {{"command", command}}, {}}, {}, turn)
                .allowed);
        turn.pass();
    };
    {
        const std::jthread last(judge, "touch c", 2);
        wait_for_waiting(gate, 1);
        const std::jthread middle(judge, "touch b", 1);
        wait_for_waiting(gate, 2);
        judge("touch a", 0);
    }
    std::vector<std::pair<std::string, std::size_t>> asked;
    for (const Question& question : person.questions)
        asked.emplace_back(question.input["command"], question.waiting);
    EXPECT_THAT(asked, ElementsAre(std::pair("touch a", 2U), std::pair("touch b", 1U),
                                   std::pair("touch c", 0U)));
}

TEST_F(GateTest, LetsACallThatNeedsNoQuestionPassThoseThatWait) {
    Person person(Consent::kYes);
    RuleGate gate(config({.allow = {"Bash(touch c)"}}), &person);
    agent::Turns turns(2);
    const agent::ToolCall call{"id", "bash", {{"command", "touch c"}}, {}};
    EXPECT_TRUE(gate.judge(first_party("bash"), call, {}, agent::Turn{&turns, 1}).allowed);
    EXPECT_TRUE(person.questions.empty());
}

TEST_F(GateTest, StopsWaitingForTheCallsBeforeItWhenTheTurnIsStopped) {
    Person person(Consent::kYes);
    RuleGate gate(config({}), &person);
    agent::Turns turns(2);
    std::stop_source stop;
    agent::Gate::Verdict waiting;
    {
        const std::jthread second([&] {
            waiting = gate.judge(first_party("bash"), {"id", "bash", {{"command", "touch b"}}, {}},
                                 stop.get_token(), agent::Turn{&turns, 1});
        });
        wait_for_waiting(gate, 1);
        stop.request_stop();
    }
    EXPECT_EQ(waiting.reason, "Permission denied: the turn was stopped.");
    EXPECT_TRUE(person.questions.empty());
    EXPECT_EQ(gate.waiting_questions(), 0U);
}

TEST_F(GateTest, StopsWaitingForItsTurnWhenTheTurnIsStopped) {
    SlowPerson person;
    RuleGate gate(config({}), &person);
    std::stop_source stop;
    agent::Gate::Verdict waiting;
    {
        const std::jthread first([&] {
            (void)gate.judge(first_party("bash"), {"id", "bash", {{"command", "a"}}, {}}, {});
        });
        person.wait_until_asked();
        {
            const std::jthread second([&] {
                waiting = gate.judge(first_party("bash"), {"id", "bash", {{"command", "b"}}, {}},
                                     stop.get_token());
            });
            stop.request_stop();
        }
        person.answer(Consent::kNo);
    }
    EXPECT_EQ(waiting.reason, "Permission denied: the turn was stopped.");
    EXPECT_EQ(person.asked(), 1);
}

}  // namespace
}  // namespace tenon::permission
