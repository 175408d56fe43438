#include "host/sitting/work_queue.h"

#include <gtest/gtest.h>

namespace tenon::sitting {
namespace {

using Prompts = std::vector<std::string>;

void do_nothing(session::OpenSession&, const std::stop_token&) {}

TEST(WorkQueue, GivesPromptsAndCommandsInTheirOrder) {
    WorkQueue queue;
    queue.add_prompt("one");
    queue.add_command(do_nothing);
    queue.add_prompt("two");
    EXPECT_EQ(queue.lines(), (Prompts{"one", "two"}));
    EXPECT_EQ(queue.take_next()->line, "one");
    EXPECT_NE(queue.take_next()->command, nullptr);
    EXPECT_EQ(queue.take_next()->line, "two");
    EXPECT_FALSE(queue.take_next());
    EXPECT_TRUE(queue.empty());
}

TEST(WorkQueue, DeliversToTheTurnOnlyPromptsBeforeTheFirstCommand) {
    WorkQueue queue;
    queue.add_prompt("one");
    queue.add_prompt("two");
    queue.add_command(do_nothing);
    queue.add_prompt("for the command's effect");
    EXPECT_EQ(queue.take_deliverable(), (Prompts{"one", "two"}));
    EXPECT_EQ(queue.take_deliverable(), Prompts());
    EXPECT_EQ(queue.lines(), Prompts{"for the command's effect"});
}

TEST(WorkQueue, DeliversPromptsBeforeCommandsThatOnlyShowSomething) {
    WorkQueue queue;
    queue.add_prompt("one");
    queue.add_view(do_nothing);
    queue.add_prompt("two");
    EXPECT_EQ(queue.take_deliverable(), (Prompts{"one", "two"}));
    EXPECT_NE(queue.take_next()->command, nullptr) << "the view stays";
    EXPECT_TRUE(queue.empty());
}

TEST(WorkQueue, HoldsPromptsThatWerePutBackUntilTheNextPrompt) {
    WorkQueue queue;
    queue.add_prompt("one");
    queue.add_prompt("two");
    queue.put_back(queue.take_deliverable());
    EXPECT_EQ(queue.lines(), (Prompts{"one", "two"}));
    EXPECT_FALSE(queue.has_next());
    queue.add_command(do_nothing);
    EXPECT_NE(queue.take_next()->command, nullptr) << "commands are not held";
    EXPECT_FALSE(queue.has_next());
    queue.add_prompt("three");
    EXPECT_EQ(queue.take_next()->line, "one");
}

TEST(WorkQueue, GivesPromptsBackFromTheLastOn) {
    WorkQueue queue;
    queue.add_prompt("one");
    queue.add_prompt("two");
    queue.add_command(do_nothing);
    EXPECT_EQ(queue.take_last_line(), "two");
    EXPECT_EQ(queue.take_last_line(), "one");
    EXPECT_EQ(queue.take_last_line(), std::nullopt);
    EXPECT_TRUE(queue.has_next()) << "the command stays";
}

TEST(WorkQueue, GivesAllPromptsBackAndHoldsNoneAfterThat) {
    WorkQueue queue;
    queue.put_back({"one", "two"});
    queue.add_command(do_nothing);
    EXPECT_EQ(queue.take_lines(), (Prompts{"one", "two"}));
    EXPECT_NE(queue.take_next()->command, nullptr);
    EXPECT_TRUE(queue.empty());
}

TEST(WorkQueue, GivesCommandsThatWereEnteredBackLikePrompts) {
    WorkQueue queue;
    queue.add_prompt("one");
    queue.add_command(do_nothing, "!make");
    queue.add_command(do_nothing);
    EXPECT_EQ(queue.lines(), (Prompts{"one", "!make"}));
    EXPECT_EQ(queue.take_last_line(), "!make");
    queue.add_command(do_nothing, "!make");
    EXPECT_EQ(queue.take_lines(), (Prompts{"one", "!make"}));
    EXPECT_EQ(queue.take_next()->line, "");
    EXPECT_TRUE(queue.empty());
}

}  // namespace
}  // namespace tenon::sitting
