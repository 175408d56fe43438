#include "packaging/documents/pages.h"

#include <algorithm>
#include <gmock/gmock.h>
#include <regex>

#include <gtest/gtest.h>

#include "host/cli/command_list.h"
#include "host/config/environment_variables.h"
#include "host/config/key_texts.h"
#include "host/config/setting_values.h"
#include "host/sitting/slash_commands.h"
#include "tests/documents/page_source.h"
#include "tests/support/process.h"

#include "packaging/documents/roff.h"

namespace tenon::documents {
namespace {

using tenon::testing::headings;
using tenon::testing::page_source;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::StartsWith;

std::string page_of_command(const cli::CommandSpec& command) {
    const std::string own = "tenon-" + std::string(command.word()) + ".1";
    return std::filesystem::exists(std::filesystem::path(TENON_PREFIX) / "share/man/man1" / own)
               ? own
               : "tenon.1";
}

/// The heading of an option: the short name, the long one, the argument.
std::string heading_of(const cli::OptionSpec& spec) {
    std::string out;
    if (spec.short_name != 0) out = std::string{'-', spec.short_name, ',', ' '};
    out += spec.shown();
    if (!spec.argument.empty()) out += " " + std::string(spec.argument);
    return out;
}

TEST(ManPages, HaveEveryOptionOfEveryCommand) {
    const auto of_run = headings(page_source("tenon.1"));
    for (const cli::OptionSpec& spec : cli::main_options())
        EXPECT_THAT(of_run, Contains(heading_of(spec)));
    for (const cli::Command& command : cli::commands()) {
        if (command.is_hidden()) continue;
        const std::string page = page_of_command(command.spec);
        SCOPED_TRACE(page);
        for (const cli::OptionSpec& spec : command.spec.options)
            EXPECT_THAT(headings(page_source(page)), Contains(heading_of(spec)));
    }
}

TEST(ManPages, HaveEveryVerbOfEveryCommandInEachOfItsForms) {
    for (const cli::Command& command : cli::commands()) {
        if (command.is_hidden()) continue;
        const auto found = headings(page_source(page_of_command(command.spec)));
        std::istringstream forms{std::string(command.spec.usage)};
        for (std::string form; std::getline(forms, form);) {
            std::string heading = std::string(command.spec.name) + " " + form;
            for (auto at = heading.find("…"); at != std::string::npos; at = heading.find("…"))
                heading.replace(at, std::string_view("…").size(), "...");
            EXPECT_THAT(found, Contains(heading));
        }
        for (const cli::VerbSpec& verb : command.spec.verbs) {
            SCOPED_TRACE(verb.name);
            EXPECT_FALSE(verb.help.empty());
            EXPECT_THAT(found, Contains(StartsWith(std::string(command.spec.name) + " " +
                                                   std::string(verb.name))));
        }
    }
}

TEST(ManPages, HaveEverySlashCommand) {
    const auto found = headings(page_source("tenon.1"));
    for (const sitting::SlashHelp& command : sitting::slash_commands()) {
        std::string heading = "/" + std::string(command.name);
        if (!command.argument.empty()) heading += " " + std::string(command.argument);
        EXPECT_THAT(found, Contains(heading));
    }
}

TEST(ManPages, HaveEveryKeyWithWhatIsAllowedAndItsDefault) {
    const std::string page = page_source("tenon.xml.5");
    const auto found = headings(page);
    for (const config::KeySpec& key : config::setting_keys()) {
        SCOPED_TRACE(key.key);
        EXPECT_FALSE(key.meaning.empty());
        EXPECT_THAT(found, Contains(std::string(key.key)));
        EXPECT_THAT(page, HasSubstr(roff_paragraph(key.meaning)));
        EXPECT_THAT(page,
                    HasSubstr(roff_paragraph("Allowed: " + config::allowed_values(key) + ".")));
        EXPECT_THAT(page, HasSubstr(roff_paragraph(config::what_a_lock_accepts(key))));
    }
    for (const config::KeySpec& key : config::family_keys()) {
        SCOPED_TRACE(key.key);
        EXPECT_THAT(found, Contains(std::string(key.key)));
        EXPECT_THAT(page, HasSubstr(roff_paragraph(key.meaning)));
    }
    for (const char* name : {"enabled", "isolated", "callTimeout", "grants"})
        EXPECT_THAT(found, Contains("plugins.ID." + std::string(name)));
}

TEST(ManPages, SayWhatAnUntrustedWorkspaceMaySet) {
    const std::string page = page_source("tenon.xml.5");
    const auto said_about = [&](const std::string& key) {
        const auto at = page.find(".TP\n\\fB" + key + "\\fR\n");
        const auto from = page.find("From an untrusted workspace: ", at);
        return page.substr(from, page.find('\n', from) - from);
    };
    EXPECT_EQ(said_about("model.baseUrl"), "From an untrusted workspace: never.");
    EXPECT_EQ(said_about("agent.maxTurns"), "From an untrusted workspace: only stricter.");
    EXPECT_EQ(said_about("log.level"), "From an untrusted workspace: yes.");
}

TEST(ManPages, SayWhichValuesALockAccepts) {
    const std::string page = page_source("tenon.xml.5");
    const auto said_about = [&](const std::string& key) {
        const auto from = page.find("With a lock, ", page.find(".TP\n\\fB" + key + "\\fR\n"));
        std::string said =
            tenon::testing::as_read(page.substr(from, page.find("\n.", from) - from));
        std::replace(said.begin(), said.end(), '\n', ' ');
        return said;
    };
    const std::vector<std::pair<std::string, std::string>> cases = {
        {"model.baseUrl", "no other value is accepted."},
        {"model.maxTokens", "only smaller values are accepted."},
        {"model.retry.baseDelayMs", "only larger values are accepted."},
        {"agent.wake", "only false is accepted."},
        {"sandbox.require", "only true is accepted."},
        {"permissions.allow", "no value may be added."},
        {"permissions.deny", "values may be added."},
        {"sandbox.mode",
         "only stricter values are accepted; from loose to strict: off, workspace, read-only."},
        {"sandbox.network",
         "only stricter values are accepted; from loose to strict: full, loopback, none."},
        {"permissions.mode",
         "only stricter values are accepted; from loose to strict: bypassPermissions, acceptEdits, "
         "ask, dontAsk, plan."},
    };
    for (const auto& [key, said] : cases) {
        SCOPED_TRACE(key);
        EXPECT_EQ(said_about(key), "With a lock, " + said);
    }
}

TEST(ManPages, HaveEveryEnvironmentVariableThatTheSourcesRead) {
    // The calls by which the host reads its environment, and names that are nothing else.
    const std::regex reads(
        R"re(\b(?:variable|folder|env|getenv|secure_getenv|take|add_variable)\((?:[^()"]*, ?)?"([A-Z_]{2,}|[a-z]+_proxy)"[,)])re");
    const std::regex names(R"re("((?:ANTHROPIC|OPENAI|TENON|XDG)_[A-Z_]+)")re");
    std::set<std::string> read;
    for (const auto& file : tenon::testing::sources_below(tenon::testing::kSource / "host")) {
        if (file.filename() == "environment_variables.cpp") continue;
        std::istringstream in(tenon::testing::content_of(file));
        for (std::string line; std::getline(in, line);) {
            if (line.find('"') == std::string::npos) continue;
            for (const std::regex* pattern : {&reads, &names}) {
                for (std::sregex_iterator at(line.begin(), line.end(), *pattern), end; at != end;
                     ++at)
                    read.insert((*at)[1]);
            }
        }
    }
    ASSERT_THAT(read, Contains("TENON_STATE_DIR"));
    ASSERT_GT(read.size(), 12U);
    std::set<std::string> known;
    for (const config::VariableSpec& variable : config::environment_variables())
        EXPECT_TRUE(known.insert(std::string(variable.name)).second) << variable.name << " twice";
    // PATH is what commands are searched in, as for every program.
    read.erase("PATH");
    for (const std::string& name : read)
        EXPECT_THAT(known, Contains(name)) << "host/config/environment_variables.cpp lacks it";
    const auto found = headings(page_source("tenon.1"));
    for (const std::string& name : known)
        EXPECT_THAT(found, Contains(name));
}

TEST(ManPages, HaveTheVersionAndAFixedDate) {
    for (const char* page : {"tenon.1", "tenon-jobs.1", "tenon-plugin.1", "tenon.xml.5",
                             "tenon-permissions.7", "tenon-plugin-api.7", "tenon-sandbox.7"}) {
        SCOPED_TRACE(page);
        const std::string source = page_source(page);
        EXPECT_THAT(source.substr(0, source.find('\n')),
                    HasSubstr(" " TENON_DATE " \"Tenon " TENON_TEST_VERSION "\""));
        EXPECT_EQ(source.find("\n@"), std::string::npos) << "a directive is left";
        EXPECT_EQ(source.find("<<"), std::string::npos);
    }
}

TEST(ManPages, AreCleanForMandocAndGroff) {
    const std::filesystem::path folder = std::filesystem::path(TENON_PREFIX) / "share/man";
    std::size_t pages = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
        if (!entry.is_regular_file()) continue;
        SCOPED_TRACE(entry.path());
        ++pages;
        const std::string page = entry.path().string();
        const std::vector<std::vector<std::string>> commands = {
            {"/usr/bin/mandoc", "-T", "lint", "-W", "warning", page},
            {"/usr/bin/man", "--warnings", "-E", "UTF-8", "-l", "-P", "/bin/true", page}};
        for (const auto& command : commands) {
            if (::access(command[0].c_str(), X_OK) != 0) GTEST_SKIP() << "no " << command[0];
            tenon::testing::Process check(command, {{"PATH", "/usr/bin:/bin"}, {"LANG", "C.UTF-8"}},
                                          folder);
            EXPECT_EQ(check.wait().code, 0);
            EXPECT_EQ(check.errors, "");
            if (command[0] == "/usr/bin/mandoc") EXPECT_EQ(check.output, "");
        }
    }
    EXPECT_EQ(pages, 7U);
}

TEST(ManPages, NameInSeeAlsoEveryPageOfTenonThatTheyMention) {
    const std::regex mention(R"re((tenon[a-z.-]*) ?\((\d)\))re");
    for (const char* page : {"tenon.1", "tenon-jobs.1", "tenon-plugin.1", "tenon.xml.5",
                             "tenon-permissions.7", "tenon-plugin-api.7", "tenon-sandbox.7"}) {
        SCOPED_TRACE(page);
        std::string text;
        std::istringstream in(page_source(page));
        for (std::string line; std::getline(in, line);)
            text += tenon::testing::as_read(line) + "\n";
        const auto see_also = text.find(".SH \"SEE ALSO\"");
        ASSERT_NE(see_also, std::string::npos);
        for (std::sregex_iterator at(text.begin(), text.end(), mention), end; at != end; ++at) {
            const std::string name = (*at)[1], section = (*at)[2];
            if (name + "." + section == page) continue;
            EXPECT_NE(text.find(name + " (" + section + ")", see_also), std::string::npos) << name;
        }
    }
}

TEST(ManPages, SayNoSentenceTwice) {
    std::map<std::string, std::string> where;
    for (const char* page : {"tenon.1", "tenon-jobs.1", "tenon-plugin.1", "tenon.xml.5",
                             "tenon-permissions.7", "tenon-plugin-api.7", "tenon-sandbox.7"}) {
        // Sentences of the text, wherever its lines break; short ones may be said of several
        // things.
        std::string text;
        std::istringstream in(page_source(page));
        for (std::string line; std::getline(in, line);)
            text += line.starts_with('.') ? ". " : tenon::testing::as_read(line) + " ";
        for (std::size_t begin = 0, end = 0; begin < text.size(); begin = end + 2) {
            end = std::min(text.find(". ", begin), text.size());
            const std::string sentence = text.substr(begin, end - begin);
            if (sentence.size() < 60 || sentence.starts_with("Allowed: ")) continue;
            const auto [known, is_new] = where.emplace(sentence, page);
            EXPECT_TRUE(is_new) << sentence << "\nis in " << known->second << " and in " << page;
        }
    }
}

TEST(Help, HasEveryOptionAndVerbAndFitsEightyColumns) {
    const auto check_width = [](const std::string& help) {
        std::istringstream in(help);
        for (std::string line; std::getline(in, line);) {
            std::size_t columns = 0;  // a byte that continues a character takes none
            for (const char c : line)
                columns += (static_cast<unsigned char>(c) & 0xC0U) == 0x80U ? 0 : 1;
            EXPECT_LE(columns, 80U) << line;
        }
    };
    const std::string main = cli::main_help();
    check_width(main);
    for (const cli::OptionSpec& spec : cli::main_options())
        EXPECT_THAT(main, HasSubstr(heading_of(spec)));
    for (const cli::Command& command : cli::commands()) {
        SCOPED_TRACE(command.spec.name);
        const std::string help = cli::command_help(command.spec);
        check_width(help);
        if (!command.is_hidden())
            EXPECT_THAT(main, HasSubstr("\n  " + std::string(command.spec.word()) + " "));
        for (const cli::OptionSpec& spec : cli::options_of(command.spec))
            EXPECT_THAT(help, HasSubstr(heading_of(spec)));
        for (const cli::VerbSpec& verb : command.spec.verbs)
            EXPECT_THAT(help, HasSubstr("\n  " + std::string(verb.name) + " "));
    }
}

TEST(Pages, AppendWhatATemplateSaysAboutAnItem) {
    const auto page =
        page_of("@title X 1 Manual\n@command jobs\n@more jobs list\nOldest first.\n@end\nrest\n",
                {"1.2", "2026-01-02"});
    ASSERT_TRUE(page) << page.error().message;
    EXPECT_THAT(*page, StartsWith(".TH X 1 2026-01-02 \"Tenon 1.2\" \"Manual\"\n"));
    EXPECT_THAT(*page, HasSubstr("The background jobs of the store.\nOldest first.\n"));
    EXPECT_THAT(*page, ::testing::EndsWith("rest\n"));
}

TEST(Pages, RefuseATemplateThatSpeaksOfWhatIsNotThere) {
    const std::vector<std::pair<std::string, std::string>> cases = {
        {"@command jobs\n@more jobs lst\n", "line 2: @more jobs lst"},
        {"@command jbos\n", "line 1: there is no command jbos"},
        {"a\n@optoins\n", "line 2: there is no directive @optoins"},
        {"@more x\n", "line 1: @more x"},
    };
    for (const auto& [text, message] : cases) {
        SCOPED_TRACE(text);
        const auto page = page_of(text, {});
        ASSERT_FALSE(page);
        EXPECT_THAT(page.error().message, HasSubstr(message));
    }
}

TEST(Roff, KeepsTextFromBeingARequestOrAnEscape) {
    EXPECT_EQ(roff_paragraph(".x a-b"), "\\&.x a\\-b\n");
    EXPECT_EQ(roff_paragraph("a\\b \"c\" …"), "a\\eb \\(dqc\\(dq ...\n");
    EXPECT_EQ(roff_paragraph("see `tenon jobs`."), "see \\fBtenon jobs\\fR.\n");
    EXPECT_EQ(roff_usage("logs ID [-f]"), "\\fBlogs\\fR \\fIID\\fR [\\fB\\-f\\fR]");
    EXPECT_EQ(sentence("the output of a job"), "The output of a job.");
}

}  // namespace
}  // namespace tenon::documents
