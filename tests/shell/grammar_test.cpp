#include "host/shell/grammar.h"

#include <cstdio>
#include <gmock/gmock.h>
#include <memory>
#include <sstream>

#include <gtest/gtest.h>

namespace tenon::shell {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Strings = std::vector<std::string>;

std::string decoded_part(const Part& part) {
    std::string out;
    for (const auto* list : {&part.assignments, &part.words})
        for (const Word& word : *list)
            out += (out.empty() ? "<" : " <") + word.decoded + ">";
    for (const Redirection& r : part.redirections)
        out += (out.empty() ? "" : " ") + r.fd + r.op + r.target.decoded;
    return out;
}

Strings decoded_parts_of(const Understood& understood) {
    Strings out;
    for (const Part& part : understood.parts)
        out.push_back(decoded_part(part));
    return out;
}

TEST(Grammar, NamesTheCommandsOfWhatItUnderstands) {
    const std::vector<std::pair<std::string, Strings>> rows = {
        {"npm test", {"<npm> <test>"}},
        {"cd sub && make -j4 2>&1 | tail -20", {"<cd> <sub>", "<make> <-j4> 2>&1", "<tail> <-20>"}},
        {"git log --oneline -5", {"<git> <log> <--oneline> <-5>"}},
        {"grep -rn \"foo bar\" src/*.c", {"<grep> <-rn> <foo bar> <src/*.c>"}},
        {"python3 - <<'EOF'\nprint('$x')\nEOF", {"<python3> <-> <<EOF"}},
        {"awk '{print $1}' f | sort -k2,2n", {"<awk> <{print $1}> <f>", "<sort> <-k2,2n>"}},
        {"find . -name '*.c' -exec echo {} \\;",
         {"<find> <.> <-name> <*.c> <-exec> <echo> <{}> <;>"}},
        {"git stash drop stash@{0}; git log @{u}..HEAD",
         {"<git> <stash> <drop> <stash@{0}>", "<git> <log> <@{u}..HEAD>"}},
        {"a || b; c & d |& e", {"<a>", "<b>", "<c>", "<d>", "<e>"}},
        {"(a; b) && { c; } > f", {"<a>", "<b>", "<c>", ">f"}},
        {"if [ -f x ]; then a; elif b; then c; else d; fi",
         {"<[> <-f> <x> <]>", "<a>", "<b>", "<c>", "<d>"}},
        {"while ! a; do sleep 1; done; until b\ndo c\ndone", {"<a>", "<sleep> <1>", "<b>", "<c>"}},
        {"time make -j2", {"<make> <-j2>"}},
        {"\\time -p make", {"<time> <-p> <make>"}},
        {"CC=clang CXX='clang ++' make", {"<CC=clang> <CXX=clang ++> <make>"}},
        {"echo \"a\\$b\\`c\\\"d\\\\e\\q\" 'f'\\''g' h\\ i",
         {"<echo> <a$b`c\"d\\e\\q> <f'g> <h i>"}},
        {"echo if then } done ]] [ !x", {"<echo> <if> <then> <}> <done> <]]> <[> <!x>"}},
        {"a # b; c\nd #\n#e\nf", {"<a>", "<d>", "<f>"}},
        {"a#b 'c'#d", {"<a#b> <c#d>"}},
        {"a >f 2>>g <h &>>i >&2 2>&- 3<>j >|k <<<'l m'",
         {"<a> >f 2>>g <h &>>i >&2 2>&- 3<>j >|k <<<l m"}},
        {"cat <<'A' <<-\"B\" | c\nx\nA\n\ty\n\tB\nd", {"<cat> <<A <<-B", "<c>", "<d>"}},
        {"./build.sh; ~/bin/x; /bin/ls", {"<./build.sh>", "<~/bin/x>", "</bin/ls>"}},
        {"set -euo pipefail; make", {"<set> <-euo> <pipefail>", "<make>"}},
        {"command -v gcc >/dev/null 2>&1", {"<command> <-v> <gcc> >/dev/null 2>&1"}},
        {"echo é 'ü' \"ö\"", {"<echo> <é> <ü> <ö>"}},
        {"", {}},
        {" \n # only words\n", {}},
    };
    for (const auto& [text, parts] : rows) {
        SCOPED_TRACE(text);
        const Understood understood = understand(text);
        EXPECT_EQ(understood.unclear, "");
        EXPECT_EQ(decoded_parts_of(understood), parts);
        for (const Part& part : understood.parts)
            EXPECT_EQ(part.opaque, "");
    }
}

TEST(Grammar, KeepsEachPartAsItIsWritten) {
    const Understood understood = understand("A=1  'a b'   >f c && x \\; 2>&1 # d");
    ASSERT_EQ(understood.parts.size(), 2U);
    EXPECT_EQ(understood.parts[0].written, "A=1 'a b' c");
    EXPECT_EQ(understood.parts[0].whole, "A=1  'a b'   >f c");
    EXPECT_EQ(understood.parts[1].written, "x \\;");
    EXPECT_EQ(understood.parts[1].whole, "x \\; 2>&1");
    EXPECT_EQ(understand("a\\  ").parts.at(0).whole, "a\\ ");
    EXPECT_EQ(understand("a >b  ;").parts.at(0).whole, "a >b");
}

TEST(Grammar, TakesAQuotedHereDocumentInACatAsALiteral) {
    const std::vector<std::pair<std::string, std::string>> rows = {
        {"\"$(cat <<'EOF'\nSubject\n\n- it's \"done\" `x` $(y) \\\nEOF\n)\"",
         "Subject\n\n- it's \"done\" `x` $(y) \\"},
        {"\"a $(cat  <<-'E' \n\tb\n\t\tc\n\n\n\tE\n ) d\"", "a b\nc d"},
        {"\"$(cat <<\\E\nE\n)\"", ""},
    };
    for (const auto& [word, text] : rows) {
        SCOPED_TRACE(word);
        const Understood understood = understand("git commit -m " + word + " && git log");
        ASSERT_EQ(understood.unclear, "");
        ASSERT_EQ(understood.parts.size(), 2U);
        EXPECT_EQ(understood.parts[0].words.at(3).decoded, text);
        EXPECT_EQ(understood.parts[0].words[3].written, word);
    }
    for (const std::string word :
         {"$(cat <<'E'\na\nE\n)", "\"$(cat <<E\na\nE\n)\"", "\"$(cat <<'E' | b\na\nE\n)\"",
          "\"$(cat <<'E'; b\na\nE\n)\"", "\"$(cat <<'E' f\na\nE\n)\"", "\"$(cat <<'E'\na\nE\nb)\"",
          "\"$(cat <<'E'\na\nE)\"", "\"$(cat <<'E'\nE )\nE\n)\"", "\"$(cat <<'E'\na\nE\n\"",
          "\"$(\\cat <<'E'\na\nE\n)\"", "\"$(tac <<'E'\na\nE\n)\"",
          "\"$(cat <<'E'\na\nE\n) $(b)\""}) {
        SCOPED_TRACE(word);
        EXPECT_NE(understand("a " + word).unclear, "");
    }
}

TEST(Grammar, MarksPatternsAndTheHomeDirectory) {
    const Understood understood = understand("a * 'b c'*.d [x] [ ~ ~/e '~' f~ \\* '?' X=1 \"[y]\"");
    ASSERT_EQ(understood.parts.size(), 1U);
    Strings patterns, tildes;
    for (const Word& word : understood.parts[0].words) {
        if (word.pattern) patterns.push_back(word.decoded);
        if (word.tilde) tildes.push_back(word.decoded);
    }
    EXPECT_THAT(patterns, ElementsAre("*", "b c*.d", "[x]"));
    EXPECT_THAT(tildes, ElementsAre("~", "~/e"));
    EXPECT_FALSE(understand("X=* a").parts.at(0).assignments.at(0).pattern);
    EXPECT_TRUE(understand("a > ~/f").parts.at(0).redirections.at(0).target.tilde);
}

TEST(Grammar, KeepsTheBodiesOfHereDocuments) {
    const Understood understood =
        understand("cat <<'A' <<-\\B >f\n\tx $(y)\\\n A\nA\n\t\tz\n\tB\nend");
    ASSERT_EQ(understood.parts.size(), 2U);
    const auto& redirections = understood.parts[0].redirections;
    ASSERT_EQ(redirections.size(), 3U);
    EXPECT_EQ(redirections[0].body, "\tx $(y)\\\n A\n");
    EXPECT_EQ(redirections[1].body, "z\n");
    EXPECT_EQ(redirections[2].body, "");
}

TEST(Grammar, SaysWhichPartsRunOnlyAfterTheSuccessOfTheOneBefore) {
    const std::vector<std::pair<std::string, std::string>> rows = {
        {"a && b", "ab&"},
        {"a && b && c | d", "ab&c&d"},
        {"a && b\nc", "ab&c"},
        {"a && b || c", "ab&c"},
        {"a || b && c", "abc"},
        {"a || b && c && d", "abcd&"},
        {"! a && b", "ab"},
        {"a && ! b", "ab&"},
        {"a | b && c", "abc"},
        {"(a) && b", "ab"},
        {"a && (b && c)", "abc&"},
        {"{ a; } && b && c", "abc&"},
        {"if a && b; then c && d; fi && e", "ab&cd&e"},
        {"a && b & c && d", "ab&cd&"},
    };
    for (const auto& [text, expected] : rows) {
        SCOPED_TRACE(text);
        std::string found;
        for (const Part& part : understand(text).parts)
            found += part.words.at(0).decoded + (part.after_success ? "&" : "");
        EXPECT_EQ(found, expected);
    }
}

TEST(Grammar, UnderstandsNothingElse) {
    const std::vector<std::pair<std::string, std::string>> rows = {
        {"a $x", "an expansion"},
        {"a \"$x\"", "an expansion in double quotes"},
        {"a \"$\"", "an expansion in double quotes"},
        {"a `b`", "an expansion"},
        {"$'\\x{6d}ark'", "an expansion"},
        {"$\"a\"", "an expansion"},
        {"\"$\\\n(mark x)\"", "an expansion in double quotes"},
        {"a \\\nb", "a continued line"},
        {"a \"b\\\nc\"", "a continued line"},
        {"a # b\\\nc", "a continued line"},
        {"a <<<\"$x\"", "an expansion in double quotes"},
        {"a <<E\nE", "a here-document whose delimiter is not quoted"},
        {"a <<'E'F\nEF", "a here-document whose delimiter is not a simple name in quotes"},
        {"a <<'E\\\nF'\nE\\\nF", "a here-document whose delimiter is not a simple name in quotes"},
        {"a <<'$'\n$", "a here-document whose delimiter is not a simple name in quotes"},
        {"a <<'E'\nb", "an unfinished here-document"},
        {"a <<'E' 'b\nc'\nE", "a quoted newline before a here-document"},
        {"{mark,x}", "a brace that may be expanded"},
        {"a {1..3}", "a brace that may be expanded"},
        {"a {b}{c,d}", "a brace that may be expanded"},
        {"a {b},c}", "a brace that may be expanded"},
        {"a {'b',c}", "a brace that may be expanded"},
        {"a {b}'c'", "braces and quotes in one word"},
        {"{a} b", "a brace in a command name"},
        {"echo { }", "a brace that may be expanded"},
        {"a {b}>f", "a variable for a descriptor"},
        {"{PATH}<f", "a variable for a descriptor"},
        {"a ~b", "a ~ with a name behind it"},
        {"a ~+", "a ~ with a name behind it"},
        {"a ~'/b'", "a ~ with a name behind it"},
        {"A=~ b", "a ~ behind = or :"},
        {"a b=c:~", "a ~ behind = or :"},
        {"a *'*'", "a pattern with quoted parts"},
        {"a [b'-'c]", "a pattern with quoted parts"},
        {"a [[:alpha:]]", "a pattern with an odd bracket"},
        {"a []b]", "a pattern with an odd bracket"},
        {"a [b/c]", "a pattern with an odd bracket"},
        {"a *[", "a pattern with an odd bracket"},
        {"a *\\?", "a pattern with quoted parts"},
        {"/bin/r? a", "a pattern as command"},
        {"a > *", "a pattern as the target of a redirection"},
        {"a > ''", "a redirection without a target"},
        {"a > /dev/tcp/b/1", "a network connection by redirection"},
        {"a < f > /dev/stderr",
         "a descriptor that is opened once more beside an input redirection"},
        {"a 3<f; b > /dev/fd/3",
         "a descriptor that is opened once more beside an input redirection"},
        {"a >&-b", "a descriptor that is not a number"},
        {"a >&2-", "a descriptor that is not a number"},
        {"a >&'2'", "a target of >& that is not plain"},
        {"a >&\\`b\\`", "a target of >& that is not plain"},
        {"a >& '$(b)'", "a target of >& that is not plain"},
        {"a >& ~/b", "a target of >& that is not plain"},
        {"a <&b", "a descriptor that is not a number"},
        {"a 100>f", "a large descriptor number"},
        {"a <(b)", "a process substitution"},
        {"a >(b)", "a process substitution"},
        {"a=(b)", "an unexpected ("},
        {"a() { b; }", "an unexpected ("},
        {"a !(b)", "an unexpected ("},
        {"A=1", "an assignment that holds for later commands"},
        {"PATH=.; a", "an assignment that holds for later commands"},
        {"A+=1 b", "an assignment that appends"},
        {"A[0]=1 b", "a subscript"},
        {"a[ 0; mark ]", "a subscript"},
        {">f A=1 b", "an assignment behind a redirection"},
        {"RANDOM='x[$(mark)]' a", "an assignment to a variable of bash"},
        {"BASH_ENV=f a", "an assignment to a variable of bash"},
        {"PS4='$(mark)' a", "an assignment to a variable of bash"},
        {"HOME=a b ~/c", "a ~ beside an assignment to HOME"},
        {"HOME=a b > ~/c", "a ~ beside an assignment to HOME"},
        {"A=\"$(cat <<'E'\na\nE\n)\" b", "an expansion in double quotes"},
        {"b > \"$(cat <<'E'\na\nE\n)\"", "an expansion in double quotes"},
        {"\"$(cat <<'E'\na\nE\n)\" b", "an expansion in double quotes"},
        {"A=1 if a", "a reserved word that is not the first word"},
        {"for a in b; do c; done", "the reserved word for"},
        {"case a in b) c;; esac", "the reserved word case"},
        {"[[ a =~ ( # ) ]]", "the reserved word [["},
        {"((1))", "arithmetic"},
        {"coproc a", "the reserved word coproc"},
        {"a | time b", "the reserved word time"},
        {"time -p a", "an option of time"},
        {"then a", "the reserved word then"},
        {"a;#b\nc;&#d", "a command is missing"},
        {"a &#b\nc", "a # in an odd place"},
        {"( )", "an empty group or clause"},
        {"(a", "an unfinished group or clause"},
        {"a )", "an unexpected character behind a command"},
        {"if a; fi", "the reserved word fi"},
        {"a ;; b", "a command is missing"},
        {"a 'b", "an unbalanced quote"},
        {"a \"b", "an unbalanced quote"},
        {"a \\", "a backslash at the end"},
        {"'' a", "an empty command name"},
        {"%1", "a job as command"},
        {"a é\\ b", "a backslash behind a character beyond ASCII"},
        {"a é|b", "a | right behind a character beyond ASCII"},
        {"a\rb", "a control character"},
        {std::string("a\0b", 3), "a control character"},
        {"a \x1b", "a control character"},
        {"a \xff", "bytes that are not UTF-8"},
        {"while a; do cd b; done", "a loop that changes the directory"},
        {std::string(40, '(') + "a", "arithmetic"},
    };
    for (const auto& [text, why] : rows) {
        SCOPED_TRACE(text);
        const Understood understood = understand(text);
        EXPECT_EQ(understood.unclear, why);
        EXPECT_THAT(understood.parts, IsEmpty());
    }
}

TEST(Grammar, DoesNotUnderstandBuiltinsThatChangeWhatLaterCommandsMean) {
    for (const std::string command :
         {"eval a", "\\eval a", "'ev'al -- a", ". f", "source f", "trap a EXIT", "alias a=b",
          "unalias a", "shopt -s extglob", "declare a", "typeset a", "local a", "export A=b",
          "readonly a", "let a", "read a", "read -ra a", "mapfile -C a", "readarray a",
          "getopts a b", "unset a", "exec", "exec a", "enable -n a", "hash -p a b", "complete a",
          "compgen -C a", "compopt a", "bind -x a", "fc a", "history -s a", "builtin a", "caller",
          "shift", "suspend", "bg", "fg",
          // with some words only
          "printf -v a b", "printf -va b", "printf %n a", "printf '%-3.*ln' a", "printf * a",
          "test -v a", "test ! -R a", "[ a -a ( -v b ) ]", "[ -v a ]", "[ * ]", "wait -p a",
          "wait -np a", "jobs -x a", "jobs -lx a", "set -k", "set -o posix", "set -- a", "set a",
          "set -eo", "set -ef", "set +B", "set", "command eval a", "command -p . a",
          "command -pv a; command alias a=b"}) {
        SCOPED_TRACE(command);
        EXPECT_NE(understand(command).unclear, "");
    }
    for (const std::string command :
         {"./eval a", "/bin/read a", "printf '%s%%n' a", "printf -- '%5d' 1", "printf", "test -n a",
          "[ a = b -o -f c ]", "wait", "wait -n 12", "jobs -l", "set -ex +u -o pipefail", "hash",
          "command -V a", "type a", "ulimit -c 0", "exit 1", "kill -9 1", ": a", "umask 022"}) {
        SCOPED_TRACE(command);
        const Understood understood = understand(command);
        EXPECT_EQ(understood.unclear, "");
        ASSERT_EQ(understood.parts.size(), 1U);
        EXPECT_EQ(understood.parts[0].opaque, "");
    }
}

/// A builtin that the lists leave out would pass for a program.
TEST(Grammar, KnowsEveryBuiltinOfBash) {
    const std::unique_ptr<FILE, int (*)(FILE*)> pipe(::popen("bash -c 'compgen -b'", "r"),
                                                     ::pclose);
    std::string names(4'096, '\0');
    names.resize(std::fread(names.data(), 1, names.size(), pipe.get()));
    std::istringstream lines(names);
    // As GRAMMAR.md names them.
    const std::string harmless =
        " : break cd continue dirs disown echo exit false help kill logout popd pushd pwd return "
        "times true type ulimit umask [ test printf wait jobs command ";
    std::size_t count = 0;
    for (std::string name; std::getline(lines, name); ++count) {
        SCOPED_TRACE(name);
        if (harmless.find(" " + name + " ") == std::string::npos)
            EXPECT_NE(understand(name + " a").unclear, "");
    }
    EXPECT_GT(count, 55U);
}

TEST(Grammar, MarksCommandsThatRunWhatTheirInputSays) {
    for (const std::string command : {"bash",
                                      "bash <<'E'\na\nE",
                                      "sh <<<a",
                                      "a | bash",
                                      "/bin/sh < f",
                                      "bash -s a",
                                      "bash -x",
                                      "bash -o posix",
                                      "bash -",
                                      "bash -- ",
                                      "bash --posix",
                                      "bash /dev/stdin",
                                      "bash -c",
                                      "zsh *",
                                      "env bash",
                                      "env -i A=b bash <<'E'\na\nE",
                                      "a | sudo sh",
                                      "timeout 5 bash -s",
                                      "xargs sh",
                                      "ssh b <<'E'\na\nE",
                                      "su <<<a",
                                      "docker exec -i a bash",
                                      "{ sh; } <<'E'\na\nE",
                                      "command a",
                                      "command -p a",
                                      "A=1 cd b"}) {
        SCOPED_TRACE(command);
        const Understood understood = understand(command);
        EXPECT_EQ(understood.unclear, "");
        EXPECT_TRUE(std::any_of(understood.parts.begin(), understood.parts.end(),
                                [](const Part& part) { return !part.opaque.empty(); }));
    }
    for (const std::string command :
         {"bash build.sh", "bash -x build.sh", "bash -c 'a b'", "sh -ec a", "bash --version",
          "bash -o pipefail -c a", "bash ../build.sh", "ssh -p 22 a b", "env bash build.sh",
          "python3 - <<'E'\na\nE", "grep bash f", "which sh", "a | grep bash", "shellcheck",
          "bashful <<<a", "cat <<'E'\na\nE", "ssh a b", "sudo make"}) {
        SCOPED_TRACE(command);
        const Understood understood = understand(command);
        EXPECT_EQ(understood.unclear, "");
        ASSERT_FALSE(understood.parts.empty());
        for (const Part& part : understood.parts)
            EXPECT_EQ(part.opaque, "");
    }
}

TEST(Grammar, BoundsLengthAndNesting) {
    const std::string longest = "a " + std::string(131'070, 'b');
    EXPECT_EQ(understand(longest).unclear, "");
    EXPECT_EQ(understand(longest + "b").unclear, "longer than 131,072 bytes");
    const auto nested = [](int depth) {
        std::string text;
        for (int i = 0; i < depth; ++i)
            text += "{ ";
        text += "a;";
        for (int i = 0; i < depth; ++i)
            text += " };";
        return text;
    };
    EXPECT_EQ(understand(nested(31)).unclear, "");
    EXPECT_EQ(understand(nested(32)).unclear, "nested too deeply");
    EXPECT_EQ(understand(nested(20'000)).unclear, "nested too deeply");
}

/// Text that repeats one piece is looked at once, not once for each piece.
TEST(Grammar, ReadsLongTextInOnePass) {
    for (const std::string unit : {"a;",
                                   "a\n",
                                   "{b} ",
                                   "1",
                                   "1 ",
                                   "1<f ",
                                   "'a'",
                                   "\"a\"",
                                   "\\a",
                                   "*",
                                   "[",
                                   "[]",
                                   "~/ ",
                                   "a=b ",
                                   "#",
                                   " #",
                                   "{",
                                   "}",
                                   "!",
                                   "! ",
                                   "time ",
                                   "a&&",
                                   "a|",
                                   "( ",
                                   "{ ",
                                   "if a;",
                                   "<<'E' ",
                                   "a <<'E'\nE\n",
                                   "\"$(cat <<'E'\nE\n)\" ",
                                   "é",
                                   "a b c d e f g\n"}) {
        SCOPED_TRACE(unit);
        std::string text = "x ";
        while (text.size() + unit.size() <= 131'072)
            text += unit;
        const Understood understood = understand(text);
        std::size_t bytes = 0;
        for (const Part& part : understood.parts)
            bytes += part.written.size() + part.whole.size();
        EXPECT_LE(bytes, 2 * text.size());
    }
}

}  // namespace
}  // namespace tenon::shell
