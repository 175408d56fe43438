#include <gmock/gmock.h>

#include <gtest/gtest.h>

#include "host/shell/script.h"

namespace tenon::shell {
namespace {

using Strings = std::vector<std::string>;

Strings decoded_parts(const std::string& text) {
    Strings out;
    for (const Part& part : parse_script(text).parts)
        out.push_back(part.decoded());
    return out;
}

TEST(Wrappers, HoldCommandsThatAreGivenAsFurtherParts) {
    const Strings wrappers = {
        "env",
        "env -i A=1 B=2",
        "env -u X --chdir /d -",
        "/usr/bin/env",
        "command",
        "command -p --",
        "exec",
        "exec -a n -c",
        "builtin",
        "nohup",
        "nice",
        "nice -n 5",
        "nice -5",
        "nice --adjustment=5",
        "time",
        "time -p",
        "/usr/bin/time -f %e -o f",
        "timeout 5",
        "timeout -s KILL --kill-after 1 5s",
        "setsid -f",
        "xargs",
        "xargs -0 -n 1 -I {} --max-procs=4",
        "sudo -u root",
        "doas",
        "busybox",
        "ionice -c 3",
        "stdbuf -oL",
        "env command nohup nice -n 1",
        "A=1 env",
        "\"en\"v",
        "find . -name x -exec",
        "find . -type f -ok",
        "eval",
    };
    for (const std::string& wrapper : wrappers) {
        SCOPED_TRACE(wrapper);
        EXPECT_THAT(decoded_parts(wrapper + " rm 'a b'"), ::testing::Contains("rm a b"));
    }
}

TEST(Wrappers, HoldScriptsThatAreTakenApart) {
    for (const std::string text : {
             "bash -c 'a; rm x'",
             "sh -ec \"rm x\"",
             "/bin/bash --norc -o pipefail -c 'rm x' name",
             "env bash -c 'rm x'",
             "eval 'a;' rm x",
             "bash -c \"bash -c 'rm x'\"",
             "env -S 'rm x'",
             "env '-Srm x'",
             "trap 'rm x' EXIT",
             "bash <<E\nrm x\nE",
             "bash <<<'rm x'",
             "env sh <<'E'\na\nrm x\nE",
             "xargs sh -c 'rm x'",
             "find . -exec sh -c 'rm x' \\;",
             "bash -c \"$y; rm x\"",
             "bash -lc -- 'rm x'",
         }) {
        SCOPED_TRACE(text);
        EXPECT_THAT(decoded_parts(text), ::testing::Contains("rm x"));
    }
}

TEST(Wrappers, AreNotSeenWhereNothingWouldRun) {
    for (const std::string text :
         {"echo env rm x", "command -v rm x", "command -V rm", "env", "timeout 5",
          "find . -name rm", "bash ./rm x", "xargs", "which rm", "'env rm x'"}) {
        SCOPED_TRACE(text);
        for (const Part& part : parse_script(text).parts)
            EXPECT_NE(part.words.at(0).decoded, "rm");
    }
}

TEST(Wrappers, TakeWhatIsOpaqueInsideForTheirOwn) {
    for (const std::string text : {"env $x", "bash -c 'a $(b)'", "timeout 5 bash -c '$x'",
                                   "find . -exec $x \\;", "bash -c 'eval a'"}) {
        SCOPED_TRACE(text);
        EXPECT_NE(parse_script(text).parts.at(0).opaque, "");
    }
    EXPECT_EQ(parse_script("bash -c 'a; b'").parts.at(0).opaque, "");
}

TEST(Wrappers, NameTheirParents) {
    const Script script = parse_script("a; env nice b");
    ASSERT_EQ(script.parts.size(), 4U);
    EXPECT_EQ(script.parts[2].written, "nice b");
    EXPECT_EQ(script.parts[2].parent, 1U);
    EXPECT_EQ(script.parts[3].parent, 2U);
    EXPECT_TRUE(script.parts[3].nested);
    EXPECT_FALSE(script.parts[1].nested);
}

TEST(Wrappers, AreFollowedToABoundedDepth) {
    std::string text;
    for (int i = 0; i < 80; ++i)
        text += "env ";
    const Script script = parse_script(text + "a");
    EXPECT_EQ(script.opaque, "nested too deeply");
    EXPECT_LT(script.parts.size(), 100U);
}

}  // namespace
}  // namespace tenon::shell
