#include <algorithm>
#include <cstdlib>
#include <random>

#include <gtest/gtest.h>

#include "host/permission/shell.h"
#include "tests/support/temp_dir.h"

namespace tenon::permission {
namespace {

using Strings = std::vector<std::string>;

/// Runs text in a real bash that knows no commands and notes which ones it was asked for.
class Bash {
public:
    Bash() {
        dir_.write("env", "command_not_found_handle() { printf '%s\\0' \"$1\" >&9; return 0; }\n");
        std::filesystem::create_directory(dir_ / "cwd");
    }

    Strings commands_run_by(const std::string& text) {
        dir_.write("text", text);
        const std::string d = dir_.path().string();
        // What a text left running in the background may still write, but not here.
        const std::string ran_file = "ran" + std::to_string(++runs_);
        const std::string run = "cd " + d + "/cwd && env -i PATH=/nowhere BASH_ENV=" + d +
                                "/env /usr/bin/timeout 20 /bin/bash -c \"$(cat " + d +
                                "/text; echo x)\" </dev/null >/dev/null 2>&1 9>" + d + "/" +
                                ran_file;
        // Its exit status says nothing: most of the texts are broken.
        [[maybe_unused]] const int status = std::system(run.c_str());  // NOLINT(cert-env33-c)
        const std::string ran = dir_.read(ran_file);
        Strings names;
        for (std::size_t start = 0; start < ran.size();) {
            const auto stop = std::min(ran.find('\0', start), ran.size());
            names.push_back(ran.substr(start, stop - start));
            start = stop + 1;
        }
        return names;
    }

private:
    testing::TempDir dir_;
    int runs_ = 0;
};

bool wholly_understood(const Script& script) {
    return script.opaque.empty() &&
           std::all_of(script.parts.begin(), script.parts.end(),
                       [](const Part& part) { return part.opaque.empty(); });
}

bool holds(const Script& script, const std::string& name) {
    return std::any_of(script.parts.begin(), script.parts.end(), [&](const Part& part) {
        return !part.words.empty() && part.words[0].decoded == name;
    });
}

TEST(ShellAgainstBash, HoldsEveryCommandThatBashRunsOfATextItUnderstands) {
    const Strings seeds = {
        "aa && bb || cc; dd | ee & ff",
        "if aa; then bb \"cc dd\"; else ee; fi; (ff; gg) >h",
        "case x in aa) bb;; (c*|x) cc 'dd'\n;; esac; ee",
        "cat <<E; aa\nbb; cc\nE\ndd 2>&1 >/dev/null",
        "for i in aa bb; do cc $i \\\n dd; done # ee\nff",
        "AA=1 bb \"c $dd e\" && { ee 'f;g'; } ; ! hh $((1+2))",
        "[[ aa == (bb|c*) ]] && cc; (( 1 < 2 )) && dd; a=(b c) ee",
        "a[0]=b aa; b[c]=d bb [e] && c[1]+=x cc",
        "aa <<<bb ${c:-d}; time ee; bb $'c\\'d' $\"ff\"",
    };
    const std::string bytes = "$(){}[]'\"\\;&|<>#\n  =*!Eax";
    std::mt19937 random(7);  // NOLINT(cert-msc51-cpp): the same run each time
    const auto below = [&random](std::size_t n) { return static_cast<std::size_t>(random() % n); };
    Bash bash;
    int judged = 0;
    std::size_t ran = 0;
    for (int round = 0; round < 400; ++round) {
        std::string text = seeds[below(seeds.size())];
        for (std::size_t edits = below(4); edits > 0; --edits) {
            const std::size_t at = below(text.size() + 1);
            if (below(3) == 0) {
                text.erase(at, 1);
            } else {
                text.insert(at, 1, bytes[below(bytes.size())]);
            }
        }
        text += '\n';
        const Script script = parse_script(text + "x");
        if (!wholly_understood(script)) continue;
        ++judged;
        SCOPED_TRACE(text);
        const Strings names = bash.commands_run_by(text);
        ran += names.size();
        for (const std::string& name : names)
            EXPECT_TRUE(holds(script, name)) << name;
    }
    EXPECT_GT(judged, 150) << "most texts should be simple enough to be understood";
    EXPECT_GT(ran, 300U);
}

}  // namespace
}  // namespace tenon::permission
