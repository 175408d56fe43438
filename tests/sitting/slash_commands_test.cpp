#include "host/sitting/slash_commands.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "host/base/text_width.h"

namespace tenon::sitting {
namespace {

TEST(SlashCommand, IsTakenApart) {
    struct Row {
        const char* line;
        const char* name;  // null: a prompt
        const char* argument;
    };
    const Row rows[] = {
        {"/help", "help", ""},
        {"  /help ", "help", ""},
        {"/compact keep the  plan ", "compact", "keep the  plan"},
        {"/jobs cancel 1a2b3c4d", "jobs", "cancel 1a2b3c4d"},
        {"/", "", ""},
        {"/nonsense", "nonsense", ""},
        {"/etc/hosts is what?", nullptr, ""},
        {"/usr/", nullptr, ""},
        {"what is /help", nullptr, ""},
        {"", nullptr, ""},
        {"/JOBS 1A2B3C4D", "jobs", "1A2B3C4D"},
        {"/Nonsense", "Nonsense", ""},
        {"/?", "?", ""},
        {"/**\n * Pasted code.\n */", nullptr, ""},
        {"/ jobs", "", "jobs"},
        {"/quit", "exit", ""},
        {"/Q", "exit", ""},
        {" exit ", "exit", ""},
        {"Quit", "exit", ""},
        {"q", nullptr, ""},
        {"help", nullptr, ""},
        {"exit the loop early", nullptr, ""},
    };
    for (const Row& row : rows) {
        SCOPED_TRACE(row.line);
        const auto command = slash_command(row.line);
        ASSERT_EQ(command.has_value(), row.name != nullptr);
        if (!command) continue;
        EXPECT_EQ(command->name, row.name);
        EXPECT_EQ(command->argument, row.argument);
    }
}

TEST(SlashCommand, IsGuessedFromAMisspelling) {
    EXPECT_EQ(nearest_slash_command("jbos"), "jobs");
    EXPECT_EQ(nearest_slash_command("QIUT"), "quit");
    EXPECT_EQ(nearest_slash_command("nonsense"), std::nullopt);
    EXPECT_EQ(nearest_slash_command("Perm"), "permissions");
    Skills skills(1);
    skills[0].name = "greet";
    EXPECT_EQ(nearest_slash_command("gre", skills), "greet");
}

TEST(SlashCommand, WinsOverASkillWithItsNameOrAnotherOfItsNames) {
    Skills skills;
    for (const char* name : {"help", "Help", "q", "greet"}) {
        skills.emplace_back();
        skills.back().name = name;
    }
    const auto commands = menu_commands(skills);
    ASSERT_EQ(commands.size(), slash_commands().size() + 1) << "the others cannot be reached";
    EXPECT_EQ(commands.back().name, "greet");
    for (const auto& skill : skills)
        EXPECT_EQ(is_skill(skill.name, skills), skill.name == "greet") << skill.name;
}

TEST(SlashHelp, IsInRowsThatAreWithinTheScreen) {
    for (const std::size_t width : {20U, 40U, 80U, 200U}) {
        for (const std::string& line : slash_help(width))
            EXPECT_LE(width_of(line), width) << line;
    }
    const auto narrow = slash_help(20), wide = slash_help(80);
    EXPECT_EQ(std::vector(narrow.begin(), narrow.begin() + 3),
              (std::vector<std::string>{"/help", "  this list, and the", "  keys"}));
    EXPECT_EQ(wide.front(), "/help                     this list, and the keys");
    const auto long_name = std::find(wide.begin(), wide.end(), "/permissions [MODE | remove N]");
    ASSERT_NE(long_name, wide.end());
    EXPECT_EQ(long_name[1],
              "                          the mode and the rules; change or remove one");
}

TEST(SlashCommand, IsInTheMenuWithItsHelp) {
    const auto commands = menu_commands();
    ASSERT_EQ(commands.size(), slash_commands().size());
    for (std::size_t i = 0; i < commands.size(); ++i) {
        EXPECT_EQ(commands[i].name, slash_commands()[i].name);
        EXPECT_EQ(commands[i].argument, slash_commands()[i].argument);
        EXPECT_EQ(commands[i].help, slash_commands()[i].help);
    }
}

}  // namespace
}  // namespace tenon::sitting
