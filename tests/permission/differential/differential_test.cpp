#include <algorithm>
#include <cstdlib>
#include <fnmatch.h>
#include <iostream>
#include <optional>
#include <unordered_set>

#include <gtest/gtest.h>

#include "host/shell/grammar.h"
#include "host/shell/script.h"
#include "tests/permission/differential/bash_runs.h"
#include "tests/permission/differential/generator.h"

namespace tenon::permission::differential {
namespace {

using Strings = std::vector<std::string>;

/// For each view; more by hand with TENON_DIFFERENTIAL_TEXTS (CONTRIBUTING.md). Sanitizers make all
/// of this some ten times slower.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::size_t kTexts = 8'000;
#else
constexpr std::size_t kTexts = 30'000;
#endif
constexpr std::size_t kSeed = 11;
constexpr std::size_t kShards = 4;
constexpr std::size_t kBatch = 500;
constexpr std::size_t kFailuresShown = 20;

constexpr char kNoBash[] = "/bin/bash is not of version 5.2 or newer";

std::size_t from_environment(const char* name, std::size_t otherwise) {
    const char* value = std::getenv(name);
    return value == nullptr ? otherwise : std::stoul(value);
}

std::string as_recorded(std::string text) {
    std::replace(text.begin(), text.end(), '\x01', '\n');
    return text;
}

/// The words that bash makes of one, in the directory where the texts run.
RanCommand expanded(const shell::Word& word) {
    std::string text = as_recorded(word.decoded);
    if (word.tilde) text.replace(0, 1, kHome);
    RanCommand out;
    if (word.pattern)
        for (const std::string& file : kFiles)
            for (const std::string& name : {file, "./" + file})
                if (::fnmatch(text.c_str(), name.c_str(), FNM_PERIOD | FNM_PATHNAME) == 0)
                    out.push_back(name);
    return out.empty() ? RanCommand{text} : out;
}

RanCommand expanded(const shell::Part& part) {
    RanCommand words;
    for (const shell::Word& word : part.words)
        for (std::string& text : expanded(word))
            words.push_back(std::move(text));
    return words;
}

/// The input of the part if it is a here-document or here-string; else nothing.
std::optional<std::string> input(const shell::Part& part) {
    std::optional<std::string> found;
    for (const shell::Redirection& redirection : part.redirections) {
        const bool of_input =
            redirection.fd == "0" || (redirection.fd.empty() && redirection.op.front() == '<');
        if (!of_input) continue;
        found.reset();
        if (redirection.op == "<<<") found = as_recorded(redirection.target.decoded) + "\n";
        if (redirection.op == "<<" || redirection.op == "<<-")
            found = as_recorded(redirection.body);
    }
    return found;
}

bool is_run_of(const shell::Part& part, RanCommand ran) {
    if (ran.front() == "ee") {
        const auto expected = input(part);
        if (expected && *expected != ran.back()) return false;
        ran.pop_back();
    }
    return expanded(part) == ran;
}

bool is_whole(const std::vector<shell::Part>& parts) {
    return std::all_of(parts.begin(), parts.end(),
                       [](const shell::Part& part) { return part.opaque.empty(); });
}

/// One of the two parsers of a text.
class View {
public:
    View() = default;
    View(const View&) = delete;
    View& operator=(const View&) = delete;
    virtual ~View() = default;
    /// Whether the parser claims to know every command of the text.
    virtual bool knows(const std::string& text) = 0;
    /// Whether the command that ran is one of them.
    virtual bool names(const std::string& text, const RanCommand& ran) = 0;
};

/// The parser for allow rules.
class UnderstoodText final : public View {
public:
    bool knows(const std::string& text) override {
        const shell::Understood understood = shell::understand(text);
        return understood.unclear.empty() && is_whole(understood.parts);
    }
    bool names(const std::string& text, const RanCommand& ran) override {
        // The one substitution of the grammar: its cat is no part, and its text a literal.
        if (ran == RanCommand{"cat"} && text.find("$(cat ") != std::string::npos) return true;
        const shell::Understood understood = shell::understand(text);
        return std::any_of(understood.parts.begin(), understood.parts.end(),
                           [&ran](const shell::Part& part) { return is_run_of(part, ran); });
    }
};

/// The parser for deny rules. With a word that is not literal, it gives more than one command.
class SeenText final : public View {
public:
    bool knows(const std::string& text) override {
        const shell::Script script = shell::parse_script(text);
        return script.opaque.empty() && is_whole(script.parts);
    }
    bool names(const std::string& text, const RanCommand& ran) override {
        const shell::Script script = shell::parse_script(text);
        return std::any_of(script.parts.begin(), script.parts.end(), [&](const shell::Part& part) {
            if (part.words.empty() || part.words[0].decoded != ran[0]) return false;
            bool literal =
                std::all_of(part.words.begin(), part.words.end(), [](const shell::Word& word) {
                    return word.literal() && word.decoded.find('~') == std::string::npos;
                });
            // Of `a | time { b`, where time is no reserved word, only the beginning is a part.
            if (part.nested && part.words.size() == 2 && ran[0] == "time" && ran.size() > 2)
                literal = literal && part.words[1].decoded != ran[1];
            for (const shell::Redirection& redirection : part.redirections)
                literal = literal && redirection.op.substr(0, 2) != "<<";
            // A backslash at the end of several lines goes; of one line it stays.
            return !literal || text.back() == '\\' || is_run_of(part, ran);
        });
    }
};

std::string shown(const std::string& text) {
    std::string out;
    for (const char c : text)
        out += c == '\n' ? std::string("⏎") : std::string(1, c);
    return out;
}

/// The grammar is that of bash 5.2; older versions read some texts in another way.
bool has_bash_5_2() {
    return std::system(  // NOLINT(cert-env33-c)
               "/bin/bash -c '((BASH_VERSINFO[0] * 100 + BASH_VERSINFO[1] >= 502))'") == 0;
}

Strings corpus() {
    return Generator(0).corpus();
}

/// Runs the texts that a view knows, and compares.
class Comparison {
public:
    explicit Comparison(View& view) : view_(view) {}

    void add(const std::string& text) {
        if (!tried_.insert(text).second || !is_harmless(text) || !view_.knows(text)) return;
        ++known;
        batch_.push_back(text);
        if (batch_.size() == kBatch) finish();
    }

    void finish() {
        const auto runs = bash_.run(batch_);
        for (std::size_t i = 0; i < batch_.size(); ++i) {
            ran += runs[i].empty() ? 0 : 1;
            commands += runs[i].size();
            for (const RanCommand& command : runs[i])
                if (!view_.names(batch_[i], command))
                    not_named.push_back(shown(batch_[i]) + "   RAN " +
                                        shown(::testing::PrintToString(command)));
        }
        batch_.clear();
    }

    std::size_t known = 0;     ///< texts
    std::size_t ran = 0;       ///< texts of which bash ran a command at all
    std::size_t commands = 0;  ///< that ran
    Strings not_named;         ///< what ran and is not among the parts
    /// Texts that did not end.
    [[nodiscard]] const Strings& endless() const { return bash_.endless(); }

private:
    View& view_;
    Bash bash_;
    Strings batch_;
    std::unordered_set<std::string> tried_;
};

void expect_all_named(const Comparison& comparison) {
    EXPECT_EQ(comparison.not_named.size(), 0U);
    EXPECT_LE(comparison.endless().size(), comparison.known / 1'000)
        << ::testing::PrintToString(comparison.endless());
    for (std::size_t i = 0; i < std::min(comparison.not_named.size(), kFailuresShown); ++i)
        ADD_FAILURE() << comparison.not_named[i];
}

void compare_generated(View& view, std::size_t shard) {
    if (!has_bash_5_2()) GTEST_SKIP() << kNoBash;
    const std::size_t texts = from_environment("TENON_DIFFERENTIAL_TEXTS", kTexts) / kShards;
    const std::size_t seed = from_environment("TENON_DIFFERENTIAL_SEED", kSeed) * kShards + shard;
    Generator generator(seed);
    Comparison comparison(view);
    for (std::size_t i = 0; i < texts; ++i)
        comparison.add(generator.next());
    comparison.finish();
    std::cout << "seed " << seed << ": " << texts << " texts, " << comparison.known
              << " known, of which bash ran " << comparison.ran << " with " << comparison.commands
              << " commands, endless " << comparison.endless().size() << std::endl;
    EXPECT_GT(comparison.known, texts / 6);
    EXPECT_GT(comparison.ran, texts / 7);
    EXPECT_GT(comparison.commands, comparison.ran);
    expect_all_named(comparison);
}

void compare_corpus(View& view) {
    if (!has_bash_5_2()) GTEST_SKIP() << kNoBash;
    Comparison comparison(view);
    for (const std::string& text : corpus())
        comparison.add(text);
    comparison.finish();
    EXPECT_GT(comparison.known, 110U);
    EXPECT_GT(comparison.ran, 100U);
    expect_all_named(comparison);
}

class DifferentialOfAllowRules : public ::testing::TestWithParam<std::size_t> {};
class DifferentialOfDenyRules : public ::testing::TestWithParam<std::size_t> {};

TEST_P(DifferentialOfAllowRules, NamesEveryCommandThatBashRunsOfAGeneratedText) {
    UnderstoodText view;
    compare_generated(view, GetParam());
}
TEST_P(DifferentialOfDenyRules, NamesEveryCommandThatBashRunsOfAGeneratedText) {
    SeenText view;
    compare_generated(view, GetParam());
}
INSTANTIATE_TEST_SUITE_P(Shard, DifferentialOfAllowRules,
                         ::testing::Range<std::size_t>(0, kShards));
INSTANTIATE_TEST_SUITE_P(Shard, DifferentialOfDenyRules, ::testing::Range<std::size_t>(0, kShards));

TEST(DifferentialCorpus, NamesEveryCommandThatBashRunsOfATextThatAllowRulesUnderstand) {
    UnderstoodText view;
    compare_corpus(view);
}
TEST(DifferentialCorpus, NamesEveryCommandThatBashRunsOfATextThatDenyRulesSee) {
    SeenText view;
    compare_corpus(view);
}

/// The method depends on this: `eval` in a subshell of one bash runs the same as `bash -c`.
TEST(DifferentialCorpus, RunsTheSameByEvalAsByBashC) {
    if (!has_bash_5_2()) GTEST_SKIP() << kNoBash;
    Bash bash(true);
    std::size_t texts = 0;
    for (const std::string& text : corpus()) {
        if (!is_harmless(text)) continue;
        SCOPED_TRACE(shown(text));
        ++texts;
        // The only text of a batch has the number 0, as the one of `bash -c` has.
        auto one = bash.run({text}).front(), alone = bash.run_alone(text);
        std::sort(one.begin(), one.end());
        std::sort(alone.begin(), alone.end());
        EXPECT_EQ(one, alone);
    }
    EXPECT_TRUE(bash.endless().empty());
    EXPECT_GT(texts, 300U);
}

}  // namespace
}  // namespace tenon::permission::differential
