#include "host/sitting/attention.h"

#include "tests/sitting/person.h"

namespace tenon::testing {
namespace {

using sitting::Attention;
using sitting::call_text;
using sitting::terminal_title;
using sitting::TitleState;

constexpr Pty::Size kAttentionSizes[] = {{20, 5}, {40, 10}, {80, 24}, {200, 50}};

/// A terminal that keeps what is asked of it.
class KeptCalls : public terminal::Terminal {
public:
    terminal::Input next() override { return terminal::Woken{}; }
    void post(std::function<void()>) override {}
    void wake() override {}
    void let_keys_signal(bool) override {}
    void print(std::string_view) override {}
    void set_tail(std::vector<std::string>) override {}
    void page(terminal::PagedText) override {}
    void set_status(std::string) override {}
    void set_question(std::optional<terminal::ShownQuestion>) override {}
    [[nodiscard]] int width() const override { return 80; }
    [[nodiscard]] int height() const override { return 24; }
    void call(std::string_view text, terminal::CallWhen when) override {
        calls.push_back((when == terminal::CallWhen::kNobodyTypes ? "? " : "") + std::string(text));
    }
    std::vector<std::string> calls;
};

TEST(TerminalTitle, NamesTheStateAndTheDirectory) {
    EXPECT_EQ(terminal_title(TitleState::kIdle, "/home/me/project"), "tenon - project");
    EXPECT_EQ(terminal_title(TitleState::kWorking, "/home/me/project"), "tenon: working - project");
    EXPECT_EQ(terminal_title(TitleState::kAsks, "/"), "tenon: asks - /");
}

TEST(TerminalTitle, IsHarmlessAndShort) {
    EXPECT_EQ(terminal_title(TitleState::kIdle, "/a\033]0;evil\a\nb\033[31m"), "tenon - a b");
    EXPECT_EQ(call_text("a\033\\b\a\nc", "/x"), "Tenon: ab c - x");
    const std::string text = call_text(std::string(500, 'a'), "/" + std::string(200, 'b'));
    EXPECT_LT(text.size(), 170U);
}

TEST(Attention, CallsAtTheEndOfALongTurnThatNobodyHasStopped) {
    using agent::Outcome;
    struct Row {
        int seconds;
        Outcome outcome;
        std::vector<std::string> calls;
    };
    for (const auto& [seconds, outcome, calls] : std::vector<Row>{
             {10, Outcome::kDone, {}},
             {11, Outcome::kDone, {"Tenon: the turn is done - w"}},
             {11, Outcome::kFailed, {"Tenon: the turn has failed - w"}},
             {11, Outcome::kInterrupted, {}},
         }) {
        SCOPED_TRACE(seconds);
        KeptCalls terminal;
        Attention(terminal, "/w").turn_ended(std::chrono::seconds(seconds), outcome);
        EXPECT_EQ(terminal.calls, calls);
    }
}

TEST(Attention, CallsAtTheEndOfAJobUnlessSomebodyTypes) {
    KeptCalls terminal;
    Attention attention(terminal, "/w");
    attention.job_changed({"j1", "running", "make", {}});
    attention.job_changed({"j1", "completed", "make", 0});
    attention.job_changed({"j2", "error", "make", 2, "build"});
    EXPECT_EQ(terminal.calls, (std::vector<std::string>{"? Tenon: job j1: completed - w",
                                                        "? Tenon: job build: error - w"}));
}

bool has_sent(Person& person, std::string_view bytes) {
    return person.terminal().wait_until(
        [&] { return person.terminal().raw().find(bytes) != std::string::npos; });
}

const Environment kOsc9Terminal = {{"TERM_PROGRAM", "iTerm.app"}};

TEST(TheTerminalOfASession, HasATitleAndRingsAtAQuestion) {
    for (const Pty::Size size : kAttentionSizes) {
        SCOPED_TRACE(size.columns);
        Person person({calls("t1", "bash", {{"command", "touch a"}}), says("Done.")},
                      {.environment = kOsc9Terminal, .size = size});
        EXPECT_TRUE(has_sent(person, "\033[22;2t"));
        EXPECT_TRUE(has_sent(person, "\033]2;tenon - w\033\\"));
        person.enters("go");
        EXPECT_TRUE(has_sent(person, "\033]2;tenon: working - w\033\\"));
        EXPECT_TRUE(has_sent(person, "\033]2;tenon: asks - w\033\\"));
        EXPECT_TRUE(has_sent(person, "\a\033]9;Tenon: bash "));
        person.terminal().send_signal(SIGTERM);
        EXPECT_EQ(person.leaves(), 143);
        EXPECT_TRUE(has_sent(person, "\033[23;2t"));
    }
}

TEST(TheTerminalOfASession, RingsAsItIsConfigured) {
    struct Row {
        std::string notify;
        bool bell, osc9;
    };
    for (const auto& [notify, bell, osc9] : std::vector<Row>{
             {"terminal.notify=", false, false},
             {"terminal.notify=bell", true, false},
             {"terminal.notify.1=osc9", false, true},
             {"terminal.notify=bell, osc9", true, true},
         }) {
        SCOPED_TRACE(notify);
        Person person({calls("t1", "bash", {{"command", "touch a"}}), says("Done.")},
                      {.arguments = {"-D", notify}, .environment = kOsc9Terminal});
        person.enters("go");
        EXPECT_TRUE(has_sent(person, "\033]2;tenon: asks - w\033\\"));
        EXPECT_TRUE(person.is_asked("touch a"));
        const std::string& raw = person.terminal().raw();
        EXPECT_EQ(raw.find('\a') != std::string::npos, bell);
        EXPECT_EQ(raw.find("\033]9;") != std::string::npos, osc9);
    }
}

TEST(TheTerminalOfASession, RingsAtTheEndOfAJobAndNotWhileItHasTheFocus) {
    for (const std::string focus : {"", "\033[O", "\033[I"}) {
        SCOPED_TRACE(focus);
        Person person({calls("t1", "background_run", {{"command", "cat gate"}}), says("Started."),
                       says("It has ended.")},
                      {.arguments = {"--yes"}, .environment = kOsc9Terminal});
        Gate gate(person.sandbox.workspace());
        person.types(focus);
        person.enters("go");
        gate.wait();
        EXPECT_TRUE(person.sees("Started."));
        gate.open();
        EXPECT_TRUE(person.sees("It has ended."));
        const bool rings =
            person.terminal().raw().find("\a\033]9;Tenon: job ") != std::string::npos;
        EXPECT_EQ(rings, focus != "\033[I");
    }
}

TEST(TheTerminalOfASession, GetsNoSequenceWhenItIsDumb) {
    Person person({calls("t1", "bash", {{"command", "touch a"}}), says("Done.")},
                  {.environment = {{"TERM", "dumb"}}});
    person.enters("go");
    EXPECT_TRUE(person.sees("touch a"));
    EXPECT_EQ(person.terminal().raw().find('\033'), std::string::npos);
}

}  // namespace
}  // namespace tenon::testing
